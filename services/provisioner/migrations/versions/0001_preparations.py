"""Preparations, beside the mechanism tables."""

from alembic import op

from shared.db.ddl import create_mechanism_v1, drop_mechanism_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    create_mechanism_v1(op)
    op.execute(
        """
        CREATE TABLE preparations (
            project_id uuid PRIMARY KEY,
            approval_id uuid NOT NULL,
            approval_number integer NOT NULL CHECK (approval_number >= 1),
            inventory_id uuid NOT NULL,
            snapshot_id uuid NOT NULL,
            snapshot_digest text NOT NULL CHECK (snapshot_digest ~ '^[0-9a-f]{64}$'),
            snapshot_path text NOT NULL,
            page_count integer NOT NULL CHECK (page_count >= 0),
            tenant_count integer NOT NULL CHECK (tenant_count >= 0),
            vm_count integer NOT NULL CHECK (vm_count >= 0),
            approved_at timestamptz NOT NULL,
            approved_by uuid NOT NULL
        )
        """
    )


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE preparations")
    drop_mechanism_v1(op)
