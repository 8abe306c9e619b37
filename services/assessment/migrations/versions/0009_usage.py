"""What VMs use of CPU and memory, and more keys of their list.

Figures of CPU and memory are there after the next assessment of an inventory; until then they are
unknown. The other keys are made of what is stored.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ADD = (
    """
    ALTER TABLE assessed_vms
        ADD COLUMN cpu_used_mhz bigint,
        ADD COLUMN cpu_capacity_mhz bigint,
        ADD COLUMN memory_active_mib bigint,
        ADD COLUMN memory_consumed_mib bigint,
        ADD COLUMN cpu_percent double precision,
        ADD COLUMN memory_active_percent double precision,
        ADD COLUMN memory_consumed_percent double precision,
        ADD COLUMN cpu_basis text NOT NULL DEFAULT 'missing',
        ADD COLUMN memory_active_basis text NOT NULL DEFAULT 'missing',
        ADD COLUMN memory_consumed_basis text NOT NULL DEFAULT 'missing'
    """,
    """
    ALTER TABLE vm_keys
        ADD COLUMN cpu_used_mhz bigint,
        ADD COLUMN cpu_capacity_mhz bigint,
        ADD COLUMN memory_active_mib bigint,
        ADD COLUMN memory_consumed_mib bigint,
        ADD COLUMN disk_used_percent real,
        ADD COLUMN cpu_percent real,
        ADD COLUMN memory_active_percent real,
        ADD COLUMN memory_consumed_percent real,
        ADD COLUMN target_support smallint,
        ADD COLUMN tenant_confidence smallint
    """,
    """
    ALTER TABLE tenant_totals
        ADD COLUMN awake_vms integer NOT NULL DEFAULT 0,
        ADD COLUMN cpu_vms integer NOT NULL DEFAULT 0,
        ADD COLUMN memory_active_vms integer NOT NULL DEFAULT 0,
        ADD COLUMN memory_consumed_vms integer NOT NULL DEFAULT 0,
        ADD COLUMN cpu_used_mhz bigint,
        ADD COLUMN cpu_compared_mhz bigint,
        ADD COLUMN cpu_whole_mhz bigint,
        ADD COLUMN memory_active_used_mib bigint,
        ADD COLUMN memory_active_compared_mib bigint,
        ADD COLUMN memory_active_whole_mib bigint,
        ADD COLUMN memory_consumed_used_mib bigint,
        ADD COLUMN memory_consumed_compared_mib bigint,
        ADD COLUMN memory_consumed_whole_mib bigint
    """,
)

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

_DROP = (
    """
    ALTER TABLE assessed_vms
        DROP COLUMN cpu_used_mhz,
        DROP COLUMN cpu_capacity_mhz,
        DROP COLUMN memory_active_mib,
        DROP COLUMN memory_consumed_mib,
        DROP COLUMN cpu_percent,
        DROP COLUMN memory_active_percent,
        DROP COLUMN memory_consumed_percent,
        DROP COLUMN cpu_basis,
        DROP COLUMN memory_active_basis,
        DROP COLUMN memory_consumed_basis
    """,
    """
    ALTER TABLE vm_keys
        DROP COLUMN cpu_used_mhz,
        DROP COLUMN cpu_capacity_mhz,
        DROP COLUMN memory_active_mib,
        DROP COLUMN memory_consumed_mib,
        DROP COLUMN disk_used_percent,
        DROP COLUMN cpu_percent,
        DROP COLUMN memory_active_percent,
        DROP COLUMN memory_consumed_percent,
        DROP COLUMN target_support,
        DROP COLUMN tenant_confidence
    """,
    """
    ALTER TABLE tenant_totals
        DROP COLUMN awake_vms,
        DROP COLUMN cpu_vms,
        DROP COLUMN memory_active_vms,
        DROP COLUMN memory_consumed_vms,
        DROP COLUMN cpu_used_mhz,
        DROP COLUMN cpu_compared_mhz,
        DROP COLUMN cpu_whole_mhz,
        DROP COLUMN memory_active_used_mib,
        DROP COLUMN memory_active_compared_mib,
        DROP COLUMN memory_active_whole_mib,
        DROP COLUMN memory_consumed_used_mib,
        DROP COLUMN memory_consumed_compared_mib,
        DROP COLUMN memory_consumed_whole_mib
    """,
)


def upgrade() -> None:
    """Make the columns and fill what can be filled."""
    for statement in (*_ADD, *_FILL):
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    for statement in _DROP:
        op.execute(statement)
