"""Tables of the schema ``exporter``, as migrations made them."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)

metadata = MetaData()

exports = Table(
    "exports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("snapshot_id", Uuid, nullable=False),
    Column("snapshot_digest", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("size_bytes", BigInteger),
    Column("sha256", Text),
    Column("completed_at", DateTime(timezone=True)),
)

export_chunks = Table(
    "export_chunks",
    metadata,
    Column("export_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
