"""The one public address: who is asking, may they, and which service answers.

Owns users, sessions, the route table and the streams of facts. Consumes all events, to tell
open pages of them (:mod:`services.gateway.api.streams`); emits none. Reads from no service: it
streams each request to the owner of its path, with a short-lived internal token
(:mod:`services.gateway.api.proxy`).
Entry point: :func:`services.gateway.app.build`.
"""
