import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.testing.shared_run import SharedRun

CONTROLLER = """
import sys
from shared.testing.shared_run import SharedRun

run = SharedRun.begin(lambda run: None)
run.once("server", lambda: {"where": "here"})
print(run.folder, flush=True)
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
        killed.kill()
        killed.wait()
        ended: list[Path] = []

        run = SharedRun.begin(lambda run: ended.append(run.folder))

        assert ended == [killed_folder]
        assert not killed_folder.exists()
        assert live_folder.exists()
        run.finish(lambda run: None)
        live.kill()


def _controller() -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CONTROLLER], stdin=-1, stdout=subprocess.PIPE, text=True
    )


def _folder(controller: "subprocess.Popen[str]") -> Path:
    assert controller.stdout is not None
    return Path(controller.stdout.readline().strip())
