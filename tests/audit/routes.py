"""Every public route that changes or hands out something: its audit action, and a real request.

A new route of that kind needs a row here, and then an audit entry, or the build fails.
"""

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from services.assessment.domain.networks import network_id
from services.assessment.domain.rule_set import default_rule_set, rule_set_json
from services.assessment.domain.tenancy import key_id
from services.ingest.persistence.tables import inventories
from shared.db import jobs
from shared.kernel.ids import JobId, ProjectId
from tests.audit.platform import ADMIN, PASSWORD, Ask, Platform, keyed, person
from tests.services.assessment.builders import a_vm as an_assessed_vm
from tests.services.assessment.upstream import PROJECT as ASSESSED
from tests.services.assessment.upstream import FakeIngest
from tests.services.assessment.workbench import Workbench as AssessmentBench
from tests.services.exporter.builders import PROJECT_ID as EXPORTED
from tests.services.exporter.upstream import FakePlanner
from tests.services.exporter.workbench import Workbench as ExporterBench
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker.workbench import Workbench as IngestBench
from tests.services.planner.upstream import PROJECT as PLANNED
from tests.services.planner.upstream import an_estate
from tests.services.planner.workbench import Workbench as PlannerBench

PLAN: Final = f"/v1/projects/{PLANNED}/plan"
ASSESSMENT: Final = f"/v1/projects/{ASSESSED}/assessment"
EXPORTS: Final = f"/v1/projects/{EXPORTED}/exports"


@dataclass(frozen=True)
class Audited:
    """What a route leaves in the trail; ``prepare`` makes what the request needs."""

    action: str
    prepare: Callable[[Platform], Awaitable[Ask]]


async def new_project(platform: Platform) -> Ask:
    return Ask("ingest", "POST", "/v1/projects", json={"name": "Acme"}, headers=keyed())


async def a_project(platform: Platform) -> str:
    """The path of a project."""
    created = await platform.done(await new_project(platform))
    return created.headers["Location"]


async def renamed_project(platform: Platform) -> Ask:
    path = await a_project(platform)
    return Ask("ingest", "PATCH", path, json={"name": "Zen"}, headers={"If-Match": '"1"'})


async def a_clearance(platform: Platform) -> Ask:
    path = f"{await a_project(platform)}/clearance"
    return Ask("ingest", "POST", path, json={"name": "Acme"}, headers=keyed())


async def a_deleted_project(platform: Platform) -> Ask:
    return Ask("ingest", "DELETE", f"{await a_project(platform)}?name=Acme")


async def an_upload(platform: Platform) -> Ask:
    path = f"{await a_project(platform)}/inventories"
    return Ask("ingest", "POST", path, content=b"PK\x03\x04 and so on", headers=keyed())


async def a_held_import(platform: Platform) -> str:
    """The path of an inventory that waits to be applied."""
    path = f"{await a_project(platform)}/inventories?hold=true"
    ask = Ask("ingest", "POST", path, content=workbook(), headers=keyed())
    await platform.done(ask)
    with tempfile.TemporaryDirectory() as scratch:
        bench = IngestBench(platform.database("ingest"), Path(scratch))
        await bench.run_jobs()
    async with platform.database("ingest").read() as connection:
        row = (await connection.execute(select(inventories))).one()
    return f"/v1/projects/{row.project_id}/inventories/{row.id}"


async def an_application(platform: Platform) -> Ask:
    path = f"{await a_held_import(platform)}/application"
    return Ask("ingest", "POST", path, json={"mode": "replace"}, headers=keyed())


async def a_discarded_import(platform: Platform) -> Ask:
    return Ask("ingest", "DELETE", await a_held_import(platform))


async def affected_rows_taken(platform: Platform) -> Ask:
    return Ask("ingest", "GET", f"{await a_held_import(platform)}/affected-rows.xlsx")


