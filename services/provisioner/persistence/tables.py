"""Tables of the schema ``provisioner``, as migrations made them."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

preparations = Table(
    "preparations",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("approval_id", Uuid, nullable=False),
    Column("approval_number", Integer, nullable=False),
    Column("inventory_id", Uuid, nullable=False),
    Column("inventory_number", Integer),
    Column("snapshot_id", Uuid, nullable=False),
    Column("snapshot_digest", Text, nullable=False),
    Column("snapshot_path", Text, nullable=False),
    Column("page_count", Integer, nullable=False),
    Column("tenant_count", Integer, nullable=False),
    Column("vm_count", Integer, nullable=False),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Uuid, nullable=False),
)

prep_runs = Table(
    "prep_runs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("approval_id", Uuid, nullable=False),
    Column("snapshot_id", Uuid, nullable=False),
    Column("snapshot_digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("compiled_at", DateTime(timezone=True), nullable=False),
)

prep_tasks = Table(
    "prep_tasks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("desired", JSONB, nullable=False),
    Column("defaults", ARRAY(Text), nullable=False),
    Column("depends_on", ARRAY(Text), nullable=False),
    Column("tenant_ids", ARRAY(Uuid), nullable=False),
    Column("blocker", JSONB),
    Column("state", Text, nullable=False),
)
