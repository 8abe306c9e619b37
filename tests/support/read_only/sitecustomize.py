"""Makes a Python process behave as on a read-only root file system: only $WRITABLE may change.

Python imports it at the start of every process that has this folder on its PYTHONPATH. What was
tried elsewhere fails with EROFS and is noted in $WRITABLE/denied. It needs no privileges, and sees
what Python code does; ``make image-rehearsal`` has a root that is read-only for everybody.
"""

import errno
import os
import sys
from contextlib import suppress

_WRITABLE = os.path.realpath(os.environ["WRITABLE"])
_NOTED = os.path.join(_WRITABLE, "denied")
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS = {
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
}
"""Audit events that change the file system: which arguments are a path, and the folder it is in."""


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        changed = [(path, -1)] if isinstance(flags, int) and flags & _CHANGES else []
    else:
        changed = [(arguments[p], arguments[folder]) for p, folder in _PATHS.get(event, ())]
    for path, folder in changed:
        if isinstance(path, (str, bytes, os.PathLike)):
            _check(event, _absolute(os.fsdecode(path), folder))


def _absolute(path: str, folder: object) -> str:
    """``path``, which may be relative to an open folder, as a real one."""
    start = f"/proc/self/fd/{folder}" if isinstance(folder, int) and folder >= 0 else ""
    return os.path.realpath(os.path.join(start, path))


def _check(event: str, path: str) -> None:
    if path.startswith((_WRITABLE, "/dev/", "/proc/")):
        return
    with suppress(OSError):
        descriptor = os.open(_NOTED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, f"{event} {path}\n".encode())
        os.close(descriptor)
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


sys.addaudithook(_refuse)
