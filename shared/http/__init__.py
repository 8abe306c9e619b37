"""Requests between people, the gateway and the services.

:func:`~shared.http.app.create_app` makes every service's application, so that errors, limits,
health and figures look the same everywhere. A route declares who may call it with
:func:`~shared.http.security.require`; ``create_app`` refuses a route that declares nothing.

==================  ==============================================================================
``app``             create_app
``admin``           probes and metrics, on a port that is not public
``problems``        errors as RFC 9457 problem documents
``middleware``      correlation id, access log and metrics, the last catch, body limit
``security``        require(permission), require_service(name), the project of a path
``etags``           ETag out, If-Match in
``models``          request and reply bodies, merge patch, lists, time on the wire
``idempotency``     a creating POST that may be repeated
``operations``      durable jobs as /v1/operations/{service}/{job_id}
``client``          an HTTP client for another service, over TCP or a Unix socket
``pages``           snapshots: serving them, and pulling them
==================  ==============================================================================
"""
