"""Bodies of the assessment."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from services.assessment.api.usage_schemas import Usage
from services.assessment.domain.finding_catalogue import KINDS
from services.assessment.domain.network_class import NetworkClass
from services.assessment.domain.runs import Cause
from services.assessment.domain.scope import Exclusion
from services.assessment.domain.tenant_detection import CONFIDENCE, Confidence, Method
from services.assessment.domain.usage import disk_used_percent
from services.assessment.persistence.queries import AssessmentView
from shared.contracts.records import (
    FigureBasis,
    ModeClass,
    OsFamily,
    PowerState,
    Reason,
    RiskBand,
    Severity,
    SizeBasis,
    TargetSupport,
)
from shared.db.jobs import JobState
from shared.http.models import ReplyModel, UtcTime
from shared.http.operations import OperationError, operation_path, present_operation


class AssessmentState(StrEnum):
    """Where an assessment stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


_STATES = {
    JobState.QUEUED: AssessmentState.QUEUED,
    JobState.RUNNING: AssessmentState.RUNNING,
    JobState.SUCCEEDED: AssessmentState.COMPLETE,
    JobState.FAILED: AssessmentState.FAILED,
    JobState.CANCELLED: AssessmentState.CANCELLED,
}


class BasedOn(ReplyModel):
    """The inventory that is assessed."""

    inventory_id: UUID
    inventory_number: int
    imported_at: UtcTime


class Progress(ReplyModel):
    """How far the assessment is."""

    vms_done: int
    vms_total: int = Field(description="Templates, placeholders and vCLS VMs included")
    pages_done: int
    pages_total: int


class AssessmentTotals(ReplyModel):
    """Sums and distributions of the VMs in scope: powered-off ones included; templates, SRM
    placeholders and vCLS VMs not. A size that is unknown adds nothing."""

    vms: int
    tenants: int
    powered_off: int
    unsized_vms: int = Field(description="VMs that lack vCPUs, memory or disk in the workbook")
    vcpus: int
    memory_mib: int
    disk_mib: int
    allocated_mib: int
    used_mib: int
    by_risk_band: dict[RiskBand, int]
    by_mode_class: dict[ModeClass, int]
    by_os_family: dict[OsFamily, int]
    by_power_state: dict[PowerState, int]
    excluded: dict[Exclusion, int] = Field(description="VMs left out, by reason")
    by_gravest_finding: dict[Severity, int] = Field(
        description="VMs by their gravest finding that is not waived; those without are not counted"
    )
    by_finding: dict[str, int] = Field(
        description="VMs that have a finding, not waived, by its id; only those that there are"
    )
    by_waived_finding: dict[str, int] = Field(description="VMs whose finding is waived, by its id")
    by_target_support: dict[TargetSupport, int] = Field(
        description="VMs by what the target says of their system"
    )
    by_tenant_confidence: dict[Confidence, int] = Field(
        description="VMs by how sure their tenant is"
    )
    by_network_class: dict[NetworkClass, int] = Field(
        description="Networks of VMs, not VMs, by what they are made of"
    )


class AssessedSnapshot(ReplyModel):
    """The frozen result that the plan is made from."""

    id: UUID
    digest: str


class AssessmentReply(ReplyModel):
    """The newest assessment of a project."""

    project_id: UUID
    assessment_id: UUID
    number: int = Field(description="1 for the project's first assessment")
    state: AssessmentState
    cause: Cause = Field(description="What it was queued for")
    rules_version: int | None = Field(
        description="Version of the rules it goes by; 0 are the defaults, null until it has begun"
    )
    stale: bool = Field(
        description="Lists and tenants still show an earlier assessment, until this one is complete"
    )
    listed_number: int | None = Field(
        description="Number of the assessment that lists show; null before the first is complete"
    )
    based_on: BasedOn
    progress: Progress
    operation: str = Field(description="Path of the operation: watch, cancel, retry")
    totals: AssessmentTotals | None = Field(description="Once it is complete")
    snapshot: AssessedSnapshot | None = Field(description="Once it is complete")
    error: OperationError | None
    queued_at: UtcTime
    completed_at: UtcTime | None

    @classmethod
    def of(cls, view: AssessmentView) -> Self:
        """``view`` as a reply."""
        run, inventory = view.run, view.run.inventory
        return cls(
            project_id=inventory.project_id,
            assessment_id=run.id,
            number=run.number,
            state=_STATES[view.job.state],
            cause=run.cause,
            rules_version=run.rules_version,
            stale=view.listed_number not in (None, run.number),
            listed_number=view.listed_number,
            based_on=BasedOn(
                inventory_id=inventory.id,
                inventory_number=inventory.number,
                imported_at=inventory.imported_at,
            ),
            progress=Progress(
                vms_done=run.vms_done,
                vms_total=inventory.snapshot.record_count,
                pages_done=run.pages_done,
                pages_total=inventory.snapshot.page_count,
            ),
            operation=operation_path("assessment", run.job_id),
            totals=AssessmentTotals.model_validate(view.totals) if view.totals else None,
            snapshot=AssessedSnapshot(id=view.manifest.id, digest=view.manifest.digest())
            if view.manifest
            else None,
            error=present_operation("assessment", view.job).error,
            queued_at=view.job.created_at,
            completed_at=run.completed_at,
        )


