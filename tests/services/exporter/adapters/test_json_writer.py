"""A streamed document is one JSON document."""

import json
from pathlib import Path

import pytest

from services.exporter.adapters.json_writer import write_json
from services.exporter.domain.plan_document import LIST, document_head
from tests.services.exporter.builders import a_header, a_planned_vm_json


@pytest.mark.parametrize("count", [0, 1, 3])
def test_head_and_items_are_read_back(tmp_path: Path, count: int) -> None:
    path = tmp_path / "plan.json"
    head = document_head(a_header(), digest="d")
    vms = [a_planned_vm_json(number + 1) for number in range(count)]
    write_json(path, head, list_name=LIST, items=iter(vms))
    assert json.loads(path.read_bytes()) == {**head, "vms": vms}


def test_numbers_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_json(path, document_head(a_header(), digest="d"), list_name=LIST, items=[])
    summary = json.loads(path.read_bytes())["summary"]
    assert (summary["vms"], summary["memory_gib"]) == (3, 9.5)
