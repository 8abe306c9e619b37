"""The example subscriber as a process, with the permissions that the documents name."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from shared.testing.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = ROOT / "examples" / "subscriber" / "subscriber.py"
QUEUE: Final = "acme.migrations"


def documented_permissions(page: Path) -> dict[str, str]:
    """The patterns in the table of ``page``, as somebody would copy them."""
    text = page.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (configure|write|read) \| `(.+?)` \|", text, re.MULTILINE)
    return {name: pattern.replace("\\|", "|") for name, pattern in rows}


class Subscriber:
    """A running subscriber and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path, log: Path) -> None:
        self.process = process
        self._output = output
        self._log = log

    @property
    def log(self) -> str:
        """What it said on standard error."""
        return self._log.read_text(encoding="utf-8")

    def printed(self) -> list[dict[str, Any]]:
        """The events so far."""
        lines = self._output.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def listens(self) -> None:
        """Wait until its queue is bound."""
        wait_until(
            lambda: "listening" in self.log or self.process.poll() is not None,
            within_s=30,
            what="the subscriber listens",
        )
        assert "listening" in self.log, self.log


@contextmanager
def running_subscriber(amqp_url: str, folder: Path, *, queue: str = QUEUE) -> Iterator[Subscriber]:
    """The program away from the repository, so that nothing of ours can be imported."""
    output, log = folder / "subscriber.out", folder / "subscriber.log"
    environment = {"SUBSCRIBER_AMQP_URL": amqp_url, "PATH": os.environ["PATH"]}
    with output.open("wb") as out, log.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), "--queue", queue],
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=err,
        )
        try:
            yield Subscriber(process, output, log)
        finally:
            process.terminate()
            process.wait(timeout=20)
