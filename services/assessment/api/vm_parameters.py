"""Query parameters of everything that is about some of the VMs: lists, facets, CSV."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query
from pydantic import StringConstraints

from services.assessment.domain.finding_catalogue import KINDS
from services.assessment.domain.scope import Exclusion
from services.assessment.domain.vm_list import Range, SortOrder, VmFilter, VmOrder, VmSort
from shared.contracts.records import (
    Confidence,
    ModeClass,
    OsFamily,
    PowerState,
    RiskBand,
    Severity,
    TargetSupport,
)
from shared.kernel.errors import Invalid
from shared.kernel.ids import TenantId

_MOST_VALUES: Final = 50
_MOST_CHARS: Final = 255
_MOST: Final = 2**53
"""The largest whole number that every JSON reader keeps."""

Text = Annotated[str, StringConstraints(max_length=_MOST_CHARS)]


def _several(what: str) -> object:
    return Query(description=f"Only {what}; several are any of them", max_length=_MOST_VALUES)


def _named(what: str) -> object:
    return Query(
        description=f"Only {what}; several are any of them, an empty one is an unknown one",
        max_length=_MOST_VALUES,
    )


def _bound(what: str) -> object:
    return Query(description=what, ge=0, le=_MOST)


@dataclass(frozen=True)
class VmQuery:
    """The filter as a caller writes it; the parameters combine."""

    search: Annotated[
        str,
        Query(
            description="Part of the name, DNS name, an IP address or the MoRef, in any case",
            max_length=200,
        ),
    ] = ""
    power_state: Annotated[tuple[PowerState, ...], _several("this power state")] = ()
    os_family: Annotated[tuple[OsFamily, ...], _several("this OS family")] = ()
    os_product: Annotated[tuple[Text, ...], _named("this OS product")] = ()
    datacenter: Annotated[tuple[Text, ...], _named("this datacenter")] = ()
    cluster: Annotated[tuple[Text, ...], _named("this cluster")] = ()
    host: Annotated[tuple[Text, ...], _named("this host")] = ()
    tenant_id: Annotated[tuple[UUID, ...], _several("this tenant's")] = ()
    network: Annotated[tuple[Text, ...], _named("VMs with a NIC on this network")] = ()
    risk_band: Annotated[tuple[RiskBand, ...], _several("this band")] = ()
    mode_class: Annotated[tuple[ModeClass, ...], _several("this class")] = ()
    target_support: Annotated[
        tuple[TargetSupport, ...], _several("VMs whose system the target runs so")
    ] = ()
    tenant_confidence: Annotated[
        tuple[Confidence, ...], _several("VMs whose tenant is so sure")
    ] = ()
    finding: Annotated[tuple[Text, ...], _several("VMs that have this finding")] = ()
    severity: Annotated[tuple[Severity, ...], _several("VMs with a finding this grave")] = ()
    excluded: Annotated[
        tuple[Exclusion, ...],
        Query(
            description="Instead of the VMs in scope those that are left out for this reason; "
            "several are any of them",
            max_length=_MOST_VALUES,
        ),
    ] = ()
    min_vcpus: Annotated[int | None, _bound("At least so many vCPUs")] = None
    max_vcpus: Annotated[int | None, _bound("At most so many vCPUs")] = None
    min_memory_mib: Annotated[int | None, _bound("At least so much memory, MiB")] = None
    max_memory_mib: Annotated[int | None, _bound("At most so much memory, MiB")] = None
    min_disk_mib: Annotated[int | None, _bound("At least so much disk, MiB")] = None
    max_disk_mib: Annotated[int | None, _bound("At most so much disk, MiB")] = None
    min_risk_score: Annotated[int | None, _bound("At least this score")] = None
    max_risk_score: Annotated[int | None, _bound("At most this score")] = None

    def filter(self) -> VmFilter:
        """What the caller wants.

        Raises:
            Invalid: a finding that does not exist.
        """
        for finding in self.finding:
            if finding not in KINDS:
                raise Invalid(f"There is no finding {finding!r}; there are {', '.join(KINDS)}.")
        return VmFilter(
            search=self.search.strip(),
            power_state=frozenset(self.power_state),
            os_family=frozenset(self.os_family),
            os_product=frozenset(self.os_product),
            datacenter=frozenset(self.datacenter),
            cluster=frozenset(self.cluster),
            host=frozenset(self.host),
            tenant_id=frozenset(TenantId(id_) for id_ in self.tenant_id),
            network=frozenset(self.network),
            risk_band=frozenset(self.risk_band),
            mode_class=frozenset(self.mode_class),
            target_support=frozenset(self.target_support),
            tenant_confidence=frozenset(self.tenant_confidence),
            finding=frozenset(self.finding),
            severity=frozenset(self.severity),
            excluded=frozenset(self.excluded),
            vcpus=Range(self.min_vcpus, self.max_vcpus),
            memory_mib=Range(self.min_memory_mib, self.max_memory_mib),
            disk_mib=Range(self.min_disk_mib, self.max_disk_mib),
            risk_score=Range(self.min_risk_score, self.max_risk_score),
        )


def _vm_filter(query: Annotated[VmQuery, Depends()]) -> VmFilter:
    return query.filter()


def _vm_order(
    sort: Annotated[
        VmSort, Query(description="Sort by this field; equal ones are by name")
    ] = VmSort.NAME,
    order: Annotated[
        SortOrder, Query(description="Up or down; what is unknown comes last both ways")
    ] = SortOrder.ASCENDING,
) -> VmOrder:
    return VmOrder(sort, order)


VmFilterParameters = Annotated[VmFilter, Depends(_vm_filter)]
"""Declares the filter on a route."""
VmOrderParameters = Annotated[VmOrder, Depends(_vm_order)]
"""Declares ``sort`` and ``order`` on a route."""
