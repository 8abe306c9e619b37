"""Immutable, paged snapshots: the claim check behind an event (ARCHITECTURE.md, "Bulk data").

A snapshot is a manifest and numbered pages; a page is gzip'd NDJSON of one record type. Both sides
check the digests, so a page is right or refused.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field

from shared.kernel.errors import Invalid

RECORDS_PER_PAGE = 1000

R = TypeVar("R", bound=BaseModel)


class SnapshotRef(BaseModel):
    """What an event says of a snapshot: enough to fetch it and to know it is the right one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    record_count: int = Field(ge=0)
    page_count: int = Field(ge=0)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the manifest's content")
    path: str = Field(description="Internal path of the manifest at the service that owns it")


class SnapshotManifest(BaseModel):
    """The table of contents of a snapshot. ``header`` holds what is not a list."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    record_schema: str = Field(description="Name and version of the records, e.g. vm.v1")
    record_count: int = Field(ge=0)
    page_sha256: list[str]
    header: dict[str, Any] = Field(default_factory=dict)

    @property
    def page_count(self) -> int:
        """Number of pages."""
        return len(self.page_sha256)

    def digest(self) -> str:
        """SHA-256 (hex) of the content. The id is left out, so equal content has equal digests."""
        content = self.model_dump(mode="json", exclude={"id"})
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def encode_page(records: Iterable[BaseModel] | Iterable[dict[str, Any]]) -> bytes:
    """One page: gzip'd NDJSON, byte-identical for equal records."""
    lines = (
        orjson.dumps(r.model_dump(mode="json") if isinstance(r, BaseModel) else r) for r in records
    )
    return gzip.compress(b"".join(line + b"\n" for line in lines), compresslevel=1, mtime=0)


def page_sha256(page: bytes) -> str:
    """The digest of a page as the manifest states it."""
    return hashlib.sha256(page).hexdigest()


def decode_page(page: bytes, record: type[R]) -> Iterator[R]:
    """The records of a page, one at a time; nothing keeps them alive.

    Raises:
        Invalid: the page is not gzip'd NDJSON of ``record``; code ``invalid-page``.
    """
    try:
        lines = gzip.decompress(page).splitlines()
        for line in lines:
            yield record.model_validate_json(line)
    except (OSError, EOFError, ValueError) as error:
        raise Invalid(f"Unreadable snapshot page: {error}", code="invalid-page") from error


def paged(records: Iterable[R], size: int = RECORDS_PER_PAGE) -> Iterator[Sequence[R]]:
    """``records`` in lists of at most ``size``."""
    chunk: list[R] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
