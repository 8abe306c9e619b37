"""How a process starts, keeps going and stops, tried on real processes with real signals."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.testing.waiting import wait_until

ROOT = Path(__file__).parents[3]
WITHIN_S = 20


class Process:
    """A supervised process and what it tells."""

    def __init__(self, scenario: str, folder: Path) -> None:
        self.folder = folder
        self.log = (folder / "log").open("w")
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.shared.runtime.supervised", scenario, str(folder)],
            cwd=ROOT,
            stderr=self.log,
        )

    @property
    def story(self) -> list[str]:
        path = self.folder / "story"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def stderr(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stderr.splitlines() if line.startswith("{")]

    def wait_for(self, line: str) -> None:
        wait_until(
            lambda: any(line in told for told in self.story),
            within_s=WITHIN_S,
            what=f"{line!r} in the story; log: {self.stderr}",
        )

    def send(self, signum: signal.Signals) -> None:
        self.popen.send_signal(signum)

    def exit_code(self) -> int:
        return self.popen.wait(timeout=WITHIN_S)

    def client(self, name: str = "s") -> httpx.Client:
        transport = httpx.HTTPTransport(uds=str(self.folder / f"{name}.sock"))
        return httpx.Client(transport=transport, base_url="http://s")

    def admin(self) -> httpx.Client:
        wait_until((self.folder / "s admin").exists, within_s=WITHIN_S)
        return httpx.Client(base_url=(self.folder / "s admin").read_text(), trust_env=False)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    processes = []

    def begin(scenario: str) -> Process:
        processes.append(Process(scenario, tmp_path))
        return processes[-1]

    yield begin
    for process in processes:
        process.popen.kill()
        process.popen.wait()
        process.log.close()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_in_good_order(start: Any, signum: signal.Signals) -> None:
    process = start("steady")
    process.wait_for("ready")
    process.send(signum)
    assert process.exit_code() == 0
    assert process.story == [
        "began",
        "started",
        "working",
        f"ready unix:{process.folder}/s.sock",
        "gave work back",
        "relay drained",
        "closed last opened",
        "closed first opened",
    ]
    assert not (process.folder / "s.sock").exists()
    assert "already closed" in process.stderr  # logged, and the other hook ran nevertheless


def test_a_service_that_starts_before_what_it_needs_waits_for_it(start: Any) -> None:
    process = start("late")
    process.wait_for("away")
    assert "started" not in process.story
    (process.folder / "go-on").touch()
    process.wait_for("ready")
    process.send(signal.SIGTERM)
    assert process.exit_code() == 0


def test_a_service_that_waits_for_what_it_needs_can_be_stopped(start: Any) -> None:
    process = start("late")
    process.wait_for("away")
    process.send(signal.SIGTERM)
    assert process.exit_code() == 0
    assert "started" not in process.story


def test_a_task_that_does_not_stop_is_cut_off(start: Any) -> None:
    process = start("stubborn")
    process.wait_for("ready")
    began_s = time.monotonic()
    process.send(signal.SIGTERM)
    assert process.exit_code() == 0
    assert time.monotonic() - began_s < 5
    assert process.story.index("was cut off") < process.story.index("relay drained")


def test_a_begun_request_is_answered_and_readiness_fails_meanwhile(start: Any) -> None:
    process = start("stubborn")
    process.wait_for("ready")
    with process.client() as client, process.client() as other:
        request = client.build_request("GET", "/slow")
        pending = _in_thread(lambda: client.send(request))
        process.wait_for("slow began")
        process.send(signal.SIGTERM)
        wait_until(lambda: other.get("/readyz").status_code == 503)
        (process.folder / "go-on").touch()
        assert pending().json() == "done"
    assert process.exit_code() == 0


def test_the_second_signal_ends_it_at_once(start: Any) -> None:
    process = start("stubborn")
    process.wait_for("ready")
    with process.client() as client:
        pending = _in_thread(lambda: client.get("/slow"))
        process.wait_for("slow began")
        process.send(signal.SIGTERM)
        process.wait_for("was cut off")
        process.send(signal.SIGTERM)
        assert process.exit_code() == 128 + signal.SIGTERM
        with pytest.raises(httpx.TransportError):
            pending()


def test_operators_have_a_port_of_their_own_also_while_it_drains(start: Any) -> None:
    process = start("stubborn")
    process.wait_for("ready")
    with process.client() as client, process.admin() as admin:
        assert admin.get("/readyz").json() == {"status": "ready"}
        request = client.build_request("GET", "/slow")
        pending = _in_thread(lambda: client.send(request))
        process.wait_for("slow began")
        process.send(signal.SIGTERM)
        wait_until(lambda: admin.get("/readyz").status_code == 503)
        assert admin.get("/readyz").json()["failing"] == {"draining": "the service is stopping"}
        assert client.get("/metrics").status_code == 404
        (process.folder / "go-on").touch()
        assert pending().json() == "done"
    assert process.exit_code() == 0


def test_a_taken_port_for_operators_is_told_clearly(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(f"admin-port:{port}")
        assert process.exit_code() == 1
    assert f"s for operators cannot listen on 127.0.0.1:{port}" in process.stderr


def test_a_crashed_task_runs_again(start: Any) -> None:
    process = start("breaks-twice")
    process.wait_for("working")
    process.wait_for("ready")
    with process.admin() as client:
        text = client.get("/metrics").text
    assert 'background_task_crashes_total{service="s",task="breaks-twice"} 2.0' in text
    process.send(signal.SIGTERM)
    assert process.exit_code() == 0
    crashes = [line for line in process.log_lines if line["event"] == "background task crashed"]
    assert [line["service"] for line in crashes] == ["s", "s"]
    assert all("RuntimeError: twice" in line["exception"] for line in crashes)


def test_a_crash_loop_stops_the_process_in_good_order_with_1(start: Any) -> None:
    process = start("broken")
    assert process.exit_code() == 1
    assert process.story[-3:] == ["relay drained", "closed last opened", "closed first opened"]
    (last,) = [line for line in process.log_lines if line["event"] == "giving up"]
    assert last["reason"] == "s: broken crashed 5 times in 60 s."


def test_services_share_a_process_and_stop_together(start: Any) -> None:
    process = start("two")
    process.wait_for("ready")
    for name in ("first", "second"):
        with process.client(name) as client:
            assert client.get("/readyz").status_code == 200
    process.send(signal.SIGTERM)
    assert process.exit_code() == 0
    story = process.story
    assert story.count("gave work back") == story.count("relay drained") == 2
    assert story.index("relay drained") > len(story) - 1 - story[::-1].index("gave work back")
    services = {line["service"] for line in process.log_lines if line["event"] == "listening"}
    assert services == {"first", "second"}


def test_a_taken_port_is_told_clearly_before_anything_starts(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(f"port:{port}")
        assert process.exit_code() == 1
    assert process.story == ["began"]
    assert f"s cannot listen on 127.0.0.1:{port}: another program has that port" in process.stderr
    assert "Traceback" not in process.stderr


def test_a_socket_left_by_a_killed_process_is_taken_over(start: Any) -> None:
    killed = start("steady")
    killed.wait_for("ready")
    killed.send(signal.SIGKILL)
    killed.exit_code()
    assert (killed.folder / "s.sock").exists()
    (killed.folder / "story").unlink()
    again = start("steady")
    again.wait_for("ready")
    with again.client() as client:
        assert client.get("/livez").status_code == 200


def test_a_socket_in_use_is_refused(start: Any) -> None:
    first = start("steady")
    first.wait_for("ready")
    second = start("steady")
    assert second.exit_code() == 1
    with first.client() as client:
        assert client.get("/livez").status_code == 200


def test_a_unix_socket_is_for_its_owner_only(start: Any) -> None:
    process = start("steady")
    process.wait_for("ready")
    assert (process.folder / "s.sock").stat().st_mode & 0o777 == 0o600


def _in_thread(call: Any) -> Any:
    """Starts ``call`` and gives a function that waits for its outcome."""
    executor = ThreadPoolExecutor(max_workers=1)
    future = executor.submit(call)
    executor.shutdown(wait=False)
    return lambda: future.result(timeout=WITHIN_S)
