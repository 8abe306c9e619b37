"""What people decide and assessments go by: rules, tenants, assignments, waivers, networks.

Whoever changes one calls :meth:`AssessmentStore.newest_held` first and
:func:`services.assessment.usecases.reassess.reassess` last, in one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.assessment.domain.network_class import NetworkClass
from services.assessment.domain.networks import Network, NetworkOverride
from services.assessment.domain.rule_set import RuleSet
from services.assessment.domain.tenancy import Tenant, TenantKey
from services.assessment.domain.waivers import Waiver
from shared.kernel.ids import (
    AssessmentId,
    JobId,
    NetworkId,
    PreviewId,
    ProjectId,
    TenantId,
    VmId,
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who decides: the principal's key, and what it is called now."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class StoredRules:
    """One version of a project's rules; version 0 are the defaults, which nobody changed."""

    version: int
    rules: RuleSet
    is_reset: bool = False
    changed_at: datetime | None = None
    changed_by_name: str | None = None


class RuleStore(Protocol):
    """A project's rules."""

    async def current(self, project_id: ProjectId) -> StoredRules:
        """The newest version; the defaults if nobody has changed them."""
        ...

    async def version(self, project_id: ProjectId, version: int) -> StoredRules:
        """One version. Raises NotFound."""
        ...

    async def add(
        self, project_id: ProjectId, version: int, rules: RuleSet, *, is_reset: bool, by: Author
    ) -> bool:
        """Store ``version``; False if it is there already."""
        ...


@dataclass(frozen=True, slots=True)
class Preview:
    """What rules would do: asked for, and once its job has ended, answered.

    ``based_on`` is the version of the rules that they were compared with.
    """

    id: PreviewId
    project_id: ProjectId
    assessment_id: AssessmentId
    job_id: JobId
    based_on: int
    rules: RuleSet
    result: Mapping[str, Any] | None = None


class PreviewStore(Protocol):
    """Previews of rules."""

    async def add(self, preview: Preview) -> None:
        """Add one without a result; those of the project that are older than a day go."""
        ...

    async def get(self, preview_id: PreviewId) -> Preview:
        """The preview. Raises NotFound."""
        ...

    async def answer(self, preview_id: PreviewId, result: Mapping[str, Any]) -> None:
        """Store the result."""
        ...


class TenantStore(Protocol):
    """A project's tenants, the keys by which they are detected, and VMs assigned by hand."""

    async def resolve(
        self, project_id: ProjectId, detected: Sequence[TenantKey]
    ) -> Mapping[TenantId, Tenant]:
        """The tenants that these keys mean, by the keys' ids; new ones are added."""
        ...

    async def known(self, keys: Sequence[TenantId]) -> Mapping[TenantId, Tenant]:
        """The tenants of those of ``keys`` that somebody has."""
        ...

    async def get(self, project_id: ProjectId, tenant_id: TenantId) -> Tenant:
        """The tenant, merged ones too. Raises NotFound."""
        ...

    async def keys(self, tenant_id: TenantId) -> Sequence[TenantKey]:
        """The keys of a tenant, by name and OrgVDC."""
        ...

    async def key_holder(self, key_id: TenantId) -> TenantId | None:
        """Whose key this is."""
        ...

    async def add(self, project_id: ProjectId, tenant: Tenant) -> None:
        """Add a tenant without keys."""
        ...

    async def save(self, tenant: Tenant) -> None:
        """Store its name, OrgVDC, version and where it was merged into."""
        ...

    async def add_key(self, project_id: ProjectId, tenant_id: TenantId, key: TenantKey) -> None:
        """Give a tenant a key that nobody has."""
        ...

    async def drop_key(self, key_id: TenantId) -> None:
        """Free a key that was never detected; others stay."""
        ...

    async def move(self, sources: Sequence[TenantId], target: TenantId) -> "Moved":
        """Give keys and assigned VMs of ``sources`` to ``target``."""
        ...

    async def assigned(
        self, project_id: ProjectId, vm_ids: Sequence[VmId]
    ) -> Mapping[VmId, Tenant]:
        """The tenants of those of ``vm_ids`` that were assigned by hand."""
        ...

    async def assign(
        self,
        project_id: ProjectId,
        vms: Mapping[VmId, str],
        tenant_id: TenantId,
        *,
        note: str | None,
        by: Author,
    ) -> None:
        """Assign VMs, given with their names."""
        ...

    async def unassign(self, project_id: ProjectId, vm_ids: Sequence[VmId]) -> None:
        """Leave VMs to the detection again."""
        ...

    async def forget_decisions(self, project_id: ProjectId) -> None:
        """Undo every rename, merge and assignment; tenants that people created have no keys any
        more."""
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """What a merge took along."""

    keys: int
    assigned_vms: int


class WaiverStore(Protocol):
    """Findings that a project lets pass."""

    async def of(
        self, project_id: ProjectId, vm_ids: Sequence[VmId]
    ) -> Mapping[VmId, Mapping[str, Waiver]]:
        """The waivers of these VMs by finding."""
        ...

    async def add(
        self,
        project_id: ProjectId,
        finding: str,
        vms: Mapping[VmId, str],
        *,
        note: str,
        by: Author,
    ) -> None:
        """Waive a finding of VMs, given with their names; a waiver that is there is replaced."""
        ...

    async def remove(self, project_id: ProjectId, finding: str, vm_ids: Sequence[VmId]) -> None:
        """The finding counts again."""
        ...

    async def forget(self, project_id: ProjectId) -> None:
        """Every finding of the project counts again."""
        ...


class NetworkStore(Protocol):
    """A project's networks, and the classes that people gave them."""

    async def get(self, project_id: ProjectId, network_id: NetworkId) -> Network:
        """A network of the newest complete assessment. Raises NotFound."""
        ...

    async def override(self, project_id: ProjectId, network_id: NetworkId) -> NetworkOverride:
        """What people said of it; version 1 if nobody has yet."""
        ...

    async def overrides(
        self, project_id: ProjectId, network_ids: Sequence[NetworkId]
    ) -> Mapping[NetworkId, NetworkClass]:
        """The classes that people gave those of ``network_ids``."""
        ...

    async def save(
        self, project_id: ProjectId, network: Network, override: NetworkOverride, *, by: Author
    ) -> None:
        """Store what people say of it now."""
        ...

    async def reset(self, project_id: ProjectId) -> None:
        """Every network has the class that is detected; versions go on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCounts:
    """How much people have decided of a project, besides its rules."""

    assigned_vms: int
    created_tenants: int
    renamed_tenants: int
    merged_tenants: int
    waived_findings: int
    network_classes: int


@dataclass(frozen=True, slots=True)
class VmChoice:
    """Which VMs of the newest complete assessment: by id, or by what they have in common."""

    vm_ids: tuple[VmId, ...] | None = None
    tenant_id: TenantId | None = None
    name_pattern: str | None = None
    """A glob, ignoring case."""
    cluster: str | None = None
    host: str | None = None
    datacenter: str | None = None
    vcenter: str | None = None
    app_group: str | None = None
    finding: str | None = None


@dataclass(frozen=True, slots=True)
class ChosenVm:
    """A VM in scope, with what is decided of it."""

    id: VmId
    name: str
    assigned_to: TenantId | None
    findings: frozenset[str]
    waived: frozenset[str]


class ChosenVms(Protocol):
    """The VMs in scope of a project's newest complete assessment."""

    async def choose(self, project_id: ProjectId, choice: VmChoice) -> Sequence[ChosenVm]:
        """The VMs of ``choice``, by name. Raises NotFound before the first assessment."""
        ...
