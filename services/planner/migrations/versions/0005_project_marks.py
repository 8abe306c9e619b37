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


def downgrade() -> None:
    """Remove it."""
    drop_project_marks(op)
