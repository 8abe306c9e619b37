"""Networks of an assessment: their class, who uses them, and what people said of them."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables. Assessments of before have no networks until the next one is made."""
    _create_uses()
    _create_networks()
    op.execute(
        """
        CREATE TABLE network_overrides (
            project_id uuid NOT NULL,
            network_id uuid NOT NULL,
            vcenter text NOT NULL,
            name text NOT NULL,
            switch text,
            network_class text,
            note text,
            version integer NOT NULL CHECK (version >= 2),
            changed_at timestamptz NOT NULL DEFAULT now(),
            changed_by text NOT NULL,
            changed_by_name text NOT NULL,
            PRIMARY KEY (project_id, network_id),
            CHECK (network_class IS NOT NULL OR note IS NULL)
        )
        """
    )


def _create_uses() -> None:
    op.execute(
        """
        CREATE TABLE network_uses (
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            page integer NOT NULL CHECK (page >= 0),
            position integer NOT NULL,
            network_id uuid NOT NULL,
            vcenter text NOT NULL,
            name text NOT NULL,
            switch text,
            tenant_id uuid NOT NULL,
            vlan_id integer,
            vlan_trunk text,
            is_vlan_guessed boolean NOT NULL,
            detected_class text NOT NULL,
            rule text NOT NULL,
            evidence text,
            is_guessed boolean NOT NULL,
            vms integer NOT NULL CHECK (vms >= 1),
            nics integer NOT NULL CHECK (nics >= vms),
            PRIMARY KEY (assessment_id, page, position)
        )
        """
    )


def _create_networks() -> None:
    op.execute(
        """
        CREATE TABLE assessed_networks (
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            network_id uuid NOT NULL,
            vcenter text NOT NULL,
            name text NOT NULL,
            switch text,
            qualified_name text NOT NULL,
            network_class text NOT NULL,
            detected_class text NOT NULL,
            rule text NOT NULL,
            evidence text,
            is_guessed boolean NOT NULL,
            vlan_ids integer[] NOT NULL,
            vlan_trunks text[] NOT NULL,
            is_vlan_guessed boolean NOT NULL,
            vms integer NOT NULL,
            nics integer NOT NULL,
            tenant_count integer NOT NULL,
            PRIMARY KEY (assessment_id, network_id)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX assessed_networks_by_name
        ON assessed_networks (assessment_id, left(name, 100), network_id)
        """
    )
    op.execute(
        """
        CREATE TABLE network_tenants (
            assessment_id uuid NOT NULL REFERENCES assessments ON DELETE CASCADE,
            network_id uuid NOT NULL,
            tenant_id uuid NOT NULL REFERENCES tenants,
            vms integer NOT NULL,
            nics integer NOT NULL,
            PRIMARY KEY (assessment_id, network_id, tenant_id)
        )
        """
    )
    op.execute(
        "CREATE INDEX network_tenants_by_tenant ON network_tenants (assessment_id, tenant_id)"
    )


def downgrade() -> None:
    """Remove them, and with them what people said of networks."""
    op.execute("DROP TABLE network_overrides, network_tenants, assessed_networks, network_uses")
