"""The last phase of every fault test: all is healed, what is under way ends, the checker speaks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from shared.testing.waiting import wait_until
from tests.faults.checker import violations
from tests.faults.findings import Findings, findings
from tests.faults.history import History

SETTLED_WITHIN_S: Final = 90


def judge(
    dsn: str,
    history: History,
    *,
    contents: str | None = None,
    told: object = "",
    dead_letters: Callable[[], int] | None = None,
) -> Findings:
    """What the projects of ``history`` have once nothing is under way; nothing of it may be wrong.

    ``told`` explains a failure, ``dead_letters`` counts those outside the database. What does not
    settle in time is left for the checker to say.
    """
    seen: list[Findings] = []

    def is_settled() -> bool:
        seen[:] = [findings(dsn, history.projects())]
        return seen[0].is_settled

    try:
        wait_until(is_settled, within_s=SETTLED_WITHIN_S)
    except AssertionError:
        assert seen, "no findings"
    outside = dead_letters() if dead_letters is not None else 0
    found = replace(seen[0], dead_letters=seen[0].dead_letters + outside)
    assert violations(history, found, contents=contents) == [], told
    return found
