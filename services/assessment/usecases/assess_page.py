"""Assess one page of an inventory: records in, records out. Processor work, for a thread."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from services.assessment.domain.assessment import Assessed, Assessor
from services.assessment.domain.network_class import NetworkClass
from services.assessment.domain.networks import Attachment, NetworkUse, attachments
from services.assessment.domain.tenancy import Tenant, TenantKey, key_of
from services.assessment.domain.tenant_detection import CONFIDENCE, Method
from services.assessment.domain.usage import cpu_capacity_mhz
from services.assessment.domain.waivers import Waiver
from services.assessment.usecases.ports import AssessedPage
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import decode_page, encode_page
from shared.kernel.ids import NetworkId, ProjectId, TenantId, VmId

Record = dict[str, Any]
"""The fields of an ``AssessedVmRecord``, in their order."""

_DETECTED: Final = "detected"
"""Where a record keeps the key of its tenant until its page is frozen."""
_ATTACHED: Final = "attached"
"""Where it keeps its networks until then."""


@dataclass(frozen=True, slots=True)
class PageDecisions:
    """What people decided of the VMs of a page, and what its keys mean."""

    tenants: Mapping[TenantId, Tenant]
    """By the ids of keys."""
    assigned: Mapping[VmId, Tenant] = field(default_factory=dict)
    waivers: Mapping[VmId, Mapping[str, Waiver]] = field(default_factory=dict)
    networks: Mapping[NetworkId, NetworkClass] = field(default_factory=dict)
    """The classes that people gave."""


def assess_page(page: bytes, assessor: Assessor, *, project_id: ProjectId) -> list[Record]:
    """The VMs of an inventory's page, assessed, in their order; tenants as detected.

    Raises:
        Invalid: the page is not one of ``vm.v1`` records; code ``invalid-page``.
    """
    return [_record(vm, assessor.assess(vm), project_id) for vm in decode_page(page, VmRecord)]


def detected_keys(records: Iterable[Record]) -> Sequence[TenantKey]:
    """Each key of ``records`` once, by id; spelt as in its first VM."""
    found: dict[TenantId, TenantKey] = {}
    for record in records:
        found.setdefault(record[_DETECTED].id, record[_DETECTED])
    return [found[id_] for id_ in sorted(found)]


def attached_networks(records: Iterable[Record]) -> Sequence[NetworkId]:
    """The id of each network of ``records`` once."""
    return sorted({one.network.id for record in records for one in record[_ATTACHED]})


def freeze_page(
    number: int, source: bytes, records: Sequence[Record], decisions: PageDecisions
) -> AssessedPage:
    """The page to store, made of ``source``: each VM with its tenant as it is called now, waived
    findings, and its networks as people classed them."""
    vms: Counter[tuple[TenantId, Attachment]] = Counter()
    nics: Counter[tuple[TenantId, Attachment]] = Counter()
    for record in records:
        _set_tenant(record, decisions)
        _set_waivers(record, decisions.waivers.get(record["vm_id"], {}))
        for one, count in _set_attachments(record, decisions).items():
            if not record["is_excluded"]:
                vms[record["tenant_id"], one] += 1
                nics[record["tenant_id"], one] += count
    uses = [NetworkUse(tenant, one, vms[tenant, one], nics[tenant, one]) for tenant, one in vms]
    return AssessedPage(number, encode_page(records), records, source, uses)


def _set_tenant(record: Record, decisions: PageDecisions) -> None:
    tenant = decisions.tenants[record.pop(_DETECTED).id]
    assigned = decisions.assigned.get(record["vm_id"])
    if assigned is not None:
        tenant = assigned
        manual = Method.MANUAL
        record["detection_method"] = record["detection_rule"] = manual
        record["tenant_confidence"] = CONFIDENCE[manual]
    record["tenant_id"], record["tenant_name"] = tenant.id, tenant.name
    record["org_vdc"] = tenant.org_vdc


def _set_waivers(record: Record, waivers: Mapping[str, Waiver]) -> None:
    if not waivers:
        return
    for finding in record["findings"]:
        if waiver := waivers.get(finding["id"]):
            finding["is_waived"], finding["waiver"] = True, asdict(waiver)
    record["findings"].sort(key=lambda finding: finding["is_waived"])


def _set_attachments(record: Record, decisions: PageDecisions) -> Mapping[Attachment, int]:
    """Gives the NICs on each."""
    attached: Mapping[Attachment, int] = record.pop(_ATTACHED)
    record["attachments"] = [
        _attachment(one, nics, decisions.networks.get(one.network.id))
        for one, nics in attached.items()
    ]
    return attached


def _attachment(one: Attachment, nics: int, override: NetworkClass | None) -> dict[str, Any]:
    return {
        "network_id": one.network.id,
        "name": one.network.name,
        "switch": one.network.switch,
        "nics": nics,
        "vlan_id": one.vlan.id,
        "vlan_trunk": one.vlan.trunk,
        "is_vlan_guessed": one.vlan.is_guessed,
        "network_class": override or one.verdict.network_class,
        "is_class_guessed": override is None and one.verdict.is_guessed,
    }


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
        _DETECTED: key_of(project_id, tenant.name, tenant.org_vdc, tenant.vcenter),
        "tenant_id": None,
        "tenant_name": tenant.name,
        "org_vdc": tenant.org_vdc,
        "detection_method": tenant.method,
        "detection_rule": tenant.rule,
        "tenant_confidence": tenant.confidence,
        "app_group": tenant.app_group,
        "os_family": assessed.os.family,
        "os_product": assessed.os.product,
        "os_version": assessed.os.version,
        "os_text": assessed.os.text,
        "target_support": assessed.target_support,
        "vcpus": vm.vcpus,
        "memory_mib": vm.memory_mib,
        "disk_mib": vm.disk_mib,
        "provisioned_mib": vm.provisioned_mib,
        "allocated_mib": vm.allocated_mib,
        "used_mib": vm.used_mib,
        "used_basis": vm.used_basis,
        "cpu_used_mhz": vm.cpu_used_mhz,
        "cpu_capacity_mhz": cpu_capacity_mhz(
            vm.cpu_max_mhz, vcpus=vm.vcpus, host_mhz=vm.host_cpu_mhz
        ),
        "cpu_percent": vm.cpu_percent,
        "cpu_basis": vm.cpu_basis,
        "memory_active_mib": vm.memory_active_mib,
        "memory_active_percent": vm.memory_active_percent,
        "memory_active_basis": vm.memory_active_basis,
        "memory_consumed_mib": vm.memory_consumed_mib,
        "memory_consumed_percent": vm.memory_consumed_percent,
        "memory_consumed_basis": vm.memory_consumed_basis,
        "disk_count": len(vm.disks),
        "nic_count": len(vm.nics),
        "networks": list(dict.fromkeys(nic.network for nic in vm.nics if nic.network)),
        _ATTACHED: attachments(vm, project_id),
        "attachments": None,
        "dns_name": vm.dns_name,
        "ip_addresses": _addresses(vm),
        "snapshot_count": vm.snapshot_count,
        "risk_score": assessed.risk.score,
        "risk_band": assessed.risk.band,
        "risk_reasons": [
            # Not by asdict, which copies deeply and took a quarter of the whole assessment.
            {
                "rule": reason.rule,
                "points": reason.points,
                "text": reason.text,
                "severity": reason.severity,
            }
            for reason in assessed.risk.reasons
        ],
        "mode_class": assessed.mode.mode_class,
        "mode_reasons": [
            {"rule": reason.rule, "points": 0, "text": reason.text, "severity": None}
            for reason in assessed.mode.reasons
        ],
        "findings": [
            {
                "id": finding.id,
                "severity": finding.severity,
                "seen": finding.seen,
                "is_waived": False,
                "waiver": None,
            }
            for finding in assessed.findings
        ],
    }


def _addresses(vm: VmRecord) -> list[str]:
    found = [vm.primary_ip] if vm.primary_ip else []
    for nic in vm.nics:
        found += nic.ip_addresses
    return list(dict.fromkeys(found))
