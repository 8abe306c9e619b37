"""How many disks and adapters a VM has: what its volumes and ports are counted by."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the counts. Rows merged before have none, and their plans say so."""
    op.execute(
        "ALTER TABLE assessed_vms "
        "ADD COLUMN disk_count integer CHECK (disk_count >= 0), "
        "ADD COLUMN nic_count integer CHECK (nic_count >= 0)"
    )


def downgrade() -> None:
    """Remove them."""
    op.execute("ALTER TABLE assessed_vms DROP COLUMN disk_count, DROP COLUMN nic_count")
