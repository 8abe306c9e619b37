"""What is published about events is current, is AsyncAPI 3.0, and its examples are events."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from services import asyncapi
from services.__main__ import main
from shared.bus.topology import DEAD_EXCHANGE, EXCHANGE, SUBSCRIPTIONS
from shared.contracts.envelope import Envelope
from shared.contracts.events import EventFacts, event_facts, golden_schema
from shared.contracts.registry import EVENTS, parse_data

ROOT = Path(__file__).resolve().parents[2]
# Of @asyncapi/specs 6.11.1 (Apache-2.0), without white space: schemas/3.0.0-without-$id.json
SPECIFICATION = Path(__file__).with_name("asyncapi-3.0.0.json")

by_event = pytest.mark.parametrize("event", event_facts(), ids=lambda event: event.type)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as it is published."""
    found: dict[str, Any] = json.loads((ROOT / asyncapi.DOCUMENT).read_text(encoding="utf-8"))
    return found


def test_what_is_published_is_current() -> None:
    assert asyncapi.stale(ROOT) == [], "write it again: python -m services asyncapi"


def test_the_check_names_what_is_stale_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.__main__.__file__", str(tmp_path / "services" / "__main__.py"))
    assert asyncapi.publish(tmp_path) == sorted(asyncapi.published())
    page = tmp_path / asyncapi.FOLDER / "plan.approved.md"
    page.write_text("something else", encoding="utf-8")
    orphan = tmp_path / asyncapi.FOLDER / "plan.forgotten.md"
    orphan.write_text("an event that is no more", encoding="utf-8")

    with pytest.raises(SystemExit, match="1"):
        main(["asyncapi", "--check"])

    said = capsys.readouterr().out
    assert "docs/events/plan.approved.md is not current" in said
    assert "docs/events/plan.forgotten.md is not current" in said
    main_again = asyncapi.publish(tmp_path)
    assert len(main_again) == 2
    assert asyncapi.stale(tmp_path) == []
    assert not orphan.exists()


def test_the_document_is_asyncapi_3(document: dict[str, Any]) -> None:
    specification = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    errors = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in Draft7Validator(specification).iter_errors(document)
    ]
    assert errors == []


def test_the_specification_would_notice_a_mistake(document: dict[str, Any]) -> None:
    specification = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    operations = {
        name: {**said, "action": "shout"} for name, said in document["operations"].items()
    }
    assert not Draft7Validator(specification).is_valid({**document, "operations": operations})


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


def test_the_document_tells_of_every_event_and_every_queue(document: dict[str, Any]) -> None:
    queues = [queue for said in document["operations"].values() for queue in said["x-queues"]]
    assert sorted(document["channels"]) == sorted(EVENTS)
    assert sorted(queues) == sorted(subscription.queue for subscription in SUBSCRIPTIONS)


@by_event
def test_an_example_fits_its_schema_the_envelope_s_and_the_published_payload(
    event: EventFacts, document: dict[str, Any]
) -> None:
    published = document["components"]["messages"][event.type]
    payload = {"components": document["components"], **published["payload"]}
    checks = FormatChecker()

    Draft202012Validator(event.schema, format_checker=checks).validate(event.example["data"])
    Draft202012Validator(golden_schema("envelope.v1.json"), format_checker=checks).validate(
        event.example
    )
    Draft7Validator(payload, format_checker=checks).validate(published["examples"][0]["payload"])


@by_event
def test_a_published_payload_refuses_the_example_of_another_event(
    event: EventFacts, document: dict[str, Any]
) -> None:
    payload = {
        "components": document["components"],
        **document["components"]["messages"][event.type]["payload"],
    }
    others = [other.example for other in event_facts() if other.type != event.type]
    assert not any(Draft7Validator(payload).is_valid(example) for example in others)


@by_event
def test_an_example_is_an_event_that_readers_read(event: EventFacts) -> None:
    envelope = Envelope.decode(json.dumps(event.example).encode())
    data = parse_data(envelope)

    assert envelope.type == event.type
    assert envelope.dataschema == event.schema_id
    assert envelope.subject == data.subject
    assert data.model_dump(mode="json").items() >= event.example["data"].items()


@by_event
def test_an_event_is_small(event: EventFacts) -> None:
    assert len(Envelope.model_validate(event.example).encode()) < 4096


def test_the_names_that_subscribers_outside_rely_on_stay() -> None:
    """Their queues are bound to this exchange, and their permissions name it."""
    assert (EXCHANGE, DEAD_EXCHANGE) == ("migplan.events", "migplan.dead")


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)
