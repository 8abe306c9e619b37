"""A small service to try the shared HTTP parts on."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp

from shared.auth.internal_token import TokenSigner, TokenVerifier
from shared.auth.keys import generate_keypair
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.http.app import create_app
from shared.http.etags import BaseVersion, etag
from shared.http.limits import BodyLimit, streaming_body
from shared.http.models import (
    JsonResponse,
    ListReply,
    MergePatch,
    PageParameters,
    ReplyModel,
    RequestModel,
    UtcTime,
)
from shared.http.security import VisibleProject, allow_anybody, require, require_service
from shared.kernel.errors import ErrorDetail, Internal, Invalid, TooManyRequests, Unavailable
from shared.observability.health import Health
from shared.observability.metrics import Metrics
from shared.testing.waiting import eventually

SERVICE = "workshop"
GATEWAY_PRIVATE, GATEWAY_PUBLIC = generate_keypair()
PLANNER_PRIVATE, PLANNER_PUBLIC = generate_keypair()
KEYS = {"gateway": GATEWAY_PUBLIC, "planner": PLANNER_PUBLIC}
PROJECT = UUID("018f0000-0000-7000-8000-000000000001")
FOREIGN = UUID("018f0000-0000-7000-8000-000000000002")
UPLOAD_LIMIT = 4096
BODY_LIMIT = 1024


def person(*permissions: Permission, projects: frozenset[UUID] | None = None) -> Principal:
    return Principal(
        kind="user",
        id="018f0000-0000-7000-8000-00000000aaaa",
        name="Anna",
        permissions=frozenset(permissions or Permission),
        projects=projects,
    )


def as_person(*permissions: Permission, projects: frozenset[UUID] | None = None) -> dict[str, str]:
    """The header that the gateway would attach."""
    token = TokenSigner("gateway", GATEWAY_PRIVATE).sign(
        person(*permissions, projects=projects), SERVICE
    )
    return {"Authorization": f"Bearer {token}"}


def as_planner() -> dict[str, str]:
    token = TokenSigner("planner", PLANNER_PRIVATE).sign_as_service(SERVICE)
    return {"Authorization": f"Bearer {token}"}


class Part(RequestModel):
    name: str
    cpus: int


class Order(RequestModel):
    title: str
    parts: tuple[Part, ...] = ()


class OrderPatch(MergePatch):
    title: str = ""
    note: str | None = None


class OrderReply(ReplyModel):
    title: str
    ordered_at: UtcTime


Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]

routes = APIRouter(prefix="/v1")


@routes.get("/projects/{project_id}/orders")
async def list_orders(
    project_id: VisibleProject, caller: Reader, page: PageParameters
) -> ListReply[str]:
    return ListReply(items=[str(project_id), str(page.limit)], next_cursor=page.cursor)


@routes.post("/orders")
async def place_order(order: Order, caller: Writer) -> dict[str, Any]:
    return order.model_dump()


@routes.patch("/orders/1")
async def change_order(
    patch: OrderPatch, version: BaseVersion, caller: Writer, response: Response
) -> dict[str, Any]:
    response.headers["ETag"] = etag(version + 1)
    return patch.changes()


@routes.get("/orders/1")
async def show_order(at: UtcTime, caller: Reader) -> OrderReply:
    return OrderReply(title="one", ordered_at=at)


@routes.get("/raw")
async def show_raw(at: UtcTime, caller: Reader) -> Response:
    return JsonResponse({"at": at, "id": PROJECT})


@routes.get("/broken/{how}")
async def break_down(how: str, caller: Reader) -> None:
    errors: dict[str, Callable[[], Exception]] = {
        "invalid": lambda: Invalid(
            "Row 7 is odd.",
            code="bad-rows",
            errors=[ErrorDetail("no name", tab="vInfo", row=7, column="VM")],
            context={"rows": 1},
        ),
        "internal": lambda: Internal("the secret formula"),
        "bug": lambda: KeyError("the secret formula"),
        "away": lambda: Unavailable("The database is away."),
        "away-for-long": lambda: Unavailable("Later.", context={"retry_after_s": 30.2}),
        "slow-down": lambda: TooManyRequests("Slow down.", context={"retry_after_s": 7}),
    }
    raise errors[how]()


@routes.post("/uploads")
@streaming_body(max_bytes=UPLOAD_LIMIT)
async def upload(request: Request, caller: Writer) -> dict[str, int]:
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
    return {"bytes": total}


@routes.post("/large-uploads")
@streaming_body(max_bytes=None)
async def large_upload(request: Request, caller: Writer) -> dict[str, int]:
    return await upload(request, caller)


@routes.get("/downloads/{mebibytes}")
async def download(mebibytes: int, caller: Reader) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(mebibytes * 16):
            yield bytes(65536)

    return StreamingResponse(pieces(), media_type="application/octet-stream")


@routes.get("/cut-short")
async def cut_short(caller: Reader) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a" * 100
        raise RuntimeError("the disk is gone")

    return StreamingResponse(pieces(), media_type="application/octet-stream")


@routes.get("/open", dependencies=[allow_anybody()])
async def open_to_all() -> dict[str, str]:
    return {"hello": "you"}


internal = APIRouter(prefix="/internal/v1", dependencies=[require_service("planner")])


@internal.get("/parts")
async def show_parts() -> list[str]:
    return []


@dataclass
class Workshop:
    """The app and what it reports to."""

    health: Health = field(default_factory=Health)
    metrics: Metrics = field(default_factory=lambda: Metrics(SERVICE))
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.app = build(self.health, self.metrics)


def build(
    health: Health, metrics: Metrics, *, extra: APIRouter | None = None, max_bytes: int = BODY_LIMIT
) -> FastAPI:
    return create_app(
        service=SERVICE,
        title="Workshop",
        routers=[routes, internal, *([extra] if extra else [])],
        verifier=TokenVerifier(SERVICE, KEYS),
        health=health,
        metrics=metrics,
        body_limit=BodyLimit(max_bytes),
    )


@asynccontextmanager
async def listening(app: ASGIApp, socket_path: Path) -> AsyncIterator[str]:
    """``app`` behind a real server; gives its address."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(socket_path))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[sock]))
        await eventually(lambda: server.started)
        yield f"unix:{socket_path}"
        server.should_exit = True


@asynccontextmanager
async def talking_to(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://workshop") as client:
        yield client
