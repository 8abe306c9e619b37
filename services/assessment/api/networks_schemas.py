"""Bodies of networks and of what people say of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from services.assessment.api.decision_schemas import FollowingAssessment
from services.assessment.domain.network_class import REASONS, NetworkClass, NetworkRule
from services.assessment.domain.runs import AssessmentRun
from services.assessment.persistence.network_queries import LISTED_TENANTS
from shared.http.models import MergePatch, ReplyModel, UtcTime

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class NetworkPatch(MergePatch):
    """What to say of a network; absent fields stay. No class leaves it to the detection again, and
    the note goes with it."""

    override_class: NetworkClass | None = Field(None, examples=["isolated"])
    override_note: Note | None = Field(None, examples=["The uplinks of this switch were pulled"])

    def override_changes(self) -> dict[str, Any]:
        """As the use case takes them."""
        names = {"override_class": "network_class", "override_note": "note"}
        return {names[name]: value for name, value in self.changes().items()}


class NetworkTenant(ReplyModel):
    """A tenant that uses a network, with its own VMs and NICs on it."""

    id: UUID
    name: str
    org_vdc: str | None
    vms: int
    nics: int


class AssessedNetwork(ReplyModel):
    """A network that VMs in scope use, powered-off ones included."""

    id: UUID = Field(description="The same in every assessment of the project")
    version: int = Field(ge=1, description="Of the override; its ETag, for If-Match")
    vcenter: str
    name: str
    switch: str | None = Field(description="Null where the workbook does not say it")
    qualified_name: str = Field(
        description="With its switch, where another network of the vCenter is called so too"
    )
    network_class: NetworkClass = Field(
        description="What holds in the assessment that lists show: the override, else as detected"
    )
    detected_class: NetworkClass
    rule: NetworkRule = Field(description="By what the class was detected")
    reason: str
    evidence: str | None = Field(description="What was seen", examples=["VLAN 120"])
    is_guessed: bool = Field(description="Nothing but its name, or nothing at all, says so")
    override_class: NetworkClass | None = Field(
        description="What people say now; an assessment that follows makes it hold"
    )
    override_note: str | None
    override_changed_at: UtcTime | None
    override_changed_by_name: str | None = Field(description="What the author was called")
    vlan_ids: list[int] = Field(
        description="1 to 4094; more than one where its port groups differ from host to host"
    )
    vlan_trunks: list[str] = Field(description="Ranges, where it is a trunk")
    is_vlan_guessed: bool = Field(description="Only its name says so")
    vms: int = Field(description="VMs with a NIC on it")
    nics: int
    tenant_count: int
    tenants: list[NetworkTenant] = Field(
        description="Those that use it, the most VMs first: the first is the natural owner. A list "
        f"names {LISTED_TENANTS} of each network at most"
    )

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """A row as a reply."""
        return cls.model_validate({**row, "reason": REASONS[NetworkRule(row["rule"])]})


class NetworkChangedReply(AssessedNetwork):
    """A network, and what people say of it now."""

    assessment: FollowingAssessment | None = Field(
        description="The assessment that shows it; null after a clearing"
    )

    @classmethod
    def after(cls, row: Mapping[str, Any], run: AssessmentRun | None) -> Self:
        """``row`` after a change."""
        return cls.of({**row, "assessment": FollowingAssessment.of(run)})
