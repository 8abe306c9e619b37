"""Bodies about VMs: one with all its details, counts for filters, statistics."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field

from services.assessment.api.schemas import AssessedVm
from services.assessment.api.usage_schemas import Usage
from services.assessment.domain.usage import disk_used_percent
from services.assessment.persistence.vm_facets import Facet, Sums
from services.assessment.persistence.vm_statistics import Statistics
from shared.contracts.records import VmRecord
from shared.http.models import ReplyModel


class WorkbookVm(VmRecord):
    """A VM as the workbook tells it, with all that belongs to it. The notes are left out: they may
    hold passwords."""

    annotation: str | None = Field(default=None, exclude=True)


class VmDetails(AssessedVm):
    """All that is known of a VM."""

    workbook: WorkbookVm = Field(
        description="What the workbook tells: every figure, the disks, the adapters"
    )


class FacetValue(ReplyModel):
    """VMs that have a value."""

    value: str = Field(description="As the filter takes it; empty is the unknown")
    label: str | None = Field(description="The name of a tenant, the title of a finding; else null")
    vms: int


class VmFacet(ReplyModel):
    """The values of one field among the VMs that all other filters admit."""

    values: list[FacetValue] = Field(description="At most 200, those of most VMs first")
    value_count: int = Field(description="Values there are, told or not")

    @classmethod
    def of(cls, facet: Facet) -> Self:
        """``facet`` as a reply."""
        values = [FacetValue.model_validate(count) for count in facet.counts]
        return cls(values=values, value_count=facet.value_count)


class VmSums(ReplyModel):
    """Sums of the VMs that the whole filter admits: powered-off ones included, templates, SRM
    placeholders and vCLS VMs not, unless `excluded` asks for them. What is unknown adds nothing."""

    vms: int
    powered_off: int = Field(description="Of these VMs; they are in all sums")
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int


class VmFacets(ReplyModel):
    """What a panel of filters shows. A facet ignores its own filter; a VM on two networks counts
    for both, and one with several findings for each of them."""

    totals: VmSums
    power_state: VmFacet
    os_family: VmFacet
    os_product: VmFacet
    datacenter: VmFacet
    cluster: VmFacet
    tenant_id: VmFacet
    network: VmFacet
    risk_band: VmFacet
    mode_class: VmFacet
    target_support: VmFacet
    tenant_confidence: VmFacet
    finding: VmFacet
    severity: VmFacet

    @classmethod
    def of(cls, sums: Sums, facets: Mapping[str, Facet]) -> Self:
        """Sums and facets as a reply."""
        shown = {name: VmFacet.of(facet) for name, facet in facets.items()}
        return cls.model_validate({"totals": VmSums.model_validate(sums), **shown})


class VmGroup(ReplyModel):
    """VMs that have a value, and their sums; what is unknown adds nothing."""

    value: str = Field(description="As the filter of the list takes it; empty is the unknown")
    label: str | None = Field(description="The name of a tenant; else null")
    vms: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int


class VmClass(ReplyModel):
    """One class of a histogram."""

    least: int = Field(description="Where it begins")
    below: int | None = Field(description="Where the next one begins; null: it has no end")
    vms: int
    disk_mib: int


class StatisticsTotals(ReplyModel):
    """Sums of the VMs that the filter admits, powered-off ones included; what is unknown adds
    nothing."""

    vms: int
    powered_off: int = Field(description="Of these VMs; they are in all sums")
    unsized_vms: int = Field(description="VMs that lack vCPUs, memory or disk in the workbook")
    tenants: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    provisioned_mib: int
    allocated_mib: int
    used_mib: int
    disk_count: int
    nic_count: int
    measured_vms: int = Field(description="VMs whose used disk was measured")
    disk_used_percent: int | None = Field(
        description="Used of provisioned disk of those VMs; null where there are none"
    )
    usage: Usage

    @classmethod
    def of(cls, sums: Mapping[str, int | None]) -> Self:
        """``sums`` as a reply."""
        return cls.model_validate(
            {
                **sums,
                "disk_used_percent": disk_used_percent(
                    sums["measured_used_mib"], sums["measured_provisioned_mib"]
                ),
                "usage": Usage.of(sums),
            }
        )


class VmStatistics(ReplyModel):
    """What a dashboard shows of the VMs that the filter admits. Groups have the largest first."""

    totals: StatisticsTotals
    by_power_state: list[VmGroup]
    by_os_family: list[VmGroup]
    by_os_product: list[VmGroup] = Field(description="The ten largest")
    by_risk_band: list[VmGroup]
    by_mode_class: list[VmGroup]
    by_target_support: list[VmGroup]
    by_tenant_confidence: list[VmGroup]
    by_gravest_finding: list[VmGroup] = Field(description="Empty value: VMs without findings")
    by_datacenter: list[VmGroup]
    by_cluster: list[VmGroup] = Field(description="The ten largest")
    by_tenant: list[VmGroup] = Field(description="The ten largest")
    by_network: list[VmGroup] = Field(
        description="The ten largest; a VM on two networks counts for both"
    )
    disk_histogram: list[VmClass] = Field(description="Classes of a VM's disk, MiB")
    risk_histogram: list[VmClass] = Field(description="Classes of the risk score, ten points wide")

    @classmethod
    def of(cls, found: Statistics) -> Self:
        """``found`` as a reply."""
        groups = {
            f"by_{name.removesuffix('_id')}": [VmGroup.model_validate(one) for one in groups]
            for name, groups in found.groups.items()
        }
        return cls.model_validate(
            {
                "totals": StatisticsTotals.of(found.totals),
                "disk_histogram": [VmClass.model_validate(one) for one in found.disk_classes],
                "risk_histogram": [VmClass.model_validate(one) for one in found.score_classes],
                **groups,
            }
        )
