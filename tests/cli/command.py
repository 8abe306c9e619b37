"""Runs ``python -m cli`` as people do, beside a platform that answers by script."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.testing.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTED = Path(__file__).resolve().parent / "scripted"


def _listen_to_interrupts() -> None:
    """A test run in the background ignores SIGINT, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    out: str
    err: str


@dataclass
class Cli:
    """The command line in a folder of its own."""

    folder: Path
    scenario: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        return self.folder / ".data"

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MIGPLAN_")
        }
        environment |= {
            "PYTHONPATH": f"{SCRIPTED}{os.pathsep}{REPOSITORY}",
            "MIGPLAN_TEST_SCENARIO": self.scenario,
            **self.environment,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *(str(argument) for argument in arguments)],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_listen_to_interrupts,  # noqa: PLW1509  tests start no threads
        )

    def run(self, *arguments: object) -> Ended:
        return self.ended(self.start(*arguments))

    @staticmethod
    def ended(process: subprocess.Popen[str]) -> Ended:
        out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    def interrupted(
        self, process: subprocess.Popen[str], after_call: str, signum: signal.Signals
    ) -> Ended:
        """The end of a command that gets a signal once the platform has seen ``after_call``."""
        wait_until(
            lambda: any(after_call in request["call"] for request in self.requests()),
            within_s=30,
            what=after_call,
        )
        process.send_signal(signum)
        return self.ended(process)

    @contextmanager
    def platform_on(self, data_dir: Path) -> Iterator[str]:
        """The address of a platform that somebody else runs on ``data_dir``."""
        data_dir.mkdir()
        command = ["-m", "services", "embedded", "--data-dir", str(data_dir), "--port", "0"]
        running = subprocess.Popen([sys.executable, *command], cwd=SCRIPTED)
        run = data_dir / "run.json"
        try:
            wait_until(run.exists, within_s=30, what="run.json")
            yield str(json.loads(run.read_text())["address"])
            assert running.poll() is None, "the platform of somebody else was stopped"
        finally:
            running.terminate()
            running.wait(timeout=20)

    def requests(self) -> list[dict[str, Any]]:
        """What the platform was asked, in order."""
        log = self.data_dir / "requests.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def platform_was_stopped(self) -> bool:
        """Whether the platform ended in good order."""
        return (self.data_dir / "stopped").exists()

    def platform_was_started(self) -> bool:
        return self.data_dir.exists()