async def a_job(platform: Platform, service: str) -> JobId:
    """A queued job of a project."""
    transactions = platform.database(service).transactions(lambda _connection: None)
    async with transactions() as tx:
        return await tx.enqueue("test", subject=f"projects/{PLANNED}/test", payload={})


async def a_cancellation(service: str, platform: Platform) -> Ask:
    job_id = await a_job(platform, service)
    return Ask(service, "POST", f"/v1/operations/{service}/{job_id}/cancel")


async def a_retry(service: str, platform: Platform) -> Ask:
    job_id = await a_job(platform, service)
    async with platform.database(service).write() as connection:
        await jobs.cancel(connection, job_id)
    return Ask(service, "POST", f"/v1/operations/{service}/{job_id}/retry", headers=keyed())


def changed_rules() -> dict[str, Any]:
    """The default rules with one change, as JSON."""
    rules = rule_set_json(default_rule_set())
    rules["risk"]["green_max"] = 10
    return rules


async def a_rules_change(platform: Platform) -> Ask:
    headers = {"If-Match": '"1"'}
    return Ask("assessment", "PUT", f"{ASSESSMENT}/rules", json=changed_rules(), headers=headers)


async def a_rules_reset(platform: Platform) -> Ask:
    await platform.done(await a_rules_change(platform))
    headers = {"If-Match": '"2"'}
    return Ask("assessment", "POST", f"{ASSESSMENT}/rules/reset", headers=headers)


async def an_assessment(platform: Platform) -> None:
    """Three assessed VMs of two tenants."""
    bench = AssessmentBench(platform.database("assessment"), FakeIngest())
    vms = [an_assessed_vm(n, folder=f"/DC1/vm/{'Acme' if n < 3 else 'Zen'}") for n in (1, 2, 3)]
    await bench.assess(bench.ingest.imports(vms))


async def a_preview(platform: Platform) -> Ask:
    await an_assessment(platform)
    path = f"{ASSESSMENT}/rules/previews"
    return Ask("assessment", "POST", path, json=changed_rules(), headers=keyed())


def a_tenant(name: str) -> str:
    """The id of a detected tenant."""
    return str(key_id(ProjectId(ASSESSED), name, None))


def an_assessed_vm_id(number: int) -> dict[str, Any]:
    return {"vm_ids": [str(an_assessed_vm(number).vm_id)]}


async def a_new_tenant(platform: Platform) -> Ask:
    body = {"name": "Borealis"}
    return Ask("assessment", "POST", f"{ASSESSMENT}/tenants", json=body, headers=keyed())


async def a_renamed_tenant(platform: Platform) -> Ask:
    await an_assessment(platform)
    path = f"{ASSESSMENT}/tenants/{a_tenant('Acme')}"
    return Ask("assessment", "PATCH", path, json={"name": "B"}, headers={"If-Match": '"1"'})


async def a_merge(platform: Platform) -> Ask:
    await an_assessment(platform)
    path = f"{ASSESSMENT}/tenants/{a_tenant('Acme')}/merges"
    body = {"source_ids": [a_tenant("Zen")]}
    headers = {"If-Match": '"1"', **keyed()}
    return Ask("assessment", "POST", path, json=body, headers=headers)


async def an_assignment(platform: Platform) -> Ask:
    await an_assessment(platform)
    path = f"{ASSESSMENT}/tenant-assignments"
    body = {"tenant_id": a_tenant("Zen"), "vms": an_assessed_vm_id(1)}
    return Ask("assessment", "POST", path, json=body, headers=keyed())


async def a_waiver(platform: Platform) -> Ask:
    await an_assessment(platform)
    body = {"finding": "no_address", "vms": an_assessed_vm_id(1), "note": "It has one"}
    return Ask("assessment", "POST", f"{ASSESSMENT}/waivers", json=body, headers=keyed())


async def a_reset_assessment(platform: Platform) -> Ask:
    await platform.done(await a_waiver(platform))
    return Ask("assessment", "POST", f"{ASSESSMENT}/reset", headers=keyed())


