"""One file to upload out of what the command line names: a file as it is, else a zip of several."""

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.errors import BAD_USAGE, CommandError

_ENDINGS: Final = frozenset({".xlsx", ".xlsm", ".csv"})
_PACKED_ALREADY: Final = frozenset({".xlsx", ".xlsm"})
_ALWAYS: Final = (1980, 1, 1, 0, 0, 0)
"""One time for all, so that the same files give the same zip and are known again."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file to upload, and what people call it."""

    file: Path
    title: str


@contextmanager
def packed(paths: Sequence[Path]) -> Iterator[Packed]:
    """What ``paths`` name as one file; a zip of several lives as long as the block.

    Raises:
        CommandError: there is no such file, or it may not be read.
    """
    if len(paths) == 1 and not paths[0].is_dir():
        _check(paths[0])
        yield Packed(paths[0], paths[0].stem)
        return
    entries = dict(sorted(_entries(paths)))
    title = paths[0].resolve().stem + (f" and {len(paths) - 1} more" if paths[1:] else "")
    with tempfile.TemporaryDirectory(prefix="migplan-upload-") as folder:
        target = Path(folder) / f"{title}.zip"
        try:
            _pack(entries, target)
        except OSError as error:
            raise CommandError(f"The files cannot be packed: {error}.") from error
        yield Packed(target, title)


def _entries(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Names in the zip, each once, and the files."""
    taken: set[str] = set()
    for path in paths:
        is_folder = path.is_dir()
        found = sorted(_inside(path)) if is_folder else [path]
        if not found:
            raise CommandError(f"{path} holds no .xlsx and no .csv file.", exit_code=BAD_USAGE)
        for file in found:
            _check(file)
            name = file.relative_to(path).as_posix() if is_folder else file.name
            if name in taken or (is_folder and len(paths) > 1):
                name = f"{path.resolve().name if is_folder else file.resolve().parent.name}/{name}"
            while name in taken:
                name = f"again/{name}"
            taken.add(name)
            yield name, file


def _inside(folder: Path) -> Iterator[Path]:
    """The exports in a folder and below; Excel's lock files are none."""
    for path in folder.rglob("*"):
        is_export = path.suffix.lower() in _ENDINGS and not path.name.startswith(("~$", "._"))
        if is_export and path.is_file():
            yield path


def _check(path: Path) -> None:
    if not path.is_file():
        raise CommandError(f"There is no file {path}.", exit_code=BAD_USAGE)
    if not os.access(path, os.R_OK):
        raise CommandError(f"{path} may not be read by this user.", exit_code=BAD_USAGE)


def _pack(entries: dict[str, Path], target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name, file in entries.items():
            entry = zipfile.ZipInfo(name, _ALWAYS)
            if file.suffix.lower() not in _PACKED_ALREADY:
                entry.compress_type = zipfile.ZIP_DEFLATED
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
