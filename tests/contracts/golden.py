"""The golden schemas of what travels on the bus, and which changes of them are additive.

``python -m tests.contracts.golden`` writes those that changed, and refuses what is not additive:
that is a new event ``<type>.v2``, published beside the old one for a release.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from shared.contracts.envelope import Envelope
from shared.contracts.registry import EVENTS, schema_id

SCHEMAS: Final = Path(__file__).parents[2] / "shared" / "contracts" / "schemas"
RETIRED: Final[frozenset[str]] = frozenset()
"""Golden schemas that were taken away on purpose, a release after their successor came."""
_ANNOTATIONS: Final = {"title", "description", "examples", "$schema", "$id", "$defs"}
_STRUCTURE: Final = {"properties", "required", "items", "$ref"}

Schema = Mapping[str, Any]


def current() -> dict[str, Schema]:
    """Today's schemas, by the name of their file."""
    return {
        "envelope.v1.json": _schema(Envelope, "urn:migration-planner:envelope:v1"),
        **{
            f"{event.TYPE}.v{event.SCHEMA_VERSION}.json": _schema(event, schema_id(event))
            for event in EVENTS.values()
        },
    }


def _schema(model: type[BaseModel], identity: str) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identity,
        **model.model_json_schema(mode="validation"),
    }


def rendered(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def recorded() -> dict[str, Schema]:
    """The golden schemas, by file name."""
    return {path.name: json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.json"))}


def former(name: str) -> list[Schema]:
    """Every version of a golden schema that was ever committed; none outside a git checkout."""
    path = SCHEMAS / name
    commits = _git("log", "--format=%H", "--", str(path)).split()
    texts = (_git("show", f"{commit}:./{name}") for commit in commits)
    return [json.loads(text) for text in texts if text]


def ever_committed() -> frozenset[str]:
    """The names of all golden schemas that were ever committed; none outside a git checkout."""
    names = _git("log", "--format=", "--name-only", "--diff-filter=A", "--relative", "--", ".")
    return frozenset(name for name in names.splitlines() if name.endswith(".json"))


def _git(*arguments: str) -> str:
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=SCHEMAS, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return result.stdout if result.returncode == 0 else ""


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Why ``new`` is not ``old`` plus optional fields; empty if it is.

    Yesterday's readers must understand today's messages, and today's readers yesterday's.
    """
    before, after = dict(_facts(old)), dict(_facts(new))
    gone = [f"{path}: is gone" for path in before if path not in after]
    changed = [
        f"{path}: was {_brief(fact)}, is {_brief(after[path])}"
        for path, fact in before.items()
        if path in after and fact != after[path]
    ]
    demanded = [
        f"{path}: is new and required"
        for path, fact in after.items()
        if path not in before and fact["required"] and _parent(path) in before
    ]
    return sorted([*gone, *changed, *demanded])


def _facts(schema: Schema) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each place in a schema (``run.status``, ``tags[]``) with all that is said of its value."""
    yield from _walk(schema, "", is_required=True, definitions=schema.get("$defs", {}))


def _walk(
    schema: Schema, path: str, *, is_required: bool, definitions: Schema
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    here = _resolved(schema, definitions)
    said = {
        keyword: _plain(value, definitions)
        for keyword, value in here.items()
        if keyword not in _ANNOTATIONS | _STRUCTURE
    }
    yield path, {**said, "required": is_required}
    for name, inner in here.get("properties", {}).items():
        required = name in here.get("required", ())
        yield from _walk(
            inner, f"{path}.{name}".lstrip("."), is_required=required, definitions=definitions
        )
    if isinstance(here.get("items"), Mapping):
        yield from _walk(here["items"], f"{path}[]", is_required=True, definitions=definitions)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**definitions[reference.rpartition("/")[2]], **schema}


def _plain(value: Any, definitions: Schema) -> Any:
    """``value`` without references and annotations, for comparing."""
    if isinstance(value, Mapping):
        return {
            keyword: _plain(inner, definitions)
            for keyword, inner in _resolved(value, definitions).items()
            if keyword not in _ANNOTATIONS and keyword != "$ref"
        }
    if isinstance(value, list):
        return [_plain(inner, definitions) for inner in value]
    return value


def _parent(path: str) -> str:
    return path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]


def _brief(fact: Mapping[str, Any]) -> str:
    return json.dumps(fact, sort_keys=True, ensure_ascii=False)


def main() -> int:
    """Write the schemas that changed, unless a change is not additive."""
    golden = recorded()
    refused = {
        name: breaking_changes(golden[name], schema)
        for name, schema in current().items()
        if name in golden
    }
    for name, reasons in sorted(refused.items()):
        for reason in reasons:
            sys.stderr.write(f"{name}: {reason}\n")
    if any(refused.values()):
        sys.stderr.write("Not additive: make it a new version of the event.\n")
        return 1
    for name, schema in current().items():
        if golden.get(name) != schema:
            (SCHEMAS / name).write_text(rendered(schema))
            sys.stderr.write(f"{name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
