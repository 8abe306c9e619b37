"""``python -m cli``: plan the sample, plan a workbook, or keep the platform up.

    python -m cli demo [--out DIR]
    python -m cli plan --rvtools PATH... --out DIR [--server URL]
    python -m cli run [--port N]

The data folder is ``.data`` or MIGPLAN_DATA_DIR.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from cli import summary
from cli.api import Api
from cli.console import err, out
from cli.errors import BAD_USAGE, CommandError
from cli.journey import make_plan
from cli.packing import Packed, packed
from cli.platform import (
    Platform,
    log_file,
    platform,
    running_address,
    signals_as_interrupt,
    start,
    stop,
    wait_until_ready,
)

_SAMPLE_FILE: Final = Path(__file__).resolve().parents[1] / "examples" / "acme-cloud-324-vms.xlsx"
SAMPLE: Final = Path(os.path.relpath(_SAMPLE_FILE))
INTERRUPTED: Final = 130
DEFAULT_PORT: Final = 8080


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        with signals_as_interrupt():
            match chosen.command:
                case "run":
                    _run(chosen.data_dir, chosen.port)
                case "demo":
                    _plan([SAMPLE], chosen.out, platform(chosen.data_dir))
                case _:
                    _plan(chosen.rvtools, chosen.out, _chosen_platform(chosen))
    except CommandError as error:
        err.print(f"\n{error}", markup=False)
        return error.exit_code
    except KeyboardInterrupt:
        err.print("\nStopped.")
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cli", description="Migration Planner from the command line."
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("MIGPLAN_DATA_DIR", ".data")),
        help="folder that keeps everything (MIGPLAN_DATA_DIR, default .data)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="plan the sample estate that ships with the project")
    demo.add_argument("--out", type=Path, default=Path("out"), help="folder for the documents")
    plan = commands.add_parser("plan", help="plan an RVTools workbook")
    plan.add_argument(
        "--rvtools",
        type=Path,
        required=True,
        nargs="+",
        metavar="PATH",
        help="the workbook (.xlsx), a zip of several or of CSV files, or files and folders to pack "
        "into one",
    )
    plan.add_argument("--out", type=Path, default=Path("out"), help="folder for the documents")
    plan.add_argument(
        "--server",
        metavar="URL",
        type=_address,
        help="a platform that runs elsewhere; MIGPLAN_USER and MIGPLAN_PASSWORD log in",
    )
    keep = commands.add_parser("run", help="keep the platform up")
    keep.add_argument(
        "--port",
        type=int,
        default=int(os.environ.get("MIGPLAN_PORT", DEFAULT_PORT)),
        help=f"TCP port on this machine (MIGPLAN_PORT, default {DEFAULT_PORT})",
    )
    return parser


def _address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with http:// or https://")
    return text.rstrip("/")


def _chosen_platform(chosen: argparse.Namespace) -> AbstractContextManager[Platform]:
    if chosen.server is None:
        return platform(chosen.data_dir)
    return nullcontext(Platform(chosen.server, chosen.data_dir, is_ours=False))


def _plan(paths: Sequence[Path], out_dir: Path, chosen: AbstractContextManager[Platform]) -> None:
    with packed(paths) as upload:
        _plan_upload(upload, ", ".join(map(str, paths)), out_dir, chosen)


def _plan_upload(
    upload: Packed, named: str, out_dir: Path, chosen: AbstractContextManager[Platform]
) -> None:
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"{out_dir} cannot be used for the documents: {error.strerror}.", exit_code=BAD_USAGE
        ) from error
    out.print(f"Planning {named}", markup=False)
    with chosen as running:
        if not running.is_ours:
            out.print(f"  Using the platform at {running.address}", markup=False)
        api = Api(running.address)
        try:
            api.log_in(*running.credentials())
            outcome = make_plan(
                api, workbook=upload.file, project_name=upload.title, out_dir=out_dir
            )
        finally:
            api.close()
        summary.show(outcome)


def _run(data_dir: Path, port: int) -> None:
    """Keep a platform in the foreground; it says itself where it is."""
    address = running_address(data_dir)
    if address is not None:
        raise CommandError(f"The platform runs already, at {address}. Stop that one first.")
    child = start(data_dir, port=port, output=None)
    try:
        wait_until_ready(child, data_dir)
        out.print(f"Log: {log_file(data_dir)}", markup=False)
        code = child.wait()
        if code:
            raise CommandError(f"The platform ended with code {code}. See {log_file(data_dir)}.")
    except KeyboardInterrupt:
        out.print("\nStopping …")
        stop(child)
    finally:
        stop(child)


if __name__ == "__main__":
    sys.exit(main())
