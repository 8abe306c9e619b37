"""Widgets get a colour."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE widgets ADD COLUMN colour text")


def downgrade() -> None:
    op.execute("ALTER TABLE widgets DROP COLUMN colour")
