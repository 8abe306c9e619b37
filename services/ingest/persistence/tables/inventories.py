"""Projects, uploads and inventories."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.ingest.persistence.tables.schema import metadata

projects = Table(
    "projects",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("life", Text, nullable=False),
    Column("cleared_through", Integer, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("inventory_id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey("projects.id"), nullable=False),
    Column("touched_at", DateTime(timezone=True), nullable=False),
)

upload_chunks = Table(
    "upload_chunks",
    metadata,
    Column("inventory_id", Uuid, ForeignKey("uploads.inventory_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

inventories = Table(
    "inventories",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, ForeignKey("projects.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("uploaded_at", DateTime(timezone=True), nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("mode", Text, nullable=False),
    Column("is_held", Boolean, nullable=False),
    Column("imported_at", DateTime(timezone=True)),
    Column("applied_at", DateTime(timezone=True)),
    Column("removed_at", DateTime(timezone=True)),
    Column("vm_count", Integer),
    Column("disk_count", Integer),
    Column("nic_count", Integer),
    Column("report", JSONB),
    Column("manifest", JSONB),
)

snapshot_pages = Table(
    "snapshot_pages",
    metadata,
    Column("inventory_id", Uuid, ForeignKey("inventories.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
