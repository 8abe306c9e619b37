"""The plan of a project over HTTP."""

import httpx

from shared.auth.permissions import Role
from shared.contracts.records import PlannedVmRecord
from shared.http.models import ListReply
from shared.kernel.paging import encode_cursor
from tests.services.planner.api.conftest import Caller
from tests.services.planner.builders import an_id
from tests.services.planner.upstream import PROJECT, a_record, an_estate
from tests.services.planner.workbench import Workbench

PLAN = f"/v1/projects/{PROJECT}/plan"


async def test_before_the_first_assessment_there_is_no_plan(viewer: Caller) -> None:
    for path in (PLAN, f"{PLAN}/vms", f"{PLAN}/tenants", f"{PLAN}/schedule"):
        reply = await viewer.get(path)
        assert (reply.status_code, reply.json()["code"]) == (404, "no-plan")


async def test_a_queued_plan_says_what_it_is_based_on(viewer: Caller, bench: Workbench) -> None:
    event = bench.assessment.completes(an_estate())
    await bench.deliver(event)

    plan = (await viewer.get(PLAN)).json()

    assert (plan["state"], plan["snapshot"], plan["summary"]) == ("queued", None, None)
    assert plan["based_on"]["inventory_id"] == str(event.inventory_id)
    assert plan["stale"] is False
    assert (await viewer.get(plan["operation"])).json()["kind"] == "build_plan"


async def test_a_complete_plan_shows_its_summary_and_snapshot(
    viewer: Caller, bench: Workbench
) -> None:
    result = await bench.plan(an_estate(10))

    plan = (await viewer.get(PLAN)).json()

    assert (plan["state"], plan["stale"], plan["error"]) == ("complete", False, None)
    snapshot = plan["snapshot"]
    assert (snapshot["id"], snapshot["digest"]) == (result["snapshot_id"], result["digest"])
    summary = plan["summary"]
    assert (summary["vms"], summary["tenants"], summary["powered_off"]) == (10, 3, 2)
    assert (summary["vcpus"], summary["memory_gib"]) == (20, 40)
    assert summary["finish_date"] == "2026-03-02"
    assert plan["bandwidth"]["bottleneck"] == "source_nic"
    assert plan["agents"]["agents"] == 2


async def test_while_a_newer_assessment_is_planned_the_former_plan_is_shown_as_what_it_is(
    viewer: Caller, bench: Workbench
) -> None:
    result = await bench.plan(an_estate(10), number=1)
    await bench.deliver(bench.assessment.completes(an_estate(4), number=2))

    plan = (await viewer.get(PLAN)).json()

    assert (plan["state"], plan["stale_because"]) == ("queued", ["newer_assessment"])
    assert plan["snapshot"]["id"] == result["snapshot_id"]
    assert plan["based_on"]["assessment_number"] == 1
    await bench.work()
    plan = (await viewer.get(PLAN)).json()
    assert (plan["based_on"]["assessment_number"], plan["summary"]["vms"]) == (2, 4)


async def test_a_build_that_failed_says_why(dana: Caller, viewer: Caller, bench: Workbench) -> None:
    await bench.set(target_storage_write_mb_s=1, efficiency=0.05)
    await bench.deliver(bench.assessment.completes([a_record(disk_mib=2**40, used_mib=2**40)]))
    await bench.fail()

    plan = (await viewer.get(PLAN)).json()

    assert (plan["state"], plan["error"]["code"]) == ("failed", "plan-too-long")
    await bench.set(target_storage_write_mb_s=500, efficiency=0.55, duration_days=3650)
    assert (await dana.post(f"{PLAN}/snapshots")).status_code == 202


async def test_the_api_and_the_snapshot_show_the_same_figures(
    viewer: Caller, bench: Workbench
) -> None:
    result = await bench.plan(an_estate(10))
    header = (await bench.manifest(result["snapshot_id"])).header

    plan = (await viewer.get(PLAN)).json()
    tenants = (await viewer.get(f"{PLAN}/tenants")).json()["items"]
    schedule = (await viewer.get(f"{PLAN}/schedule")).json()

    assert {name: plan["summary"][name] for name in header["summary"]} == header["summary"]
    assert tenants == header["tenants"]
    assert schedule["days"] == header["days"]
    assert schedule["time_zone"] == "UTC"


