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
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.utime": (0,),
}
"""Audit events that change the file system, and which of their arguments are paths."""


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        changed = [path] if isinstance(flags, int) and flags & _CHANGES else []
    else:
        changed = [arguments[index] for index in _PATHS.get(event, ())]
    for path in changed:
        if isinstance(path, (str, bytes, os.PathLike)) and not _is_writable(os.fsdecode(path)):
            with suppress(OSError):
                descriptor = os.open(_NOTED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                os.write(descriptor, f"{event} {os.fsdecode(path)}\n".encode())
                os.close(descriptor)
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fsdecode(path))


def _is_writable(path: str) -> bool:
    return os.path.realpath(path).startswith((_WRITABLE, "/dev/", "/proc/self/"))


sys.addaudithook(_refuse)
