"""Fetches RabbitMQ: Debian's packages, unpacked below the project.

No root is needed and nothing is installed: ``apt-get`` works with its state in a folder of ours and
only downloads, ``dpkg`` only unpacks. The same way serves root and a plain user. An unpacked server
may be moved with the project: the Erlang start script finds its own place.

``python -m shared.testing.fetch_rabbitmq`` does it ahead of the tests.
"""

import fcntl
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.testing.rabbitmq_binaries import (
    ADVICE,
    CACHE,
    RabbitBinaries,
    RabbitUnavailable,
    find_binaries,
    system_name,
)

log = logging.getLogger(__name__)

APT_CONFIG: Final = """
Dir::State "{root}";
Dir::State::lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Debug::NoLocking "true";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"""
"""Root's sandbox user could not write into our folder; the hooks would touch the machine's apt."""

_FIXED_ERLANG_ROOT: Final = re.compile(r"^(\s*)ROOTDIR=\S*/usr/lib/erlang\S*$", re.MULTILINE)
_FOUND_ERLANG_ROOT: Final = r'\1ROOTDIR=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)'


def ensure_binaries(cache: Path = CACHE) -> RabbitBinaries:
    """RabbitMQ's programs, fetched if the machine has none and they were not fetched before.

    Safe while others do the same: one fetches, the others wait and use its result.

    Raises:
        RabbitUnavailable: neither found nor fetched.
    """
    found = find_binaries(cache)
    if found is not None:
        return found
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "fetch.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return find_binaries(cache) or fetch(cache)
    except OSError as error:
        raise RabbitUnavailable(
            f"RabbitMQ is not installed and could not be fetched: {error}. {ADVICE}"
        ) from error


def fetch(cache: Path) -> RabbitBinaries:
    """Downloads and unpacks the server and Erlang into ``cache``; the result appears there whole.

    Raises:
        RabbitUnavailable: there is no apt, or it does not find or reach the packages.
    """
    started = time.monotonic()
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise RabbitUnavailable(
                f"RabbitMQ is not installed, and without {program} it cannot be fetched. {ADVICE}"
            )
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetching-") as name:
        folder = Path(name)
        packages = _download(folder)
        log.info("RabbitMQ: unpacking")
        unpacked = folder / "root"
        unpacked.mkdir(mode=0o755)
        for package in packages:
            _call(["dpkg-deb", "--extract", package, unpacked])
        _make_movable(unpacked)
        binaries = RabbitBinaries(unpacked)
        _check(binaries)
        version = next(p.name.split("_")[1] for p in packages if p.name.startswith("rabbitmq-"))
        target = cache / f"{version}_{system_name()}"
        unpacked.rename(target)
    log.info("RabbitMQ: %s is ready after %.0f s", target.name, time.monotonic() - started)
    return RabbitBinaries(target)


def _download(folder: Path) -> Sequence[Path]:
    """The packages of the server, and of everything it needs that the machine does not have."""
    (folder / "lists" / "partial").mkdir(parents=True)
    archives = folder / "cache" / "archives"
    (archives / "partial").mkdir(parents=True)
    (folder / "status").write_text(_status_without_erlang(), encoding="utf-8")
    config = folder / "apt.conf"
    config.write_text(APT_CONFIG.format(root=folder), encoding="utf-8")

    log.info("RabbitMQ: reading Debian's package lists")
    # A third party's source that fails does no harm: the download tells whether ours was read.
    listed = _call(["apt-get", "-c", config, "update"], check=False)
    log.info("RabbitMQ: downloading the server and Erlang (35 MB)")
    _call(
        ["apt-get", "-c", config, "install", "--yes", "--download-only", "rabbitmq-server"],
        hint=listed.stdout,
    )
    return sorted(archives.glob("*.deb"))


def _status_without_erlang() -> str:
    """The machine's list of installed packages, less any part of Erlang.

    A server next to half of an installed Erlang would look for the other half there.
    """
    try:
        stanzas = Path("/var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n")
    except FileNotFoundError:
        return ""
    return "\n\n".join(
        stanza
        for stanza in stanzas
        if not stanza.startswith(("Package: erlang-", "Package: rabbit"))
    )


def _make_movable(root: Path) -> None:
    script = root / "usr" / "lib" / "erlang" / "bin" / "erl"
    text, changes = _FIXED_ERLANG_ROOT.subn(_FOUND_ERLANG_ROOT, script.read_text(encoding="utf-8"))
    if not changes:
        raise RabbitUnavailable(f"Erlang's start script is not as expected: {script}. {ADVICE}")
    script.write_text(text, encoding="utf-8")


def _check(binaries: RabbitBinaries) -> None:
    """Starts Erlang with its cryptography once, which shows a library that is missing."""
    _call(
        ["erl", "-noshell", "-eval", "ok = crypto:start(), halt(0)."],
        environment=binaries.environment(),
    )


def _call(
    command: Sequence[str | Path],
    *,
    check: bool = True,
    hint: str = "",
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        env={
            **os.environ,
            "LC_ALL": "C",
            "DEBIAN_FRONTEND": "noninteractive",
            **(environment or {}),
        },
    )
    if check and done.returncode != 0:
        output = "\n".join(f"  {line}" for line in (hint + done.stdout).splitlines()[-15:])
        raise RabbitUnavailable(
            f"RabbitMQ is not installed and could not be fetched; `{command[0]}` failed:\n"
            f"{output}\n{ADVICE}"
        )
    return done


def main() -> int:
    """Fetches the programs, saying how far it is. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        binaries = ensure_binaries()
    except RabbitUnavailable as error:
        log.error("%s", error)  # noqa: TRY400 - the message is the whole story
        return 1
    log.info("RabbitMQ: using %s", binaries.scripts())
    return 0


if __name__ == "__main__":
    sys.exit(main())
