"""The open streams of this process, and the news that wakes them.

Facts are stored by whichever gateway process the bus gave them to; PostgreSQL's NOTIFY tells all
of them that a project has news, never what. A lost notification costs at most a heartbeat: then
every stream looks by itself.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import UUID

import structlog

from services.gateway.domain.errors import TOO_MANY_STREAMS
from shared.bus.backoff import Backoff, wait_at_most
from shared.db.engine import close_raw, unavailable_when_lost
from shared.db.uow import Database
from shared.kernel.errors import TooManyRequests, Unavailable

PROBE_S: Final = 15.0
"""How often the listening connection is asked whether it still lives."""
PROBE_TIMEOUT_S: Final = 5.0
FORGET_EVERY_S: Final = 3600.0

_log = structlog.stdlib.get_logger(__name__)


class Seat:
    """One client's place in the hub."""

    def __init__(self, hub: "StreamHub", project_id: UUID, session_id: UUID) -> None:
        self.project_id = project_id
        self.session_id = session_id
        self._hub = hub
        self._news = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether the process is stopping."""
        return self._hub.is_stopping

    def wake(self) -> None:
        """Make :meth:`has_news` return."""
        self._news.set()

    async def has_news(self, *, within_s: float) -> bool:
        """Waits until there may be news, or the process stops; False when nothing came in time."""
        await wait_at_most(within_s, self._news)
        had_news = self._news.is_set()
        self._news.clear()
        return had_news

    def leave(self) -> None:
        """Give the place back. Safe to repeat."""
        self._hub.leave(self)


class StreamHub:
    """The seats of one gateway process, and its ear for ``channel``.

    ``forget_old`` is called once an hour; every process may do it.
    """

    def __init__(
        self,
        db: Database,
        channel: str,
        *,
        forget_old: Callable[[], Awaitable[int]],
        at_most: int,
        per_session: int,
    ) -> None:
        self._db = db
        self._channel = channel
        self._forget_old = forget_old
        self._at_most = at_most
        self._per_session = per_session
        self._seats: dict[UUID, set[Seat]] = defaultdict(set)
        self._of_session: Counter[UUID] = Counter()
        self._forget_due_s = 0.0
        self.is_stopping = False

    async def open_streams(self) -> Mapping[tuple[str, ...], float]:
        """How many seats are taken, for a gauge."""
        return {(): float(self._of_session.total())}

    def join(self, project_id: UUID, session_id: UUID) -> Seat:
        """A seat for one more client; whoever takes it leaves it.

        Raises:
            TooManyRequests: the session, or this process, holds as many as it may; code
                ``too-many-streams``.
            Unavailable: the process is stopping.
        """
        if self.is_stopping:
            raise Unavailable("This process is stopping; connect again.")
        if self._of_session[session_id] >= self._per_session:
            raise TooManyRequests(
                f"This session holds {self._per_session} streams open, as many as it may. "
                "Close one of them, or share one between pages.",
                code=TOO_MANY_STREAMS,
                context={"retry_after_s": 5},
            )
        if self._of_session.total() >= self._at_most:
            raise TooManyRequests(
                f"{self._at_most} streams are open here, as many as may be. Try again later, and "
                "read the project now and then until it works.",
                code=TOO_MANY_STREAMS,
                context={"retry_after_s": 30},
            )
        seat = Seat(self, project_id, session_id)
        self._seats[project_id].add(seat)
        self._of_session[session_id] += 1
        return seat

    def leave(self, seat: Seat) -> None:
        """Free ``seat``. Safe to repeat."""
        seats = self._seats.get(seat.project_id, set())
        if seat not in seats:
            return
        seats.remove(seat)
        if not seats:
            del self._seats[seat.project_id]
        self._of_session[seat.session_id] -= 1
        if not self._of_session[seat.session_id]:
            del self._of_session[seat.session_id]

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``, which ends all streams; outages of the database are waited out."""
        backoff = Backoff(first_s=0.2, most_s=5)
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                try:
                    await self._listen(stopping, backoff)
                except Unavailable as error:
                    _log.warning("streams wait for the database", reason=error.detail)
                    await wait_at_most(backoff.next_s(), stop)
        finally:
            stopping.cancel()
            if stop.is_set():
                self.is_stopping = True
                self._wake_all()

    async def _listen(self, stopping: asyncio.Task[bool], backoff: Backoff) -> None:
        """Listen on a connection of its own until ``stopping`` ends or the connection is lost.

        Raises:
            Unavailable: it is lost, or there is none.
        """
        connection = await self._db.connect()
        lost = asyncio.Event()
        losing = asyncio.create_task(lost.wait())
        try:
            connection.add_termination_listener(lambda _: lost.set())
            with unavailable_when_lost():
                await connection.add_listener(
                    self._channel, lambda *news: self._wake(UUID(str(news[-1])))
                )
                backoff.reset()
                self._wake_all()  # for what came while nobody listened
                while not stopping.done():
                    await self._forget()
                    await connection.fetchval("SELECT 1", timeout=PROBE_TIMEOUT_S)
                    await asyncio.wait(
                        {stopping, losing},
                        timeout=PROBE_S,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
        finally:
            losing.cancel()
            await close_raw(connection)

    async def _forget(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._forget_due_s:
            try:
                await self._forget_old()
            except Unavailable as error:  # no reason to stop listening
                _log.warning("old facts not forgotten", reason=error.detail)
            else:
                self._forget_due_s = now_s + FORGET_EVERY_S

    def _wake(self, project_id: UUID) -> None:
        for seat in self._seats.get(project_id, ()):
            seat.wake()

    def _wake_all(self) -> None:
        for project_id in self._seats:
            self._wake(project_id)
