"""A service behind the gateway: it answers with what it was asked, or streams as much as wanted."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.auth.internal_token import TokenVerifier
from shared.auth.principal import Principal
from shared.http.security import bearer_token
from shared.testing.waiting import eventually

CHUNK = bytes(1024 * 1024)


@dataclass
class EchoUpstream:
    """Where it is, and what it has seen."""

    url: str
    seen: list[dict[str, object]] = field(default_factory=list)
    principals: list[Principal] = field(default_factory=list)


@asynccontextmanager
async def running_echo(
    socket: Path, *, public_keys: Mapping[str, str]
) -> AsyncIterator[EchoUpstream]:
    """The echo on ``socket``; it plays ingest, so it takes tokens for ingest only."""
    upstream = EchoUpstream(f"unix:{socket}")
    verifier = TokenVerifier("ingest", public_keys)

    async def answer(request: Request) -> Response:
        if request.query_params.get("mib"):
            return StreamingResponse(_stream(int(request.query_params["mib"])))
        digest, size = hashlib.sha256(), 0
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
        upstream.principals.append(verifier.verify(bearer_token(request)))
        seen: dict[str, object] = {
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "headers": dict(request.headers),
            "size": size,
            "sha256": digest.hexdigest(),
        }
        upstream.seen.append(seen)
        return JSONResponse(seen, headers={"ETag": '"7"'})

    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", answer, methods=methods)])
    config = uvicorn.Config(app, uds=str(socket), lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    server.capture_signals = _no_signals  # type: ignore[method-assign]
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started, what="the echo listens")
    yield upstream
    server.should_exit = True
    await serving


async def _stream(mib: int) -> AsyncIterator[bytes]:
    for _ in range(mib):
        yield CHUNK


class _no_signals:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None
