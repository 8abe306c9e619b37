"""promtool, which checks Prometheus' rules and tests them: the machine's, or Debian's unpacked.

``python -m shared.testing.promtool`` fetches it ahead of the tests, as
:mod:`shared.testing.fetch_rabbitmq` does the broker: without root, and nothing is installed.
"""

import fcntl
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.testing.fetch_rabbitmq import APT_CONFIG
from shared.testing.rabbitmq_binaries import system_name

CACHE: Final = Path(__file__).resolve().parents[2] / ".cache" / "promtool"
PACKAGE: Final = "prometheus"
ADVICE: Final = (
    "Install Prometheus (Debian, Ubuntu: `apt-get install prometheus`), or put promtool into PATH."
)

log = logging.getLogger(__name__)


class PromtoolUnavailable(Exception):
    """There is no promtool to test with; the message says what was tried and what to install."""


def ensure_promtool(cache: Path = CACHE) -> Path:
    """The program, fetched if the machine has none and it was not fetched before.

    Safe while others do the same: one fetches, the others wait and use its result.

    Raises:
        PromtoolUnavailable: neither found nor fetched.
    """
    installed = shutil.which("promtool")
    if installed is not None:
        return Path(installed)
    target = cache / system_name() / "promtool"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "fetch.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                _fetch(target)
    except (OSError, subprocess.SubprocessError) as error:
        raise PromtoolUnavailable(
            f"promtool is not installed and could not be fetched: {error}. {ADVICE}"
        ) from error
    return target


def _fetch(target: Path) -> None:
    """Downloads and unpacks the package; the program appears at ``target`` whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as name:
        folder = Path(name)
        (folder / "lists" / "partial").mkdir(parents=True)
        (folder / "cache" / "archives" / "partial").mkdir(parents=True)
        (folder / "status").touch()
        config = folder / "apt.conf"
        config.write_text(APT_CONFIG.format(root=folder), encoding="utf-8")
        log.info("promtool: reading Debian's package lists")
        # A third party's source that fails does no harm: the download tells whether ours was read.
        listed = _call(["apt-get", "-c", str(config), "update"], within=folder)
        log.info("promtool: downloading Debian's %s", PACKAGE)
        loaded = _call(["apt-get", "-c", str(config), "download", PACKAGE], within=folder)
        packages = sorted(folder.glob("*.deb"))
        if not packages:
            output = "\n".join((listed + loaded).splitlines()[-15:])
            raise PromtoolUnavailable(
                f"promtool is not installed and could not be fetched; apt-get said:\n{output}\n"
                f"{ADVICE}"
            )
        unpacked = folder / "root"
        subprocess.run(["dpkg-deb", "--extract", packages[0], unpacked], check=True, timeout=120)
        (unpacked / "usr" / "bin" / "promtool").rename(target)


def _call(command: Sequence[str], *, within: Path) -> str:
    """What the command says, whatever comes of it."""
    done = subprocess.run(
        command,
        cwd=within,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return done.stdout


def main() -> int:
    """Fetches the program, saying how far it is. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        program = ensure_promtool()
    except PromtoolUnavailable as error:
        log.error("%s", error)  # noqa: TRY400 - the message is the whole story
        return 1
    log.info("promtool: using %s", program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
