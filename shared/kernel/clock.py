"""The clock as a port: what happens at a time is decided with the time as an argument."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests give it."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...
