"""Findings of each VM. Assessments made before have none: they are assessed again by an import."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.execute("ALTER TABLE assessed_vms ADD COLUMN findings jsonb NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    """Remove them."""
    op.execute("ALTER TABLE assessed_vms DROP COLUMN findings")