async def a_network_class(platform: Platform) -> Ask:
    await an_assessment(platform)
    network = network_id(ProjectId(ASSESSED), "vc1", "VM Network", None)
    path = f"{ASSESSMENT}/networks/{network}"
    body = {"override_class": "isolated"}
    return Ask("assessment", "PATCH", path, json=body, headers={"If-Match": '"1"'})


async def a_removed_waiver(platform: Platform) -> Ask:
    await platform.done(await a_waiver(platform))
    body = {"finding": "no_address", "vms": an_assessed_vm_id(1)}
    path = f"{ASSESSMENT}/waivers/removals"
    return Ask("assessment", "POST", path, json=body, headers=keyed())


async def changed_settings(platform: Platform) -> Ask:
    headers = {"If-Match": '"1"'}
    return Ask("planner", "PATCH", f"{PLAN}/settings", json={"efficiency": 0.5}, headers=headers)


async def a_rebuild(platform: Platform) -> Ask:
    await PlannerBench(platform.database("planner")).plan(an_estate())
    return Ask("planner", "POST", f"{PLAN}/snapshots", headers=keyed())


async def asked_approval(platform: Platform) -> Ask:
    plan = await PlannerBench(platform.database("planner")).plan(an_estate())
    body = {"snapshot_digest": plan["digest"], "note": "please"}
    return Ask("planner", "POST", f"{PLAN}/approval-requests", json=body, headers=keyed())


async def a_decision(platform: Platform) -> Ask:
    asked = (await platform.done(await asked_approval(platform))).json()
    path = f"{PLAN}/approval-requests/{asked['id']}/decision"
    body = {"decision": "approve"}
    return Ask("planner", "POST", path, by=person("kim"), json=body, headers=keyed())


async def an_export(platform: Platform) -> Ask:
    snapshot = FakePlanner().freezes()
    chosen = {"id": str(snapshot.id), "digest": snapshot.digest}
    body = {"format": "json", "snapshot": chosen}
    return Ask("exporter", "POST", EXPORTS, json=body, headers=keyed())


async def a_download(platform: Platform) -> Ask:
    bench = ExporterBench(platform.database("exporter"), FakePlanner())
    export_id = await bench.request(bench.planner.freezes())
    await bench.work()
    return Ask("exporter", "GET", f"{EXPORTS}/{export_id}/content")


async def a_login(platform: Platform) -> Ask:
    body = {"username": ADMIN, "password": PASSWORD}
    return Ask("gateway", "POST", "/v1/sessions", json=body)


async def signed_in(platform: Platform) -> str:
    """The token of the administrator."""
    reply = await platform.done(await a_login(platform))
    return str(reply.json()["token"])


async def a_logout(platform: Platform) -> Ask:
    return Ask("gateway", "DELETE", "/v1/sessions/current", token=await signed_in(platform))


async def changed_password(platform: Platform) -> Ask:
    body = {"current": PASSWORD, "new": "another password of length"}
    token = await signed_in(platform)
    return Ask("gateway", "POST", "/v1/me/password", token=token, json=body)


async def new_user(platform: Platform) -> Ask:
    body = {"username": "vera", "password": PASSWORD, "role": "viewer", "projects": [str(PLANNED)]}
    token = await signed_in(platform)
    return Ask("gateway", "POST", "/v1/users", token=token, json=body, headers=keyed())


async def changed_user(platform: Platform) -> Ask:
    created = await platform.done(await new_user(platform))
    path, headers = created.headers["Location"], {"If-Match": '"1"'}
    body = {"role": "operator"}
    token = await signed_in(platform)
    return Ask("gateway", "PATCH", path, token=token, json=body, headers=headers)


_APPROVALS: Final = "/v1/projects/{project_id}/plan/approval-requests"
_ASSESSMENT: Final = "/v1/projects/{project_id}/assessment"
_EXPORT: Final = "/v1/projects/{project_id}/exports"

