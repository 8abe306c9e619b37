"""The stream of a project's facts, told to open pages as they happen."""

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Request

from services.gateway.adapters.stream_hub import Seat, StreamHub
from services.gateway.api.authentication import CurrentSession
from services.gateway.api.event_stream import (
    HEARTBEAT,
    EventStreamResponse,
    frame,
    opening,
)
from services.gateway.domain.sessions import Session
from services.gateway.domain.streams import StreamFact, StreamWindow, position_in
from services.gateway.persistence.streams import stream_after, stream_end
from services.gateway.usecases.sessions import Sessions
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database
from shared.http.security import VisibleProject, bearer_token, require
from shared.kernel.errors import Unauthenticated, Unavailable

RESET: Final = "reset"
BATCH: Final = 100
_READS_AT_ONCE: Final = 2
"""So that a fact that wakes many streams leaves connections of the pool to everybody else."""

_EXAMPLE: Final = (
    "retry: 2000\nid: 41\n\n"
    'id: 42\ndata: {"type":"assessment.completed",'
    '"subject":"projects/0198c0de-0000-7000-8000-000000000001","version":3}\n\n'
    ": heartbeat\n\n"
)
_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Server-sent events, without an end",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


@dataclass(frozen=True, slots=True)
class StreamRules:
    """``heartbeat_s`` is how long a stream may be silent; a client that takes nothing for
    ``send_timeout_s`` is cut off."""

    heartbeat_s: float
    send_timeout_s: float


def stream_routes(
    hub: StreamHub, database: Database, sessions: Sessions, rules: StreamRules
) -> APIRouter:
    """``GET /v1/projects/{id}/stream``."""
    router = APIRouter(tags=["streams"])
    reads = asyncio.Semaphore(_READS_AT_ONCE)

    @router.get(
        "/v1/projects/{project_id}/stream",
        status_code=HTTPStatus.OK,
        response_class=EventStreamResponse,
        responses=_REPLIES,
    )
    async def stream_facts(
        project_id: VisibleProject,
        caller: Annotated[Principal, require(Permission.READ)],
        session: Annotated[Session, CurrentSession],
        request: Request,
        last_event_id: Annotated[
            str | None,
            Header(description="The last id that was received: the stream goes on after it"),
        ] = None,
    ) -> EventStreamResponse:
        """What happens to the project, as server-sent events.

        Each tells `{type, subject, version}` of a fact and no more: read again what you show.
        Open the stream first and read afterwards, then nothing falls in between. After a break,
        send the last id as `Last-Event-ID`; an event named `reset` means that what came in between
        is not kept any more: read everything again. A comment comes when nothing else does.
        """
        seat = hub.join(project_id, session.id)
        try:
            telling = _Telling(seat, database, reads, sessions, bearer_token(request), rules)
            story = await telling.begin(last_event_id or None)
        except BaseException:
            seat.leave()
            raise
        return EventStreamResponse(story, ended=seat.leave, send_timeout_s=rules.send_timeout_s)

    return router


@dataclass(frozen=True, slots=True)
class _Telling:
    """One client's stream."""

    seat: Seat
    database: Database
    reads: asyncio.Semaphore
    sessions: Sessions
    token: str
    rules: StreamRules

    async def begin(self, last_event_id: str | None) -> AsyncGenerator[bytes, None]:
        """The stream's pieces, from after ``last_event_id``, or from now on.

        Raises:
            Unavailable: the database is away, so nobody knows where "now" is.
        """
        if last_event_id is not None:
            return self._tell(opening(None), position_in(last_event_id))
        async with self.database.read() as connection:
            position = await stream_end(connection, self.seat.project_id)
        return self._tell(opening(position), position)

    async def _tell(self, first: bytes, position: int | None) -> AsyncGenerator[bytes, None]:
        yield first
        now_s = asyncio.get_running_loop().time
        check_due_s = now_s() + self._until_check_s()
        while not self.seat.is_over:
            pieces, position, has_more = await self._news(position)
            if pieces:
                yield pieces
            if has_more:
                continue
            has_news = await self.seat.has_news(within_s=self.rules.heartbeat_s)
            if now_s() >= check_due_s:
                if not await self._is_still_allowed():
                    return
                check_due_s = now_s() + self._until_check_s()
            if not has_news:
                yield HEARTBEAT

    def _until_check_s(self) -> float:
        """About a heartbeat: streams that were woken together do not check together for ever."""
        return self.rules.heartbeat_s * random.uniform(0.75, 1.25)  # noqa: S311 - no secret

    async def _news(self, position: int | None) -> tuple[bytes, int | None, bool]:
        """What to send to a client at ``position``, where it is then, and whether there is more.

        A database that is away is no reason to send the client away: it is asked again later.
        """
        try:
            window = await self._window(position or 0)
        except Unavailable:
            return b"", position, False
        if position is None or not window.continues(position):
            return frame({}, position=window.last, name=RESET), window.last, False
        pieces = b"".join(_framed(fact) for fact in window.facts)
        reached = window.facts[-1].position if window.facts else position
        return pieces, reached, reached < window.last

    async def _window(self, position: int) -> StreamWindow:
        async with self.reads, self.database.read() as connection:
            return await stream_after(
                connection, self.seat.project_id, position=position, limit=BATCH
            )

    async def _is_still_allowed(self) -> bool:
        """Whether the session lives and still sees the project; unknown counts as yes."""
        try:
            async with self.reads:
                user = (await self.sessions.recognise(self.token)).user
        except Unauthenticated:
            return False
        except Unavailable:
            return True
        return Permission.READ in user.permissions and _sees(user.projects, self.seat.project_id)


def _sees(projects: frozenset[UUID] | None, project_id: UUID) -> bool:
    return projects is None or project_id in projects


def _framed(fact: StreamFact) -> bytes:
    told = {"type": fact.type, "subject": fact.subject, "version": fact.version}
    return frame(told, position=fact.position)
