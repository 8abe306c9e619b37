"""A service, composed: what ``services.<name>.app.build`` gives to the supervisor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import FastAPI

from shared.observability.health import Health
from shared.observability.metrics import Metrics

Background = Callable[[asyncio.Event], Awaitable[None]]
"""Work beside requests: runs until the event is set, then finishes or gives back what it holds and
returns. If it raises, it is started again."""

Hook = Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service of the platform, ready to run in a process of its own or with others."""

    name: str
    app: FastAPI
    health: Health
    metrics: Metrics
    background: Mapping[str, Background] = field(default_factory=dict)
    """Consumers, job runners and the like, by a name for logs. They stop first."""
    relays: Mapping[str, Background] = field(default_factory=dict)
    """What publishes the outbox. It stops after ``background``, so that the last facts leave."""
    on_start: Sequence[Hook] = ()
    """Run in order before the service listens; one that raises ``Unavailable`` is tried again
    until it succeeds, and any other error ends the process."""
    on_close: Sequence[Hook] = ()
    """Run in reverse order after everything else has stopped: close pools, clients, the bus."""
