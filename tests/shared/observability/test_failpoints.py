"""Named points: they kill or pause the process that is told so, at the hit that is told."""

import os
import signal
import subprocess
import sys

import pytest

SCRIPT = """
from shared.observability.failpoints import failpoint
failpoint("here")
print("once", flush=True)
failpoint("here")
print("twice", flush=True)
"""


def passing(armed: str) -> "subprocess.Popen[str]":
    """A process that passes the point ``here`` two times."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "MIGPLAN_FAILPOINT": armed},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("armed", "written", "code"),
    [
        ("", "once\ntwice\n", 0),
        ("elsewhere", "once\ntwice\n", 0),
        ("here", "", -signal.SIGKILL),
        ("here:2", "once\n", -signal.SIGKILL),
        ("here:3", "once\ntwice\n", 0),
    ],
)
def test_a_process_is_killed_at_the_hit_that_it_is_told(
    armed: str, written: str, code: int
) -> None:
    process = passing(armed)
    assert process.communicate(timeout=60)[0] == written
    assert process.returncode == code


def test_a_process_is_paused_and_goes_on() -> None:
    process = passing("here:2:STOP")
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WSTOPSIG(status) == signal.SIGSTOP
        process.send_signal(signal.SIGCONT)
        assert process.communicate(timeout=60)[0] == "once\ntwice\n"
    finally:
        process.kill()
