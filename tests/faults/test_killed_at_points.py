"""SIGKILL to each process at each named point it passes: what was acknowledged happens, once."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.testing.service_process import PROJECT
from tests.faults.history import History
from tests.faults.installation import Installation
from tests.faults.points import POINTS

pytestmark = pytest.mark.system

CASES = [(service, point) for service, points in POINTS.items() for point in points]


@pytest.mark.long
@pytest.mark.parametrize(("service", "point"), CASES)
def test_a_process_killed_at_a_named_point_loses_and_repeats_nothing(
    running: Installation, history: History, service: str, point: str
) -> None:
    workload = running.workload(history)
    (project,) = workload.projects(1)

    with ThreadPoolExecutor(1) as client:
        with running.platform.armed(service, point) as process:
            journey = client.submit(workload.journey, project)
            code = asyncio.run(process.exited(within_s=60))
        journey.result()

    assert code == -9, process.log_tail()
    running.judge(history)


def test_every_named_point_in_the_code_is_tested() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("services", "shared")
        for path in sorted(Path(PROJECT / folder).rglob("*.py"))
    ]
    text = "\n".join(sources)
    values = dict(re.findall(r'^([A-Z_]+): Final = "([a-z_.]+)"$', text, re.MULTILINE))
    passed = {values[name] for name in re.findall(r"\bfailpoint\(([A-Z_]+)\)", text)}
    assert passed == {point for points in POINTS.values() for point in points}
