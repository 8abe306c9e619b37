"""Approval over HTTP: a second person, one digest, one fact."""

import asyncio
from typing import Any

from shared.contracts.envelope import Envelope
from shared.contracts.plan import PlanApproved
from shared.contracts.registry import parse_data
from tests.services.planner.api.conftest import Caller
from tests.services.planner.builders import an_id
from tests.services.planner.upstream import PROJECT, an_estate
from tests.services.planner.workbench import NOW, Workbench

PLAN = f"/v1/projects/{PROJECT}/plan"
REQUESTS = f"{PLAN}/approval-requests"


async def ask(caller: Caller, digest: str, **body: str) -> dict[str, Any]:
    reply = await caller.post(REQUESTS, {"snapshot_digest": digest, **body})
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


async def test_a_second_person_approves_and_the_fact_is_stated(
    dana: Caller, kim: Caller, bench: Workbench
) -> None:
    result = await bench.plan(an_estate(10))
    request = await ask(dana, result["digest"], note="please look")

    reply = await kim.post(f"{REQUESTS}/{request['id']}/decision", {"decision": "approve"})

    assert reply.status_code == 200, reply.text
    approved = reply.json()
    assert (approved["state"], approved["approval_number"]) == ("approved", 1)
    assert (approved["requested_by"], approved["decided_by"]) == (
        str(an_id("dana")),
        str(an_id("kim")),
    )
    assert approved["note"] == "please look"
    (envelope,) = await bench.announced()
    fact = parse_data(Envelope.model_validate(envelope))
    assert isinstance(fact, PlanApproved)
    assert (fact.approval_number, fact.approved_by) == (1, an_id("kim"))
    assert (fact.vm_count, fact.tenant_count) == (10, 3)
    assert fact.snapshot.digest == result["digest"]
    assert str(fact.snapshot.id) == result["snapshot_id"]
    assert fact.snapshot.path == f"/internal/v1/snapshots/{result['snapshot_id']}"
    assert (envelope["aggregateversion"], envelope["subject"]) == (1, f"projects/{PROJECT}")


async def test_the_requester_cannot_approve(kim: Caller, bench: Workbench) -> None:
    request = await ask(kim, (await bench.plan(an_estate()))["digest"])

    reply = await kim.post(f"{REQUESTS}/{request['id']}/decision", {"decision": "approve"})

    assert (reply.status_code, reply.json()["code"]) == (403, "approver-is-requester")
    assert await bench.announced() == []


async def test_one_person_may_do_both_where_the_project_allows_it(
    kim: Caller, bench: Workbench
) -> None:
    await bench.set(allow_single_approver=True)
    request = await ask(kim, (await bench.plan(an_estate()))["digest"])

    reply = await kim.post(f"{REQUESTS}/{request['id']}/decision", {"decision": "approve"})

    assert reply.status_code == 200
    assert len(await bench.announced()) == 1


async def test_loosening_the_rule_leaves_a_waiting_request_to_a_second_person(
    kim: Caller, lee: Caller, bench: Workbench
) -> None:
    request = await ask(kim, (await bench.plan(an_estate()))["digest"])
    await bench.set(allow_single_approver=True)

    path = f"{REQUESTS}/{request['id']}/decision"
    own = await kim.post(path, {"decision": "approve"})
    second = await lee.post(path, {"decision": "approve"})

    assert (own.status_code, own.json()["code"]) == (403, "approver-is-requester")
    assert second.status_code == 200


async def test_tightening_the_rule_leaves_a_waiting_request_to_one_person(
    kim: Caller, bench: Workbench
) -> None:
    await bench.set(allow_single_approver=True)
    request = await ask(kim, (await bench.plan(an_estate()))["digest"])
    await bench.set(allow_single_approver=False)

    reply = await kim.post(f"{REQUESTS}/{request['id']}/decision", {"decision": "approve"})

    assert reply.status_code == 200


async def test_deciding_needs_the_permission_to_approve(dana: Caller, bench: Workbench) -> None:
    request = await ask(dana, (await bench.plan(an_estate()))["digest"])

    reply = await dana.post(f"{REQUESTS}/{request['id']}/decision", {"decision": "approve"})

    assert reply.status_code == 403


