"""The folder that keeps everything an embedded installation owns.

::

    <data dir>/            0700, locked by the one process that uses it
      lock                 the lock; its content means nothing
      run.json             pid and address of that process, while it runs
      admin-password       the first login of the platform
      secrets/             role passwords, keys; one file each
      postgres/            see shared.runtime.local_postgres
      sockets/             the services' Unix sockets, while they run
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from shared.auth.keys import generate_keypair
from shared.runtime.errors import StartError

MAX_SOCKET_FOLDER_BYTES: Final = 80
"""A Unix socket's path ends before byte 108 (104 on macOS), its file name included."""

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
_SECRET_NAME = re.compile(r"[a-z0-9_-]+(/[a-z0-9_.-]+)?")


def write_private(path: Path, text: str) -> None:
    """Replaces ``path`` by ``text``, whole or not at all, readable by its owner only."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def private_folder(path: Path) -> Path:
    """``path`` as a folder that only we can enter, made if it is missing."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def socket_folder(preferred: Path) -> Path:
    """A private folder for Unix sockets: ``preferred``, or a short temporary one.

    The temporary one is for a path that is too long for a socket's address, or that holds
    characters with a meaning in the connection URLs built from it.
    """
    text = str(preferred)
    if len(os.fsencode(text)) <= MAX_SOCKET_FOLDER_BYTES and _PLAIN_PATH.fullmatch(text):
        return private_folder(preferred)
    return Path(tempfile.mkdtemp(prefix="migplan-"))


class DataDir:
    """An embedded installation's folder, held by one process at a time.

    Use it as a context manager: entering makes the folder if needed and locks it, leaving removes
    ``run.json`` and unlocks. The lock ends with the process, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None
        self._sockets: Path | None = None

    @property
    def postgres(self) -> Path:
        """Where the embedded PostgreSQL lives."""
        return self.path / "postgres"

    def __enter__(self) -> Self:
        """Locks the folder.

        Raises:
            StartError: another process holds it, or it is not ours to use.
        """
        try:
            private_folder(self.path)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StartError(
                f"The data folder {self.path} cannot be used: {error.strerror}. "
                "Give it to this user, or name another one in MIGPLAN_DATA_DIR."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = None
            raise StartError(self._who_holds_it()) from None
        self._remove_traces()
        self._write_run(None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove_traces()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def announce(self, address: str, *, admin_address: str | None = None) -> None:
        """Notes in ``run.json`` that this process now answers at ``address`` (a URL), and where
        its metrics are."""
        self._write_run(address, admin_address)

    def sockets(self) -> Path:
        """A private folder for Unix sockets with a short path; it goes when we leave."""
        if self._sockets is None:
            self._sockets = socket_folder(self.path / "sockets")
            self._write_run(None)  # a temporary folder must be found again after a crash
        return self._sockets

    def secret(self, name: str, factory: Callable[[], str]) -> str:
        """The secret ``name``, made by ``factory`` when it is asked for the first time."""
        if not _SECRET_NAME.fullmatch(name):
            raise ValueError(f"not a name for a secret: {name!r}")
        folder = private_folder(self.path / "secrets")
        private_folder((folder / name).parent)
        return self._kept(folder / name, factory)[0]

    def role_password(self, role: str) -> str:
        """The password of the database role ``role``."""
        return self.secret(f"roles/{role}", lambda: secrets.token_urlsafe(24))

    def keypair(self, issuer: str) -> tuple[str, str]:
        """The Ed25519 key pair (private PEM, public PEM) with which ``issuer`` signs tokens."""

        def make() -> str:
            private, public = generate_keypair()
            return json.dumps({"private": private, "public": public}, indent=1)

        pair = json.loads(self.secret(f"keys/{issuer}.json", make))
        return pair["private"], pair["public"]

    def admin_password(self) -> tuple[str, bool]:
        """The platform's first login, and whether it was made just now.

        It is read once, when the first user is created; changing the file later changes nothing.
        """
        return self._kept(self.path / "admin-password", lambda: secrets.token_urlsafe(12))

    def _kept(self, path: Path, factory: Callable[[], str]) -> tuple[str, bool]:
        try:
            return path.read_text(encoding="utf-8").rstrip("\n"), False
        except FileNotFoundError:
            value = factory()
            write_private(path, value + "\n")
            return value.rstrip("\n"), True

    def _write_run(self, address: str | None, admin_address: str | None = None) -> None:
        write_private(
            self.path / "run.json",
            json.dumps(
                {
                    "pid": os.getpid(),
                    "address": address,
                    "admin_address": admin_address,
                    "sockets": str(self._sockets) if self._sockets else None,
                }
            )
            + "\n",
        )

    def _run(self) -> dict[str, object]:
        try:
            run = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return run if isinstance(run, dict) else {}

    def _who_holds_it(self) -> str:
        run = self._run()
        holder = f"process {run['pid']}" if run.get("pid") else "another process"
        where = f", which answers at {run['address']}" if run.get("address") else ""
        return (
            f"The data folder {self.path} is in use by {holder}{where}. "
            "Use that one, stop it, or name another folder in MIGPLAN_DATA_DIR."
        )

    def _remove_traces(self) -> None:
        """Takes away what describes a running process: ours that ends, or one that was killed."""
        sockets = self._run().get("sockets")
        if isinstance(sockets, str):
            shutil.rmtree(sockets, ignore_errors=True)
        self._sockets = None
        with contextlib.suppress(FileNotFoundError):
            (self.path / "run.json").unlink()
