"""Plan snapshots, pulled from the planner.

A request names a snapshot by id and digest only, so its manifest is fetched here: the digest
covers the counts and the page digests that the pages are then checked against.
"""

import httpx
from pydantic import ValidationError

from services.exporter.domain.errors import SNAPSHOT_MISMATCH, SNAPSHOT_NOT_FOUND
from services.exporter.domain.exports import PlanSnapshot
from shared.auth.internal_token import TokenSigner
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.http.pages import SnapshotClient, snapshot_path
from shared.kernel.errors import Invalid, NotFound, Unavailable
from shared.observability.metrics import Metrics

PLANNER = "planner"


class PlannerSnapshots:
    """The planner's snapshots over HTTP. Repeating after ``Unavailable`` is the job's business."""

    def __init__(self, client: httpx.AsyncClient, signer: TokenSigner, metrics: Metrics) -> None:
        """``client`` reaches the planner; ``signer`` speaks for this service."""
        self._client = client
        self._signer = signer
        self._pages = SnapshotClient(client, signer, PLANNER, metrics=metrics)

    async def manifest(self, snapshot: PlanSnapshot) -> SnapshotManifest:
        """The manifest with the snapshot's digest."""
        path = snapshot_path(snapshot.id)
        token = self._signer.sign_as_service(PLANNER)
        try:
            response = await self._client.get(path, headers={"Authorization": f"Bearer {token}"})
        except httpx.TransportError as error:
            raise Unavailable(f"The planner does not answer: {error}") from error
        if response.status_code == httpx.codes.NOT_FOUND:
            raise NotFound("The planner has no such plan snapshot.", code=SNAPSHOT_NOT_FOUND)
        if not response.is_success:
            raise Unavailable(f"The planner answered {response.status_code}.")
        return _checked(response.content, snapshot)

    async def page(self, manifest: SnapshotManifest, number: int) -> bytes:
        """Page ``number``, from 0."""
        ref = SnapshotRef(
            id=manifest.id,
            record_count=manifest.record_count,
            page_count=manifest.page_count,
            digest=manifest.digest(),
            path=snapshot_path(manifest.id),
        )
        return await self._pages.page(ref, manifest, number)


def _checked(body: bytes, snapshot: PlanSnapshot) -> SnapshotManifest:
    try:
        manifest = SnapshotManifest.model_validate_json(body)
    except ValidationError as error:
        raise Invalid(
            f"The planner's manifest has {error.error_count()} errors.", code=SNAPSHOT_MISMATCH
        ) from None
    if manifest.id != snapshot.id or manifest.digest() != snapshot.digest:
        raise Invalid(
            "The plan snapshot with this id has another digest. Take both from the project's plan.",
            code=SNAPSHOT_MISMATCH,
        )
    return manifest
