"""Jobs carry the trace that queued them."""

from alembic import op

from shared.db.ddl import add_job_trace_context, drop_job_trace_context

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    add_job_trace_context(op)


def downgrade() -> None:
    drop_job_trace_context(op)
