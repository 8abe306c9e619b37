"""Rules over HTTP: versions, lost races, the assessment that follows, previews."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.assessment.domain.rule_set import default_rule_set, rule_set_json
from services.assessment.worker.assess_inventory import AssessInventory
from shared.contracts.records import VmRecord
from shared.db.job_leases import JobCancelled
from shared.kernel.errors import Unavailable
from tests.services.assessment.api.caller import Caller
from tests.services.assessment.builders import a_vm, nics
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import NOW, Workbench
from tests.support.job_bench import FixedClock

ASSESSMENT = f"/v1/projects/{PROJECT}/assessment"
RULES = f"{ASSESSMENT}/rules"
ACME_HOSTS = {
    "id": "acme-hosts",
    "kind": "pattern",
    "field": "host",
    "syntax": "glob",
    "pattern": "acme-*",
    "tenant": "Acme",
}


def an_estate() -> list[VmRecord]:
    """Ten VMs in one folder on hosts of two owners, every fifth a template."""
    return [
        a_vm(
            number,
            folder="/DC1/vm/Shared services/App" + str(number % 3),
            host=f"acme-esx-{number}" if number % 2 else f"zen-esx-{number}",
            is_template=number % 5 == 0,
            nics=nics(3 if number == 1 else 1),
        )
        for number in range(1, 11)
    ]


async def rules_of(caller: Caller) -> Any:
    """The document that is edited."""
    return (await caller.found(RULES))["rules"]


async def with_acme(caller: Caller) -> Any:
    """The present document with a rule for Acme in front."""
    rules = await rules_of(caller)
    rules["detection"]["rules"].insert(0, dict(ACME_HOSTS))
    return rules


async def test_a_new_project_has_the_defaults_as_version_0(vera: Caller) -> None:
    reply = await vera.get(RULES)

    assert (reply.status_code, reply.headers["ETag"]) == (200, '"1"')
    shown = reply.json()
    assert (shown["version"], shown["changed_at"], shown["changed_by"]) == (0, None, None)
    expected = rule_set_json(default_rule_set())
    assert shown["rules"]["risk"]["heavy_io"]["names"] == list(
        expected["risk"]["heavy_io"]["names"]
    )
    assert [rule["id"] for rule in shown["rules"]["detection"]["rules"]] == [
        rule["id"] for rule in expected["detection"]["rules"]
    ]
    assert (await vera.found(f"{RULES}/versions"))["items"] == []


async def test_what_was_read_can_be_sent_back_and_changes_nothing(
    dana: Caller, bench: Workbench
) -> None:
    reply = await dana.change("PUT", RULES, await rules_of(dana), if_match='"1"')

    assert (reply.status_code, reply.headers["ETag"], reply.json()["version"]) == (200, '"1"', 0)
    assert await bench.audited() == []


async def test_a_change_is_a_version_with_an_author_and_an_audit_entry(
    dana: Caller, vera: Caller, bench: Workbench
) -> None:
    rules = await with_acme(dana)
    rules["risk"]["green_max"] = 10

    reply = await dana.change("PUT", RULES, rules, if_match='"1"')

    assert (reply.status_code, reply.headers["ETag"]) == (200, '"2"')
    assert reply.json()["assessment"] is None, "nothing has been imported"
    assert reply.json()["rules"]["detection"]["rules"][0]["tenant"] == "Acme"
    shown = await vera.found(RULES)
    assert (shown["version"], shown["changed_by"]) == (1, "dana")
    (version,) = (await vera.found(f"{RULES}/versions"))["items"]
    assert (version["version"], version["changed_by_name"]) == (1, "dana")
    assert (await vera.found(RULES, version=0))["rules"]["risk"]["green_max"] == 20
    (entry,) = await bench.audited()
    assert (entry["action"], entry["actor"]) == ("assessment.rules.changed", dana.key)
    assert entry["before"]["green_max"] == 20
    assert (entry["after"]["green_max"], entry["after"]["version"]) == (10, 1)
    assert [rule["id"] for rule in entry["after"]["detection_rules"]] == ["acme-hosts"]
    assert "yellow_max" not in entry["after"]


async def test_a_change_is_assessed_by_itself_and_announced_again(
    dana: Caller, bench: Workbench
) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))

    changed = await dana.change("PUT", RULES, await with_acme(dana), if_match='"1"')

    following = changed.json()["assessment"]
    shown = await dana.found(ASSESSMENT)
    assert (shown["number"], shown["state"], shown["cause"]) == (2, "queued", "rules")
    assert (shown["stale"], shown["listed_number"]) == (True, 1)
    assert (following["number"], following["operation"]) == (2, shown["operation"])
    assert len((await dana.found(f"{ASSESSMENT}/tenants"))["items"]) == 1, "lists stay meanwhile"

    await bench.work()

    shown = await dana.found(ASSESSMENT)
    assert (shown["state"], shown["stale"], shown["rules_version"]) == ("complete", False, 1)
    first, second = await bench.announced()
    assert [one["aggregateversion"] for one in (first, second)] == [1, 2]
    assert second["data"]["inventory_id"] == first["data"]["inventory_id"]
    assert second["data"]["assessment_number"] == 2
    assert second["data"]["snapshot"]["digest"] != first["data"]["snapshot"]["digest"]
    acme = [vm for vm in await bench.records() if vm.tenant_name == "Acme"]
    assert len(acme) == 5
    assert {vm.detection_rule for vm in acme} == {"acme-hosts"}
    tenants = (await dana.found(f"{ASSESSMENT}/tenants"))["items"]
    assert {tenant["name"]: tenant["vms"] for tenant in tenants} == {
        "Acme": 4,
        "Shared services": 4,
    }


async def test_of_two_who_edit_the_second_is_told(dana: Caller, kim: Caller) -> None:
    rules = await with_acme(dana)
    others = await rules_of(kim)
    others["risk"]["green_max"] = 5

    replies = await asyncio.gather(
        dana.change("PUT", RULES, rules, if_match='"1"'),
        kim.change("PUT", RULES, others, if_match='"1"'),
    )

    assert sorted(reply.status_code for reply in replies) == [200, 412]
    assert len((await dana.found(f"{RULES}/versions"))["items"]) == 1


async def test_many_changes_share_the_assessment_that_has_not_begun(
    dana: Caller, bench: Workbench
) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))
    for number in range(1, 5):
        rules = await rules_of(dana)
        rules["risk"]["green_max"] = number
        await dana.change("PUT", RULES, rules, if_match=f'"{number}"')

    assert await bench.work_all() == 1

    shown = await dana.found(ASSESSMENT)
    assert (shown["number"], shown["rules_version"]) == (2, 4)


async def test_a_change_stops_the_assessment_that_has_begun(dana: Caller, bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    bench.ingest.fails_at = 1
    running = await bench.claim()
    with pytest.raises(Unavailable):
        await AssessInventory(bench.ingest, FixedClock(NOW))(running)
    bench.ingest.fails_at = None

    await dana.change("PUT", RULES, await with_acme(dana), if_match='"1"')
    with pytest.raises(JobCancelled):
        await AssessInventory(bench.ingest, FixedClock(NOW))(running)
    await bench.work()

    (announced,) = await bench.announced()
    assert announced["data"]["assessment_number"] == 2
    assert "Acme" in {vm.tenant_name for vm in await bench.records()}


async def test_an_assessment_that_failed_is_followed_by_another(
    dana: Caller, bench: Workbench
) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    operation = (await dana.found(ASSESSMENT))["operation"]
    assert (await dana.post(f"{operation}/cancel")).is_success

    await dana.change("PUT", RULES, await with_acme(dana), if_match='"1"')

    assert await bench.work_all() == 1
    assert (await dana.found(ASSESSMENT))["state"] == "complete"


async def test_rules_stay_for_the_next_import(dana: Caller, bench: Workbench) -> None:
    await dana.change("PUT", RULES, await with_acme(dana), if_match='"1"')

    await bench.assess(bench.ingest.imports(an_estate(), number=1))
    await bench.assess(bench.ingest.imports(an_estate(), number=2))

    assert "Acme" in {vm.tenant_name for vm in await bench.records()}
    assert (await dana.found(ASSESSMENT))["cause"] == "import"


async def test_going_back_to_the_defaults_is_a_version_too(dana: Caller, bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))
    first = (await bench.announced())[0]["data"]["snapshot"]
    await dana.change("PUT", RULES, await with_acme(dana), if_match='"1"')

    stale = await dana.post(f"{RULES}/reset", if_match='"1"')
    reset = await dana.post(f"{RULES}/reset", if_match='"2"')

    assert stale.status_code == 412
    assert (reset.status_code, reset.headers["ETag"]) == (200, '"3"')
    assert (reset.json()["version"], reset.json()["is_reset"]) == (2, True)
    assert [entry["action"] for entry in await bench.audited()] == [
        "assessment.rules.changed",
        "assessment.rules.reset",
    ]
    await bench.work_all()
    assert len({vm.tenant_name for vm in await bench.records()}) == 1
    assert (await bench.announced())[-1]["data"]["snapshot"]["digest"] != first["digest"], (
        "the snapshot says which version of the rules it goes by"
    )


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"detection": {"nonsense": 1}}, "/detection/nonsense"),
        ({"risk": {"green_max": "20"}}, "/risk/green_max"),
        ({"risk": {"green_max": -1}}, "/risk/green_max"),
        ({"risk": {"yellow_max": 20}}, "/risk/green_max"),
        ({"supported_os": [{"product": "beos"}]}, "/supported_os/0/product"),
        ({"nonsense": 1}, "/nonsense"),
    ],
)
async def test_a_mistake_is_refused_with_its_pointer_and_changes_nothing(
    dana: Caller, bench: Workbench, change: dict[str, Any], pointer: str
) -> None:
    rules = await rules_of(dana)
    for name, value in change.items():
        rules[name] = {**rules[name], **value} if isinstance(value, dict) else value

    replies = [
        await dana.change("PUT", RULES, rules, if_match='"1"'),
        await dana.post(f"{RULES}/previews", rules),
    ]

    for reply in replies:
        assert reply.status_code == 422
        assert pointer in [error.get("pointer") for error in reply.json()["errors"]]
    assert (await dana.found(RULES))["version"] == 0
    assert await bench.audited() == []


async def test_a_hostile_pattern_is_refused(dana: Caller) -> None:
    rules = await with_acme(dana)
    rules["detection"]["rules"][0] |= {"syntax": "regex", "pattern": "(a+)+$"}

    reply = await dana.change("PUT", RULES, rules, if_match='"1"')

    (error,) = reply.json()["errors"]
    assert (reply.status_code, reply.json()["code"]) == (422, "invalid-rules")
    assert error["pointer"] == "/detection/rules/0/pattern"
    assert "for ever" in error["detail"]


async def test_a_reader_changes_no_rules(vera: Caller) -> None:
    replies = [
        await vera.change("PUT", RULES, await rules_of(vera), if_match='"1"'),
        await vera.post(f"{RULES}/reset", if_match='"1"'),
        await vera.post(f"{RULES}/previews", await rules_of(vera)),
    ]

    assert [reply.status_code for reply in replies] == [403, 403, 403]


async def test_an_unknown_version_is_not_found(vera: Caller) -> None:
    reply = await vera.get(RULES, version=7)

    assert (reply.status_code, reply.json()["code"]) == (404, "no-rules-version")


async def previewed(caller: Caller, bench: Workbench, rules: Any) -> Any:
    """The result of a preview."""
    asked = await caller.post(f"{RULES}/previews", rules)
    assert asked.status_code == 202, asked.text
    assert asked.headers["Location"] == asked.json()["operation"]
    await bench.run_preview()
    shown = await caller.found(f"{RULES}/previews/{asked.json()['id']}")
    assert shown["state"] == "succeeded"
    return shown["result"]


async def test_a_preview_tells_what_would_change_and_changes_nothing(
    dana: Caller, bench: Workbench
) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))
    before = (await bench.vm_rows(), await dana.found(ASSESSMENT))
    rules = await with_acme(dana)
    rules["risk"] |= {"green_max": 5, "yellow_max": 9}
    rules["detection"]["fallback_tenant"] = "Nobody"

    result = await previewed(dana, bench, rules)

    assert (result["vms"], result["moved_vms"], result["assigned_vms"]) == (8, 4, 0)
    first, vcd, folder, *_ = result["detection_rules"]
    assert (first["id"], first["matches"], first["decides"]) == ("acme-hosts", 4, 4)
    assert [sample["name"] for sample in first["samples"]] == ["vm1", "vm3", "vm7", "vm9"]
    assert (vcd["matches"], vcd["decides"]) == (0, 0)
    assert (folder["id"], folder["matches"], folder["decides"]) == ("folder_path", 8, 4)
    assert (result["tenants_before"], result["tenants_after"]) == (1, 2)
    assert result["appearing"] == [{"tenant": "Acme", "org_vdc": None, "vcenter": None, "vms": 4}]
    assert (result["vanishing"], result["vanishing_count"]) == ([], 0)
    assert result["risk_bands"] == {"before": {"green": 8}, "after": {"green": 7, "red": 1}}
    assert result["risk_rules"]["after"] == {"many_nics": 1}
    assert result["mode_classes"]["after"] == {"warm_eligible": 7, "warm_risky": 1}
    assert (await bench.vm_rows(), await dana.found(ASSESSMENT)) == before
    assert [entry["action"] for entry in await bench.audited()] == ["assessment.rules.previewed"]


async def test_a_preview_proposes_what_would_split_a_large_tenant(
    dana: Caller, bench: Workbench
) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))

    result = await previewed(dana, bench, await rules_of(dana))

    (proposal,) = result["proposals"]
    assert (proposal["tenant"], proposal["vms"], proposal["share_percent"]) == (
        "Shared services",
        8,
        100.0,
    )
    assert (proposal["rule"], proposal["depth"], proposal["tenants"]) == ("folder_path", 3, 3)
    assert proposal["unanswered_vms"] == 0
    assert proposal["largest"] == [
        {"tenant": "App0", "vms": 3},
        {"tenant": "App1", "vms": 3},
        {"tenant": "App2", "vms": 2},
    ]


async def test_a_preview_needs_an_inventory(dana: Caller) -> None:
    reply = await dana.post(f"{RULES}/previews", await rules_of(dana))

    assert (reply.status_code, reply.json()["code"]) == (404, "not-assessed")


async def test_a_preview_of_another_project_is_not_found(dana: Caller, bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))
    asked = await dana.done(f"{RULES}/previews", await rules_of(dana))
    elsewhere = f"/v1/projects/{uuid4()}/assessment/rules/previews/{asked['id']}"

    for path in (elsewhere, f"{RULES}/previews/{uuid4()}"):
        reply = await dana.get(path)
        assert (reply.status_code, reply.json()["code"]) == (404, "preview-not-found")
