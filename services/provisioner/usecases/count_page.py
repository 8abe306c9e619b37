"""Add one page of a plan snapshot to the estate. Processor work, for a thread."""

from services.provisioner.domain.estate import Estate, PlannedVm
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import decode_page
from shared.kernel.ids import TenantId


def count_page(estate: Estate, page: bytes) -> None:
    """Add the VMs of ``page``; none of them is kept.

    Raises:
        Invalid: the page is unreadable.
    """
    for record in decode_page(page, PlannedVmRecord):
        estate.add(_planned_vm(record))


def _planned_vm(record: PlannedVmRecord) -> PlannedVm:
    return PlannedVm(
        tenant_id=TenantId(record.tenant_id),
        tenant_name=record.tenant_name,
        org_vdc=record.org_vdc,
        vcpus=record.vcpus,
        memory_mib=record.memory_mib,
        disk_mib=record.disk_mib,
        disk_count=record.disk_count,
        nic_count=record.nic_count,
        networks=tuple(record.networks),
        has_unknowns=_has_unknowns(record),
    )


def _has_unknowns(record: PlannedVmRecord) -> bool:
    """Whether a figure that quotas are made of is not in the workbook: one VM has a disk, and one
    with networks an adapter."""
    is_sized = record.vcpus and record.memory_mib and record.disk_mib
    return not (is_sized and record.disk_count and (record.nic_count or not record.networks))
