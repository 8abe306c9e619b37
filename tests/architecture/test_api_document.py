"""The published OpenAPI document is that of the services as they are."""

from pathlib import Path

import pytest

from services import openapi
from services.__main__ import applications

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", openapi.PUBLISHED, ids=str)
def test_the_published_document_is_current(path: Path) -> None:
    current = openapi.as_text(openapi.merge(applications()))
    assert (ROOT / path).read_text(encoding="utf-8") == current, (
        "write it again: python -m services openapi"
    )


def test_operation_ids_are_unique() -> None:
    document = openapi.merge(applications())
    ids = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert sorted(set(ids)) == sorted(ids)
