"""Looks at a service's invariants again and again, and shows what it finds as a metric."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.bus.backoff import wait_at_most
from shared.db.invariants import Invariant
from shared.db.uow import Database
from shared.kernel.errors import Unavailable
from shared.observability.metrics import Metrics

_log = structlog.stdlib.get_logger(__name__)


class InvariantWatch:
    """Counts the rows of ``database`` that contradict ``invariants``.

    Every process of a service looks: that costs a few indexed reads each time, and no process has
    to be alive for another one's figures.
    """

    def __init__(
        self,
        database: Database,
        invariants: Sequence[Invariant],
        metrics: Metrics,
        *,
        every_s: float,
    ) -> None:
        self._database = database
        self._invariants = invariants
        self._metrics = metrics
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Look until ``stop``, for the first time when relay and workers have had a turn."""
        while not stop.is_set():
            await wait_at_most(self._every_s, stop)
            for invariant in () if stop.is_set() else self._invariants:
                await self._look(invariant)

    async def _look(self, invariant: Invariant) -> None:
        """Shows the figure; none at all while the database cannot tell, rather than an old one."""
        try:
            async with self._database.read() as connection:
                violations = await invariant.violations(connection)
        except (Unavailable, SQLAlchemyError) as error:
            # Whatever keeps us from looking keeps nobody from working.
            _log.warning("invariant not checked", invariant=invariant.name, reason=str(error))
            self._metrics.forget_invariant(invariant.name)
            return
        if violations:
            _log.error("invariant violated", invariant=invariant.name, violations=violations)
        self._metrics.invariant_violations.labels(name=invariant.name).set(violations)
