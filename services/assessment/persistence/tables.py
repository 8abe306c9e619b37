"""Tables of the schema ``assessment``, as migrations made them."""

from typing import Final

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.assessment.domain.usage import MEASURES

metadata = MetaData()

assessments = Table(
    "assessments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("inventory_id", Uuid, nullable=False),
    Column("inventory_number", Integer, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("source_path", Text, nullable=False),
    Column("source_digest", Text, nullable=False),
    Column("source_record_count", Integer, nullable=False),
    Column("source_page_count", Integer, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("pages_done", Integer, nullable=False),
    Column("vms_done", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("rules_version", Integer),
    Column("is_superseded", Boolean, nullable=False),
    Column("manifest", JSONB),
    Column("totals", JSONB),
    Column("completed_at", DateTime(timezone=True)),
    Column("forgotten_at", DateTime(timezone=True)),
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("org_vdc", Text),
    Column("vcenter", Text),
    Column("version", Integer, nullable=False),
    Column("merged_into", Uuid),
)

tenant_keys = Table(
    "tenant_keys",
    metadata,
    Column("key", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("tenant_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("org_vdc", Text),
    Column("vcenter", Text),
    Column("is_detected", Boolean, nullable=False),
)

tenant_assignments = Table(
    "tenant_assignments",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("vm_id", Uuid, primary_key=True),
    Column("vm_name", Text, nullable=False),
    Column("tenant_id", Uuid, nullable=False),
    Column("note", Text),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
    Column("assigned_by", Text, nullable=False),
    Column("assigned_by_name", Text, nullable=False),
)

finding_waivers = Table(
    "finding_waivers",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("finding", Text, primary_key=True),
    Column("vm_id", Uuid, primary_key=True),
    Column("vm_name", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("waived_at", DateTime(timezone=True), nullable=False),
    Column("waived_by", Text, nullable=False),
    Column("waived_by_name", Text, nullable=False),
)

network_overrides = Table(
    "network_overrides",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("network_id", Uuid, primary_key=True),
    Column("vcenter", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("switch", Text),
    Column("network_class", Text),
    Column("note", Text),
    Column("version", Integer, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_by_name", Text, nullable=False),
)

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("project_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("rules", JSONB, nullable=False),
    Column("is_reset", Boolean, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_by_name", Text, nullable=False),
)

rule_previews = Table(
    "rule_previews",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("project_id", Uuid, nullable=False),
    Column("assessment_id", Uuid, nullable=False),
    Column("job_id", Uuid, nullable=False),
    Column("based_on", Integer, nullable=False),
    Column("rules", JSONB, nullable=False),
    Column("result", JSONB),
    Column("requested_at", DateTime(timezone=True), nullable=False),
)

assessed_vms = Table(
    "assessed_vms",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("vm_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("vcenter", Text, nullable=False),
    Column("moref", Text),
    Column("power_state", Text, nullable=False),
    Column("excluded_because", Text),
    Column("datacenter", Text),
    Column("cluster", Text),
    Column("host", Text),
    Column("tenant_id", Uuid, nullable=False),
    Column("detection_method", Text, nullable=False),
    Column("detection_rule", Text),
    Column("tenant_confidence", Text, nullable=False),
    Column("app_group", Text),
    Column("os_family", Text, nullable=False),
    Column("os_product", Text),
    Column("os_version", Text),
    Column("os_text", Text),
    Column("target_support", Text, nullable=False),
    Column("vcpus", Integer),
    Column("memory_mib", BigInteger),
    Column("disk_mib", BigInteger),
    Column("provisioned_mib", BigInteger),
    Column("allocated_mib", BigInteger),
    Column("used_mib", BigInteger),
    Column("used_basis", Text, nullable=False),
    Column("disk_count", Integer, nullable=False),
    Column("nic_count", Integer, nullable=False),
    Column("networks", ARRAY(Text), nullable=False),
    Column("risk_score", SmallInteger, nullable=False),
    Column("risk_band", Text, nullable=False),
    Column("risk_reasons", JSONB, nullable=False),
    Column("mode_class", Text, nullable=False),
    Column("mode_reasons", JSONB, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("dns_name", Text),
    Column("ip_addresses", ARRAY(Text), nullable=False),
    Column("snapshot_count", Integer),
    Column("finding_ids", ARRAY(Text), nullable=False),
    Column("severities", SmallInteger, nullable=False),
    Column("page_number", Integer),
    Column("page_line", Integer),
    Column("cpu_used_mhz", BigInteger),
    Column("cpu_capacity_mhz", BigInteger),
    Column("cpu_percent", Double),
    Column("cpu_basis", Text, nullable=False),
    Column("memory_active_mib", BigInteger),
    Column("memory_active_percent", Double),
    Column("memory_active_basis", Text, nullable=False),
    Column("memory_consumed_mib", BigInteger),
    Column("memory_consumed_percent", Double),
    Column("memory_consumed_basis", Text, nullable=False),
)

vm_keys = Table(
    "vm_keys",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("vm_id", Uuid, nullable=False),
    Column("tenant_id", Uuid, nullable=False),
    Column("memory_mib", BigInteger),
    Column("disk_mib", BigInteger),
    Column("provisioned_mib", BigInteger),
    Column("allocated_mib", BigInteger),
    Column("used_mib", BigInteger),
    Column("vcpus", Integer),
    Column("disk_count", Integer, nullable=False),
    Column("nic_count", Integer, nullable=False),
    Column("snapshot_count", Integer),
    Column("finding_count", Integer, nullable=False),
    Column("risk_score", SmallInteger, nullable=False),
    Column("severities", SmallInteger, nullable=False),
    Column("power_state", SmallInteger, nullable=False),
    Column("os_family", SmallInteger, nullable=False),
    Column("risk_band", SmallInteger, nullable=False),
    Column("mode_class", SmallInteger, nullable=False),
    Column("excluded", SmallInteger),
    Column("datacenter", Text),
    Column("cluster", Text),
    Column("host", Text),
    Column("os_product", Text),
    Column("os_text", Text),
    Column("cpu_used_mhz", BigInteger),
    Column("cpu_capacity_mhz", BigInteger),
    Column("memory_active_mib", BigInteger),
    Column("memory_consumed_mib", BigInteger),
    Column("disk_used_percent", REAL),
    Column("cpu_percent", REAL),
    Column("memory_active_percent", REAL),
    Column("memory_consumed_percent", REAL),
    Column("target_support", SmallInteger),
    Column("tenant_confidence", SmallInteger),
)
"""What lists of VMs are sorted and mostly filtered by, and nothing else: narrow, because every page
of a sort reads all rows of an assessment (ADR 0020). Derived from ``assessed_vms`` when an
assessment is complete; ``position`` is the place by name, from 1; words are the numbers of
``codes``."""

vm_terms = Table(
    "vm_terms",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("finding_ids", ARRAY(Text), nullable=False),
    Column("networks", ARRAY(Text), nullable=False),
    Column("search", Text, nullable=False),
)
"""The wide things that VMs are filtered by, at the same positions; read only when they are."""

tenant_totals = Table(
    "tenant_totals",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, primary_key=True),
    Column("detection_method", Text, nullable=False),
    Column("vms", Integer, nullable=False),
    Column("powered_off", Integer, nullable=False),
    Column("vcpus", BigInteger, nullable=False),
    Column("memory_mib", BigInteger, nullable=False),
    Column("disk_mib", BigInteger, nullable=False),
    Column("used_mib", BigInteger, nullable=False),
    Column("green", Integer, nullable=False),
    Column("yellow", Integer, nullable=False),
    Column("red", Integer, nullable=False),
    Column("warm_eligible", Integer, nullable=False),
    Column("warm_risky", Integer, nullable=False),
    Column("cold_required", Integer, nullable=False),
    Column("measured_vms", Integer, nullable=False),
    Column("measured_used_mib", BigInteger, nullable=False),
    Column("measured_provisioned_mib", BigInteger, nullable=False),
    Column("awake_vms", Integer, nullable=False),
    *(
        column
        for measure in MEASURES
        for column in (
            Column(measure.vms, Integer, nullable=False),
            *(Column(measure.of(part), BigInteger) for part in ("used", "compared", "whole")),
        )
    ),
)

network_uses = Table(
    "network_uses",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("network_id", Uuid, nullable=False),
    Column("vcenter", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("switch", Text),
    Column("tenant_id", Uuid, nullable=False),
    Column("vlan_id", Integer),
    Column("vlan_trunk", Text),
    Column("is_vlan_guessed", Boolean, nullable=False),
    Column("detected_class", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("evidence", Text),
    Column("is_guessed", Boolean, nullable=False),
    Column("vms", Integer, nullable=False),
    Column("nics", Integer, nullable=False),
)
"""What a running assessment has counted page by page; empty once it is complete."""

assessed_networks = Table(
    "assessed_networks",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("network_id", Uuid, primary_key=True),
    Column("vcenter", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("switch", Text),
    Column("qualified_name", Text, nullable=False),
    Column("network_class", Text, nullable=False),
    Column("detected_class", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("evidence", Text),
    Column("is_guessed", Boolean, nullable=False),
    Column("vlan_ids", ARRAY(Integer), nullable=False),
    Column("vlan_trunks", ARRAY(Text), nullable=False),
    Column("is_vlan_guessed", Boolean, nullable=False),
    Column("vms", Integer, nullable=False),
    Column("nics", Integer, nullable=False),
    Column("tenant_count", Integer, nullable=False),
)

network_tenants = Table(
    "network_tenants",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("network_id", Uuid, primary_key=True),
    Column("tenant_id", Uuid, primary_key=True),
    Column("vms", Integer, nullable=False),
    Column("nics", Integer, nullable=False),
)

source_pages = Table(
    "source_pages",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""The inventory's pages as they came, for the details of a VM: disks, NICs and what else it has."""

snapshot_pages = Table(
    "snapshot_pages",
    metadata,
    Column("assessment_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

NAME_SORT_CHARS: Final = 100
"""Lists are ordered by so much of a name: an index entry has a limit, a name in a cell has none."""
