"""Imports may wait to be applied, and say what becomes of earlier decisions."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One that is not held is applied when it is imported, also by a former version."""
    op.execute("""
        ALTER TABLE inventories
            ADD COLUMN mode text NOT NULL DEFAULT 'merge' CHECK (mode IN ('merge', 'replace')),
            ADD COLUMN is_held boolean NOT NULL DEFAULT false,
            ADD COLUMN applied_at timestamptz
    """)
    op.execute("""
        ALTER TABLE inventories ADD CONSTRAINT applied_is_imported
            CHECK (applied_at IS NULL OR imported_at IS NOT NULL)
    """)


def downgrade() -> None:
    """Forget both."""
    op.execute("ALTER TABLE inventories DROP CONSTRAINT applied_is_imported")
    op.execute("""
        ALTER TABLE inventories
            DROP COLUMN mode, DROP COLUMN is_held, DROP COLUMN applied_at
    """)
