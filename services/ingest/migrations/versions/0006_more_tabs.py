"""Everything that the other tabs tell: usage, Tools, snapshots, partitions, hosts, networks."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ADDED = (
    """
    ALTER TABLE vms
        ADD COLUMN guest_state text,
        ADD COLUMN guest_detail text,
        ADD COLUMN tools_status text,
        ADD COLUMN tools_version text,
        ADD COLUMN tools_required_version text,
        ADD COLUMN is_tools_upgradeable boolean,
        ADD COLUMN smbios_uuid text,
        ADD COLUMN powered_on_at timestamp,
        ADD COLUMN created_at timestamp,
        ADD COLUMN needs_consolidation boolean,
        ADD COLUMN latency_sensitivity text,
        ADD COLUMN ft_state text,
        ADD COLUMN has_secure_boot boolean,
        ADD COLUMN shows_disk_uuids boolean,
        ADD COLUMN ha_restart_priority text,
        ADD COLUMN cluster_rules text,
        ADD COLUMN cpu_sockets integer,
        ADD COLUMN cores_per_socket integer,
        ADD COLUMN cpu_used_mhz integer,
        ADD COLUMN cpu_max_mhz integer,
        ADD COLUMN cpu_percent double precision,
        ADD COLUMN cpu_basis text NOT NULL DEFAULT 'missing',
        ADD COLUMN cpu_readiness_percent double precision,
        ADD COLUMN cpu_reservation_mhz integer,
        ADD COLUMN cpu_limit_mhz integer,
        ADD COLUMN has_cpu_hot_add boolean,
        ADD COLUMN has_cpu_hot_remove boolean,
        ADD COLUMN memory_active_mib bigint,
        ADD COLUMN memory_active_percent double precision,
        ADD COLUMN memory_active_basis text NOT NULL DEFAULT 'missing',
        ADD COLUMN memory_consumed_mib bigint,
        ADD COLUMN memory_consumed_percent double precision,
        ADD COLUMN memory_consumed_basis text NOT NULL DEFAULT 'missing',
        ADD COLUMN memory_ballooned_mib bigint,
        ADD COLUMN memory_swapped_mib bigint,
        ADD COLUMN memory_reservation_mib bigint,
        ADD COLUMN memory_limit_mib bigint,
        ADD COLUMN is_memory_locked boolean,
        ADD COLUMN has_memory_hot_add boolean,
        ADD COLUMN guest_used_mib bigint,
        ADD COLUMN host_cpu_mhz integer,
        ADD COLUMN host_nic_mbit_s integer,
        ADD COLUMN host_esx_version text,
        ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}'
    """,
    """
    ALTER TABLE disks
        ADD COLUMN disk_key integer,
        ADD COLUMN disk_uuid text,
        ADD COLUMN guest_path text,
        ADD COLUMN unit_number integer,
        ADD COLUMN controller_label text,
        ADD COLUMN is_eager_zeroed boolean,
        ADD COLUMN raw_mode text,
        ADD COLUMN raw_lun text
    """,
    """
    ALTER TABLE nics
        ADD COLUMN starts_connected boolean,
        ADD COLUMN mac_type text,
        ADD COLUMN has_direct_path boolean,
        ADD COLUMN vlan_id integer,
        ADD COLUMN vlan_trunk text,
        ADD COLUMN is_vlan_guessed boolean NOT NULL DEFAULT false
    """,
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
_REMOVED = (
    """
    DROP TABLE snapshots, partitions, media, hosts, clusters, datastores, resource_pools, host_nics,
        health_messages, networks
    """,
    """
    ALTER TABLE vms
        DROP COLUMN guest_state,
        DROP COLUMN guest_detail,
        DROP COLUMN tools_status,
        DROP COLUMN tools_version,
        DROP COLUMN tools_required_version,
        DROP COLUMN is_tools_upgradeable,
        DROP COLUMN smbios_uuid,
        DROP COLUMN powered_on_at,
        DROP COLUMN created_at,
        DROP COLUMN needs_consolidation,
        DROP COLUMN latency_sensitivity,
        DROP COLUMN ft_state,
        DROP COLUMN has_secure_boot,
        DROP COLUMN shows_disk_uuids,
        DROP COLUMN ha_restart_priority,
        DROP COLUMN cluster_rules,
        DROP COLUMN cpu_sockets,
        DROP COLUMN cores_per_socket,
        DROP COLUMN cpu_used_mhz,
        DROP COLUMN cpu_max_mhz,
        DROP COLUMN cpu_percent,
        DROP COLUMN cpu_basis,
        DROP COLUMN cpu_readiness_percent,
        DROP COLUMN cpu_reservation_mhz,
        DROP COLUMN cpu_limit_mhz,
        DROP COLUMN has_cpu_hot_add,
        DROP COLUMN has_cpu_hot_remove,
        DROP COLUMN memory_active_mib,
        DROP COLUMN memory_active_percent,
        DROP COLUMN memory_active_basis,
        DROP COLUMN memory_consumed_mib,
        DROP COLUMN memory_consumed_percent,
        DROP COLUMN memory_consumed_basis,
        DROP COLUMN memory_ballooned_mib,
        DROP COLUMN memory_swapped_mib,
        DROP COLUMN memory_reservation_mib,
        DROP COLUMN memory_limit_mib,
        DROP COLUMN is_memory_locked,
        DROP COLUMN has_memory_hot_add,
        DROP COLUMN guest_used_mib,
        DROP COLUMN host_cpu_mhz,
        DROP COLUMN host_nic_mbit_s,
        DROP COLUMN host_esx_version,
        DROP COLUMN attributes
    """,
    """
    ALTER TABLE disks
        DROP COLUMN disk_key,
        DROP COLUMN disk_uuid,
        DROP COLUMN guest_path,
        DROP COLUMN unit_number,
        DROP COLUMN controller_label,
        DROP COLUMN is_eager_zeroed,
        DROP COLUMN raw_mode,
        DROP COLUMN raw_lun
    """,
    """
    ALTER TABLE nics
        DROP COLUMN starts_connected,
        DROP COLUMN mac_type,
        DROP COLUMN has_direct_path,
        DROP COLUMN vlan_id,
        DROP COLUMN vlan_trunk,
        DROP COLUMN is_vlan_guessed
    """,
)


def upgrade() -> None:
    """Add columns and tables. What an older release has stored has no more than it had."""
    for statement in _ADDED:
        op.execute(statement)


def downgrade() -> None:
    """Remove them."""
    for statement in _REMOVED:
        op.execute(statement)
