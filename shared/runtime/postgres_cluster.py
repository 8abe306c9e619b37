"""A PostgreSQL cluster's files in a folder, and PostgreSQL's own programs run on them.

::

    <folder>/data/       the cluster (PGDATA); its PG_VERSION names the major that wrote it
    <folder>/password    the superuser's password
    <folder>/server.log  of this start (``server.log.1``: of the one before)
    <folder>/socket/     the Unix socket, unless its path were too long (then below /tmp)

**Root.** PostgreSQL refuses to run as root, so it runs as an unprivileged user, who often cannot
walk down to the data folder (below /root, or in our own 0700 folder). Instead of opening those
folders to others, we open ``data`` and hand it down: as ``/proc/self/fd/<n>`` it can be entered
without passing its parents. PostgreSQL changes into its data folder once and then uses relative
paths, so this holds for all its processes.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.runtime.data_dir import socket_folder, sync_folder, write_private
from shared.runtime.errors import StartError
from shared.runtime.postgres_binaries import PostgresBinaries, ServerAccount

SUPERUSER: Final = "postgres"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What ``postmaster.pid`` says of the server that runs, or ran until it was killed."""

    pid: int
    sockets: Path

    def is_alive(self) -> bool:
        """Whether that server still runs."""
        return is_live_postgres(self.pid)


def is_live_postgres(pid: int) -> bool:
    """Whether ``pid`` is a live PostgreSQL, and not another program that has its number now."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    except FileNotFoundError:
        return not Path("/proc/self/stat").exists()  # no /proc here (macOS): trust the signal
    name, _, rest = status.partition("(")[2].rpartition(")")
    return name == "postgres" and not rest.startswith((" Z", " X"))


class Cluster:
    """The files below ``folder``; blocking, so callers use a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self._password_file = folder / "password"

    def password(self) -> str:
        """The superuser's password."""
        return self._password_file.read_text(encoding="utf-8").strip()

    def account(self) -> ServerAccount:
        """The account that owns the cluster, or will."""
        return ServerAccount.for_data(self.data)

    def ensure_made(self, binaries: PostgresBinaries, *, durable: bool) -> None:
        """Makes the cluster if there is none.

        Raises:
            StartError: there is one that these programs cannot read, or initdb failed.
        """
        if not self.data.exists():
            self._make(binaries, durable=durable)
            return
        try:
            written_by = int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            raise StartError(
                f"{self.data} is not PostgreSQL's data: PG_VERSION is missing or damaged. Restore "
                "the folder, or remove it to begin with an empty database."
            ) from None
        if written_by != binaries.major:
            raise StartError(
                f"The data in {self.data} was written by PostgreSQL {written_by}, and the programs "
                f"in {binaries.folder} are {binaries.version}; no major version reads another's "
                f"files. Name the folder of PostgreSQL {written_by}'s programs in MIGPLAN_PG_BIN "
                f"(Debian: /usr/lib/postgresql/{written_by}/bin). To move to {binaries.major}: "
                "start with them, save everything with pg_dump, start without them on an empty "
                "data folder, and load it there."
            )

    def postmaster(self) -> Postmaster | None:
        """What ``postmaster.pid`` says; None when the server was stopped properly."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        # pid, data folder, start time, port, socket folder, address, ...
        if len(lines) < 5 or not lines[0].isdigit():
            return None  # being written: the server has only begun to start
        return Postmaster(pid=int(lines[0]), sockets=Path(lines[4]))

    def processes(self) -> list[int]:
        """Every live process of a server of this cluster (known on Linux only)."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            pid = int(entry.name)
            with contextlib.suppress(OSError):  # gone meanwhile, or another user's
                if (entry / "cwd").samefile(self.data) and is_live_postgres(pid):
                    found.append(pid)
        return sorted(found)

    def remove_postmaster_file(self) -> None:
        """Removes a dead server's ``postmaster.pid``.

        PostgreSQL would do so itself, but for a zombie, which it takes for alive; in containers
        nobody may ever collect that.
        """
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def new_socket_folder(self) -> Path:
        """A private folder in which the account can make its socket; its short path is ours too."""
        account = self.account()
        if account.uid is None:
            return socket_folder(self.folder / "socket")
        folder = Path(tempfile.mkdtemp(prefix="migplan-"))  # below ours it could not go
        account.own(folder)
        return folder

    def begin_log(self) -> None:
        """A new log; the former one is kept beside it."""
        if self.log.exists():
            self.log.replace(self.log.with_name(self.log.name + ".1"))

    def log_tail(self) -> str:
        """The end of the server's log, for a message to a person."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return f"({self.log} does not exist.)"
        return "\n".join([f"The end of {self.log}:", *(f"  {line}" for line in lines[-20:])])

    def run(
        self,
        binaries: PostgresBinaries,
        command: Sequence[str],
        *,
        data: Path | None = None,
        inherit: Sequence[int] = (),
    ) -> int:
        """The exit code of one of PostgreSQL's programs, run on ``data`` as the account.

        Its output goes to the server's log, and so does that of a daemon it leaves behind.
        """
        data = data or self.data
        account = ServerAccount.for_data(data)
        descriptor = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
        place = data if account.uid is None else f"/proc/self/fd/{descriptor}"
        try:
            with self.log.open("ab") as log:
                done = subprocess.run(  # noqa: S603 - a program of our own choice, no shell
                    [binaries.folder / command[0], f"--pgdata={place}", *command[1:]],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=[descriptor, *inherit],
                    check=False,
                    **account.popen_options(),
                )
        finally:
            os.close(descriptor)
        return done.returncode

    def _make(self, binaries: PostgresBinaries, *, durable: bool) -> None:
        """Makes the cluster aside, then renames it: a killed initdb leaves nothing that counts."""
        password = secrets.token_urlsafe(24)
        write_private(self._password_file, password + "\n")
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        account = self.account()
        unfinished.mkdir(mode=0o700)
        account.own(unfinished)
        with tempfile.TemporaryFile() as file:
            file.write(password.encode())
            file.flush()
            account.own(file.fileno())
            command = [
                "initdb",
                f"--username={SUPERUSER}",
                f"--pwfile=/dev/fd/{file.fileno()}",  # no path: the account could not follow it
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *_locale_options(binaries.major),
                *([] if durable else ["--no-sync"]),
            ]
            code = self.run(binaries, command, data=unfinished, inherit=[file.fileno()])
        if code != 0:
            raise StartError(f"PostgreSQL's initdb failed in {self.folder}.\n{self.log_tail()}")
        unfinished.rename(self.data)
        sync_folder(self.folder)


def _locale_options(major: int) -> list[str]:
    """C.UTF-8: upper and lower case beyond ASCII. Built in since 17, else the C library's."""
    options = ["--locale=C.UTF-8"]
    if major >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return options