async def test_planned_vms_come_in_pages_in_the_order_of_their_starts(
    viewer: Caller, bench: Workbench
) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(1_100), per_page=1000))
    result = await bench.work()

    items, cursor = [], None
    while True:
        query = {"limit": 300} | ({"cursor": cursor} if cursor else {})
        reply = await viewer.get(f"{PLAN}/vms", **query)
        page = ListReply[PlannedVmRecord].model_validate_json(reply.content)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break

    assert items == await bench.planned(result["snapshot_id"])


async def test_a_list_stays_with_the_plan_it_began_on(viewer: Caller, bench: Workbench) -> None:
    first = await bench.plan(an_estate(10), number=1)
    page = (await viewer.get(f"{PLAN}/vms", limit=4)).json()
    await bench.plan(an_estate(3), number=2)

    rest = (await viewer.get(f"{PLAN}/vms", limit=100, cursor=page["next_cursor"])).json()

    names = [vm["name"] for vm in page["items"] + rest["items"]]
    assert names == [vm.name for vm in await bench.planned(first["snapshot_id"])]
    assert rest["next_cursor"] is None


FOREIGN_CURSORS = [
    "nonsense",
    encode_cursor("not-a-uuid", 1),
    encode_cursor(str(an_id("unknown")), 1),
    encode_cursor(str(an_id("unknown")), -1),
    encode_cursor(str(an_id("unknown")), 2**70),
    encode_cursor("x"),
]


async def test_a_foreign_cursor_is_refused(viewer: Caller, bench: Workbench) -> None:
    await bench.plan(an_estate())
    for cursor in FOREIGN_CURSORS:
        for name in ("vms", "tenants"):
            reply = await viewer.get(f"{PLAN}/{name}", cursor=cursor)
            assert (reply.status_code, reply.json()["code"]) == (400, "invalid-cursor")


async def test_a_cursor_does_not_lead_into_another_project(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    result = await bench.plan(an_estate())
    stranger = Caller(client, "otto", Role.ADMIN, an_id("other"))
    cursor = encode_cursor(result["snapshot_id"], 0)

    reply = await stranger.get(f"/v1/projects/{an_id('other')}/plan/vms", cursor=cursor)

    assert reply.status_code == 400


async def test_a_project_out_of_scope_does_not_exist(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    await bench.plan(an_estate())
    stranger = Caller(client, "otto", Role.SUPERADMIN, an_id("other"))

    for path in (PLAN, f"{PLAN}/vms", f"{PLAN}/settings", f"{PLAN}/approval-requests"):
        reply = await stranger.get(path)
        assert (reply.status_code, reply.json()["code"]) == (404, "project-not-found")


async def test_building_again_is_an_operation(
    dana: Caller, viewer: Caller, bench: Workbench
) -> None:
    await bench.plan(an_estate())

    reply = await dana.post(f"{PLAN}/snapshots")

    assert reply.status_code == 202
    operation = (await viewer.get(reply.headers["Location"])).json()
    assert (operation["state"], operation["id"]) == ("queued", reply.json()["id"])
    assert (await viewer.get(PLAN)).json()["state"] == "queued"
    assert (await bench.work())["outcome"] == "planned"
    assert (await viewer.get(reply.headers["Location"])).json()["state"] == "succeeded"


async def test_one_key_builds_once(dana: Caller, bench: Workbench) -> None:
    await bench.plan(an_estate())

    replies = [await dana.post(f"{PLAN}/snapshots", key="once") for _ in range(2)]

    assert replies[0].json() == replies[1].json()
    assert await bench.job_states() == ["succeeded", "queued"]


async def test_there_is_nothing_to_build_before_an_assessment(dana: Caller) -> None:
    reply = await dana.post(f"{PLAN}/snapshots")
    assert (reply.status_code, reply.json()["code"]) == (409, "nothing-to-plan")


async def test_a_viewer_builds_nothing(viewer: Caller, bench: Workbench) -> None:
    await bench.plan(an_estate())
    assert (await viewer.post(f"{PLAN}/snapshots")).status_code == 403
