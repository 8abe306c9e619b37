"""Plan settings over HTTP: defaults, merge patch, lost races."""

import asyncio

import pytest

from services.planner.api.settings_schemas import SettingsPatch, SettingsReply
from services.planner.domain.settings import PlanSettings, settings_json
from tests.services.planner.api.conftest import Caller
from tests.services.planner.upstream import PROJECT, an_estate
from tests.services.planner.workbench import Workbench

PLAN = f"/v1/projects/{PROJECT}/plan"
SETTINGS = f"{PLAN}/settings"


def test_the_body_has_every_setting_with_its_default() -> None:
    expected = settings_json(PlanSettings()) | {"allow_single_approver": False}
    assert SettingsReply().model_dump(mode="json") == expected
    assert SettingsPatch.model_fields.keys() == expected.keys()


async def test_a_new_project_has_the_defaults(viewer: Caller) -> None:
    reply = await viewer.get(SETTINGS)

    assert (reply.status_code, reply.headers["ETag"]) == (200, '"1"')
    assert reply.json() == settings_json(PlanSettings()) | {"allow_single_approver": False}


async def test_a_patch_changes_what_it_names_and_null_clears(dana: Caller) -> None:
    first = await dana.patch(
        SETTINGS, {"target_vms_per_day": 20, "blackout_dates": ["2026-12-24"]}, if_match='"1"'
    )
    second = await dana.patch(
        SETTINGS, {"target_vms_per_day": None, "duration_days": None}, if_match='"2"'
    )

    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert first.json()["target_vms_per_day"] == 20
    assert (second.status_code, second.headers["ETag"]) == (200, '"3"')
    changed = {"blackout_dates": ["2026-12-24"], "duration_days": None}
    expected = settings_json(PlanSettings()) | {"allow_single_approver": False} | changed
    assert second.json() == expected
    assert (await dana.get(SETTINGS)).json() == expected


async def test_of_two_who_edit_the_second_is_told(dana: Caller, kim: Caller) -> None:
    replies = await asyncio.gather(
        dana.patch(SETTINGS, {"agent_count": 3}, if_match='"1"'),
        kim.patch(SETTINGS, {"agent_count": 4}, if_match='"1"'),
    )
    assert sorted(reply.status_code for reply in replies) == [200, 412]

    late = await dana.patch(SETTINGS, {"agent_count": 5}, if_match='"1"')
    assert late.status_code == 412


async def test_a_patch_must_say_what_it_is_based_on(dana: Caller) -> None:
    assert (await dana.patch(SETTINGS, {"agent_count": 3})).status_code == 428


WRONG: list[tuple[dict[str, object], str]] = [
    ({"agent_count": 0}, "/agent_count"),
    ({"agent_count": "3"}, "/agent_count"),
    ({"agent_count": 2.5}, "/agent_count"),
    ({"source_nic_gbit_s": None}, "/source_nic_gbit_s"),
    ({"source_nic_gbit_s": True}, "/source_nic_gbit_s"),
    ({"efficiency": 2}, "/efficiency"),
    ({"topology": "dedicated"}, "/link_gbit_s"),
    ({"topology": "carrier pigeon"}, "/topology"),
    ({"time_zone": "Mars/Olympus"}, "/time_zone"),
    ({"working_days": []}, "/working_days"),
    ({"agents": 3}, "/agents"),
    ({"allow_single_approver": "yes"}, "/allow_single_approver"),
]


async def test_a_wrong_value_is_refused_at_its_field(dana: Caller) -> None:
    for body, pointer in WRONG:
        reply = await dana.patch(SETTINGS, body, if_match='"1"')

        assert reply.status_code == 422, body
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert pointer in [error["pointer"] for error in reply.json()["errors"]]
    assert (await dana.get(SETTINGS)).headers["ETag"] == '"1"'


async def test_changed_settings_make_the_plan_stale_until_it_is_built_again(
    dana: Caller, bench: Workbench
) -> None:
    await bench.plan(an_estate())
    await dana.patch(SETTINGS, {"target_vms_per_day": 1}, if_match='"1"')
    stale = (await dana.get(PLAN)).json()
    await dana.post(f"{PLAN}/snapshots")
    await bench.work()
    fresh = (await dana.get(PLAN)).json()

    assert (stale["stale"], stale["stale_because"]) == (True, ["settings_changed"])
    assert stale["snapshot"] is not None
    assert (fresh["stale"], fresh["stale_because"]) == (False, [])
    assert fresh["summary"]["working_days"] == 10


async def test_the_approval_rule_makes_no_plan_stale(kim: Caller, bench: Workbench) -> None:
    await bench.plan(an_estate())
    reply = await kim.patch(SETTINGS, {"allow_single_approver": True}, if_match='"1"')

    assert reply.json()["allow_single_approver"] is True
    assert (await kim.get(PLAN)).json()["stale"] is False


@pytest.mark.parametrize("rule", [True, False])
async def test_the_approval_rule_is_set_only_by_those_who_may_approve(
    dana: Caller, rule: bool
) -> None:
    reply = await dana.patch(
        SETTINGS, {"agent_count": 3, "allow_single_approver": rule}, if_match='"1"'
    )

    assert (reply.status_code, reply.json()["code"]) == (403, "permission-missing")
    assert "migration:approve" in reply.json()["detail"]
    unchanged = settings_json(PlanSettings()) | {"allow_single_approver": False}
    assert (await dana.get(SETTINGS)).json() == unchanged


async def test_a_viewer_changes_nothing(viewer: Caller) -> None:
    reply = await viewer.patch(SETTINGS, {"agent_count": 3}, if_match='"1"')
    assert reply.status_code == 403
