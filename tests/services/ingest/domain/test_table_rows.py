"""What is stored and published of a VM fits the tables and the contract."""

from services.ingest.domain.table_rows import (
    DISK_COLUMNS,
    NIC_COLUMNS,
    VM_COLUMNS,
    disk_values,
    nic_values,
    snapshot_record,
    vm_facts,
    vm_values,
)
from services.ingest.domain.vms import Vm
from services.ingest.persistence.tables import metadata
from shared.contracts.records import DiskRecord, NicRecord, VmRecord
from tests.services.ingest.tabs import AssembledWorkbook

VM_ID = "01890000-0000-5000-8000-000000000009"
INVENTORY = "01890000-0000-7000-8000-000000000002"


def a_vm() -> Vm:
    """A VM with two disks and a NIC."""
    return AssembledWorkbook(
        vInfo=[
            ["VM", "VM ID", "Powerstate", "CPUs", "Memory", "In Use MiB"],
            ["web", "vm-1", "poweredOn", 2.0, 4096.0, 512.0],
        ],
        vDisk=[["VM", "VM ID", "Capacity MiB"], ["web", "vm-1", 10.0], ["web", "vm-1", 20.0]],
        vNetwork=[["VM", "VM ID", "IPv4 Address"], ["web", "vm-1", "10.0.0.1"]],
    ).vm("web")


def test_column_lists_are_those_of_the_tables() -> None:
    for table, columns in (("vms", VM_COLUMNS), ("disks", DISK_COLUMNS), ("nics", NIC_COLUMNS)):
        assert set(columns) == set(metadata.tables[table].columns.keys())


def test_rows_have_a_value_for_every_column() -> None:
    vm = a_vm()
    row = dict(zip(VM_COLUMNS, vm_values(vm, vm_facts(vm, VM_ID), INVENTORY), strict=True))
    assert (row["inventory_id"], row["vm_id"], row["name"]) == (INVENTORY, VM_ID, "web")
    assert (row["disk_mib"], row["disk_count"], row["nic_count"], row["source_row"]) == (
        30,
        2,
        1,
        2,
    )
    disks = [dict(zip(DISK_COLUMNS, d, strict=True)) for d in disk_values(vm, VM_ID, INVENTORY)]
    assert [(disk["position"], disk["capacity_mib"]) for disk in disks] == [(1, 10), (2, 20)]
    [nic] = [dict(zip(NIC_COLUMNS, n, strict=True)) for n in nic_values(vm, VM_ID, INVENTORY)]
    assert (nic["position"], nic["ip_addresses"]) == (1, ["10.0.0.1"])


def test_the_snapshot_record_fills_every_field_of_the_contract() -> None:
    vm = a_vm()
    record = snapshot_record(vm, vm_facts(vm, VM_ID))
    assert set(record) == set(VmRecord.model_fields)
    read = VmRecord.model_validate(record)
    assert read.model_dump(mode="json") == record
    assert [set(disk.model_fields_set) for disk in read.disks] == [set(DiskRecord.model_fields)] * 2
    assert [set(nic.model_fields_set) for nic in read.nics] == [set(NicRecord.model_fields)]
