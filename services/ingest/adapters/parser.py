"""Runs the parser's process and tells its end in words: rows, a refusal, or what killed it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from services.ingest.adapters.parser_files import (
    OUT_OF_MEMORY,
    REFUSED,
    ParserFiles,
    ParserJob,
)
from services.ingest.domain.errors import PARSER_LIMIT, STRAY_CELL, UNREADABLE_WORKBOOK
from shared.kernel.errors import (
    AppError,
    ErrorDetail,
    Internal,
    Invalid,
    TooLarge,
    Unsupported,
)

log = structlog.get_logger(__name__)

OnProgress = Callable[[dict[str, Any]], Awaitable[None]]

_MODULE: Final = "services.ingest.adapters.parser_child"
_ROOT: Final = Path(__file__).parents[3]
_LINE_BYTES: Final = 1 << 20
_STDERR_BYTES: Final = 8192
_DIAGNOSIS_S: Final = 180
_KINDS: Final[dict[str, type[AppError]]] = {
    kind.__name__: kind for kind in (Invalid, TooLarge, Unsupported)
}
_MEMORY_DEATHS: Final = frozenset(
    {OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV, -signal.SIGBUS}
)


class WorkbookParser:
    """Parses one workbook after another, each in a process of its own."""

    async def parse(
        self, files: ParserFiles, job: ParserJob, on_progress: OnProgress
    ) -> dict[str, int]:
        """Reads the workbook in the folder; the files beside it are complete when this returns.

        Gives the counts ``vm_count``, ``disk_count``, ``nic_count`` and ``page_count``. Whatever
        ``on_progress`` raises ends the process and is raised again.

        Raises:
            Invalid, Unsupported: the workbook is refused, with tab, row and column where known.
            TooLarge: it is over a limit of its own or of the parser's.
        """
        await asyncio.to_thread(job.write, files)
        seen: dict[str, Any] = {}
        limit = asyncio.timeout(job.parser.wall_s)
        try:
            async with limit, _process("parse", files) as process:
                async for message in _messages(process):
                    seen.update(message)
                    if "stage" in message:
                        await on_progress(message)
                status = await process.wait()
        except TimeoutError:
            if not limit.expired():
                raise  # the listener's own
            raise _too_slow(job.parser.wall_s) from None
        if status == 0 and "done" in seen:
            return {name: int(count) for name, count in seen["done"].items()}
        if status == REFUSED and "refused" in seen:
            raise _refusal(seen["refused"])
        place = _Place(seen.get("tab"), seen.get("file"), seen.get("workbook"))
        raise await self._cause_of_death(status, place, files, job)

    async def _cause_of_death(
        self, status: int, place: "_Place", files: ParserFiles, job: ParserJob
    ) -> AppError:
        log.warning("parser died", status=status, tab=place.tab)
        if status == -signal.SIGXCPU:
            return _too_slow(job.parser.cpu_s)
        if status not in _MEMORY_DEATHS:
            return Invalid(
                f"The parser gave up on {place}. Open the workbook in Excel; if that works, "
                "save it again and upload it.",
                code=UNREADABLE_WORKBOOK,
                errors=place.details("Not readable."),
            )
        stray = await self._stray_cell(files, place)
        if stray is not None:
            return _stray_cell(place, stray)
        return TooLarge(
            f"Reading {place} needs more than the {job.parser.memory_mib:,} MiB of memory that "
            "the parser may have. Export one vCenter at a time, or ask the operator to raise "
            "MIGPLAN_INGEST_PARSER_MEMORY_MIB.",
            code=PARSER_LIMIT,
            errors=place.details("Needs too much memory."),
        )

    async def _stray_cell(self, files: ParserFiles, place: "_Place") -> dict[str, Any] | None:
        """A second process streams through the tab; it may fail, then nothing is known."""
        if place.tab is None or place.workbook is None:
            return None
        what = (place.tab, Path(place.workbook).name)
        try:
            async with asyncio.timeout(_DIAGNOSIS_S), _process("diagnose", files, *what) as process:
                async for message in _messages(process):
                    stray: dict[str, Any] | None = message.get("stray")
                    return stray
        except TimeoutError:
            pass
        return None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the parser was: a tab, its file in an import of several, and the ``.xlsx`` on disk."""

    tab: str | None
    file: str | None
    workbook: str | None

    def __str__(self) -> str:
        tab = f"tab {self.tab}" if self.tab else "the workbook"
        return f"{tab} of {self.file}" if self.file else tab

    def details(
        self, text: str, *, row: int | None = None, column: str | None = None
    ) -> list[ErrorDetail]:
        if self.tab is None:
            return []
        return [ErrorDetail(text, tab=self.tab, row=row, column=column, file=self.file)]


@asynccontextmanager
async def _process(
    mode: str, files: ParserFiles, *rest: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process; killed and waited for however the block ends."""
    errors = files.folder / f"{mode}.stderr"
    with errors.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _MODULE,
            str(os.getpid()),
            mode,
            str(files.folder),
            *rest,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            cwd=_ROOT,
            env=_environment(),
            limit=_LINE_BYTES,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if process.returncode not in (0, REFUSED):
            tail = await asyncio.to_thread(_tail, errors)
            log.info("parser said", mode=mode, stderr=tail)


def _environment() -> dict[str, str]:
    """No secrets of the service's environment; one malloc arena, as there is one thread."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALLOC_ARENA_MAX": "1",
        "LC_ALL": "C.UTF-8",
    }


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _STDERR_BYTES))
        return file.read().decode("utf-8", "replace")


async def _messages(process: asyncio.subprocess.Process) -> AsyncIterator[dict[str, Any]]:
    if process.stdout is None:
        raise Internal("The parser's process has no output.")
    async for line in process.stdout:
        message = orjson.loads(line)
        if isinstance(message, dict):
            yield message


def _refusal(raw: dict[str, Any]) -> AppError:
    kind = _KINDS.get(raw["kind"], Invalid)
    details = [ErrorDetail(**detail) for detail in raw["errors"]]
    return kind(raw["detail"], code=raw["code"], errors=details)


def _too_slow(limit_s: int) -> TooLarge:
    return TooLarge(
        f"Reading the workbook takes longer than the {limit_s:,} s that it may. Export one vCenter "
        "at a time, or ask the operator to raise MIGPLAN_INGEST_PARSER_CPU_S and …_WALL_S.",
        code=PARSER_LIMIT,
    )


def _stray_cell(place: _Place, stray: dict[str, Any]) -> Invalid:
    cell, end, count = stray["cell"], stray["data_ends_at"], stray["count"]
    others = f" and {count - 1:,} more" if count > 1 else ""
    column = cell.rstrip("0123456789")
    return Invalid(
        f"Cell {cell}{others} of {place} lies far outside the data, which ends at {end}. The tab "
        "counts as used up to there, which is too large to read. In Excel go to that cell "
        "(Ctrl+G), delete its row and column and everything else beyond the data, save, and "
        "upload again.",
        code=STRAY_CELL,
        errors=place.details(
            f"Delete the content of {cell}.", row=int(cell.removeprefix(column)), column=column
        ),
    )
