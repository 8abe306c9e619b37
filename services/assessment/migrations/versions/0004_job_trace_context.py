"""Jobs carry the trace that queued them."""

from alembic import op

from shared.db.ddl import add_job_trace_context, drop_job_trace_context

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    add_job_trace_context(op)


def downgrade() -> None:
    """Remove it."""
    drop_job_trace_context(op)
