"""Create, rename and merge tenants. Ids stay; keys remember how a tenant was detected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.assessment.domain.errors import TENANT_EXISTS, TENANT_MERGED
from services.assessment.domain.runs import AssessmentRun, Cause
from services.assessment.domain.tenancy import Tenant, key_id, key_of
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.reassess import reassess
from shared.auth.principal import Principal
from shared.db import audit
from shared.db.uow import Transaction
from shared.kernel.errors import Conflict, Invalid, PreconditionFailed
from shared.kernel.ids import AssessmentId, ProjectId, TenantId


@dataclass(frozen=True, slots=True)
class TenantChange:
    """The tenant as it is now, and the assessment that will show it, if there is any."""

    tenant: Tenant
    assessment: AssessmentRun | None


async def create_tenant(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    *,
    name: str,
    org_vdc: str | None,
    tenant_id: TenantId,
    by: Principal,
) -> Tenant:
    """Add a tenant that no rule has found; VMs that are detected so later are its own.

    Raises:
        Conflict: a tenant is called so, or was once detected so; code ``tenant-exists``.
    """
    await tx.store.newest_held(project_id)
    tenant = Tenant(tenant_id, name, org_vdc)
    await _check_free(tx, project_id, tenant)
    await tx.store.tenants.add(project_id, tenant)
    key = key_of(project_id, name, org_vdc, is_detected=False)
    await tx.store.tenants.add_key(project_id, tenant_id, key)
    await tx.audit(
        "tenant.created",
        by=by,
        subject=subject_of(project_id, tenant_id),
        after={"name": name, "org_vdc": org_vdc},
    )
    return tenant


async def rename_tenant(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    tenant_id: TenantId,
    changes: Mapping[str, Any],
    *,
    based_on: int,
    assessment_id: AssessmentId,
    by: Principal,
) -> TenantChange:
    """Change ``name`` and ``org_vdc``. VMs detected by a former name stay the tenant's.

    Raises:
        Conflict: another tenant is called so (``tenant-exists``), or this one was merged
            (``tenant-merged``).
        PreconditionFailed: somebody else changed it first.
    """
    newest = await tx.store.newest_held(project_id)
    tenant = await _changeable(tx, project_id, tenant_id, based_on=based_on)
    renamed = replace(tenant, **changes, version=tenant.version + 1)
    was, became = audit.changed(_words(tenant), _words(renamed))
    if not became:
        return TenantChange(tenant, newest)
    is_new_key = await _check_free(tx, project_id, renamed)
    if _key(project_id, renamed) != _key(project_id, tenant):
        await tx.store.tenants.drop_key(_key(project_id, tenant))
    if is_new_key:
        key = key_of(project_id, renamed.name, renamed.org_vdc, renamed.vcenter, is_detected=False)
        await tx.store.tenants.add_key(project_id, tenant_id, key)
    await tx.store.tenants.save(renamed)
    subject = subject_of(project_id, tenant_id)
    await tx.audit("tenant.renamed", by=by, subject=subject, before=was, after=became)
    run = await reassess(tx, newest, cause=Cause.TENANTS, assessment_id=assessment_id, by=by.key)
    return TenantChange(renamed, run)


async def merge_tenants(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    target_id: TenantId,
    source_ids: Sequence[TenantId],
    *,
    based_on: int,
    assessment_id: AssessmentId,
    by: Principal,
) -> TenantChange:
    """Give everything of ``source_ids`` to the target, which keeps its id and name.

    What was or will be detected as a source is the target's from now on.

    Raises:
        Conflict: one of them was merged already; code ``tenant-merged``.
        Invalid: the target is among the sources.
        PreconditionFailed: somebody else changed the target first.
    """
    if target_id in source_ids:
        raise Invalid("A tenant cannot be merged into itself; leave it out of the sources.")
    newest = await tx.store.newest_held(project_id)
    target = await _changeable(tx, project_id, target_id, based_on=based_on)
    sources = [await _not_merged(tx, project_id, id_) for id_ in sorted(set(source_ids))]
    moved = await tx.store.tenants.move([source.id for source in sources], target_id)
    for source in sources:
        merged = replace(source, version=source.version + 1, merged_into=target_id)
        await tx.store.tenants.save(merged)
    target = replace(target, version=target.version + 1)
    await tx.store.tenants.save(target)
    await tx.audit(
        "tenant.merged",
        by=by,
        subject=subject_of(project_id, target_id),
        before={"sources": [{"id": str(one.id), **_words(one)} for one in sources]},
        after={"target": _words(target), "names": moved.keys, "assigned_vms": moved.assigned_vms},
    )
    run = await reassess(tx, newest, cause=Cause.TENANTS, assessment_id=assessment_id, by=by.key)
    return TenantChange(target, run)


def subject_of(project_id: ProjectId, tenant_id: TenantId) -> str:
    """What the audit trail calls a tenant."""
    return f"projects/{project_id}/assessment/tenants/{tenant_id}"


def check_not_merged(tenant: Tenant) -> None:
    """Raises ``Conflict`` for a tenant that has nothing any more."""
    if tenant.merged_into is not None:
        raise Conflict(
            f"{tenant.name} was merged into tenant {tenant.merged_into}; use that one.",
            code=TENANT_MERGED,
            context={"merged_into": str(tenant.merged_into)},
        )


async def _not_merged(
    tx: Transaction[AssessmentStore], project_id: ProjectId, tenant_id: TenantId
) -> Tenant:
    tenant = await tx.store.tenants.get(project_id, tenant_id)
    check_not_merged(tenant)
    return tenant


async def _changeable(
    tx: Transaction[AssessmentStore], project_id: ProjectId, tenant_id: TenantId, *, based_on: int
) -> Tenant:
    tenant = await _not_merged(tx, project_id, tenant_id)
    if tenant.version != based_on:
        raise PreconditionFailed(
            f"Somebody else changed {tenant.name}; it is at version {tenant.version} now. Read it "
            "again and repeat your change."
        )
    return tenant


async def _check_free(
    tx: Transaction[AssessmentStore], project_id: ProjectId, tenant: Tenant
) -> bool:
    """Whether nobody has the tenant's key yet; False if it has it itself. Raises Conflict."""
    holder = await tx.store.tenants.key_holder(_key(project_id, tenant))
    if holder not in (None, tenant.id):
        raise Conflict(
            f"There is a tenant that is or was called {tenant.name!r} "
            f"(OrgVDC {tenant.org_vdc or 'none'}): {holder}. Choose another name, or merge them.",
            code=TENANT_EXISTS,
            context={"tenant_id": str(holder)},
        )
    return holder is None


def _key(project_id: ProjectId, tenant: Tenant) -> TenantId:
    return key_id(project_id, tenant.name, tenant.org_vdc, tenant.vcenter)


def _words(tenant: Tenant) -> dict[str, Any]:
    return {"name": tenant.name, "org_vdc": tenant.org_vdc}
