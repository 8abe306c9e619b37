"""Bodies of tenants, of VMs chosen for a decision, and of what became of each."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from services.assessment.api.decision_schemas import FollowingAssessment
from services.assessment.domain.finding_catalogue import KINDS
from services.assessment.domain.runs import AssessmentRun
from services.assessment.domain.tenancy import Tenant
from services.assessment.persistence.tenant_queries import TenantView
from services.assessment.usecases.assign_vms import BulkResult, Outcome
from services.assessment.usecases.decision_ports import VmChoice
from shared.http.models import MergePatch, ReplyModel, RequestModel, UtcTime
from shared.kernel.errors import Invalid
from shared.kernel.ids import TenantId, VmId

MOST_VMS: Final = 1000
"""VMs in one request by id, and results that are listed."""

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class NewTenant(RequestModel):
    """A tenant that no rule has found."""

    name: Words = Field(examples=["Acme"])
    org_vdc: Words | None = Field(None, examples=["acme-vdc-01"])


class TenantPatch(MergePatch):
    """What to change; absent fields stay, null clears the OrgVDC."""

    name: Words = Field("", examples=["Acme"], validate_default=False)
    org_vdc: Words | None = Field(None, examples=["acme-vdc-01"])


class TenantName(ReplyModel):
    """A key: what detection says for the tenant, or a name that a person gave it."""

    name: str
    org_vdc: str | None
    vcenter: str | None = Field(description="Where the project keeps vCenters apart")
    is_detected: bool = Field(description="False: only given by a person so far")


class TenantSummary(ReplyModel):
    """A tenant of the project, with or without VMs."""

    id: UUID
    name: str
    org_vdc: str | None
    vcenter: str | None = Field(description="Where the project keeps vCenters apart")
    version: int = Field(ge=1)
    merged_into: UUID | None = Field(description="The tenant that has its VMs now")


class TenantReply(TenantSummary):
    """A tenant with the names by which it is found."""

    names: list[TenantName]
    assigned_vms: int = Field(description="VMs assigned to it by hand")

    @classmethod
    def of(cls, view: TenantView) -> Self:
        """``view`` as a reply."""
        return cls(
            **_summary(view.tenant),
            names=[TenantName.model_validate(key) for key in view.keys],
            assigned_vms=view.assigned_vms,
        )


class TenantChangedReply(TenantReply):
    """A tenant as it is now."""

    assessment: FollowingAssessment | None = Field(
        description="The assessment that shows it; null before the first import"
    )

    @classmethod
    def after(cls, view: TenantView, run: AssessmentRun | None) -> Self:
        """``view`` after a change."""
        return cls(**TenantReply.of(view).model_dump(), assessment=FollowingAssessment.of(run))


class Merge(RequestModel):
    """Tenants to merge into the one of the path."""

    source_ids: list[UUID] = Field(min_length=1, max_length=100)


class TenantSums(ReplyModel):
    """A tenant with the sums of its VMs in scope, powered-off ones included. Sizes are MiB."""

    id: UUID
    name: str
    org_vdc: str | None
    vms: int
    powered_off: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int


class MergePreview(ReplyModel):
    """What a merge would do."""

    target: TenantSums
    sources: list[TenantSums]
    merged: TenantSums = Field(description="The target afterwards")
    moved_names: int = Field(description="Names that would mean the target from then on")
    moved_assignments: int = Field(description="VMs assigned by hand that would be the target's")

    @classmethod
    def of(
        cls,
        tenants: list[Tenant],
        sums: Mapping[TenantId, Mapping[str, int]],
        *,
        moved_names: int,
        moved_assignments: int,
    ) -> Self:
        """The first of ``tenants`` is the target."""
        target, *sources = (
            TenantSums(id=one.id, name=one.name, org_vdc=one.org_vdc, **sums[one.id])
            for one in tenants
        )
        names = next(iter(sums.values())).keys()
        merged = {name: sum(one[name] for one in sums.values()) for name in names}
        return cls(
            target=target,
            sources=sources,
            merged=target.model_copy(update=merged),
            moved_names=moved_names,
            moved_assignments=moved_assignments,
        )


class VmCriteria(RequestModel):
    """What VMs have in common; all that are given must hold."""

    tenant_id: UUID | None = None
    name_pattern: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="`*` is any text, `?` any character; case is ignored", examples=["db-*"]
    )
    cluster: str | None = Field(None, max_length=255)
    host: str | None = Field(None, max_length=255)
    datacenter: str | None = Field(None, max_length=255)
    vcenter: str | None = Field(None, max_length=255)
    app_group: str | None = Field(None, max_length=255)
    finding: str | None = Field(None, max_length=64, examples=["raw_disk"])


class ChosenVmsBody(RequestModel):
    """VMs in scope of the newest complete assessment: by id, or by what they have in common."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"vm_ids": ["0193a1b2-0000-7000-8000-000000000007"]}]}
    )

    vm_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_VMS)] | None = None
    filter: VmCriteria | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.vm_ids is None) == (self.filter is None):
            raise ValueError("give either vm_ids or filter")
        if self.filter is not None and not self.filter.model_dump(exclude_none=True):
            raise ValueError("a filter without criteria would choose every VM; name one")
        return self

    def choice(self) -> VmChoice:
        """As the use case takes it."""
        if self.vm_ids is not None:
            return VmChoice(vm_ids=tuple(VmId(id_) for id_ in self.vm_ids))
        criteria = self.filter.model_dump(exclude_none=True) if self.filter else {}
        return VmChoice(**criteria)


