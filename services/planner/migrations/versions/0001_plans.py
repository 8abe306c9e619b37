"""Settings, the read model, plan snapshots and approvals, beside the mechanism tables."""

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
        CREATE TABLE plan_settings (
            project_id uuid PRIMARY KEY,
            version integer NOT NULL CHECK (version >= 2),
            settings jsonb NOT NULL,
            allow_single_approver boolean NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now(),
            changed_by text NOT NULL
        )
        """
    )
    op.execute("COMMENT ON TABLE plan_settings IS 'No row: the defaults, version 1'")
    _create_read_model()
    _create_snapshots()
    op.execute(
        """
        CREATE TABLE plans (
            project_id uuid PRIMARY KEY,
            assessment_id uuid NOT NULL REFERENCES assessments,
            job_id uuid NOT NULL,
            snapshot_id uuid REFERENCES plan_snapshots
        )
        """
    )
    _create_approval_requests()


def _create_read_model() -> None:
    op.execute(
        """
        CREATE TABLE assessments (
            assessment_id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            assessment_number integer NOT NULL CHECK (assessment_number >= 1),
            inventory_id uuid NOT NULL,
            inventory_number integer NOT NULL CHECK (inventory_number >= 1),
            imported_at timestamptz NOT NULL,
            snapshot jsonb NOT NULL,
            pages_merged integer NOT NULL DEFAULT 0 CHECK (pages_merged >= 0),
            UNIQUE (project_id, assessment_number)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE assessed_vms (
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            vm_id uuid NOT NULL,
            is_excluded boolean NOT NULL,
            excluded_because text,
            name text NOT NULL,
            tenant_id uuid NOT NULL,
            tenant_name text NOT NULL,
            org_vdc text,
            cluster text,
            power_state text NOT NULL,
            os_family text NOT NULL,
            os_text text,
            vcpus integer,
            memory_mib bigint,
            disk_mib bigint,
            used_mib bigint,
            allocated_mib bigint,
            networks text[] NOT NULL,
            risk_score smallint NOT NULL,
            risk_band text NOT NULL,
            mode_class text NOT NULL,
            PRIMARY KEY (assessment_id, vm_id)
        )
        """
    )


def _create_snapshots() -> None:
    op.execute(
        """
        CREATE TABLE plan_snapshots (
            snapshot_id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
            record_schema text NOT NULL,
            record_count integer NOT NULL CHECK (record_count >= 0),
            page_sha256 text[] NOT NULL,
            header jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (project_id, digest)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE plan_snapshot_pages (
            snapshot_id uuid NOT NULL REFERENCES plan_snapshots,
            number integer NOT NULL CHECK (number >= 0),
            body bytea NOT NULL,
            PRIMARY KEY (snapshot_id, number)
        )
        """
    )
    # Pages are gzip'd already: compressing them again only takes time.
    op.execute("ALTER TABLE plan_snapshot_pages ALTER COLUMN body SET STORAGE EXTERNAL")


def _create_approval_requests() -> None:
    op.execute(
        """
        CREATE TABLE approval_requests (
            approval_id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            snapshot_id uuid NOT NULL REFERENCES plan_snapshots,
            digest text NOT NULL,
            requested_by uuid NOT NULL,
            requested_at timestamptz NOT NULL,
            request_note text,
            allow_single_approver boolean NOT NULL,
            state text NOT NULL CHECK (state IN ('pending', 'approved', 'rejected')),
            decided_by uuid,
            decided_at timestamptz,
            decision_note text,
            approval_number integer CHECK (approval_number >= 1),
            UNIQUE (project_id, approval_number),
            CHECK ((state = 'pending') = (decided_by IS NULL)),
            CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
            CHECK ((state = 'approved') = (approval_number IS NOT NULL))
        )
        """
    )
    op.execute(
        "CREATE UNIQUE INDEX approval_requests_pending ON approval_requests (project_id, digest) "
        "WHERE state = 'pending'"
    )
    op.execute("CREATE INDEX approval_requests_project ON approval_requests (project_id)")


def downgrade() -> None:
    """Remove them, with all plans."""
    op.execute(
        "DROP TABLE approval_requests, plans, plan_snapshot_pages, plan_snapshots, assessed_vms, "
        "assessments, plan_settings"
    )
    drop_mechanism_v1(op)