class Waiver(ReplyModel):
    """That and why somebody lets a finding pass."""

    note: str
    by: str = Field(description="What the author is called")
    at: UtcTime


class Finding(ReplyModel):
    """What stands in the way of a VM, and what to do."""

    id: str
    severity: Severity
    title: str
    seen: str = Field(description="The evidence in the workbook")
    why: str = Field(description="Why it matters")
    fix: str = Field(description="What to do")
    is_waived: bool = False
    waiver: Waiver | None = Field(None, description="Who let it pass, and why")


def with_advice(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored finding as a :class:`Finding`, with today's advice."""
    kind = KINDS[stored["id"]]
    shown = {"is_waived": False, "waiver": None, **stored}
    if waiver := shown["waiver"]:
        shown["waiver"] = {**waiver, "at": datetime.fromisoformat(waiver["at"])}
    return {**shown, "title": kind.title, "why": kind.why, "fix": kind.fix}


class AssessedVm(ReplyModel):
    """A VM with its tenant, OS, risk and mode. Sizes are MiB; null is unknown."""

    vm_id: UUID
    name: str
    vcenter: str
    moref: str | None
    power_state: PowerState
    datacenter: str | None
    cluster: str | None
    host: str | None
    tenant_id: UUID
    tenant_name: str
    org_vdc: str | None
    detection_method: Method
    detection_rule: str | None = Field(description="Id of the rule that named the tenant")
    tenant_confidence: Confidence = Field(description="How sure the tenant is")
    app_group: str | None
    os_family: OsFamily
    os_product: str | None
    os_version: str | None = Field(description="Null when unknown: 'CentOS 4/5 or later'")
    os_text: str | None
    target_support: TargetSupport = Field(description="Whether the target runs this system")
    vcpus: int | None
    memory_mib: int | None
    disk_mib: int | None
    provisioned_mib: int | None
    allocated_mib: int | None
    used_mib: int | None
    used_basis: SizeBasis
    disk_used_percent: int | None = Field(
        description="Used of provisioned disk; null where nothing was measured"
    )
    cpu_used_mhz: int | None = Field(description="CPU drawn at the time of the export, MHz")
    cpu_capacity_mhz: int | None = Field(
        description="What its vCPUs can draw, MHz: as reported, else at the clock of its host"
    )
    cpu_percent: float | None = Field(description="CPU drawn of what its vCPUs can draw")
    cpu_basis: FigureBasis = Field(description="How the percentage is known")
    memory_active_mib: int | None = Field(
        description="What the guest touched lately: the low bound of its need"
    )
    memory_active_percent: float | None = Field(description="Of its memory")
    memory_active_basis: FigureBasis = Field(description="How the percentage is known")
    memory_consumed_mib: int | None = Field(
        description="What the host holds for it: the high bound of its need"
    )
    memory_consumed_percent: float | None = Field(description="Of its memory")
    memory_consumed_basis: FigureBasis = Field(description="How the percentage is known")
    disk_count: int
    nic_count: int
    networks: list[str]
    dns_name: str | None
    ip_addresses: list[str] = Field(description="The primary one first")
    snapshot_count: int | None
    excluded_because: Exclusion | None = Field(description="Null: in scope")
    risk_score: int = Field(ge=0, le=100)
    risk_band: RiskBand
    risk_reasons: list[Reason]
    mode_class: ModeClass
    mode_reasons: list[Reason]
    findings: list[Finding] = Field(
        description="Those that are not waived first, the gravest before"
    )
    gravest_finding: Severity | None = Field(description="Of those that are not waived")
    finding_count: int = Field(description="Different findings, waived ones among them")


def vm_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the list with the fields of an :class:`AssessedVm`."""
    reasons = {
        name: [{"severity": None, **stored} for stored in row[name]]  # old ones have none
        for name in ("risk_reasons", "mode_reasons")
    }
    return {**row, **reasons, "findings": [with_advice(stored) for stored in row["findings"]]}


class VmsByRiskBand(ReplyModel):
    """Numbers of VMs."""

    green: int
    yellow: int
    red: int


class VmsByModeClass(ReplyModel):
    """Numbers of VMs."""

    warm_eligible: int
    warm_risky: int
    cold_required: int


class AssessedTenant(ReplyModel):
    """A tenant with the sums of its VMs in scope, powered-off ones included."""

    id: UUID
    name: str
    org_vdc: str | None
    detection_method: Method = Field(description="How most of its VMs were found")
    confidence: Confidence
    vms: int
    powered_off: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int
    measured_vms: int = Field(description="VMs whose used disk was measured")
    disk_used_percent: int | None = Field(
        description="Used of provisioned disk of those VMs; null where there are none"
    )
    usage: Usage
    by_risk_band: VmsByRiskBand
    by_mode_class: VmsByModeClass

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """A row of the list as a reply."""
        return cls.model_validate(
            {
                **row,
                "confidence": CONFIDENCE[Method(row["detection_method"])],
                "by_risk_band": row,
                "by_mode_class": row,
                "usage": Usage.of(row),
                "disk_used_percent": disk_used_percent(
                    row["measured_used_mib"], row["measured_provisioned_mib"]
                ),
            }
        )