async def test_a_rejection_states_no_fact_and_allows_a_new_request(
    dana: Caller, kim: Caller, bench: Workbench
) -> None:
    digest = (await bench.plan(an_estate()))["digest"]
    request = await ask(dana, digest)

    reply = await kim.post(
        f"{REQUESTS}/{request['id']}/decision", {"decision": "reject", "note": "too many a day"}
    )

    assert (reply.json()["state"], reply.json()["decision_note"]) == ("rejected", "too many a day")
    assert await bench.announced() == []
    assert (await ask(dana, digest))["state"] == "pending"


async def test_a_request_is_stale_after_a_newer_plan(
    dana: Caller, kim: Caller, bench: Workbench
) -> None:
    request = await ask(dana, (await bench.plan(an_estate(10), number=1))["digest"])
    await bench.plan(an_estate(11), number=2)

    (listed,) = (await dana.get(REQUESTS)).json()["items"]
    reply = await kim.post(f"{REQUESTS}/{request['id']}/decision", {"decision": "approve"})

    assert (listed["id"], listed["stale"]) == (request["id"], True)
    assert (reply.status_code, reply.json()["code"]) == (409, "not-the-latest-snapshot")
    assert await bench.announced() == []


async def test_a_change_of_settings_blocks_request_and_approval(
    dana: Caller, kim: Caller, bench: Workbench
) -> None:
    digest = (await bench.plan(an_estate()))["digest"]
    request = await ask(dana, digest)
    await bench.set(agent_count=3)

    decision = await kim.post(f"{REQUESTS}/{request['id']}/decision", {"decision": "approve"})
    another = await kim.post(REQUESTS, {"snapshot_digest": digest})

    assert (decision.status_code, decision.json()["code"]) == (409, "plan-stale")
    assert (another.status_code, another.json()["code"]) == (409, "plan-stale")


async def test_two_approvals_at_once_state_one_fact(
    dana: Caller, kim: Caller, lee: Caller, bench: Workbench
) -> None:
    request = await ask(dana, (await bench.plan(an_estate()))["digest"])
    path = f"{REQUESTS}/{request['id']}/decision"

    replies = await asyncio.gather(
        kim.post(path, {"decision": "approve"}), lee.post(path, {"decision": "approve"})
    )

    assert sorted(reply.status_code for reply in replies) == [200, 409]
    assert len(await bench.announced()) == 1


async def test_one_key_gives_one_decision_and_the_same_reply(
    dana: Caller, kim: Caller, bench: Workbench
) -> None:
    request = await ask(dana, (await bench.plan(an_estate()))["digest"])
    path = f"{REQUESTS}/{request['id']}/decision"

    replies = [await kim.post(path, {"decision": "approve"}, key="once") for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json() == replies[1].json()
    assert len(await bench.announced()) == 1


async def test_approvals_are_numbered(dana: Caller, kim: Caller, bench: Workbench) -> None:
    for number in (1, 2):
        result = await bench.plan(an_estate(10 + number), number=number)
        request = await ask(dana, result["digest"])
        path = f"{REQUESTS}/{request['id']}/decision"
        reply = await kim.post(path, {"decision": "approve"})
        assert reply.json()["approval_number"] == number
    assert [one["aggregateversion"] for one in await bench.announced()] == [1, 2]


async def test_a_plan_is_asked_for_once_at_a_time(
    dana: Caller, kim: Caller, bench: Workbench
) -> None:
    digest = (await bench.plan(an_estate()))["digest"]
    await ask(dana, digest)

    again = await kim.post(REQUESTS, {"snapshot_digest": digest})

    assert (again.status_code, again.json()["code"]) == (409, "approval-pending")


async def test_without_a_plan_there_is_nothing_to_ask_for(dana: Caller) -> None:
    reply = await dana.post(REQUESTS, {"snapshot_digest": "a" * 64})
    assert (reply.status_code, reply.json()["code"]) == (404, "no-plan")
    assert (await dana.get(REQUESTS)).json() == {"items": [], "next_cursor": None}


async def test_an_unknown_request_cannot_be_decided(kim: Caller, bench: Workbench) -> None:
    await bench.plan(an_estate())
    reply = await kim.post(f"{REQUESTS}/{an_id('nothing')}/decision", {"decision": "approve"})
    assert (reply.status_code, reply.json()["code"]) == (404, "no-approval-request")


async def test_the_list_tells_when_and_by_whom(dana: Caller, bench: Workbench) -> None:
    await ask(dana, (await bench.plan(an_estate()))["digest"])

    (listed,) = (await dana.get(REQUESTS)).json()["items"]

    assert listed["requested_by"] == str(an_id("dana"))
    assert listed["stale"] is False
    assert listed["requested_at"] > NOW.isoformat()
