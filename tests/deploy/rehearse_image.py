"""Does what the Dockerfile does, without a Docker engine: ``make image-rehearsal``.

Its RUN and COPY instructions are carried out in a folder instead of an image. Then the six services
run from there, on a real PostgreSQL and RabbitMQ, as user 10001 without capabilities, in a mount
namespace where everything is read-only but a /tmp of their own, and plan the sample estate. What it
cannot show: the base image, and how an engine takes labels, user and entry point.

Needs root, a package index, and Python 3.11 at /usr/bin: one that user 10001 may run.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from services import SERVICES
from shared.testing.postgres import end_postgres, shared_postgres
from shared.testing.rabbit import end_rabbit, shared_rabbit
from shared.testing.shared_run import SharedRun
from tests.deploy.dockerfile import instructions
from tests.deploy.manifests import ROOT
from tests.support.platform_processes import separate_platform

SAMPLE = ROOT / "examples" / "acme-cloud-324-vms.xlsx"
PYTHON = "/usr/bin/python3.11"
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "testing")
CONTAINER = """
image=$0
settings=$1
shift
mount --make-rprivate /
mount -t tmpfs -o mode=1777 tmpfs /tmp
awk '{print $2}' /proc/self/mounts | while read -r place; do
    case $place in
    /proc* | /dev* | /sys* | /tmp) ;;
    *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;;
    esac
done
for place in / /var/tmp "$image/app"; do
    if touch "$place/probe" 2>/dev/null; then
        echo "$place is not read-only" >&2
        exit 99
    fi
done
cd "$image/app"
exec env $settings \\
    setpriv --reuid 10001 --regid 10001 --clear-groups --bounding-set=-all --no-new-privs \\
    "$image/opt/venv/bin/python" -m services "$@"
"""
"""What an engine does with ``read_only``, ``tmpfs``, ``user`` and ``cap_drop``."""


def say(text: str) -> None:
    """A line of the report."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def copy(source: str, target: Path) -> None:
    """COPY, with what .dockerignore leaves out."""
    origin = ROOT / source
    target.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=IGNORED)
    else:
        shutil.copy2(origin, target)


def run(command: str, image: Path) -> None:
    """RUN, with its folders below ours, the system's Python and our pip."""
    here = command.replace("/opt/venv", f"{image}/opt/venv")
    here = here.replace("python -m venv", f"{PYTHON} -m venv")
    here = here.replace("pip --python", f"{sys.executable} -m pip --quiet --python")
    subprocess.run(["/bin/sh", "-euc", here], cwd=image / "app", check=True)


def build(image: Path) -> None:
    """The stage that builds; the one that ships copies its two folders."""
    (image / "app").mkdir(parents=True)
    for instruction in (i for i in instructions() if i.stage == 0):
        say(f"{instruction.name} {instruction.value}")
        if instruction.name == "RUN":
            run(instruction.value, image)
        elif instruction.name == "COPY":
            source, target = instruction.value.split()
            copy(source, image / "app" / target)


def environment() -> str:
    """What ENV sets in the stage that ships, but for the search path."""
    (told,) = [i.value for i in instructions() if i.stage == 1 and i.name == "ENV"]
    return " ".join(word for word in told.split() if not word.startswith("PATH="))


def plan_sample(image: Path, folder: Path) -> None:
    """The main job: a workbook in, both documents out."""
    container = (CONTAINER, str(image), environment())
    program = ("unshare", "--mount", "--", "/bin/sh", "-euc", *container)
    shown = subprocess.run([*program, "--help"], check=True, capture_output=True, text=True)
    say(shown.stdout.splitlines()[0])
    process_run = SharedRun.begin(end)
    try:
        with (
            shared_postgres(process_run).held_platform_database(process_run, SERVICES) as database,
            shared_rabbit(process_run).vhost() as amqp_url,
            separate_platform(database, amqp_url, folder, program=program) as platform,
        ):
            say("Six services are ready, each with a read-only root")
            client = platform.client()
            project = client.new_project("Rehearsal")
            inventory = client.imported(project, SAMPLE)
            plan = client.planned(project, inventory["id"])
            for kind in ("json", "xlsx"):
                say(f"plan.{kind}: {len(client.exported(project, plan, kind)):,} bytes")
    finally:
        process_run.finish(end)


def end(process_run: SharedRun) -> None:
    """Stops the servers."""
    end_rabbit(process_run)
    end_postgres(process_run)


def main() -> None:
    """Builds, runs, reports."""
    with tempfile.TemporaryDirectory(prefix="migplan-image-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        image = folder / "image"
        build(image)
        files = [path for path in image.rglob("*") if path.is_file() and not path.is_symlink()]
        say(f"Both folders together: {sum(p.stat().st_size for p in files) / 2**20:,.0f} MiB")
        plan_sample(image, folder)


if __name__ == "__main__":
    main()