class NewAssignments(RequestModel):
    """VMs and the tenant that they are to belong to."""

    tenant_id: UUID | None = Field(description="Null leaves the VMs to the detection again")
    vms: ChosenVmsBody
    note: Note | None = None


class VmOutcome(ReplyModel):
    """What became of one VM."""

    vm_id: UUID
    outcome: Outcome


class BulkReply(ReplyModel):
    """What became of the VMs that were chosen."""

    changed: int
    unchanged: int = Field(description="They were so already")
    refused: int = Field(description="Not found, or without the finding")
    results: list[VmOutcome] = Field(description=f"Of each VM; at most {MOST_VMS} are listed")
    assessment: FollowingAssessment | None = Field(
        description="The assessment that shows it; null before the first import"
    )

    @classmethod
    def of(cls, result: BulkResult) -> Self:
        """``result`` as a reply."""
        outcomes = list(result.outcomes.values())
        changed, unchanged = (outcomes.count(o) for o in (Outcome.CHANGED, Outcome.UNCHANGED))
        listed = list(result.outcomes.items())[:MOST_VMS]
        return cls(
            changed=changed,
            unchanged=unchanged,
            refused=len(outcomes) - changed - unchanged,
            results=[VmOutcome(vm_id=id_, outcome=outcome) for id_, outcome in listed],
            assessment=FollowingAssessment.of(result.assessment),
        )


class Assignment(ReplyModel):
    """A VM that somebody assigned."""

    vm_id: UUID
    vm_name: str = Field(description="As it was called then")
    tenant_id: UUID
    tenant_name: str
    org_vdc: str | None
    note: str | None
    assigned_at: UtcTime
    assigned_by_name: str = Field(description="What the author was called")


class NewWaivers(RequestModel):
    """A finding, and the VMs for which it is let pass."""

    finding: str = Field(max_length=64, examples=["raw_disk"])
    vms: ChosenVmsBody
    note: Note = Field(examples=["The storage team moves the LUNs"])


class WaiversRemoval(RequestModel):
    """A finding, and the VMs for which it counts again."""

    finding: str = Field(max_length=64, examples=["raw_disk"])
    vms: ChosenVmsBody


class WaiverReply(ReplyModel):
    """A finding that somebody lets pass."""

    finding: str
    vm_id: UUID
    vm_name: str = Field(description="As it was called then")
    note: str
    waived_at: UtcTime
    waived_by_name: str = Field(description="What the author was called")


def known_finding(finding: str) -> str:
    """``finding``, which has to be a kind that there is.

    Raises:
        Invalid: it is not.
    """
    if finding not in KINDS:
        raise Invalid(f"There is no finding {finding!r}; there are {', '.join(KINDS)}.")
    return finding


def _summary(tenant: Tenant) -> dict[str, Any]:
    return {name: getattr(tenant, name) for name in TenantSummary.model_fields}
