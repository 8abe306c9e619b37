"""An example of every body, composed from its schema.

A schema's own ``examples`` go first, then defaults, then words that fit the field's name, then the
plainest value of its type. Bodies of new routes have examples without anybody writing them; a test
holds every one against its schema.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_MOMENT: Final = "2026-11-24T09:30:00Z"
_NULL_FIRST: Final = frozenset({"error", "next_cursor", "projects"})
"""Fields whose usual value is null."""

_WORDS: Final[Mapping[str, Any]] = {
    "cluster": "prod-cl01",
    "code": "damaged-workbook",
    "content": "/v1/projects/0b1d/exports/7c2e/content",
    "datacenter": "Frankfurt",
    "detail": "The workbook is damaged. Export it again from RVTools.",
    "digest": _DIGEST,
    "dns_name": "web-01.acme.example",
    "file_name": "acme-cloud.xlsx",
    "folder": "Customers/Acme",
    "host": "esx-07.example",
    "kind": "import-inventory",
    "moref": "vm-1042",
    "name": "web-01",
    "new": "a longer passphrase of my own",
    "operation": "/v1/operations/ingest/5b0f2f7e-58a5-4b0c-8f0e-2f8a4c1d9e77",
    "org_vdc": "acme-vdc-01",
    "os_product": "Windows Server",
    "os_text": "Microsoft Windows Server 2019 (64-bit)",
    "os_version": "2019",
    "current": "a passphrase of some length",
    "password": "a passphrase of some length",
    "primary_ip": "10.20.30.41",
    "resource_pool": "Acme",
    "service": "ingest",
    "sha256": _DIGEST,
    "snapshot_digest": _DIGEST,
    "subject": "projects/0193a1b2-0000-7000-8000-000000000001",
    "tenant_name": "Acme",
    "time_zone": "Europe/Berlin",
    "token": "mVbV2q7kq0T0n3m0Z9yQkq8m1x5l3c7a",
    "type": "/problems/damaged-workbook",
    "uploaded_by": "user:0193a1b2-0000-7000-8000-00000000aaaa",
    "username": "dana.novak",
    "vcenter": "vc01.acme.example",
}
_FORMATS: Final[Mapping[str, str]] = {
    "date": "2026-11-24",
    "date-time": _MOMENT,
    "time": "09:30:00Z",
    "password": "a passphrase of some length",
    "binary": "PK…",
    "uri": "https://example.org/",
}


class Examples:
    """Composes examples over the components ``schemas``."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def of(self, schema: Mapping[str, Any], name: str = "") -> Any:
        """An instance of ``schema``, which describes the field ``name``."""
        if "$ref" in schema:
            return self.of(self._schemas[schema["$ref"].rpartition("/")[2]], name)
        if schema.get("examples"):
            return schema["examples"][0]
        for keyword in ("example", "const"):
            if keyword in schema:
                return schema[keyword]
        if "enum" in schema:
            return schema["enum"][0]
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches:
            return self._one_of(branches, name)
        return self._of_type(schema, name)

    def _one_of(self, branches: list[Mapping[str, Any]], name: str) -> Any:
        if name in _NULL_FIRST and {"type": "null"} in branches:
            return None
        return self.of(branches[0], name)

    def _of_type(self, schema: Mapping[str, Any], name: str) -> Any:
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return [self.of(schema.get("items", {}), name.removesuffix("s"))]
        if kind in {"integer", "number"}:
            return _number(schema)
        if kind == "boolean":
            return schema.get("default", True)
        return None if kind == "null" else _string(schema, name)

    def _object(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        example = {
            name: self.of(field, name) for name, field in schema.get("properties", {}).items()
        }
        values = schema.get("additionalProperties")
        if isinstance(values, Mapping) and values:
            keys = self._names(schema.get("propertyNames", {}))
            example |= {key: self.of(values, key) for key in keys}
        return example

    def _names(self, schema: Mapping[str, Any]) -> list[str]:
        if "$ref" in schema:
            return self._names(self._schemas[schema["$ref"].rpartition("/")[2]])
        return list(schema.get("enum", ()))


def add_examples(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
    """Give every JSON body of ``paths`` an example, unless it has one."""
    examples = Examples(schemas)
    for operations in paths.values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                for media_type, content in body.get("content", {}).items():
                    has_one = "example" in content or "examples" in content
                    if media_type == "application/json" and "schema" in content and not has_one:
                        content["example"] = examples.of(content["schema"])


def _string(schema: Mapping[str, Any], name: str) -> str:
    if schema.get("default"):
        return str(schema["default"])
    if schema.get("format") == "uuid":
        return str(uuid5(NAMESPACE_URL, name or "id"))
    if "64}" in schema.get("pattern", ""):
        return _DIGEST
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return str(_WORDS.get(name, name.replace("_", " ") or "example"))


def _number(schema: Mapping[str, Any]) -> Any:
    if schema.get("default") is not None:
        return schema["default"]
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + 1
    return min(max(12, schema.get("minimum", 12)), schema.get("maximum", 12))
