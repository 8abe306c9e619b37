"""Assessments, tenants, assessed VMs and snapshot pages, beside the mechanism tables."""

from alembic import op

from shared.db.ddl import create_mechanism_v1, drop_mechanism_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    create_mechanism_v1(op)
    _create_assessments()
    _create_assessed_vms()
    _create_totals_and_pages()


def _create_assessments() -> None:
    op.execute(
        """
        CREATE TABLE assessments (
            id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            number integer NOT NULL CHECK (number >= 1),
            inventory_id uuid NOT NULL UNIQUE,
            inventory_number integer NOT NULL CHECK (inventory_number >= 1),
            imported_at timestamptz NOT NULL,
            source_id uuid NOT NULL,
            source_path text NOT NULL,
            source_digest text NOT NULL CHECK (source_digest ~ '^[0-9a-f]{64}$'),
            source_record_count integer NOT NULL CHECK (source_record_count >= 0),
            source_page_count integer NOT NULL CHECK (source_page_count >= 0),
            job_id uuid NOT NULL,
            pages_done integer NOT NULL DEFAULT 0,
            vms_done integer NOT NULL DEFAULT 0,
            is_superseded boolean NOT NULL DEFAULT false,
            manifest jsonb,
            totals jsonb,
            completed_at timestamptz,
            UNIQUE (project_id, number),
            UNIQUE (project_id, inventory_number),
            CHECK (pages_done BETWEEN 0 AND source_page_count),
            CHECK (num_nulls(manifest, totals, completed_at) IN (0, 3)),
            CHECK (completed_at IS NULL OR NOT is_superseded)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE tenants (
            id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            name text NOT NULL,
            org_vdc text
        )
        """
    )


def _create_assessed_vms() -> None:
    op.execute(
        """
        CREATE TABLE assessed_vms (
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            vm_id uuid NOT NULL,
            name text NOT NULL,
            vcenter text NOT NULL,
            moref text,
            power_state text NOT NULL,
            excluded_because text,
            datacenter text,
            cluster text,
            host text,
            tenant_id uuid NOT NULL REFERENCES tenants,
            detection_method text NOT NULL,
            app_group text,
            os_family text NOT NULL,
            os_product text,
            os_version text,
            os_text text,
            vcpus integer,
            memory_mib bigint,
            disk_mib bigint,
            provisioned_mib bigint,
            allocated_mib bigint,
            used_mib bigint,
            used_basis text NOT NULL,
            disk_count integer NOT NULL,
            nic_count integer NOT NULL,
            networks text[] NOT NULL,
            risk_score smallint NOT NULL CHECK (risk_score BETWEEN 0 AND 100),
            risk_band text NOT NULL,
            risk_reasons jsonb NOT NULL,
            mode_class text NOT NULL,
            mode_reasons jsonb NOT NULL,
            PRIMARY KEY (assessment_id, vm_id)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX assessed_vms_by_name ON assessed_vms (assessment_id, left(name, 100), vm_id)
        WHERE excluded_because IS NULL
        """
    )
    op.execute(
        """
        CREATE INDEX assessed_vms_by_tenant
        ON assessed_vms (assessment_id, tenant_id, left(name, 100), vm_id)
        WHERE excluded_because IS NULL
        """
    )


def _create_totals_and_pages() -> None:
    op.execute(
        """
        CREATE TABLE tenant_totals (
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            tenant_id uuid NOT NULL REFERENCES tenants,
            detection_method text NOT NULL,
            vms integer NOT NULL,
            powered_off integer NOT NULL,
            vcpus bigint NOT NULL,
            memory_mib bigint NOT NULL,
            disk_mib bigint NOT NULL,
            used_mib bigint NOT NULL,
            green integer NOT NULL,
            yellow integer NOT NULL,
            red integer NOT NULL,
            warm_eligible integer NOT NULL,
            warm_risky integer NOT NULL,
            cold_required integer NOT NULL,
            PRIMARY KEY (assessment_id, tenant_id)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE snapshot_pages (
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            number integer NOT NULL CHECK (number >= 0),
            sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            content bytea NOT NULL,
            PRIMARY KEY (assessment_id, number)
        )
        """
    )


def downgrade() -> None:
    """Remove them."""
    op.execute("DROP TABLE snapshot_pages, tenant_totals, assessed_vms, tenants, assessments")
    drop_mechanism_v1(op)
