"""Mechanism that several services need, and no planning word.

Layers, upper may import lower (``make lint`` proves it)::

    testing        test kit: real PostgreSQL and RabbitMQ, contract suites, chaos
    runtime        a service's process: settings, supervisor, embedded PostgreSQL
    bus | http     messages between services, requests to them
    db             unit of work, outbox, inbox, jobs, idempotency, migrations
    auth | observability
    contracts      what travels: events, envelopes, bulk records
    kernel         ids, units, errors, paging; imports the standard library only
"""
