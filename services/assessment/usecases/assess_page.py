"""Assess one page of an inventory: records in, records out. Processor work, for a thread."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import uuid5

from services.assessment.domain.assessment import Assessed, Assessor
from services.assessment.usecases.ports import AssessedPage, Tenant
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import decode_page, encode_page
from shared.kernel.ids import ProjectId, TenantId

Record = dict[str, Any]
"""The fields of an ``AssessedVmRecord``, in their order."""


@lru_cache(maxsize=4096)
def tenant_id(project_id: ProjectId, name: str, org_vdc: str | None) -> TenantId:
    """The id that this tenant has in every assessment of the project.

    It follows from name and OrgVDC; case and runs of blanks make no other tenant, as they make no
    other project in Keystone.
    """
    key = [" ".join(part.split()).casefold() for part in (name, org_vdc or "")]
    return TenantId(uuid5(project_id, json.dumps(key)))


def assess_page(page: bytes, assessor: Assessor, *, project_id: ProjectId) -> list[Record]:
    """The VMs of an inventory's page, assessed, in their order; tenants spelt as detected.

    Raises:
        Invalid: the page is not one of ``vm.v1`` records; code ``invalid-page``.
    """
    return [_record(vm, assessor.assess(vm), project_id) for vm in decode_page(page, VmRecord)]


def detected_tenants(records: Iterable[Record]) -> Sequence[Tenant]:
    """Each tenant of ``records`` once, by id; spelt as in its first VM."""
    found: dict[TenantId, Tenant] = {}
    for record in records:
        id_ = record["tenant_id"]
        if id_ not in found:
            found[id_] = Tenant(id_, record["tenant_name"], record["org_vdc"])
    return [found[id_] for id_ in sorted(found)]


def freeze_page(
    number: int, source: bytes, records: Sequence[Record], tenants: Mapping[TenantId, Tenant]
) -> AssessedPage:
    """The page to store, made of ``source``, with tenants spelt as in ``tenants``."""
    for record in records:
        tenant = tenants[record["tenant_id"]]
        record["tenant_name"], record["org_vdc"] = tenant.name, tenant.org_vdc
    return AssessedPage(number, encode_page(records), records, source)


def _record(vm: VmRecord, assessed: Assessed, project_id: ProjectId) -> Record:
    tenant = assessed.tenant
    return {
        "vm_id": vm.vm_id,
        "name": vm.name,
        "vcenter": vm.vcenter,
        "moref": vm.moref,
        "power_state": vm.power_state,
        "is_excluded": assessed.excluded_because is not None,
        "excluded_because": assessed.excluded_because,
        "datacenter": vm.datacenter,
        "cluster": vm.cluster,
        "host": vm.host,
        "tenant_id": tenant_id(project_id, tenant.name, tenant.org_vdc),
        "tenant_name": tenant.name,
        "org_vdc": tenant.org_vdc,
        "detection_method": tenant.method,
        "app_group": tenant.app_group,
        "os_family": assessed.os.family,
        "os_product": assessed.os.product,
        "os_version": assessed.os.version,
        "os_text": assessed.os.text,
        "vcpus": vm.vcpus,
        "memory_mib": vm.memory_mib,
        "disk_mib": vm.disk_mib,
        "provisioned_mib": vm.provisioned_mib,
        "allocated_mib": vm.allocated_mib,
        "used_mib": vm.used_mib,
        "used_basis": vm.used_basis,
        "disk_count": len(vm.disks),
        "nic_count": len(vm.nics),
        "networks": list(dict.fromkeys(nic.network for nic in vm.nics if nic.network)),
        "dns_name": vm.dns_name,
        "ip_addresses": _addresses(vm),
        "snapshot_count": vm.snapshot_count,
        "risk_score": assessed.risk.score,
        "risk_band": assessed.risk.band,
        "risk_reasons": [
            # Not by asdict, which copies deeply and took a quarter of the whole assessment.
            {"rule": reason.rule, "points": reason.points, "text": reason.text}
            for reason in assessed.risk.reasons
        ],
        "mode_class": assessed.mode.mode_class,
        "mode_reasons": [
            {"rule": reason.rule, "points": 0, "text": reason.text}
            for reason in assessed.mode.reasons
        ],
        "findings": [
            {"id": finding.id, "severity": finding.severity, "seen": finding.seen}
            for finding in assessed.findings
        ],
    }


def _addresses(vm: VmRecord) -> list[str]:
    found = [vm.primary_ip] if vm.primary_ip else []
    for nic in vm.nics:
        found += nic.ip_addresses
    return list(dict.fromkeys(found))
