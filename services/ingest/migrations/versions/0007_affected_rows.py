"""The rows of an import that people should look at, as the workbook has them."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables; what an older release has imported has no such rows."""
    op.execute("""
        CREATE TABLE affected_tabs (
            inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
            position integer NOT NULL,
            sheet text NOT NULL,
            file text,
            tab text NOT NULL,
            headers jsonb NOT NULL,
            row_count integer NOT NULL,
            PRIMARY KEY (inventory_id, position)
        )
    """)
    op.execute("""
        CREATE TABLE affected_rows (
            inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
            tab_position integer NOT NULL,
            row integer NOT NULL,
            cells jsonb NOT NULL,
            problems jsonb NOT NULL,
            PRIMARY KEY (inventory_id, tab_position, row)
        )
    """)


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE affected_rows")
    op.execute("DROP TABLE affected_tabs")
