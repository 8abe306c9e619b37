"""Runs and their tasks, with the allowed moves of their states."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, guard their states, and compile what is approved already."""
    _create_runs()
    _create_tasks()
    _guard_states()
    op.execute(
        """
        INSERT INTO jobs (id, kind, subject, payload, key)
        SELECT gen_random_uuid(), 'compile_preparation',
               'projects/' || project_id || '/preparation',
               jsonb_build_object('project_id', project_id, 'approval_id', approval_id),
               'compile_preparation:' || approval_id
        FROM preparations
        """
    )


def _create_runs() -> None:
    op.execute(
        """
        CREATE TABLE prep_runs (
            id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            approval_id uuid NOT NULL UNIQUE,
            snapshot_id uuid NOT NULL,
            snapshot_digest text NOT NULL CHECK (snapshot_digest ~ '^[0-9a-f]{64}$'),
            state text NOT NULL CHECK (state IN ('draft', 'running', 'halted', 'succeeded',
                'compensating', 'compensated', 'stuck')),
            compiled_at timestamptz NOT NULL
        )
        """
    )
    # Only one may touch the cloud for a project: a second start finds this index.
    op.execute(
        "CREATE UNIQUE INDEX prep_runs_active ON prep_runs (project_id) "
        "WHERE state IN ('running', 'halted', 'compensating', 'stuck')"
    )
    op.execute("CREATE INDEX prep_runs_project ON prep_runs (project_id)")


def _create_tasks() -> None:
    op.execute(
        """
        CREATE TABLE prep_tasks (
            id uuid PRIMARY KEY,
            run_id uuid NOT NULL REFERENCES prep_runs ON DELETE CASCADE,
            position integer NOT NULL CHECK (position >= 1),
            kind text NOT NULL CHECK (kind IN
                ('domain', 'project', 'quota', 'network', 'flavor', 'user', 'role')),
            key text NOT NULL CHECK (key LIKE kind || ':%'),
            name text NOT NULL,
            desired jsonb NOT NULL,
            defaults text[] NOT NULL,
            depends_on text[] NOT NULL,
            tenant_ids uuid[] NOT NULL,
            blocker jsonb,
            state text NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed',
                'skipped', 'compensating', 'compensated', 'compensation_failed')),
            UNIQUE (run_id, position),
            UNIQUE (run_id, key)
        )
        """
    )


def _guard_states() -> None:
    """Refuse what the table of allowed moves does not name. Arguments: the first state, moves."""
    op.execute(
        """
        CREATE FUNCTION check_move() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' AND NEW.state <> TG_ARGV[0] THEN
                RAISE EXCEPTION '% are born %, not %', TG_TABLE_NAME, TG_ARGV[0], NEW.state
                    USING ERRCODE = 'check_violation';
            ELSIF TG_OP = 'UPDATE' AND NEW.state <> OLD.state
                    AND (OLD.state || ' > ' || NEW.state) <> ALL (TG_ARGV) THEN
                RAISE EXCEPTION '% do not go from % to %', TG_TABLE_NAME, OLD.state, NEW.state
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER prep_runs_moves BEFORE INSERT OR UPDATE OF state ON prep_runs
        FOR EACH ROW EXECUTE FUNCTION check_move(
            'draft',
            'draft > running',
            'running > halted',
            'running > succeeded',
            'running > compensating',
            'halted > running',
            'halted > compensating',
            'succeeded > compensating',
            'compensating > compensated',
            'compensating > stuck',
            'stuck > compensating'
        )
        """
    )
    op.execute(
        """
        CREATE TRIGGER prep_tasks_moves BEFORE INSERT OR UPDATE OF state ON prep_tasks
        FOR EACH ROW EXECUTE FUNCTION check_move(
            'pending',
            'pending > running',
            'running > succeeded',
            'running > failed',
            'running > skipped',
            'failed > running',
            'succeeded > compensating',
            'compensating > compensated',
            'compensating > compensation_failed',
            'compensation_failed > compensating'
        )
        """
    )


def downgrade() -> None:
    """Remove them."""
    op.execute("DELETE FROM jobs WHERE kind = 'compile_preparation'")
    op.execute("DROP TABLE prep_tasks, prep_runs")
    op.execute("DROP FUNCTION check_move()")
