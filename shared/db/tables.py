"""The five mechanism tables that every schema has, as SQLAlchemy sees them.

Names carry no schema: the connection's ``search_path`` decides, and a role sees only its own.
:mod:`shared.db.ddl` creates them; a test compares the two.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import text


@dataclass(frozen=True, slots=True)
class MechanismTables:
    """The mechanism tables of one metadata."""

    outbox: Table
    inbox: Table
    idempotency: Table
    jobs: Table
    audit: Table


def mechanism_tables(metadata: MetaData) -> MechanismTables:
    """Adds the mechanism tables to ``metadata``; a service does so beside its own tables."""
    return MechanismTables(
        outbox=_outbox(metadata),
        inbox=_inbox(metadata),
        idempotency=_idempotency(metadata),
        jobs=_jobs(metadata),
        audit=_audit(metadata),
    )


def _outbox(metadata: MetaData) -> Table:
    return Table(
        "outbox",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("seq", BigInteger, Identity(always=True), nullable=False, unique=True),
        Column("aggregate_type", Text, nullable=False),
        Column("aggregate_id", Text, nullable=False),
        Column("aggregate_version", Integer, nullable=False),
        Column("type", Text, nullable=False),
        Column("envelope", JSONB, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("published_at", DateTime(timezone=True)),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("last_error", Text),
    )


def _inbox(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("message_id", Uuid, primary_key=True),
        Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


def _idempotency(metadata: MetaData) -> Table:
    return Table(
        "idempotency",
        metadata,
        Column("principal", Text, primary_key=True),
        Column("route", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("state", Text, nullable=False),
        Column("body_digest", Text),
        Column("fence", BigInteger, nullable=False),
        Column("lease_until", DateTime(timezone=True)),
        Column("status", Integer),
        Column("headers", JSONB),
        Column("body", LargeBinary),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("expires_at", DateTime(timezone=True), nullable=False),
    )


def _jobs(metadata: MetaData) -> Table:
    return Table(
        "jobs",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("key", Text, unique=True),
        Column("payload", JSONB, nullable=False),
        Column("state", Text, nullable=False, server_default="queued"),
        Column("progress", JSONB),
        Column("result", JSONB),
        Column("error", JSONB),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("fence", BigInteger, nullable=False, server_default=text("0")),
        Column("lease_owner", Text),
        Column("lease_until", DateTime(timezone=True)),
        Column("not_before", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
        Column("created_by", Text),
        Column("correlation_id", Text),
        Column("causation_id", Text),
        Column("traceparent", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("started_at", DateTime(timezone=True)),
        Column("finished_at", DateTime(timezone=True)),
    )


def _audit(metadata: MetaData) -> Table:
    return Table(
        "audit_entries",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column(
            "at",
            DateTime(timezone=True),
            nullable=False,
            server_default=func.clock_timestamp(),
        ),
        Column("actor", Text, nullable=False),
        Column("actor_name", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("project_id", Uuid),
        Column("before", JSONB(none_as_null=True)),
        Column("after", JSONB(none_as_null=True)),
        Column("correlation_id", Text),
    )


TABLES: Final = mechanism_tables(MetaData())
"""What the modules of this package write their statements with."""