AUDITED: Final = {
    ("POST", "/v1/projects"): Audited("project.created", new_project),
    ("PATCH", "/v1/projects/{project_id}"): Audited("project.changed", renamed_project),
    ("DELETE", "/v1/projects/{project_id}"): Audited("project.deleted", a_deleted_project),
    ("POST", "/v1/projects/{project_id}/clearance"): Audited("project.cleared", a_clearance),
    ("POST", "/v1/projects/{project_id}/inventories"): Audited("inventory.uploaded", an_upload),
    ("DELETE", "/v1/projects/{project_id}/inventories/{inventory_id}"): Audited(
        "inventory.discarded", a_discarded_import
    ),
    ("GET", "/v1/projects/{project_id}/inventories/{inventory_id}/affected-rows.xlsx"): Audited(
        "inventory.affected_rows_taken", affected_rows_taken
    ),
    ("POST", "/v1/projects/{project_id}/inventories/{inventory_id}/application"): Audited(
        "inventory.applied", an_application
    ),
    ("PUT", f"{_ASSESSMENT}/rules"): Audited("assessment.rules.changed", a_rules_change),
    ("POST", f"{_ASSESSMENT}/rules/reset"): Audited("assessment.rules.reset", a_rules_reset),
    ("POST", f"{_ASSESSMENT}/rules/previews"): Audited("assessment.rules.previewed", a_preview),
    ("POST", f"{_ASSESSMENT}/tenants"): Audited("tenant.created", a_new_tenant),
    ("PATCH", f"{_ASSESSMENT}/tenants/{{tenant_id}}"): Audited("tenant.renamed", a_renamed_tenant),
    ("POST", f"{_ASSESSMENT}/tenants/{{tenant_id}}/merges"): Audited("tenant.merged", a_merge),
    ("POST", f"{_ASSESSMENT}/tenant-assignments"): Audited("tenant.vms_assigned", an_assignment),
    ("PATCH", f"{_ASSESSMENT}/networks/{{network_id}}"): Audited(
        "network.class_changed", a_network_class
    ),
    ("POST", f"{_ASSESSMENT}/reset"): Audited("assessment.reset", a_reset_assessment),
    ("POST", f"{_ASSESSMENT}/waivers"): Audited("finding.waived", a_waiver),
    ("POST", f"{_ASSESSMENT}/waivers/removals"): Audited("finding.unwaived", a_removed_waiver),
    ("PATCH", "/v1/projects/{project_id}/plan/settings"): Audited(
        "plan.settings.changed", changed_settings
    ),
    ("POST", "/v1/projects/{project_id}/plan/snapshots"): Audited(
        "plan.rebuild_requested", a_rebuild
    ),
    ("POST", _APPROVALS): Audited("plan.approval.requested", asked_approval),
    ("POST", f"{_APPROVALS}/{{request_id}}/decision"): Audited("plan.approval.decided", a_decision),
    ("POST", _EXPORT): Audited("export.requested", an_export),
    ("GET", f"{_EXPORT}/{{export_id}}/content"): Audited("export.downloaded", a_download),
    ("POST", "/v1/sessions"): Audited("session.opened", a_login),
    ("DELETE", "/v1/sessions/current"): Audited("session.ended", a_logout),
    ("POST", "/v1/me/password"): Audited("user.password_changed", changed_password),
    ("POST", "/v1/users"): Audited("user.created", new_user),
    ("PATCH", "/v1/users/{user_id}"): Audited("user.changed", changed_user),
    **{
        ("POST", f"/v1/operations/{service}/{{job_id}}/{verb}"): Audited(action, prepare)
        for service in ("ingest", "assessment", "planner", "provisioner", "exporter")
        for verb, action, prepare in (
            ("cancel", "operation.cancelled", partial(a_cancellation, service)),
            ("retry", "operation.retried", partial(a_retry, service)),
        )
    },
}
