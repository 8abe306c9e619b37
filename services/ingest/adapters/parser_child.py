"""The parser's process: ``python -m …parser_child PARENT_PID MODE FOLDER [TAB WORKBOOK]``.

MODE is ``parse``, or ``diagnose`` with a tab and the file in the folder that holds it.

Everything a hostile workbook can do, it does here: limits on address space, CPU time and core
dumps, first in line for the kernel when memory runs out, and dead as soon as its parent is. It
speaks JSON lines on standard output: progress, and at the end ``done``, ``refused`` or ``stray``.
"""

import ctypes
import gc
import os
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import orjson

from services.ingest.adapters.parser_files import OUT_OF_MEMORY, REFUSED, ParserFiles, ParserJob
from services.ingest.adapters.stray_cells import find_stray_cell
from services.ingest.adapters.workbook_import import import_workbook
from services.ingest.domain.limits import MIB, ParserLimits
from services.ingest.domain.table_rows import Json
from shared.kernel.errors import AppError

_PR_SET_PDEATHSIG: Final = 1
_GRACE_CPU_S: Final = 5
_MOST_WILLING_TO_BE_KILLED: Final = "1000"


def main(arguments: list[str]) -> int:
    """Does what the folder's job says; the exit status."""
    parent_pid, mode, folder, *rest = arguments
    files = ParserFiles(Path(folder))
    job = ParserJob.read(files)
    _limit(job.parser)
    if sys.platform == "linux":
        _die_with(int(parent_pid))
        Path("/proc/self/oom_score_adj").write_text(_MOST_WILLING_TO_BE_KILLED)
    if mode == "diagnose":
        tab, workbook = rest
        stray = find_stray_cell(files.folder / workbook, tab)
        _say({"stray": None if stray is None else asdict(stray)})
        return 0
    # Hundreds of thousands of rows live to the end and hold no cycles; collecting finds nothing.
    gc.disable()
    try:
        done = import_workbook(files, job, _say)
    except MemoryError:
        return OUT_OF_MEMORY
    except AppError as error:
        _say({"refused": problem_of(error)})
        return REFUSED
    _say({"done": done})
    return 0


def _limit(limits: ParserLimits) -> None:
    memory = limits.memory_mib * MIB
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + _GRACE_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _die_with(parent_pid: int) -> None:
    """A killed service must not leave a parser behind; it may be dead already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def _say(message: dict[str, Json]) -> None:
    sys.stdout.buffer.write(orjson.dumps(message) + b"\n")
    sys.stdout.buffer.flush()


def problem_of(error: AppError) -> dict[str, Json]:
    """A refusal, as the service is told it."""
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "detail": error.detail,
        "errors": [asdict(detail) for detail in error.errors],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
