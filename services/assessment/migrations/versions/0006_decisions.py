"""What people decide: rules in versions, tenants, assignments, waivers; assessments that follow.

An inventory may be assessed more than once now. Tenants that are known keep their ids: each gets
the key by which it was detected.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    _assess_again()
    _create_rules()
    _create_tenancy()
    _create_waivers()
    op.execute(
        """
        ALTER TABLE assessed_vms
            ADD COLUMN detection_rule text,
            ADD COLUMN tenant_confidence text NOT NULL DEFAULT 'low',
            ADD COLUMN target_support text NOT NULL DEFAULT 'unknown'
        """
    )


def _assess_again() -> None:
    op.execute(
        """
        ALTER TABLE assessments
            DROP CONSTRAINT IF EXISTS assessments_inventory_id_key,
            DROP CONSTRAINT IF EXISTS assessments_project_id_inventory_number_key,
            ADD COLUMN cause text NOT NULL DEFAULT 'import',
            ADD COLUMN rules_version integer
        """
    )


def _create_rules() -> None:
    op.execute(
        """
        CREATE TABLE rule_versions (
            project_id uuid NOT NULL,
            version integer NOT NULL CHECK (version >= 1),
            rules jsonb NOT NULL,
            is_reset boolean NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now(),
            changed_by text NOT NULL,
            changed_by_name text NOT NULL,
            PRIMARY KEY (project_id, version)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE rule_previews (
            id uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            job_id uuid NOT NULL,
            based_on integer NOT NULL CHECK (based_on >= 0),
            rules jsonb NOT NULL,
            result jsonb,
            requested_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX rule_previews_by_project ON rule_previews (project_id, requested_at)")


def _create_tenancy() -> None:
    op.execute(
        """
        ALTER TABLE tenants
            ADD COLUMN vcenter text,
            ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
            ADD COLUMN merged_into uuid REFERENCES tenants CHECK (merged_into <> id)
        """
    )
    op.execute(
        """
        CREATE TABLE tenant_keys (
            key uuid PRIMARY KEY,
            project_id uuid NOT NULL,
            tenant_id uuid NOT NULL REFERENCES tenants,
            name text NOT NULL,
            org_vdc text,
            vcenter text,
            is_detected boolean NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX tenant_keys_by_tenant ON tenant_keys (tenant_id)")
    op.execute(
        """
        INSERT INTO tenant_keys (key, project_id, tenant_id, name, org_vdc, is_detected)
        SELECT id, project_id, id, name, org_vdc, true FROM tenants
        """
    )
    op.execute(
        """
        CREATE TABLE tenant_assignments (
            project_id uuid NOT NULL,
            vm_id uuid NOT NULL,
            vm_name text NOT NULL,
            tenant_id uuid NOT NULL REFERENCES tenants,
            note text,
            assigned_at timestamptz NOT NULL DEFAULT now(),
            assigned_by text NOT NULL,
            assigned_by_name text NOT NULL,
            PRIMARY KEY (project_id, vm_id)
        )
        """
    )
    op.execute("CREATE INDEX tenant_assignments_by_tenant ON tenant_assignments (tenant_id)")


def _create_waivers() -> None:
    op.execute(
        """
        CREATE TABLE finding_waivers (
            project_id uuid NOT NULL,
            finding text NOT NULL,
            vm_id uuid NOT NULL,
            vm_name text NOT NULL,
            note text NOT NULL,
            waived_at timestamptz NOT NULL DEFAULT now(),
            waived_by text NOT NULL,
            waived_by_name text NOT NULL,
            PRIMARY KEY (project_id, finding, vm_id)
        )
        """
    )
    op.execute("CREATE INDEX finding_waivers_by_vm ON finding_waivers (project_id, vm_id)")


def downgrade() -> None:
    """Remove them, and with them what people decided. Assessments that followed stay."""
    op.execute("DROP TABLE finding_waivers, tenant_assignments, tenant_keys")
    op.execute("DROP TABLE rule_previews, rule_versions")
    op.execute("ALTER TABLE tenants DROP COLUMN merged_into, DROP COLUMN version")
    op.execute("ALTER TABLE tenants DROP COLUMN vcenter")
    op.execute("ALTER TABLE assessments DROP COLUMN rules_version, DROP COLUMN cause")
    op.execute(
        """
        ALTER TABLE assessed_vms
            DROP COLUMN target_support, DROP COLUMN tenant_confidence, DROP COLUMN detection_rule
        """
    )
