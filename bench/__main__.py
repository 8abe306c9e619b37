"""``python -m bench [NAME …]``: one JSON object a line on standard output, for each figure."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench.cases import Bench
from bench.results import Result
from bench.site import Site
from bench.workbooks import CACHE
from shared.observability.logging import configure_logging
from shared.testing.postgres import end_postgres
from shared.testing.rabbit import end_rabbit
from shared.testing.shared_run import SharedRun


def main() -> None:
    """Runs the cases that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases to run; default: all")
    wanted = parser.parse_args().names
    configure_logging("bench", level="WARNING")
    run = SharedRun.begin(_end)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="migplan-bench-") as folder,
            Site.opened(run, Path(folder), workbooks=CACHE) as site,
        ):
            cases = Bench(site, _print).cases()
            if unknown := [name for name in wanted if name not in cases]:
                parser.error(f"no such case: {', '.join(unknown)}. There are {', '.join(cases)}.")
            for name in wanted or cases:
                cases[name]()
    finally:
        run.finish(_end)


def _print(result: Result) -> None:
    sys.stdout.write(result.line() + "\n")
    sys.stdout.flush()


def _end(run: SharedRun) -> None:
    end_rabbit(run)
    end_postgres(run)


if __name__ == "__main__":
    main()
