"""Bodies of rules: the document that people edit, its versions, and previews of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from services.assessment.api.decision_schemas import FollowingAssessment
from services.assessment.domain.finding_catalogue import Severity
from services.assessment.domain.pattern_rules import VmField
from services.assessment.domain.patterns import LONGEST_PATTERN, Syntax
from services.assessment.domain.rule_set import default_rule_set, rule_set_json
from services.assessment.domain.tenant_detection import Method
from services.assessment.usecases.change_rules import RulesChange
from services.assessment.usecases.decision_ports import Preview, StoredRules
from shared.contracts.records import ModeClass, RiskBand, TargetSupport
from shared.db.jobs import Job, JobState
from shared.http.models import ReplyModel, RequestModel, UtcTime
from shared.http.operations import OperationError, operation_path, present_operation

Flag = Annotated[bool, Field(strict=True)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Template = Annotated[str, Field(min_length=1, max_length=255, examples=["Acme"])]
RuleKind = Literal[
    Method.VCD_FOLDER,
    Method.FOLDER_PATH,
    Method.RESOURCE_POOL,
    Method.VAPP_NAME,
    Method.ANNOTATION_FIELD,
    Method.VM_NAME_PREFIX,
    Method.CLUSTER,
    Method.PATTERN,
]


def _whole(low: int, high: int) -> Any:
    return Field(strict=True, ge=low, le=high)


class DetectionRuleBody(RequestModel, ReplyModel):
    """One step of the detection; options that are not of its kind are null.

    The seven built-in rules are always there, `id` and `kind` alike; a `pattern` is an operator's:
    where it is found in `field`, the tenant is `tenant`.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", examples=["acme-hosts"])
    kind: RuleKind
    is_enabled: Flag = True
    depth: Annotated[int, _whole(1, 9)] | None = Field(
        None, description="`folder_path`: which folder, counting the datacenter as 1"
    )
    key: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        None, description="`annotation_field`: the word before `:` or `=` in the notes"
    )
    separator: Annotated[str, Field(min_length=1, max_length=5)] | None = Field(
        None, description="`vm_name_prefix`: what stands between the parts of a name"
    )
    parts: Annotated[int, _whole(1, 5)] | None = Field(
        None, description="`vm_name_prefix`: how many parts name the tenant"
    )
    field: VmField | None = Field(None, description="`pattern`: the text it looks at")
    attribute: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        None, description="`pattern`: name of the custom attribute or tag, if `field` is one"
    )
    syntax: Syntax | None = Field(
        None,
        description="`pattern`: a `glob` matches the whole text, a `regex` is found anywhere "
        "unless it begins with `^`; both ignore case",
    )
    pattern: Annotated[str, Field(min_length=1, max_length=LONGEST_PATTERN)] | None = Field(
        None,
        description="What to look for. Nothing may be repeated that itself varies, and there is no "
        "looking ahead or back: no pattern may take for ever",
    )
    tenant: Template | None = Field(
        None, description="`pattern`: the tenant; `\\1` is what a regex's first group matched"
    )
    org_vdc: Template | None = Field(None, description="`pattern`: the OrgVDC, if it names one")


class DetectionBody(RequestModel, ReplyModel):
    """How tenants are found: the first enabled rule that has an answer wins."""

    rules: list[DetectionRuleBody] = Field(max_length=100)
    containers: list[Name] = Field(
        max_length=200, description="Folders and pools that are no tenant; the next one is asked"
    )
    fallback_tenant: Name = Field(description="Of VMs for which no rule has an answer")
    separate_by_vcenter: Flag = Field(
        description="Equal names in two vCenters are two tenants; else they are one"
    )
    org_vdc_from_resource_pool: Flag = Field(
        description="The pool is the OrgVDC where the rule names none"
    )


class RiskRuleBody(RequestModel, ReplyModel):
    """One risk rule. What it tests is fixed; the rest is yours."""

    id: str = Field(max_length=64, examples=["large_disk"])
    points: Annotated[int, _whole(0, 100)]
    severity: Severity = Field(description="Points never block: high, medium or info")
    remediation: str = Field(max_length=500, description="What to do about it")
    is_enabled: Flag = True
    threshold: Annotated[int, _whole(1, 1_000_000)] | None = Field(
        None, description="Fires from here on: GiB, disks, snapshots, days or NICs; null without"
    )


class HeavyIoBody(RequestModel, ReplyModel):
    """Signs of heavy I/O; one is enough."""

    memory_gib: Annotated[int, _whole(1, 1_000_000)]
    disk_count: Annotated[int, _whole(1, 1000)]
    names: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        max_length=50, description="Parts of VM names, ignoring case"
    )


class RiskBody(RequestModel, ReplyModel):
    """How risk is scored, 0 to 100. GREEN ≤ `green_max` < YELLOW ≤ `yellow_max` < RED."""

    rules: list[RiskRuleBody] = Field(max_length=50)
    heavy_io: HeavyIoBody
    green_max: Annotated[int, _whole(0, 99)]
    yellow_max: Annotated[int, _whole(1, 100)]


class SupportedOsBody(RequestModel, ReplyModel):
    """Releases of a product that the target runs; null is open."""

    product: str = Field(max_length=64, examples=["rhel"])
    oldest: Annotated[str, Field(max_length=32, examples=["7"])] | None = None
    newest: Annotated[str, Field(max_length=32, examples=["9"])] | None = None


