"""The platform's services as real processes: started, killed, waited for."""

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar, overload

import httpx

from shared.testing.shared_run import RUN_VARIABLE
from shared.testing.waiting import POLL_S

T = TypeVar("T")

PROJECT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = (sys.executable, "-m", "services")


class ServiceProcess:
    """``python -m services <arguments>`` with its output in a file.

    As an async context manager it is running inside, and nothing of it is left behind; leaving
    does not ask whether it ended well: a test that cares calls :meth:`stop`.
    """

    def __init__(
        self,
        *arguments: str,
        folder: Path,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        """A process that does not run yet.

        Args:
            arguments: what follows ``python -m services``.
            folder: where ``<first argument>.log`` is written; restarts append to it.
            env: added to our environment, from which every setting ``MIGPLAN_…`` is taken away.
            program: another way to run ``python -m services``, e.g. from an image.
        """
        self._command: Sequence[str] = [*program, *arguments]
        self._name = arguments[0]
        inherited = {
            key: value
            for key, value in os.environ.items()
            if key == RUN_VARIABLE or not key.startswith("MIGPLAN_")
        }
        self._env = {**inherited, "PYTHONUNBUFFERED": "1", **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{self._name}.log"

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # with the children it left
            self._process.wait()

    def start(self, *, env: Mapping[str, str] | None = None) -> None:
        """Starts it; after :meth:`kill` or :meth:`stop` again. ``env`` holds for this run only."""
        if self.is_running():
            raise AssertionError(f"{self._name} runs already")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=PROJECT,
                env={**self._env, **(env or {})},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started().pid

    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @overload
    async def until(
        self, condition: Callable[[], Awaitable[T]], *, within_s: float = ..., what: str = ...
    ) -> T: ...
    @overload
    async def until(
        self, condition: Callable[[], T], *, within_s: float = ..., what: str = ...
    ) -> T: ...
    async def until(
        self,
        condition: Callable[[], object],
        *,
        within_s: float = 30,
        what: str = "the condition",
    ) -> object:
        """The first true answer of ``condition``.

        Raises:
            AssertionError: the process ended before, or time ran out; shows the end of its log.
        """
        deadline = time.monotonic() + within_s
        while True:
            answer = condition()
            value = await answer if inspect.isawaitable(answer) else answer
            if value:
                return value
            code = self._started().poll()
            if code is not None:
                raise AssertionError(
                    f"{self._name} ended with {code} before {what} came true.\n{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{self._name}: {what} did not come true within {within_s} s.\n"
                    f"{self.log_tail()}"
                )
            await asyncio.sleep(POLL_S)

    async def ready(self, url: str, *, within_s: float = 30) -> None:
        """Waits until GET ``url`` answers 200; usually ``http://127.0.0.1:<port>/readyz``.

        Raises:
            AssertionError: as for :meth:`until`.
        """
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:

            async def is_ok() -> bool:
                try:
                    return (await client.get(url)).status_code == httpx.codes.OK
                except httpx.TransportError:
                    return False

            await self.until(is_ok, within_s=within_s, what=f"{url} = 200")

    def kill(self) -> None:
        """SIGKILL, to it alone: what it started must cope."""
        process = self._started()
        process.kill()
        process.wait()

    def pause(self) -> None:
        """SIGSTOP: it does nothing until :meth:`resume`, and does not know."""
        self._started().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on where it was, however much later that is."""
        self._started().send_signal(signal.SIGCONT)

    def is_paused(self) -> bool:
        """Whether it was stopped by SIGSTOP, by itself or by us (known on Linux only)."""
        status = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        return status.rpartition(")")[2].split()[0] == "T"

    async def stop(self, *, within_s: float = 30) -> int:
        """Asks it to end (SIGTERM); the exit code.

        Raises:
            AssertionError: it did not within ``within_s`` seconds.
        """
        self._started().terminate()
        return await self.exited(within_s=within_s)

    async def exited(self, *, within_s: float = 30) -> int:
        """The exit code, once it has ended by itself; negative for a signal.

        Raises:
            AssertionError: it did not within ``within_s`` seconds.
        """
        process = self._started()
        deadline = time.monotonic() + within_s
        while (code := process.poll()) is None:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{self._name} did not end within {within_s} s.\n{self.log_tail()}"
                )
            await asyncio.sleep(POLL_S)
        return code

    def log_tail(self, lines: int = 40) -> str:
        """The end of what it wrote."""
        text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        return "\n".join([f"The end of {self.log}:", *(f"  {line}" for line in text)])

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise AssertionError(f"{self._name} was not started")
        return self._process
