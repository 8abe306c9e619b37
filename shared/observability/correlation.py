"""Which request this work belongs to, and which event caused it.

The ids follow the work through awaits: the edge binds them (a request's ``X-Correlation-ID``, a
delivery's envelope, a job's row), the outbox and the log read them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)


def current() -> str | None:
    """The correlation id of the work at hand; None outside any request, delivery or job."""
    return _correlation_id.get()


def causation() -> str | None:
    """The id of the event that caused the work at hand; None when a person did."""
    return _causation_id.get()


def new() -> str:
    """A correlation id for work that came without one."""
    return str(uuid4())


@contextmanager
def bind(correlation_id: str, *, causation_id: str | None = None) -> Iterator[None]:
    """Inside the block, the work belongs to ``correlation_id`` and was caused by that event."""
    correlation = _correlation_id.set(correlation_id)
    cause = _causation_id.set(causation_id)
    try:
        yield
    finally:
        _causation_id.reset(cause)
        _correlation_id.reset(correlation)
