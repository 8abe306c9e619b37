"""Every queue of the platform: who hears of which fact, and how the queues are declared.

A subscription is added here first and deployed, then handled: a queue without a consumer collects
messages up to its limit and then makes the bus refuse that type.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.bus.ports import MAX_DELIVERIES
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.inventory import InventoryImported
from shared.contracts.plan import PlanApproved
from shared.contracts.prep import PrepTaskDone
from shared.contracts.project import ProjectChanged

EXCHANGE: Final = "migplan.events"
"""Topic exchange; the routing key is the event's type."""

DEAD_EXCHANGE: Final = "migplan.dead"
"""Direct exchange; the routing key is the name of the queue that gave up."""

MAX_QUEUE_LENGTH: Final = 100_000
"""Messages a queue holds before it refuses more; they then wait in the outboxes."""

_UNLIMITED_DELIVERIES: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Subscription:
    """A service's wish to hear of one type of event."""

    service: str
    event: str

    @property
    def queue(self) -> str:
        """Where its copies wait."""
        return f"{self.service}.{self.event}"


@dataclass(frozen=True, slots=True)
class Topology:
    """The exchanges and subscriptions of one bus. Tests make small ones of their own."""

    subscriptions: Sequence[Subscription]
    exchange: str = EXCHANGE
    dead_exchange: str = DEAD_EXCHANGE

    def subscription(self, service: str, event: str) -> Subscription:
        """The subscription of ``service`` to ``event``.

        Raises:
            LookupError: there is none; add it to SUBSCRIPTIONS.
        """
        wanted = Subscription(service, event)
        if wanted not in self.subscriptions:
            raise LookupError(f"{service} has no subscription to {event} in shared/bus/topology.py")
        return wanted


def dead_queue(queue: str) -> str:
    """Where the dead letters of ``queue`` are kept."""
    return f"{queue}.dead"


def queue_arguments(queue: str, topology: Topology) -> dict[str, str | int]:
    """What a RabbitMQ queue is declared with.

    All explicit, because defaults differ between 3.10 and 4.x, and because a queue that exists with
    other arguments is an error, not silently accepted. At-least-once dead-lettering needs
    ``reject-publish``.
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": MAX_DELIVERIES - 1,
        "x-dead-letter-exchange": topology.dead_exchange,
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-max-length": MAX_QUEUE_LENGTH,
    }


def dead_queue_arguments() -> dict[str, str | int]:
    """What a queue of dead letters is declared with.

    Looking at a dead letter counts as a delivery, and 4.x drops a message after 20 of them unless
    told otherwise.
    """
    return {"x-queue-type": "quorum", "x-delivery-limit": _UNLIMITED_DELIVERIES}


SUBSCRIPTIONS: Final[tuple[Subscription, ...]] = (
    Subscription("assessment", InventoryImported.TYPE),
    Subscription("planner", AssessmentCompleted.TYPE),
    Subscription("provisioner", PlanApproved.TYPE),
    Subscription("gateway", InventoryImported.TYPE),
    Subscription("gateway", AssessmentCompleted.TYPE),
    Subscription("gateway", PlanApproved.TYPE),
    Subscription("gateway", PrepTaskDone.TYPE),
    *(
        Subscription(service, ProjectChanged.TYPE)
        for service in ("assessment", "planner", "provisioner", "exporter", "gateway")
    ),
)

TOPOLOGY: Final = Topology(SUBSCRIPTIONS)
