"""The audit trail."""

from alembic import op

from shared.db.ddl import create_audit_v1, drop_audit_v1

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_audit_v1(op)


def downgrade() -> None:
    drop_audit_v1(op)
