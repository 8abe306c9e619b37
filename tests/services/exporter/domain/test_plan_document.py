"""The order and the content of plan.json."""

from services.exporter.domain.plan_document import document_head
from tests.services.exporter.builders import a_header


def test_the_summary_comes_early_and_is_the_planners() -> None:
    header = a_header()
    head = document_head(header, digest="d" * 64)
    assert list(head)[:5] == ["format", "version", "snapshot", "project_id", "summary"]
    assert head["summary"] == header["summary"]
    assert {"vms", "tenants", "powered_off", "vcpus", "memory_gib", "disk_gib", "used_gib"} < set(
        header["summary"]
    )


def test_what_a_newer_planner_adds_is_kept() -> None:
    head = document_head({**a_header(), "cohorts": []}, digest="d")
    assert head["cohorts"] == []


def test_keys_have_an_order_of_their_own_whatever_the_database_did_to_them() -> None:
    header = a_header()
    shuffled = {
        **header,
        "summary": dict(sorted(header["summary"].items(), key=lambda item: item[0][::-1])),
    }
    heads = [document_head(h, digest="d") for h in (header, shuffled)]
    assert str(heads[0]) == str(heads[1])
    assert isinstance(heads[0]["summary"], dict)
    assert list(heads[0]["summary"])[:5] == [
        "vms",
        "tenants",
        "powered_off",
        "vcpus",
        "memory_gib",
    ]
