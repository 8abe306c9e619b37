"""What a person sees while a command works: a live bar on a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_PLAIN_EVERY_S = 5.0

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Stage:
    """One step of a command, with how far it is."""

    def __init__(self, title: str, progress: Progress | None) -> None:
        self._title = title
        self._progress = progress
        self._task = progress.add_task(title, total=None, note="") if progress else None
        self._told: str | None = None
        self._told_at = time.monotonic()

    def update(self, *, done: float | None = None, total: float | None = None, note: str) -> None:
        """Say how far the step is: ``done`` of ``total``, and a few words."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done, total=total, note=note)
        elif note != self._told and time.monotonic() - self._told_at > _PLAIN_EVERY_S:
            out.print(f"  {self._title}: {note}", markup=False)
            self._told, self._told_at = note, time.monotonic()


@contextlib.contextmanager
def stage(title: str) -> Iterator[Stage]:
    """One step; when it ends well, a line says how long it took."""
    began = time.monotonic()
    if sys.stdout.isatty():
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=out, transient=True) as progress:
            yield Stage(title, progress)
    else:
        yield Stage(title, None)
    out.print(f"  {title:<22} {time.monotonic() - began:5.1f} s", markup=False)
