"""Mechanism tables and the workshop's widgets."""

from alembic import op

from shared.db.ddl import create_mechanism_v1, drop_mechanism_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_mechanism_v1(op)
    op.execute("CREATE TABLE widgets (name text PRIMARY KEY, weight_g integer NOT NULL)")


def downgrade() -> None:
    op.execute("DROP TABLE widgets")
    drop_mechanism_v1(op)
