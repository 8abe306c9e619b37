"""What the worker processes of one test run share: one PostgreSQL, one RabbitMQ.

The process that started pytest (with pytest-xdist: the controller) begins a run and ends it. The
first worker that needs a server starts it; the others find it in the run's folder. A run whose
controller was killed is ended by the next one. Every process that a run starts, and that those
start, carries the run's folder in its environment, and dies with the run.
"""

import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from shared.runtime.data_dir import private_folder

RUN_VARIABLE: Final = "MIGPLAN_TEST_RUN"
"""Names the run's folder to every process of it; who cleans an environment keeps it."""


class SharedRun:
    """One test run, known by its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    @classmethod
    def begin(cls, end: Callable[["SharedRun"], None]) -> "SharedRun":
        """A new run, known to all processes that this one starts from now on.

        ``end`` stops what a run has started; it is called for the runs that were killed.
        """
        parent = private_folder(Path(tempfile.gettempdir()) / f"migplan-tests-{os.getuid()}")
        with _locked(parent / "begin.lock"):
            for folder in sorted(parent.glob("run-*")):
                with suppress(BlockingIOError):
                    killed = cls(folder)
                    killed._hold()
                    killed.finish(end)
            run = cls(Path(tempfile.mkdtemp(prefix="run-", dir=parent)))
            run._hold()
        os.environ[RUN_VARIABLE] = str(run.folder)
        return run

    @classmethod
    def current(cls) -> "SharedRun":
        """The run that this process belongs to."""
        return cls(Path(os.environ[RUN_VARIABLE]))

    def once(self, name: str, start: Callable[[], Mapping[str, str]]) -> Mapping[str, str]:
        """What ``start`` answered in the first process that came here; the others wait for it.

        Raises:
            RuntimeError: it failed in another process; it is not tried again.
        """
        record = self.folder / f"{name}.json"
        with _locked(self.folder / f"{name}.lock"):
            if not record.exists():
                record.write_text(json.dumps({"failed": f"{name} was being started"}))
                try:
                    answer: Mapping[str, str] = dict(start())
                except BaseException as error:
                    record.write_text(json.dumps({"failed": f"{type(error).__name__}: {error}"}))
                    raise
                record.write_text(json.dumps(answer))
                return answer
            known: dict[str, str] = json.loads(record.read_text())
        if "failed" in known:
            raise RuntimeError(known["failed"])
        return known

    def known(self, name: str) -> Mapping[str, str] | None:
        """What :meth:`once` has noted under ``name``; None if nothing was started."""
        try:
            known: dict[str, str] = json.loads((self.folder / f"{name}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return None if "failed" in known else known

    def known_like(self, prefix: str) -> Sequence[Mapping[str, str]]:
        """What :meth:`once` has noted under names that begin with ``prefix``."""
        names = sorted(path.stem for path in self.folder.glob(f"{prefix}*.json"))
        return [known for name in names if (known := self.known(name)) is not None]

    def finish(self, end: Callable[["SharedRun"], None]) -> None:
        """Ends the run: stops what it has started, removes its folder."""
        end(self)
        for pid in self._processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _processes(self) -> Sequence[int]:
        """What tests have left running (known on Linux only)."""
        mark = f"{RUN_VARIABLE}={self.folder}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # gone, or another user's
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return [pid for pid in found if pid != os.getpid()]

    def _hold(self) -> None:
        """Locks the folder for as long as this process lives.

        Raises:
            BlockingIOError: another process lives that does.
        """
        descriptor = os.open(self.folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        self._lock = descriptor


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