class RulesBody(RequestModel, ReplyModel):
    """All rules of a project, sent and stored as a whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [rule_set_json(default_rule_set())]})

    detection: DetectionBody
    risk: RiskBody
    supported_os: list[SupportedOsBody] = Field(max_length=200)


class RulesReply(ReplyModel):
    """One version of a project's rules."""

    version: int = Field(ge=0, description="0 are the defaults, which nobody has changed")
    is_reset: bool = Field(description="Somebody went back to the defaults")
    changed_at: UtcTime | None
    changed_by: str | None = Field(description="What the author was called")
    rules: RulesBody

    @classmethod
    def of(cls, stored: StoredRules) -> Self:
        """``stored`` as a reply."""
        return cls(**_head(stored), rules=_body(stored))


class RulesChangedReply(RulesReply):
    """The rules as they are now."""

    assessment: FollowingAssessment | None = Field(
        description="The assessment that goes by them; null before the first import"
    )

    @classmethod
    def after(cls, change: RulesChange) -> Self:
        """What ``change`` gave, as a reply."""
        return cls(
            **_head(change.rules),
            rules=_body(change.rules),
            assessment=FollowingAssessment.of(change.assessment),
        )


class RulesVersion(ReplyModel):
    """A change of the rules."""

    version: int = Field(ge=1)
    is_reset: bool
    changed_at: UtcTime
    changed_by_name: str = Field(description="What the author was called")


class RuleSample(ReplyModel):
    """A VM for which a rule has an answer."""

    vm_id: UUID
    name: str
    tenant: str
    org_vdc: str | None


class RuleEffect(ReplyModel):
    """What a detection rule does, or could if it were on or earlier."""

    id: str
    matches: int = Field(description="VMs for which it has an answer, also one that is not taken")
    decides: int = Field(description="VMs for which its answer is the first")
    samples: list[RuleSample]


class TenantEffect(ReplyModel):
    """A tenant that appears or vanishes."""

    tenant: str
    org_vdc: str | None
    vcenter: str | None
    vms: int


class TenantPart(ReplyModel):
    """A part of a tenant that is split."""

    tenant: str
    vms: int


class SplitProposal(ReplyModel):
    """A tenant with more than 20 % of the VMs, and what would split it."""

    tenant: str
    org_vdc: str | None
    vcenter: str | None
    vms: int
    share_percent: float
    rule: Method = Field(description="The rule that would split it, if it came first")
    depth: int | None = Field(description="With this depth, of `folder_path`")
    tenants: int = Field(description="Parts that it would make")
    unanswered_vms: int = Field(description="VMs for which that rule has no answer")
    largest: list[TenantPart]


class BandsEffect(ReplyModel):
    """VMs by risk band."""

    before: dict[RiskBand, int]
    after: dict[RiskBand, int]


class ModesEffect(ReplyModel):
    """VMs by mode class."""

    before: dict[ModeClass, int]
    after: dict[ModeClass, int]


class SupportEffect(ReplyModel):
    """VMs by what the target says of their system."""

    before: dict[TargetSupport, int]
    after: dict[TargetSupport, int]


class RiskRulesEffect(ReplyModel):
    """VMs for which a risk rule fires, by its id; only rules that fire."""

    before: dict[str, int]
    after: dict[str, int]


class PreviewResult(ReplyModel):
    """What the rules would do to the VMs in scope. At most 200 tenants are listed."""

    vms: int
    assigned_vms: int = Field(description="Assigned by hand: no rule changes their tenant")
    moved_vms: int = Field(description="VMs that would be detected as another tenant's")
    detection_rules: list[RuleEffect]
    tenants_before: int
    tenants_after: int
    appearing_count: int
    appearing: list[TenantEffect]
    vanishing_count: int
    vanishing: list[TenantEffect]
    risk_bands: BandsEffect
    risk_rules: RiskRulesEffect
    mode_classes: ModesEffect
    target_support: SupportEffect
    proposals: list[SplitProposal]


class PreviewReply(ReplyModel):
    """A preview of rules. It is kept for a day at most."""

    id: UUID
    state: JobState
    operation: str = Field(description="Path of the operation: watch, cancel, retry")
    based_on: int = Field(description="Version of the rules that they are compared with")
    assessment_id: UUID = Field(description="The assessment whose inventory is looked at")
    requested_at: UtcTime
    result: PreviewResult | None = Field(description="Once it has succeeded")
    error: OperationError | None

    @classmethod
    def of(cls, preview: Preview, job: Job) -> Self:
        """``preview`` with its job as a reply."""
        return cls(
            id=preview.id,
            state=job.state,
            operation=operation_path("assessment", preview.job_id),
            based_on=preview.based_on,
            assessment_id=preview.assessment_id,
            requested_at=job.created_at,
            result=PreviewResult.model_validate(preview.result) if preview.result else None,
            error=present_operation("assessment", job).error,
        )


def _head(stored: StoredRules) -> Mapping[str, Any]:
    changed_at: datetime | None = stored.changed_at
    return {
        "version": stored.version,
        "is_reset": stored.is_reset,
        "changed_at": changed_at,
        "changed_by": stored.changed_by_name,
    }


def _body(stored: StoredRules) -> RulesBody:
    return RulesBody.model_validate(stored.rules, from_attributes=True)
