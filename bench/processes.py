"""CPU time and peak memory of other processes, with all that they start (Linux)."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psutil

KIB_PER_MIB: Final = 1024
LOOK_EVERY_S: Final = 0.05
PARSER: Final = "parser"
"""The name under which the children of a service count: only the ingest has one."""

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_RESET_PEAK: Final = "5"


def cpu_s(pid: int) -> float:
    """CPU seconds of a process, of what it runs, and of what it has run and waited for."""
    root = psutil.Process(pid)
    return sum(_cpu_s(process) for process in [root, *root.children(recursive=True)])


class PeakMemory:
    """The most that processes have used since they are watched, MiB."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._parser_mib = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Peaks are those inside of this block."""
        for pid in self._pids.values():
            Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)
        self._parser_mib = 0.0
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=[over])
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def mib(self) -> dict[str, float]:
        """The peaks by name; the parser's, a process that is gone when asked, among them."""
        peaks = {name: _peak_mib(pid) for name, pid in self._pids.items()}
        return peaks | {PARSER: self._parser_mib}

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(LOOK_EVERY_S):
            for pid in self._pids.values():
                for child in psutil.Process(pid).children():
                    self._parser_mib = max(self._parser_mib, _peak_mib(child.pid))


def _cpu_s(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        own: float = times.user + times.system
        waited_for: float = times.children_user + times.children_system
        return own + waited_for
    return 0.0


def _peak_mib(pid: int) -> float:
    """The kernel's own record of the most resident memory; 0 when the process has gone."""
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / KIB_PER_MIB if found else 0.0
