"""What became of projects that were archived, cleared or deleted."""

from alembic import op

from shared.db.ddl import create_project_marks, drop_project_marks

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    create_project_marks(op)
    op.execute("ALTER TABLE preparations ADD COLUMN inventory_number integer")


def downgrade() -> None:
    """Remove it."""
    op.execute("ALTER TABLE preparations DROP COLUMN inventory_number")
    drop_project_marks(op)
