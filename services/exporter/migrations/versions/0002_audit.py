"""The audit trail."""

from alembic import op

from shared.db.ddl import create_audit_v1, drop_audit_v1

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    create_audit_v1(op)


def downgrade() -> None:
    """Remove it, and what is in it."""
    drop_audit_v1(op)
