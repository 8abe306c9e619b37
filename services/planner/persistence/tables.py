"""Tables of the schema ``planner``, as migrations made them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

plan_settings = Table(
    "plan_settings",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("allow_single_approver", Boolean, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("changed_by", Text, nullable=False),
    comment="No row: the defaults, version 1",
)

assessments = Table(
    "assessments",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("assessment_number", Integer, nullable=False),
    Column("inventory_id", Uuid, nullable=False),
    Column("inventory_number", Integer, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
    Column("snapshot", JSONB, nullable=False),
    Column("pages_merged", Integer, nullable=False, server_default="0"),
)

assessed_vms = Table(
    "assessed_vms",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("vm_id", Uuid, primary_key=True),
    Column("is_excluded", Boolean, nullable=False),
    Column("excluded_because", Text),
    Column("name", Text, nullable=False),
    Column("tenant_id", Uuid, nullable=False),
    Column("tenant_name", Text, nullable=False),
    Column("org_vdc", Text),
    Column("cluster", Text),
    Column("power_state", Text, nullable=False),
    Column("os_family", Text, nullable=False),
    Column("os_text", Text),
    Column("vcpus", Integer),
    Column("memory_mib", BigInteger),
    Column("disk_mib", BigInteger),
    Column("used_mib", BigInteger),
    Column("allocated_mib", BigInteger),
    Column("networks", ARRAY(Text), nullable=False),
    Column("risk_score", SmallInteger, nullable=False),
    Column("risk_band", Text, nullable=False),
    Column("mode_class", Text, nullable=False),
    Column("disk_count", Integer),
    Column("nic_count", Integer),
)

plan_snapshots = Table(
    "plan_snapshots",
    metadata,
    Column("snapshot_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("digest", Text, nullable=False),
    Column("record_schema", Text, nullable=False),
    Column("record_count", Integer, nullable=False),
    Column("page_sha256", ARRAY(Text), nullable=False),
    Column("header", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

plan_snapshot_pages = Table(
    "plan_snapshot_pages",
    metadata,
    Column("snapshot_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

plans = Table(
    "plans",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("assessment_id", Uuid, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("snapshot_id", Uuid),
)

approval_requests = Table(
    "approval_requests",
    metadata,
    Column("approval_id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("snapshot_id", Uuid, nullable=False),
    Column("digest", Text, nullable=False),
    Column("requested_by", Uuid, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("request_note", Text),
    Column("allow_single_approver", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Uuid),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_note", Text),
    Column("approval_number", Integer),
)
