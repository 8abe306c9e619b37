"""The job ``preview_rules``: hold other rules against an inventory, and store what differs."""

import asyncio
from collections.abc import Mapping, Set
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from services.assessment.domain.assessment import Assessor
from services.assessment.domain.preview import Comparison, TenantWords
from services.assessment.domain.rule_check import compiled, every_detection_rule
from services.assessment.domain.rule_set import RuleSet
from services.assessment.domain.runs import AssessmentRun
from services.assessment.domain.tenancy import Tenant, key_id
from services.assessment.usecases.decision_ports import Preview, StoredRules
from services.assessment.usecases.ports import AssessmentStore, InventorySnapshots
from services.assessment.worker.inventory_source import check_schema, inventory_reference
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import decode_page
from shared.db.job_context import JobContext
from shared.kernel.ids import PreviewId, ProjectId, TenantId, VmId

LISTED: Final = 200
"""Tenants that are listed; counts are of all."""


class PreviewRules:
    """Runs the job; one instance serves all of them. Repeatable: it stores at its end only."""

    def __init__(self, snapshots: InventorySnapshots) -> None:
        self._snapshots = snapshots

    async def __call__(self, job: JobContext[AssessmentStore]) -> None:
        """Compare page by page, then store the result.

        Raises:
            Unsupported: the snapshot holds records that this version cannot read.
        """
        async with job.transaction() as tx:
            preview = await tx.store.previews.get(PreviewId(UUID(job.payload["preview_id"])))
            run = await tx.store.get(preview.assessment_id)
            present = await tx.store.rules.version(preview.project_id, preview.based_on)
        comparison = _comparison(present, preview.rules, run)
        ref = inventory_reference(run)
        manifest = await self._snapshots.manifest(ref)
        check_schema(manifest)
        for number in range(manifest.page_count):
            page = await self._snapshots.page(ref, manifest, number)
            vms = await asyncio.to_thread(_read, page)
            async with job.transaction() as tx:
                assigned = await tx.store.tenants.assigned(
                    preview.project_id, [VmId(vm.vm_id) for vm in vms]
                )
            await asyncio.to_thread(_add, comparison, vms, assigned.keys())
            await job.report({"pages_done": number + 1, "pages_total": manifest.page_count})
        await _store(job, preview, comparison)


async def _store(
    job: JobContext[AssessmentStore], preview: Preview, comparison: Comparison
) -> None:
    project_id = preview.project_id
    keys = {words: key_id(project_id, *words) for side in comparison.tenants for words in side}
    async with job.transaction() as tx:
        known = await tx.store.tenants.known(sorted(set(keys.values())))
        await tx.store.previews.answer(
            preview.id, preview_result(project_id, comparison, preview.rules, known)
        )
        await job.finish(tx, {"preview_id": str(preview.id)})


def _comparison(present: StoredRules, rules: RuleSet, run: AssessmentRun) -> Comparison:
    as_of = run.inventory.imported_at.date()
    return Comparison(
        Assessor(compiled(present.rules, version=present.version), as_of=as_of),
        Assessor(compiled(rules, version=present.version + 1), as_of=as_of),
        every_rule=every_detection_rule(rules),
    )


def _read(page: bytes) -> list[VmRecord]:
    return list(decode_page(page, VmRecord))


def _add(comparison: Comparison, vms: list[VmRecord], assigned: Set[VmId]) -> None:
    for vm in vms:
        comparison.add(vm, vm.vm_id, is_assigned=VmId(vm.vm_id) in assigned)


def preview_result(
    project_id: ProjectId,
    comparison: Comparison,
    rules: RuleSet,
    known: Mapping[TenantId, Tenant],
) -> dict[str, Any]:
    """``comparison`` as JSON. Tenants are told apart as people see them: renamed and merged ones
    by what they are called now."""
    before, after = (_by_tenant(project_id, side, known) for side in comparison.tenants)
    appear = [tenant for tenant in after if tenant not in before]
    vanish = [tenant for tenant in before if tenant not in after]
    return {
        "vms": comparison.vms,
        "assigned_vms": comparison.assigned_vms,
        "moved_vms": comparison.moved_vms,
        "detection_rules": [_rule_counts(comparison, rule.id) for rule in rules.detection.rules]
        + [_rule_counts(comparison, "fallback")],
        "tenants_before": len(before),
        "tenants_after": len(after),
        "appearing_count": len(appear),
        "appearing": _listed({tenant: after[tenant] for tenant in appear}),
        "vanishing_count": len(vanish),
        "vanishing": _listed({tenant: before[tenant] for tenant in vanish}),
        **{
            name: {"before": _plain(sides[0]), "after": _plain(sides[1])}
            for name, sides in comparison.figures.items()
        },
        "proposals": [
            {
                "tenant": proposal.tenant[0],
                "org_vdc": proposal.tenant[1],
                "vcenter": proposal.tenant[2],
                "vms": proposal.vms,
                "share_percent": proposal.share_percent,
                "rule": proposal.alternative.rule,
                "depth": proposal.alternative.depth,
                "tenants": proposal.tenants,
                "unanswered_vms": proposal.unanswered,
                "largest": [{"tenant": name, "vms": vms} for name, vms in proposal.parts],
            }
            for proposal in comparison.proposals()[:LISTED]
        ],
    }


def _plain(counts: Mapping[str, int]) -> dict[str, int]:
    return {str(word): count for word, count in sorted(counts.items())}


def _by_tenant(
    project_id: ProjectId, counts: Mapping[TenantWords, int], known: Mapping[TenantId, Tenant]
) -> dict[Tenant, int]:
    found: dict[Tenant, int] = {}
    for words, vms in counts.items():
        id_ = key_id(project_id, *words)
        tenant = known.get(id_) or Tenant(id_, *words)
        found[tenant] = found.get(tenant, 0) + vms
    return found


def _listed(tenants: Mapping[Tenant, int]) -> list[dict[str, Any]]:
    largest = sorted(tenants.items(), key=lambda item: (-item[1], item[0].name, item[0].id))
    return [
        {"tenant": one.name, "org_vdc": one.org_vdc, "vcenter": one.vcenter, "vms": vms}
        for one, vms in largest[:LISTED]
    ]


def _rule_counts(comparison: Comparison, rule_id: str) -> dict[str, Any]:
    count = comparison.rules[rule_id]
    samples = [{**asdict(sample), "vm_id": str(sample.vm_id)} for sample in count.samples]
    return {
        "id": rule_id,
        "matches": count.matches,
        "decides": count.decides,
        "samples": samples,
    }
