"""What is stored and published of a VM fits the tables and the contract."""

from collections import defaultdict

from services.ingest.domain.stored_tables import STORED_TABLES
from services.ingest.domain.table_rows import Json, VmRows
from services.ingest.domain.vms import Vm
from services.ingest.persistence.tables import metadata
from shared.contracts.records import VmRecord
from shared.contracts.vm_parts import (
    DiskRecord,
    MediaRecord,
    NicRecord,
    PartitionRecord,
    SnapshotRecord,
)
from tests.services.ingest.tabs import AssembledWorkbook

VM_ID = "01890000-0000-5000-8000-000000000009"
INVENTORY = "01890000-0000-7000-8000-000000000002"
PARTS = {
    "disks": (DiskRecord, 2),
    "nics": (NicRecord, 1),
    "snapshots": (SnapshotRecord, 1),
    "partitions": (PartitionRecord, 1),
    "media": (MediaRecord, 2),
}


def a_vm() -> Vm:
    """A VM with something on every tab."""
    return AssembledWorkbook(
        vInfo=[
            ["VM", "VM ID", "Powerstate", "CPUs", "Memory", "In Use MiB", "Owner", "PowerOn"],
            ["web", "vm-1", "poweredOn", 2.0, 4096.0, 512.0, "ops", "2024/02/01 10:00:00"],
        ],
        vDisk=[["VM", "VM ID", "Capacity MiB"], ["web", "vm-1", 10.0], ["web", "vm-1", 20.0]],
        vNetwork=[
            ["VM", "VM ID", "IPv4 Address", "Network"],
            ["web", "vm-1", "10.0.0.1", "lan-vlan-7"],
        ],
        vPartition=[
            ["VM", "VM ID", "Disk", "Capacity MiB", "Free MiB"],
            ["web", "vm-1", "/", 30.0, 12.0],
        ],
        vSnapshot=[
            ["VM", "VM ID", "Name", "Date / time", "Size MiB (total)"],
            ["web", "vm-1", "before patch", "2024/02/20 12:00:00", 77.0],
        ],
        vCPU=[["VM", "VM ID", "Max", "Overall"], ["web", "vm-1", 4000.0, 1000.0]],
        vMemory=[["VM", "VM ID", "Size MiB", "Active"], ["web", "vm-1", 4096.0, 1024.0]],
        vTools=[["VM", "VM ID", "Tools"], ["web", "vm-1", "toolsOk"]],
        vCD=[["VM", "VM ID", "Connected"], ["web", "vm-1", "True"]],
        vUSB=[["VM", "VM ID", "Connected"], ["web", "vm-1", "True"]],
    ).vm("web")


def rows_of(vm: Vm) -> dict[str, list[dict[str, Json]]]:
    """Its rows by table, each by column."""
    found: dict[str, list[dict[str, Json]]] = defaultdict(list)
    for table, values in VmRows(vm, VM_ID).values(INVENTORY):
        found[table].append(dict(zip(STORED_TABLES[table], values, strict=True)))
    return found


def test_column_lists_are_those_of_the_tables() -> None:
    for table, columns in STORED_TABLES.items():
        assert set(columns) == set(metadata.tables[table].columns.keys())


def test_rows_have_a_value_for_every_column() -> None:
    rows = rows_of(a_vm())
    [row] = rows["vms"]
    assert (row["inventory_id"], row["vm_id"], row["name"]) == (INVENTORY, VM_ID, "web")
    assert (row["disk_mib"], row["disk_count"], row["nic_count"], row["source_row"]) == (
        30,
        2,
        1,
        2,
    )
    assert (row["cpu_percent"], row["memory_active_percent"]) == (25.0, 25.0)
    assert (row["guest_used_mib"], row["used_basis"]) == (18, "guest_used")
    assert (row["attributes"], row["powered_on_at"]) == ({"Owner": "ops"}, "2024-02-01T10:00:00")
    assert [(disk["position"], disk["capacity_mib"]) for disk in rows["disks"]] == [
        (1, 10),
        (2, 20),
    ]
    [nic] = rows["nics"]
    assert (nic["position"], nic["ip_addresses"]) == (1, ["10.0.0.1"])
    assert (nic["vlan_id"], nic["is_vlan_guessed"]) == (7, True)
    [snapshot] = rows["snapshots"]
    assert (snapshot["name"], snapshot["age_days"], snapshot["size_mib"]) == (
        "before patch",
        10,
        77,
    )
    assert [partition["consumed_mib"] for partition in rows["partitions"]] == [18]
    assert [medium["kind"] for medium in rows["media"]] == ["cd", "usb"]


def test_the_snapshot_record_fills_every_field_of_the_contract() -> None:
    record = VmRows(a_vm(), VM_ID).record()
    assert set(record) == set(VmRecord.model_fields)
    read = VmRecord.model_validate(record)
    assert read.model_dump(mode="json") == record
    for part, (kind, count) in PARTS.items():
        filled = [set(one.model_fields_set) for one in getattr(read, part)]
        assert filled == [set(kind.model_fields)] * count, part
