"""The one public address: who is asking, may they, and which service answers.

Owns users, sessions and the route table. Consumes and emits no events yet. Reads from no service:
it streams each request to the owner of its path, with a short-lived internal token
(:mod:`services.gateway.api.proxy`).
Entry point: :func:`services.gateway.app.build`.
"""
