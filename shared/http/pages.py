"""Snapshots over HTTP: immutable pages, served by their owner, pulled by workers.

Reading side, in a job::

    manifest = await client.manifest(event.snapshot)
    for n in range(progress, manifest.page_count):
        page = await client.page(event.snapshot, manifest, n)

Both digests are checked here, so what a worker gets is what the event promised. Only what may pass
is tried again: no connection, a timeout, a broken page, 429, 5xx. The deadline, not a count, ends
the trying; then it is ``Unavailable`` and the job's own retry comes in.
"""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Protocol, TypeVar
from uuid import UUID

import httpx
from fastapi import APIRouter, Path, Response
from pydantic import ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_before_delay,
    wait_random_exponential,
)

from shared.auth.internal_token import TokenSigner
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef, page_sha256
from shared.http.client import CONNECT_TIMEOUT_S
from shared.http.models import JsonResponse
from shared.http.security import require_service
from shared.kernel.errors import Invalid, NotFound, Unavailable
from shared.observability.metrics import Metrics

SNAPSHOTS_PATH: Final = "/internal/v1/snapshots"
PAGE_MEDIA_TYPE: Final = "application/gzip"
PAGE_TIMEOUT_S: Final = 30.0
DEADLINE_S: Final = 120.0
"""How long one manifest or page is tried for."""
MAX_PAGE_BYTES: Final = 64 * 1024 * 1024
FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 10.0

