"""Tables of the schema ``ingest``, as migrations made them."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

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


def _inventory_id() -> Column[object]:
    return Column("inventory_id", Uuid, ForeignKey("inventories.id"), primary_key=True)


vms = Table(
    "vms",
    metadata,
    _inventory_id(),
    Column("vm_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("vcenter", Text, nullable=False),
    Column("moref", Text),
    Column("vm_uuid", Text),
    Column("identity_basis", Text, nullable=False),
    Column("power_state", Text, nullable=False),
    Column("is_template", Boolean, nullable=False),
    Column("is_srm_placeholder", Boolean, nullable=False),
    Column("connection_state", Text),
    Column("datacenter", Text),
    Column("cluster", Text),
    Column("host", Text),
    Column("folder", Text),
    Column("resource_pool", Text),
    Column("vapp", Text),
    Column("annotation", Text),
    Column("os_config", Text),
    Column("os_tools", Text),
    Column("dns_name", Text),
    Column("primary_ip", Text),
    Column("hardware_version", Integer),
    Column("firmware", Text),
    Column("has_cbt", Boolean),
    Column("vcpus", Integer),
    Column("memory_mib", BigInteger),
    Column("disk_mib", BigInteger),
    Column("disk_basis", Text, nullable=False),
    Column("provisioned_mib", BigInteger),
    Column("allocated_mib", BigInteger),
    Column("used_mib", BigInteger),
    Column("used_basis", Text, nullable=False),
    Column("snapshot_count", Integer),
    Column("oldest_snapshot_days", Integer),
    Column("disk_count", Integer, nullable=False),
    Column("nic_count", Integer, nullable=False),
    Column("derived_fields", ARRAY(Text), nullable=False),
    Column("source_row", Integer, nullable=False),
)

disks = Table(
    "disks",
    metadata,
    _inventory_id(),
    Column("vm_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("label", Text, nullable=False),
    Column("capacity_mib", BigInteger),
    Column("datastore", Text),
    Column("is_datastore_guessed", Boolean, nullable=False),
    Column("path", Text),
    Column("controller", Text),
    Column("disk_mode", Text),
    Column("sharing_mode", Text),
    Column("shared_bus", Text),
    Column("is_thin", Boolean),
    Column("is_raw", Boolean),
)

nics = Table(
    "nics",
    metadata,
    _inventory_id(),
    Column("vm_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("label", Text, nullable=False),
    Column("network", Text),
    Column("switch", Text),
    Column("adapter", Text),
    Column("mac", Text),
    Column("ip_addresses", ARRAY(Text), nullable=False),
    Column("is_connected", Boolean),
)
