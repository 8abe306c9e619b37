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