_TIMEOUT: Final = httpx.Timeout(PAGE_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
_IMMUTABLE: Final = "private, max-age=31536000, immutable"
_REFUSED_FOR_GOOD: Final = range(400, 500)

T = TypeVar("T")


def snapshot_path(snapshot_id: UUID) -> str:
    """Where a service serves a snapshot: ``SnapshotRef.path``."""
    return f"{SNAPSHOTS_PATH}/{snapshot_id}"


class SnapshotSource(Protocol):
    """Where a service keeps its snapshots."""

    async def manifest(self, snapshot_id: UUID) -> SnapshotManifest | None:
        """The manifest; None if there is no such snapshot."""
        ...

    async def page(self, snapshot_id: UUID, number: int) -> bytes | None:
        """Page ``number``, from 0; None if there is none."""
        ...


def snapshots_router(source: SnapshotSource, *, readers: tuple[str, ...]) -> APIRouter:
    """Routes by which the services ``readers`` pull the snapshots of ``source``."""
    router = APIRouter(
        prefix=SNAPSHOTS_PATH, tags=["internal"], dependencies=[require_service(*readers)]
    )

    @router.get("/{snapshot_id}", response_model=SnapshotManifest)
    async def show_manifest(snapshot_id: UUID) -> Response:
        """The table of contents of a snapshot."""
        manifest = await source.manifest(snapshot_id)
        if manifest is None:
            raise NotFound("There is no such snapshot.", code="snapshot-not-found")
        return JsonResponse(manifest.model_dump(mode="json"), headers={"Cache-Control": _IMMUTABLE})

    @router.get(
        "/{snapshot_id}/pages/{number}",
        response_class=Response,
        responses={200: {"content": {PAGE_MEDIA_TYPE: {}}, "description": "gzip'd NDJSON"}},
    )
    async def show_page(
        snapshot_id: UUID, number: Annotated[int, Path(ge=0, description="From 0")]
    ) -> Response:
        """One page of a snapshot, as it was stored."""
        page = await source.page(snapshot_id, number)
        if page is None:
            raise NotFound("There is no such page.", code="snapshot-not-found")
        headers = {"Cache-Control": _IMMUTABLE, "Content-Digest": content_digest(page)}
        return Response(page, media_type=PAGE_MEDIA_TYPE, headers=headers)

    return router


def content_digest(body: bytes) -> str:
    """The ``Content-Digest`` header (RFC 9530) of ``body``.

    >>> content_digest(b"")
    'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
    """
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


class _TryAgain(Exception):
    """The upstream may answer the same request later."""


class SnapshotClient:
    """Pulls the snapshots of one upstream service."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        signer: TokenSigner,
        audience: str,
        *,
        metrics: Metrics | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """``client`` reaches the service ``audience``; ``signer`` speaks for this one."""
        self._client = client
        self._signer = signer
        self._audience = audience
        self._metrics = metrics
        self._deadline_s = deadline_s

    async def manifest(self, ref: SnapshotRef) -> SnapshotManifest:
        """The manifest that ``ref`` promises.

        Raises:
            NotFound: the upstream has no such snapshot.
            Invalid: it is not the promised one, or the reference is none of ours; code
                ``snapshot-mismatch``.
            Unavailable: the upstream did not answer before the deadline.
        """
        path = _checked_path(ref)

        async def fetch() -> bytes:
            return await self._get(path)

        body = await self._until_deadline(fetch)
        try:
            manifest = SnapshotManifest.model_validate_json(body)
        except ValidationError as error:
            raise _mismatch(ref, f"{error.error_count()} errors in its manifest") from None
        if manifest.id != ref.id or manifest.digest() != ref.digest:
            raise _mismatch(ref, "its manifest is another one than announced")
        if (manifest.page_count, manifest.record_count) != (ref.page_count, ref.record_count):
            raise _mismatch(ref, "its counts are others than announced")
        return manifest

    async def page(self, ref: SnapshotRef, manifest: SnapshotManifest, number: int) -> bytes:
        """Page ``number`` (from 0) of ``ref``; read it with ``decode_page``.

        A page whose digest is wrong is fetched again: the way may have damaged it.

        Raises:
            IndexError: there is no such page.
            NotFound: the upstream has it no more.
            Unavailable: it did not arrive whole before the deadline.
        """
        wanted = manifest.page_sha256[number]
        path = f"{_checked_path(ref)}/pages/{number}"

        async def fetch() -> bytes:
            page = await self._get(path)
            if page_sha256(page) != wanted:
                raise _TryAgain(f"page {number} of snapshot {ref.id} arrived damaged")
            return page

        return await self._until_deadline(fetch)

    async def _get(self, path: str) -> bytes:
        token = self._signer.sign_as_service(self._audience)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            # httpx limits the time between two reads; a slow drip needs a limit of the whole.
            async with (
                asyncio.timeout(PAGE_TIMEOUT_S),
                self._client.stream("GET", path, headers=headers, timeout=_TIMEOUT) as response,
            ):
                _check_status(response, self._audience)
                return await _limited(response)
        except (httpx.TransportError, TimeoutError) as error:
            raise _TryAgain(f"{self._audience}: {str(error) or type(error).__name__}") from error

    async def _until_deadline(self, fetch: Callable[[], Awaitable[T]]) -> T:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_TryAgain),
            wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
            stop=stop_before_delay(self._deadline_s),
            before_sleep=self._count_retry,
            reraise=True,
        )
        try:
            return await retrying(fetch)
        except _TryAgain as error:
            raise Unavailable(
                f"{self._audience} did not deliver within {self._deadline_s:.0f} s: {error}",
                context={"upstream": self._audience},
            ) from error

    def _count_retry(self, _state: RetryCallState) -> None:
        if self._metrics is not None:
            self._metrics.retries.labels(self._audience).inc()


async def _limited(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_PAGE_BYTES:
            raise Invalid(
                f"The reply to {response.request.url.path} passes {MAX_PAGE_BYTES} bytes.",
                code="snapshot-mismatch",
            )
    return bytes(body)


def _check_status(response: httpx.Response, upstream: str) -> None:
    status = response.status_code
    if status == 200:
        return
    if status == 404:
        raise NotFound(f"{upstream} has no {response.request.url.path}.", code="snapshot-not-found")
    if status in _REFUSED_FOR_GOOD and status != 429:
        raise Invalid(
            f"{upstream} refused {response.request.url.path} with {status}.",
            code="snapshot-refused",
        )
    raise _TryAgain(f"{upstream} answered {status}")


def _checked_path(ref: SnapshotRef) -> str:
    """The path of ``ref``, which came with an event: only a snapshot's own path is followed."""
    if ref.path != snapshot_path(ref.id):
        raise _mismatch(ref, f"its path {ref.path!r} is none of a snapshot")
    return ref.path


def _mismatch(ref: SnapshotRef, reason: str) -> Invalid:
    return Invalid(f"Snapshot {ref.id} cannot be used: {reason}.", code="snapshot-mismatch")
