"""What clients did and what they were told: the history that a fault test is judged by.

An attempt whose reply never came, or whose reply was a 5xx, is *unknown*: it may have had its
effect, or none. Nothing here guesses.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an attempt wanted."""

    IMPORT = "import"
    APPROVE = "approve"
    EXPORT = "export"


class Outcome(StrEnum):
    """What its client may rely on."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request for an effect, sent once."""

    kind: Kind
    project_id: str
    key: str
    """Its Idempotency-Key: attempts that share it want one effect."""
    outcome: Outcome
    result_id: str | None = None
    """What was made, as the acknowledgement named it."""
    status: int | None = None
    """The HTTP status; None when no reply came."""
    retry_after: str | None = None
    """The reply's Retry-After."""


class History:
    """Attempts, in the order in which they ended. Several threads may record."""

    def __init__(self, attempts: Iterable[Attempt] = ()) -> None:
        self._attempts = list(attempts)
        self._lock = threading.Lock()

    def record(self, attempt: Attempt) -> Attempt:
        """Write down an attempt that has ended."""
        with self._lock:
            self._attempts.append(attempt)
        return attempt

    def attempts(self, kind: Kind | None = None) -> list[Attempt]:
        """What was recorded so far, of one kind or of all."""
        with self._lock:
            return [one for one in self._attempts if kind in {None, one.kind}]

    def projects(self) -> list[str]:
        """The projects that anybody attempted something in."""
        return sorted({one.project_id for one in self.attempts()})
