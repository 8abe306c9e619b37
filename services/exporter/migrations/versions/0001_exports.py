"""Exports and their content, beside the mechanism tables."""

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
        CREATE TABLE exports (
            id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            snapshot_id uuid NOT NULL,
            snapshot_digest text NOT NULL CHECK (snapshot_digest ~ '^[0-9a-f]{64}$'),
            format text NOT NULL CHECK (format IN ('xlsx', 'json')),
            template_version integer NOT NULL CHECK (template_version >= 1),
            job_id uuid NOT NULL,
            requested_by text NOT NULL,
            requested_at timestamptz NOT NULL,
            size_bytes bigint CHECK (size_bytes >= 0),
            sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            completed_at timestamptz,
            UNIQUE (project_id, snapshot_digest, format, template_version),
            CHECK (num_nulls(size_bytes, sha256, completed_at) IN (0, 3))
        )
        """
    )
    op.execute(
        """
        CREATE TABLE export_chunks (
            export_id uuid NOT NULL REFERENCES exports ON DELETE CASCADE,
            number integer NOT NULL CHECK (number >= 0),
            content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 1048576),
            PRIMARY KEY (export_id, number)
        )
        """
    )
    op.execute("ALTER TABLE export_chunks ALTER COLUMN content SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE export_chunks, exports")
    drop_mechanism_v1(op)
