"""Streams of facts: what open pages are told, by project."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the streams' tables, and tell every process of a new fact."""
    op.execute(
        """
        CREATE TABLE stream_positions (
            project_id uuid PRIMARY KEY,
            last bigint NOT NULL CHECK (last >= 0)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE stream_facts (
            project_id uuid NOT NULL REFERENCES stream_positions (project_id) ON DELETE CASCADE,
            position bigint NOT NULL CHECK (position >= 1),
            event_id uuid NOT NULL UNIQUE,
            type text NOT NULL,
            subject text NOT NULL,
            version integer NOT NULL CHECK (version >= 1),
            stored_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (project_id, position)
        )
        """
    )
    op.execute("CREATE INDEX stream_facts_stored ON stream_facts (stored_at)")
    op.execute(
        """
        CREATE FUNCTION notify_stream() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify(TG_TABLE_SCHEMA || '_stream', NEW.project_id::text);
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER stream_facts_notify AFTER INSERT ON stream_facts
        FOR EACH ROW EXECUTE FUNCTION notify_stream()
        """
    )


def downgrade() -> None:
    """Remove them; clients that come back are told to read everything again."""
    op.execute("DROP TABLE stream_facts, stream_positions")
    op.execute("DROP FUNCTION notify_stream()")
