"""Snapshots as an upstream keeps them, behind the port by which workers pull them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from shared.contracts.snapshots import (
    SnapshotManifest,
    SnapshotRef,
    encode_page,
    page_sha256,
    paged,
)
from shared.http.pages import snapshot_path
from shared.kernel.errors import NotFound, Unavailable


class FrozenSnapshots:
    """Serves the snapshots that it has frozen; can be made to fail at one page."""

    def __init__(self) -> None:
        self.pages_served: list[int] = []
        self.fails_at: int | None = None
        self._snapshots: dict[UUID, tuple[SnapshotManifest, list[bytes]]] = {}

    def freeze(
        self,
        records: Sequence[BaseModel],
        *,
        record_schema: str,
        per_page: int = 4,
        record_count: int | None = None,
        snapshot_id: UUID | None = None,
        header: Mapping[str, Any] | None = None,
    ) -> SnapshotRef:
        """A reference to a new snapshot; ``record_count`` may be a lie."""
        pages = [encode_page(page) for page in paged(records, per_page)]
        manifest = SnapshotManifest(
            id=snapshot_id or uuid4(),
            record_schema=record_schema,
            record_count=len(records) if record_count is None else record_count,
            page_sha256=[page_sha256(page) for page in pages],
            header=dict(header or {}),
        )
        self._snapshots[manifest.id] = (manifest, pages)
        return SnapshotRef(
            id=manifest.id,
            record_count=manifest.record_count,
            page_count=manifest.page_count,
            digest=manifest.digest(),
            path=snapshot_path(manifest.id),
        )

    async def manifest(self, ref: SnapshotRef) -> SnapshotManifest:
        """As the client of an upstream: what ``ref`` promises, or an error."""
        manifest = self.frozen(ref.id)[0]
        assert (ref.digest, ref.record_count) == (manifest.digest(), manifest.record_count)
        return manifest

    async def page(self, ref: SnapshotRef, manifest: SnapshotManifest, number: int) -> bytes:
        """As the client of an upstream."""
        return self.served(manifest.id, number)

    def frozen(self, snapshot_id: UUID) -> tuple[SnapshotManifest, list[bytes]]:
        """The manifest and the pages of a snapshot.

        Raises:
            NotFound: it was never frozen.
        """
        if snapshot_id not in self._snapshots:
            raise NotFound("no such snapshot", code="snapshot-not-found")
        return self._snapshots[snapshot_id]

    def served(self, snapshot_id: UUID, number: int) -> bytes:
        """A page, on record as served, unless the upstream is to fail at it."""
        if number == self.fails_at:
            raise Unavailable("the upstream is away")
        self.pages_served.append(number)
        return self._snapshots[snapshot_id][1][number]
