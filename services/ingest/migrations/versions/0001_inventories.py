"""Projects, uploads, inventories and their rows, beside the mechanism tables."""

from alembic import op

from shared.db.ddl import create_mechanism_v1, drop_mechanism_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE projects (
        id uuid PRIMARY KEY,
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        description text NOT NULL,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        version integer NOT NULL CHECK (version >= 1)
    )
    """,
    """
    CREATE TABLE uploads (
        inventory_id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
        touched_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX uploads_touched ON uploads (touched_at)",
    """
    CREATE TABLE upload_chunks (
        inventory_id uuid NOT NULL REFERENCES uploads (inventory_id) ON DELETE CASCADE,
        position integer NOT NULL CHECK (position >= 0),
        content bytea NOT NULL,
        PRIMARY KEY (inventory_id, position)
    )
    """,
    # Workbooks are zips: compressing them again only costs time.
    "ALTER TABLE upload_chunks ALTER COLUMN content SET STORAGE EXTERNAL",
    """
    CREATE TABLE inventories (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
        number integer NOT NULL CHECK (number >= 1),
        file_name text NOT NULL,
        size_bytes bigint NOT NULL,
        sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
        uploaded_at timestamptz NOT NULL,
        uploaded_by text NOT NULL,
        job_id uuid NOT NULL,
        imported_at timestamptz,
        vm_count integer,
        disk_count integer,
        nic_count integer,
        report jsonb,
        manifest jsonb,
        UNIQUE (project_id, number),
        CHECK (imported_at IS NULL OR num_nulls(vm_count, disk_count, nic_count, report, manifest) = 0)
    )
    """,
    "CREATE INDEX inventories_workbook ON inventories (project_id, sha256)",
    """
    CREATE TABLE snapshot_pages (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        number integer NOT NULL CHECK (number >= 0),
        content bytea NOT NULL,
        PRIMARY KEY (inventory_id, number)
    )
    """,
    "ALTER TABLE snapshot_pages ALTER COLUMN content SET STORAGE EXTERNAL",
    """
    CREATE TABLE vms (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        vm_id uuid NOT NULL,
        name text NOT NULL,
        vcenter text NOT NULL,
        moref text,
        vm_uuid text,
        identity_basis text NOT NULL,
        power_state text NOT NULL,
        is_template boolean NOT NULL,
        is_srm_placeholder boolean NOT NULL,
        connection_state text,
        datacenter text,
        cluster text,
        host text,
        folder text,
        resource_pool text,
        vapp text,
        annotation text,
        os_config text,
        os_tools text,
        dns_name text,
        primary_ip text,
        hardware_version integer,
        firmware text,
        has_cbt boolean,
        vcpus integer,
        memory_mib bigint,
        disk_mib bigint,
        disk_basis text NOT NULL,
        provisioned_mib bigint,
        allocated_mib bigint,
        used_mib bigint,
        used_basis text NOT NULL,
        snapshot_count integer,
        oldest_snapshot_days integer,
        disk_count integer NOT NULL,
        nic_count integer NOT NULL,
        derived_fields text[] NOT NULL,
        source_row integer NOT NULL,
        PRIMARY KEY (inventory_id, vm_id)
    )
    """,
    "CREATE INDEX vms_by_name ON vms (inventory_id, name, vm_id)",
    """
    CREATE TABLE disks (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        vm_id uuid NOT NULL,
        position integer NOT NULL,
        label text NOT NULL,
        capacity_mib bigint,
        datastore text,
        is_datastore_guessed boolean NOT NULL,
        path text,
        controller text,
        disk_mode text,
        sharing_mode text,
        shared_bus text,
        is_thin boolean,
        is_raw boolean,
        PRIMARY KEY (inventory_id, vm_id, position)
    )
    """,
    """
    CREATE TABLE nics (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        vm_id uuid NOT NULL,
        position integer NOT NULL,
        label text NOT NULL,
        network text,
        switch text,
        adapter text,
        mac text,
        ip_addresses text[] NOT NULL,
        is_connected boolean,
        PRIMARY KEY (inventory_id, vm_id, position)
    )
    """,
)


def upgrade() -> None:
    """Make the first tables."""
    create_mechanism_v1(op)
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Remove them, with all inventories."""
    op.execute(
        "DROP TABLE nics, disks, vms, snapshot_pages, inventories, upload_chunks, uploads, projects"
    )
    drop_mechanism_v1(op)
