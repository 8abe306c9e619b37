"""Everything that the other tabs tell: usage, Tools, snapshots, partitions, hosts, networks."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NEW_COLUMNS = {
    "vms": (
        "guest_state text",
        "guest_detail text",
        "tools_status text",
        "tools_version text",
        "tools_required_version text",
        "is_tools_upgradeable boolean",
        "smbios_uuid text",
        "powered_on_at timestamp",
        "created_at timestamp",
        "needs_consolidation boolean",
        "latency_sensitivity text",
        "ft_state text",
        "has_secure_boot boolean",
        "shows_disk_uuids boolean",
        "ha_restart_priority text",
        "cluster_rules text",
        "cpu_sockets integer",
        "cores_per_socket integer",
        "cpu_used_mhz integer",
        "cpu_max_mhz integer",
        "cpu_percent double precision",
        "cpu_basis text NOT NULL DEFAULT 'missing'",
        "cpu_readiness_percent double precision",
        "cpu_reservation_mhz integer",
        "cpu_limit_mhz integer",
        "has_cpu_hot_add boolean",
        "has_cpu_hot_remove boolean",
        "memory_active_mib bigint",
        "memory_active_percent double precision",
        "memory_active_basis text NOT NULL DEFAULT 'missing'",
        "memory_consumed_mib bigint",
        "memory_consumed_percent double precision",
        "memory_consumed_basis text NOT NULL DEFAULT 'missing'",
        "memory_ballooned_mib bigint",
        "memory_swapped_mib bigint",
        "memory_reservation_mib bigint",
        "memory_limit_mib bigint",
        "is_memory_locked boolean",
        "has_memory_hot_add boolean",
        "guest_used_mib bigint",
        "host_cpu_mhz integer",
        "host_nic_mbit_s integer",
        "host_esx_version text",
        "attributes jsonb NOT NULL DEFAULT '{}'",
    ),
    "disks": (
        "disk_key integer",
        "disk_uuid text",
        "guest_path text",
        "unit_number integer",
        "controller_label text",
        "is_eager_zeroed boolean",
        "raw_mode text",
        "raw_lun text",
    ),
    "nics": (
        "starts_connected boolean",
        "mac_type text",
        "has_direct_path boolean",
        "vlan_id integer",
        "vlan_trunk text",
        "is_vlan_guessed boolean NOT NULL DEFAULT false",
    ),
}
_NEW_TABLES = (
    *("snapshots", "partitions", "media"),
    *("hosts", "clusters", "datastores", "resource_pools", "host_nics", "health_messages"),
    "networks",
)
_TABLES = (
    """
    CREATE TABLE snapshots (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        vm_id uuid NOT NULL,
        position integer NOT NULL,
        name text,
        description text,
        taken_at timestamp,
        age_days integer,
        size_mib bigint,
        is_quiesced boolean,
        PRIMARY KEY (inventory_id, vm_id, position)
    )
    """,
    """
    CREATE TABLE partitions (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        vm_id uuid NOT NULL,
        position integer NOT NULL,
        mount text,
        disk_key integer,
        capacity_mib bigint,
        consumed_mib bigint,
        free_mib bigint,
        free_percent double precision,
        PRIMARY KEY (inventory_id, vm_id, position)
    )
    """,
    """
    CREATE TABLE media (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        vm_id uuid NOT NULL,
        position integer NOT NULL,
        kind text NOT NULL,
        label text,
        device_type text,
        is_connected boolean,
        starts_connected boolean,
        PRIMARY KEY (inventory_id, vm_id, position)
    )
    """,
    """
    CREATE TABLE hosts (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        position integer NOT NULL,
        vcenter text NOT NULL,
        name text NOT NULL,
        datacenter text,
        cluster text,
        object_id text,
        is_in_maintenance boolean,
        cpu_model text,
        cpu_mhz integer,
        sockets integer,
        cores integer,
        has_hyper_threading boolean,
        cpu_percent double precision,
        memory_mib bigint,
        memory_percent double precision,
        vm_count integer,
        powered_on_vm_count integer,
        vcpu_count integer,
        vram_mib bigint,
        esx_version text,
        vendor text,
        model text,
        fastest_nic_mbit_s integer,
        source_row integer NOT NULL,
        PRIMARY KEY (inventory_id, position)
    )
    """,
    """
    CREATE TABLE clusters (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        position integer NOT NULL,
        vcenter text NOT NULL,
        name text NOT NULL,
        object_id text,
        host_count integer,
        effective_host_count integer,
        cores integer,
        total_mhz bigint,
        effective_mhz bigint,
        memory_mib bigint,
        effective_memory_mib bigint,
        has_ha boolean,
        has_drs boolean,
        has_dpm boolean,
        source_row integer NOT NULL,
        PRIMARY KEY (inventory_id, position)
    )
    """,
    """
    CREATE TABLE datastores (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        position integer NOT NULL,
        vcenter text NOT NULL,
        name text NOT NULL,
        object_id text,
        kind text,
        address text,
        is_accessible boolean,
        capacity_mib bigint,
        provisioned_mib bigint,
        in_use_mib bigint,
        free_mib bigint,
        vm_count integer,
        host_count integer,
        datastore_cluster text,
        source_row integer NOT NULL,
        PRIMARY KEY (inventory_id, position)
    )
    """,
    """
    CREATE TABLE resource_pools (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        position integer NOT NULL,
        vcenter text NOT NULL,
        path text NOT NULL,
        name text,
        object_id text,
        vm_count integer,
        cpu_reservation_mhz bigint,
        cpu_limit_mhz bigint,
        memory_reservation_mib bigint,
        memory_limit_mib bigint,
        source_row integer NOT NULL,
        PRIMARY KEY (inventory_id, position)
    )
    """,
    """
    CREATE TABLE host_nics (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        position integer NOT NULL,
        vcenter text NOT NULL,
        device text NOT NULL,
        host text,
        switch text,
        driver text,
        mac text,
        speed_mbit_s integer,
        is_full_duplex boolean,
        source_row integer NOT NULL,
        PRIMARY KEY (inventory_id, position)
    )
    """,
    """
    CREATE TABLE health_messages (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        position integer NOT NULL,
        vcenter text NOT NULL,
        name text,
        kind text,
        message text NOT NULL,
        source_row integer NOT NULL,
        PRIMARY KEY (inventory_id, position)
    )
    """,
    """
    CREATE TABLE networks (
        inventory_id uuid NOT NULL REFERENCES inventories (id) ON DELETE CASCADE,
        position integer NOT NULL,
        vcenter text NOT NULL,
        name text NOT NULL,
        switch text,
        kind text NOT NULL,
        object_id text,
        vlan_id integer,
        vlan_trunk text,
        is_vlan_guessed boolean NOT NULL,
        host_count integer,
        vm_count integer NOT NULL,
        nic_count integer NOT NULL,
        allows_promiscuous boolean,
        allows_mac_changes boolean,
        allows_forged_transmits boolean,
        source_row integer,
        PRIMARY KEY (inventory_id, position)
    )
    """,
)


def upgrade() -> None:
    """Add columns and tables. What an older release has stored has no more than it had."""
    for table, columns in _NEW_COLUMNS.items():
        added = ", ".join(f"ADD COLUMN {column}" for column in columns)
        op.execute(f"ALTER TABLE {table} {added}")
    for statement in _TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    op.execute(f"DROP TABLE {', '.join(_NEW_TABLES)}")
    for table, columns in _NEW_COLUMNS.items():
        removed = ", ".join(f"DROP COLUMN {column.split()[0]}" for column in columns)
        op.execute(f"ALTER TABLE {table} {removed}")
