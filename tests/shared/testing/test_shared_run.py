import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.testing.shared_run import SharedRun
from shared.testing.waiting import wait_until

CONTROLLER = """
import subprocess, sys
from shared.testing.shared_run import SharedRun

run = SharedRun.begin(lambda run: None)
run.once("server", lambda: {"where": "here"})
print(run.folder, flush=True)
left = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(left.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs of this test's own, apart from the one that it is a part of."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("MIGPLAN_TEST_RUN", "")
    return tmp_path


def test_a_server_is_started_once_and_known_to_all(tmp_path: Path) -> None:
    started = []

    def start() -> Mapping[str, str]:
        started.append("server")
        return {"where": "here"}

    answers = [SharedRun(tmp_path).once("server", start) for _ in range(3)]

    assert answers == [{"where": "here"}] * 3
    assert started == ["server"]
    assert SharedRun(tmp_path).known("server") == {"where": "here"}


def test_a_start_that_failed_fails_for_all_with_its_reason(tmp_path: Path) -> None:
    def start() -> Mapping[str, str]:
        raise OSError("no more disk")

    with pytest.raises(OSError, match="no more disk"):
        SharedRun(tmp_path).once("server", start)
    with pytest.raises(RuntimeError, match="OSError: no more disk"):
        SharedRun(tmp_path).once("server", start)
    assert SharedRun(tmp_path).known("server") is None


def test_the_next_run_ends_what_a_killed_run_left_and_no_live_one(elsewhere: Path) -> None:
    live, killed = _controller(), _controller()
    with live, killed:
        killed_folder = _folder(killed)
        live_folder = _folder(live)
        left = _left(killed)
        killed.kill()
        killed.wait()
        ended: list[Path] = []

        run = SharedRun.begin(lambda run: ended.append(run.folder))

        assert ended == [killed_folder]
        assert not killed_folder.exists()
        assert live_folder.exists()
        wait_until(lambda: not _is_running(left), what="the end of what the killed run left")
        assert _is_running(_left(live))
        run.finish(lambda run: None)
        SharedRun(live_folder).finish(lambda run: None)  # kills the live one and what it has


def _controller() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CONTROLLER], stdin=-1, stdout=subprocess.PIPE, text=True
    )


def _folder(controller: "subprocess.Popen[str]") -> Path:
    assert controller.stdout is not None
    return Path(controller.stdout.readline().strip())


def _left(controller: "subprocess.Popen[str]") -> int:
    assert controller.stdout is not None
    return int(controller.stdout.readline())


def _is_running(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
