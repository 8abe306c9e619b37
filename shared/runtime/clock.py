"""The clock of the machine."""

from datetime import UTC, datetime


class SystemClock:
    """The :class:`shared.kernel.clock.Clock` of every running service."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        return datetime.now(UTC)
