"""What can be told of each event without sending one: its golden schema, an example, its sender."""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from shared.contracts.registry import EVENTS, schema_id


@dataclass(frozen=True, slots=True)
class EventFacts:
    """One event as documents describe it. ``example`` is a whole envelope."""

    type: str
    title: str
    description: str
    schema_id: str
    schema_file: str
    schema: dict[str, Any]
    example: dict[str, Any]

    @property
    def sender(self) -> str:
        """The service that states it."""
        return str(self.example["source"]).rpartition("/")[2]


def event_facts() -> tuple[EventFacts, ...]:
    """Every event of the registry, in its order."""
    found = []
    for kind, model in EVENTS.items():
        name = f"{kind}.v{model.SCHEMA_VERSION}.json"
        schema = golden_schema(name)
        found.append(
            EventFacts(
                type=kind,
                title=str(schema["title"]),
                description=" ".join(str(schema["description"]).replace("``", "`").split()),
                schema_id=schema_id(model),
                schema_file=name,
                schema=schema,
                example=_document("examples", name),
            )
        )
    return tuple(found)


def golden_schema(name: str) -> dict[str, Any]:
    """The golden schema in ``shared/contracts/schemas/<name>``."""
    return _document("schemas", name)


def _document(folder: str, name: str) -> dict[str, Any]:
    path = resources.files("shared.contracts").joinpath(folder, name)
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document
