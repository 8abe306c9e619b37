"""What each login may do on RabbitMQ: the least that the topology needs.

The broker grants rights by regular expressions on names, three for each user: what it may
configure (declare, delete), write (publish to, bind) and read (consume, bind from). A fourth kind
says which routing keys it may publish. Definitions files and operators' resources hold the same
values; nobody writes them by hand.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.bus.topology import TOPOLOGY, Topology, dead_queue
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.inventory import InventoryImported
from shared.contracts.plan import PlanApproved
from shared.contracts.prep import PrepTaskDone
from shared.contracts.project import ProjectChanged

NOTHING: Final = "^$"
_DEFAULT: Final = "amq.default"
"""How permissions call the exchange without a name."""

STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "ingest": (InventoryImported.TYPE, ProjectChanged.TYPE),
    "assessment": (AssessmentCompleted.TYPE,),
    "planner": (PlanApproved.TYPE,),
    "provisioner": (PrepTaskDone.TYPE,),
}
"""Which facts a service states. One that is not named here states none."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Regular expressions, as the broker takes them."""

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    publish: str = NOTHING
    """Routing keys that it may publish to the platform's exchange."""


def service_rights(service: str, topology: Topology = TOPOLOGY) -> Rights:
    """What a running service needs once its queues exist: it states its own facts, and reads its
    own queues and their dead letters. Checking that queues exist takes no right.
    """
    own = [s.queue for s in topology.subscriptions if s.service == service]
    facts = STATES.get(service, ())
    return Rights(
        write=_only([topology.exchange]) if facts else NOTHING,
        read=_only([*own, *map(dead_queue, own)]),
        publish=_only(facts),
    )


def topology_rights(topology: Topology = TOPOLOGY) -> Rights:
    """What ``python -m services topology`` needs: to make its names, and to bind them; and what
    replaying dead letters needs: to write to any one queue, through the default exchange.

    A binding takes writing the queue and reading the exchange; naming an exchange for dead letters
    takes reading the queue and writing that exchange.
    """
    queues = [s.queue for s in topology.subscriptions]
    names = _only(
        [topology.exchange, topology.dead_exchange, *queues, *map(dead_queue, queues)],
    )
    written = _only(
        [_DEFAULT, topology.exchange, topology.dead_exchange, *queues, *map(dead_queue, queues)]
    )
    return Rights(configure=names, write=written, read=names)


def _only(names: Iterable[str]) -> str:
    """An expression for these names and no others."""
    known = sorted(names)
    return f"^({'|'.join(re.escape(name) for name in known)})$" if known else NOTHING
