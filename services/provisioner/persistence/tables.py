"""Tables of the schema ``provisioner``, as migrations made them."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid

metadata = MetaData()

preparations = Table(
    "preparations",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("approval_id", Uuid, nullable=False),
    Column("approval_number", Integer, nullable=False),
    Column("inventory_id", Uuid, nullable=False),
    Column("snapshot_id", Uuid, nullable=False),
    Column("snapshot_digest", Text, nullable=False),
    Column("snapshot_path", Text, nullable=False),
    Column("page_count", Integer, nullable=False),
    Column("tenant_count", Integer, nullable=False),
    Column("vm_count", Integer, nullable=False),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Uuid, nullable=False),
)
