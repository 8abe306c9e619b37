"""The workload ``set`` while everything is killed in turn: acknowledged imports happen, once."""

from threading import Thread

import pytest

from tests.faults.history import History, Kind, Outcome
from tests.faults.installation import Installation
from tests.faults.nemesis import Nemesis, seed

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    ("imports", "strikes"), [(6, 8), pytest.param(24, 24, marks=pytest.mark.long)]
)
@pytest.mark.timeout(600)
def test_every_import_happens_once_whatever_is_killed(
    running: Installation, history: History, imports: int, strikes: int
) -> None:
    workload = running.workload(history)
    projects = workload.projects(imports)
    nemesis = Nemesis(running.faults(), seed=seed())
    clients = Thread(target=workload.import_all, args=[projects])

    clients.start()
    nemesis.torment(strikes)
    clients.join()
    running.platform.until_ready()

    acknowledged = [
        one for one in history.attempts(Kind.IMPORT) if one.outcome is Outcome.ACKNOWLEDGED
    ]
    assert len(acknowledged) == imports, nemesis
    running.judge(history, told=nemesis)
