"""The VMs that break parsers and planners, each at a fixed place in every estate.

Cases sit ``SPACING`` VMs apart and start over every ``PERIOD`` VMs: an estate of 324 shows each of
them, a small one the first few.
"""

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.cases.disks import DISKS
from tests.support.rvtools_estate.cases.guests import GUESTS
from tests.support.rvtools_estate.cases.names import NAMES
from tests.support.rvtools_estate.cases.networks import NETWORKS
from tests.support.rvtools_estate.cases.places import PLACES, TEXTS
from tests.support.rvtools_estate.cases.states import STATES
from tests.support.rvtools_estate.cases.worst import WORST
from tests.support.rvtools_estate.fleet import vm_rng
from tests.support.rvtools_estate.landscape import Landscape
from tests.support.rvtools_estate.model import Vm

PERIOD = 320
SPACING = 3
CASES: tuple[Case, ...] = (*NAMES, *DISKS, *NETWORKS, *STATES, *GUESTS, *TEXTS, *PLACES, *WORST)


def case_at(index: int) -> Case | None:
    """The case that VM ``index`` shows, if any."""
    place, offset = divmod(index % PERIOD, SPACING)
    return CASES[place] if offset == 1 and place < len(CASES) else None


def with_case(landscape: Landscape, index: int, vm: Vm) -> Vm:
    """``vm``, changed where a case applies to ``index``."""
    case = case_at(index)
    if case is None:
        return vm
    return case(vm, Context(landscape, index, vm_rng(landscape, -1 - index)))
