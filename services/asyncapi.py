"""The event contract as one AsyncAPI 3.0 document, for those who subscribe from outside.

Made of the registry, the golden schemas, the examples and the topology, so it says what is true of
this version. It describes the platform: its operations are the facts that it sends.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from services.event_pages import pages
from shared.bus.topology import EXCHANGE, TOPOLOGY
from shared.contracts.envelope import CONTENT_TYPE, Envelope
from shared.contracts.events import EventFacts, event_facts, golden_schema

FOLDER: Final = Path("docs/events")
DOCUMENT: Final = FOLDER / "asyncapi.json"

_BINDING: Final = "0.3.0"
_INFO: Final = {
    "title": "Migration Planner events",
    "version": "1",
    "description": (
        "Facts about projects: small CloudEvents 1.0 in structured JSON on a RabbitMQ topic "
        "exchange, routed by their type. Bind a queue of your own with read-only credentials. "
        "Delivery is at least once: recognise a repetition by `id`. Order is kept for each "
        "`subject`; `aggregateversion` grows with it. Fields are only ever added; a breaking "
        "change is a new type beside the old one."
    ),
    "license": {"name": "Apache-2.0"},
}
_SERVERS: Final = {
    "rabbitmq": {
        "host": "{host}:{port}",
        "protocol": "amqps",
        "protocolVersion": "0.9.1",
        "description": "The platform's RabbitMQ. The embedded platform has none.",
        "variables": {
            "host": {"description": "Told by whoever runs the platform"},
            "port": {"default": "5671"},
        },
        "security": [{"$ref": "#/components/securitySchemes/subscriber"}],
    }
}
_SECURITY: Final = {
    "subscriber": {
        "type": "userPassword",
        "description": "A RabbitMQ user that may read the exchange and own its queues: README.md",
    }
}


def document() -> dict[str, Any]:
    """The whole document."""
    events = event_facts()
    return {
        "asyncapi": "3.0.0",
        "info": _INFO,
        "defaultContentType": CONTENT_TYPE,
        "servers": _SERVERS,
        "channels": {event.type: _channel(event) for event in events},
        "operations": {f"send.{event.type}": _operation(event) for event in events},
        "components": {
            "messages": {event.type: _message(event) for event in events},
            "schemas": _schemas(events),
            "securitySchemes": _SECURITY,
        },
    }


def published() -> dict[Path, str]:
    """Every generated file below the root of the repository, with its text."""
    events = event_facts()
    text = json.dumps(document(), indent=2, ensure_ascii=False) + "\n"
    return {DOCUMENT: text} | {FOLDER / name: page for name, page in pages(events).items()}


def stale(root: Path) -> list[Path]:
    """The generated files below ``root`` that are not what this version makes of them."""
    wanted = published()
    kept = {path.relative_to(root) for path in (root / FOLDER).glob("*.*")}
    return sorted(
        {path for path, text in wanted.items() if path not in kept or _text(root / path) != text}
        | (kept - wanted.keys())
    )


def publish(root: Path) -> list[Path]:
    """Bring the generated files below ``root`` up to date; those that changed."""
    wanted, changed = published(), stale(root)
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for path in changed:
        if path in wanted:
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _channel(event: EventFacts) -> dict[str, Any]:
    return {
        "address": event.type,
        "description": event.description,
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": EXCHANGE,
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(event: EventFacts) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{event.type}"},
        "summary": f"The {event.sender} service states it",
        "messages": [{"$ref": f"#/channels/{event.type}/messages/{event.type}"}],
        "bindings": {
            "amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": _BINDING},
        },
        "x-queues": sorted(s.queue for s in TOPOLOGY.subscriptions if s.event == event.type),
    }


def _message(event: EventFacts) -> dict[str, Any]:
    return {
        "name": event.type,
        "title": event.title,
        "summary": event.description,
        "contentType": CONTENT_TYPE,
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {
                    "type": "object",
                    "properties": {
                        "source": {"const": f"/services/{event.sender}"},
                        "type": {"const": event.type},
                        "dataschema": {"const": event.schema_id},
                        "data": {"$ref": f"#/components/schemas/{event.title}"},
                    },
                },
            ]
        },
        "bindings": {"amqp": {"messageType": event.type, "bindingVersion": _BINDING}},
        "examples": [{"name": event.type, "payload": event.example}],
    }


def _schemas(events: tuple[EventFacts, ...]) -> dict[str, Any]:
    """The golden schemas by the names of their models, nested ones beside them."""
    found: dict[str, Any] = {}
    for schema in (golden_schema("envelope.v1.json"), *(event.schema for event in events)):
        for name, definition in _flat(schema):
            if found.setdefault(name, definition) != definition:
                raise ValueError(f"Two different schemas are called {name}; rename one model.")
    assert Envelope.__name__ in found  # noqa: S101 - every message refers to it
    return dict(sorted(found.items()))


def _flat(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    own = {key: value for key, value in schema.items() if key not in {"$schema", "$id", "$defs"}}
    yield str(schema["title"]), _relinked(own)
    for name, definition in schema.get("$defs", {}).items():
        yield name, _relinked(definition)


def _relinked(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref"
            else _relinked(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_relinked(item) for item in node]
    return node
