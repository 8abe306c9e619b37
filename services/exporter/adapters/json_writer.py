"""Writes a document with one long list at its end, item by item, in constant memory."""

from collections.abc import Iterable
from pathlib import Path

import orjson

from services.exporter.domain.json_values import Document


def write_json(path: Path, head: Document, *, list_name: str, items: Iterable[Document]) -> None:
    """Writes ``head`` and behind it ``list_name`` with ``items``, one a line, as UTF-8.

    Equal content gives equal bytes.
    """
    with path.open("wb") as file:
        file.write(b"{\n")
        for name, value in head.items():
            file.write(orjson.dumps(name) + b": " + orjson.dumps(value) + b",\n")
        file.write(orjson.dumps(list_name) + b": [")
        for number, item in enumerate(items):
            file.write((b",\n" if number else b"\n") + orjson.dumps(item))
        file.write(b"\n]}\n")
