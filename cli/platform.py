"""The platform on a data folder: the one that runs, or one started for the command."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from cli.errors import CommandError

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 60.0
_POLL_S: Final = 0.1
_TAIL_LINES: Final = 15
_SIGNALLED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Platform:
    """Where the platform is, and whether it runs for this command only."""

    address: str
    data_dir: Path
    is_ours: bool

    def credentials(self) -> tuple[str, str]:
        """User name and password: from the environment, else the first login of the folder."""
        username = os.environ.get("MIGPLAN_USER", "admin")
        password = os.environ.get("MIGPLAN_PASSWORD")
        if password is None:
            try:
                password = (self.data_dir / "admin-password").read_text(encoding="utf-8").strip()
            except OSError as error:
                raise CommandError(
                    f"There is no password to log in with: {error.filename} cannot be read. "
                    "Give one in MIGPLAN_PASSWORD."
                ) from error
        return username, password


@contextlib.contextmanager
def platform(data_dir: Path) -> Iterator[Platform]:
    """The platform of ``data_dir``; one that was started for this is stopped at the end."""
    running = running_address(data_dir)
    if running is not None:
        yield Platform(running, data_dir, is_ours=False)
        return
    child = start(data_dir, port=0, output=subprocess.DEVNULL, is_demo=True)
    try:
        yield Platform(wait_until_ready(child, data_dir), data_dir, is_ours=True)
    finally:
        stop(child)


def start(
    data_dir: Path, *, port: int, output: int | None, is_demo: bool = False
) -> subprocess.Popen[bytes]:
    """A platform process in a session of its own; it logs to ``platform.log`` in the folder.

    In a demo, one person may both request and approve a plan.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "services", "embedded"]
    command += ["--data-dir", str(data_dir), "--port", str(port)]
    if is_demo:
        command.append("--demo")
    with log_file(data_dir).open("wb") as log:
        return subprocess.Popen(  # noqa: S603  our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=log,
            start_new_session=True,  # Ctrl-C is ours to handle
        )


def wait_until_ready(child: subprocess.Popen[bytes], data_dir: Path) -> str:
    """The address of the platform that ``child`` is, once it serves requests.

    Raises:
        CommandError: it ended, or is not ready within two minutes; with the end of its log.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise CommandError(f"The platform could not start.\n{_tail(data_dir)}")
        address = running_address(data_dir)
        if address is not None:
            return address
        time.sleep(_POLL_S)
    stop(child)
    raise CommandError(
        f"The platform was not ready after {START_TIMEOUT_S:.0f} s.\n{_tail(data_dir)}"
    )


def stop(child: subprocess.Popen[bytes]) -> None:
    """End the platform in good order; by force if it does not."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def log_file(data_dir: Path) -> Path:
    """Where a platform started from here logs to."""
    return data_dir / "platform.log"


class Interrupted(KeyboardInterrupt):
    """A class of our own: when Python sees its own one leave an import, it exits by the signal,
    even if somebody has handled it."""


@contextlib.contextmanager
def signals_as_interrupt() -> Iterator[None]:
    """Let a TERM or HUP end the command as Ctrl-C does, so that nothing is left running."""

    def interrupt(_signum: int, _frame: object) -> None:
        raise Interrupted

    former = {number: signal.signal(number, interrupt) for number in _SIGNALLED}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def running_address(data_dir: Path) -> str | None:
    """The address in ``run.json`` when a platform answers there."""
    try:
        run = json.loads((data_dir / "run.json").read_text(encoding="utf-8"))
        address = run["address"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(address, str):
        return None
    try:
        reply = httpx.get(f"{address}/readyz", timeout=5.0, trust_env=False)
    except httpx.HTTPError:
        return None
    return address if reply.is_success else None


def _tail(data_dir: Path) -> str:
    """The end of the log: the last words that are not log lines if there are any, else log."""
    try:
        lines = log_file(data_dir).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    words = [line for line in lines if line and not line.startswith("{")]
    return "\n".join((words or lines)[-_TAIL_LINES:])
