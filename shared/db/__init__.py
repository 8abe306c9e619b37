"""PostgreSQL for every service: unit of work, outbox, inbox, idempotency keys, durable jobs.

One :class:`~shared.db.uow.Database` per service, whose role owns one schema. What must survive a
crash is written here in the same transaction as the effect it belongs to: the outbox row with the
change it announces, the inbox row with the change it caused, the reply with the work it answers,
the end of a job with its last write.

==================  ==============================================================================
``engine``          pool and dedicated connections; which driver errors mean "try again later"
``uow``             Database, Transaction: what use cases see; COPY inside the transaction
``tables``, ``ddl`` the five mechanism tables as SQLAlchemy sees them, and as migrations make them
``outbox``          facts waiting to be published
``inbox``           messages already handled
``idempotency``     replies kept for repeated requests
``audit``           who did what: written with the effect, never changed
``jobs``            durable jobs: queueing, reading, cancelling, retrying
``job_leases``      the fenced statements of a worker
``job_context``     what a job function is given
``job_runner``      the loop that runs jobs
``invariants``      what must be true of the rows, in every service
``leader``          one active process per name, by session advisory lock
``migrate``         a service's Alembic history, run from code
``bootstrap``       roles, schemas and their rights
==================  ==============================================================================
"""
