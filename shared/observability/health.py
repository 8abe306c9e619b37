"""Whether a service can take work.

``/livez`` says that the process answers; ``/readyz`` runs the checks. A check is an async callable
that returns when all is well and raises when not; what it raises stays in the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

Check = Callable[[], Awaitable[None]]

PROBES: Final = frozenset({"/livez", "/readyz"})
"""Paths that machines ask every few seconds: in no trace, no rate and no log above DEBUG."""
CHECK_TIMEOUT_S: Final = 2.0
DRAINING: Final = "draining"

_log = structlog.stdlib.get_logger(__name__)


class Health:
    """The readiness checks of one service, by name."""

    def __init__(self, checks: Mapping[str, Check] | None = None) -> None:
        self._checks = dict(checks or {})
        self._failing: dict[str, str] = {}
        self.is_draining = False
        """Set while the process stops: it finishes what it has, and wants nothing new."""

    def add(self, name: str, check: Check) -> None:
        """One more check, for what is only known after the app was built."""
        self._checks[name] = check

    async def failing(self) -> dict[str, str]:
        """The failing checks and, in a word or two, why; empty means ready.

        All run at once, each for at most 2 s. A check is logged when it begins to fail and when it
        works again, not at every probe.
        """
        outcomes = await asyncio.gather(
            *(asyncio.wait_for(check(), CHECK_TIMEOUT_S) for check in self._checks.values()),
            return_exceptions=True,
        )
        failing = {
            name: "timed out" if isinstance(outcome, TimeoutError) else type(outcome).__name__
            for name, outcome in zip(self._checks, outcomes, strict=True)
            if isinstance(outcome, BaseException)
        }
        self._log_changes(failing, dict(zip(self._checks, outcomes, strict=True)))
        self._failing = failing
        return {DRAINING: "the service is stopping"} | failing if self.is_draining else failing

    def _log_changes(
        self, failing: Mapping[str, str], outcomes: Mapping[str, BaseException | None]
    ) -> None:
        for name in failing.keys() - self._failing.keys():
            _log.warning("readiness check fails", check=name, reason=str(outcomes[name]))
        for name in self._failing.keys() - failing.keys():
            _log.info("readiness check works again", check=name)
