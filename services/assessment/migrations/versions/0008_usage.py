"""What VMs use of CPU and memory, and more keys of their list.

Figures of CPU and memory are there after the next assessment of an inventory; until then they are
unknown. The other keys are made of what is stored.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SUMS = {"cpu": "mhz", "memory_active": "mib", "memory_consumed": "mib"}

_COLUMNS = {
    "assessed_vms": (
        *("cpu_used_mhz bigint", "cpu_capacity_mhz bigint"),
        *("memory_active_mib bigint", "memory_consumed_mib bigint"),
        *(f"{name}_percent double precision" for name in _SUMS),
        *(f"{name}_basis text NOT NULL DEFAULT 'missing'" for name in _SUMS),
    ),
    "vm_keys": (
        *("cpu_used_mhz bigint", "cpu_capacity_mhz bigint"),
        *("memory_active_mib bigint", "memory_consumed_mib bigint"),
        *(f"{name}_percent real" for name in ("disk_used", *_SUMS)),
        *("target_support smallint", "tenant_confidence smallint"),
    ),
    "tenant_totals": (
        "awake_vms integer NOT NULL DEFAULT 0",
        *(f"{name}_vms integer NOT NULL DEFAULT 0" for name in _SUMS),
        *(
            f"{name}_{part}_{unit} bigint"
            for name, unit in _SUMS.items()
            for part in ("used", "compared", "whole")
        ),
    ),
}

_FILL = (
    """
    UPDATE vm_keys AS keys SET
        target_support = CASE vms.target_support WHEN 'supported' THEN 1 WHEN 'unsupported' THEN 2
            ELSE 3 END,
        tenant_confidence = CASE vms.tenant_confidence WHEN 'high' THEN 1 WHEN 'medium' THEN 2
            ELSE 3 END,
        disk_used_percent = CASE
            WHEN vms.used_basis NOT IN ('provisioned', 'unknown') AND vms.provisioned_mib > 0
            THEN round((100 * vms.used_mib)::double precision / vms.provisioned_mib) END
    FROM assessed_vms AS vms
    WHERE vms.assessment_id = keys.assessment_id AND vms.vm_id = keys.vm_id
    """,
    """
    UPDATE tenant_totals AS totals SET awake_vms = (
        SELECT count(*) FROM assessed_vms AS vms
        WHERE vms.assessment_id = totals.assessment_id AND vms.tenant_id = totals.tenant_id
            AND excluded_because IS NULL AND power_state NOT IN ('poweredOff', 'suspended')
    )
    """,
)


def upgrade() -> None:
    """Make the columns and fill what can be filled."""
    for table, columns in _COLUMNS.items():
        added = ", ".join(f"ADD COLUMN {column}" for column in columns)
        op.execute(f"ALTER TABLE {table} {added}")
    for statement in _FILL:
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    for table, columns in _COLUMNS.items():
        dropped = ", ".join(f"DROP COLUMN {column.split()[0]}" for column in columns)
        op.execute(f"ALTER TABLE {table} {dropped}")
