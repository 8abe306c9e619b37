"""What became of projects that were archived, cleared or deleted."""

from alembic import op

from shared.db.ddl import create_project_marks, drop_project_marks

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table. A forgotten assessment keeps its number, which is never given again."""
    create_project_marks(op)
    op.execute("ALTER TABLE assessments ADD COLUMN forgotten_at timestamptz")


def downgrade() -> None:
    """Remove it."""
    op.execute("ALTER TABLE assessments DROP COLUMN forgotten_at")
    drop_project_marks(op)
