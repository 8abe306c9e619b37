"""Users and sessions, beside the mechanism tables."""

from alembic import op

from shared.db.ddl import create_mechanism_v1, drop_mechanism_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    create_mechanism_v1(op)
    op.execute(
        """
        CREATE TABLE users (
            id uuid PRIMARY KEY,
            username text NOT NULL UNIQUE,
            password_hash text NOT NULL,
            role text NOT NULL
                CHECK (role IN ('viewer', 'operator', 'technical', 'admin', 'superadmin')),
            projects uuid[],
            is_active boolean NOT NULL,
            created_at timestamptz NOT NULL,
            version integer NOT NULL CHECK (version >= 1)
        )
        """
    )
    op.execute("COMMENT ON COLUMN users.projects IS 'NULL: every project'")
    op.execute(
        """
        CREATE TABLE sessions (
            id uuid PRIMARY KEY,
            user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            token_sha256 bytea NOT NULL UNIQUE CHECK (length(token_sha256) = 32),
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX sessions_user ON sessions (user_id)")
    op.execute("CREATE INDEX sessions_expiry ON sessions (expires_at)")


def downgrade() -> None:
    """Remove them, with all accounts."""
    op.execute("DROP TABLE sessions, users")
    drop_mechanism_v1(op)
