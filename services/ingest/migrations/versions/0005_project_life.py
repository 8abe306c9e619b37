"""Projects are archived, cleared and deleted; inventories are removed by a job."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.execute("""
        ALTER TABLE projects
            ADD COLUMN life text NOT NULL DEFAULT 'active'
                CHECK (life IN ('active', 'archived', 'deleted')),
            ADD COLUMN cleared_through integer NOT NULL DEFAULT 0 CHECK (cleared_through >= 0)
    """)
    op.execute("ALTER TABLE inventories ADD COLUMN removed_at timestamptz")


def downgrade() -> None:
    """Remove them."""
    op.execute("ALTER TABLE inventories DROP COLUMN removed_at")
    op.execute("ALTER TABLE projects DROP COLUMN life, DROP COLUMN cleared_through")
