"""RabbitMQ's programs on this machine: the installed ones, or those that were fetched."""

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CACHE: Final = Path(__file__).resolve().parents[2] / ".cache" / "rabbitmq"
INSTALLED: Final = Path("/")

ADVICE: Final = (
    "Either install the server (Debian, Ubuntu: `apt-get install rabbitmq-server`), or start a "
    "Docker engine, or name a running server in TEST_RABBITMQ_URL "
    "(amqp://administrator:password@host:5672/)."
)


class RabbitUnavailable(Exception):
    """There is no RabbitMQ to test with; the message says what was tried and what to install."""


@dataclass(frozen=True, slots=True)
class RabbitBinaries:
    """RabbitMQ and Erlang below ``root``, laid out as Debian's packages do."""

    root: Path

    def scripts(self) -> Path:
        """The folder of rabbitmq-server and rabbitmqctl themselves, not of Debian's wrappers.

        The wrappers change to another user and forget the environment.
        """
        found = sorted(self.root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"))
        if not found:
            raise RabbitUnavailable(f"{self.root} has no /usr/lib/rabbitmq. {ADVICE}")
        return found[-1]

    def environment(self) -> Mapping[str, str]:
        """What the programs need to find each other and their libraries."""
        path = os.environ.get("PATH", os.defpath)
        if self.root == INSTALLED:
            return {"PATH": path}
        usr = self.root / "usr"
        libraries = [*self.root.glob("usr/lib/*-linux-gnu*"), *self.root.glob("lib/*-linux-gnu*")]
        return {
            "PATH": f"{usr}/lib/erlang/bin:{usr}/bin:{path}",
            "LD_LIBRARY_PATH": ":".join(str(folder) for folder in sorted(libraries)),
        }


def find_binaries(cache: Path = CACHE) -> RabbitBinaries | None:
    """RabbitMQ's programs, if the machine has them or they were fetched."""
    if Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() and shutil.which("erl"):
        return RabbitBinaries(INSTALLED)
    fetched = sorted(cache.glob(f"*_{system_name()}"))
    return RabbitBinaries(fetched[-1]) if fetched else None


def system_name() -> str:
    """The operating system that packages are made for, such as ``debian12_x86_64``."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    return f"{release.get('ID', 'unknown')}{release.get('VERSION_ID', '')}_{platform.machine()}"
