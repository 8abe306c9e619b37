"""The one public address: who is asking, may they, and which service answers.

Owns users, sessions and the route table. Consumes and emits no events yet. Reads from no service:
it streams requests to the owner with a short-lived internal token (:mod:`services.gateway.api.proxy`).
Entry point: :func:`services.gateway.app.build`.
"""
