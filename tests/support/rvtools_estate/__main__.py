"""Writes a workbook: ``python -m tests.support.rvtools_estate --vms 1000 --out estate.xlsx``."""

import argparse
from pathlib import Path

from tests.support.rvtools_estate import TABS, estate, write_workbook
from tests.support.rvtools_estate.sample import PATH, write_sample


def main() -> None:
    """Parses the command line and writes what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.rvtools_estate")
    parser.add_argument("--out", type=Path, help="where the workbook goes")
    parser.add_argument("--vms", type=int, default=1000, help="VMs in scope (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another estate")
    parser.add_argument("--tenants", type=int, default=40, help="places in the inventory tree")
    parser.add_argument(
        "--tabs", default=",".join(TABS), help="some of the tabs, separated by commas"
    )
    parser.add_argument("--sample", action="store_true", help=f"write {PATH.name} again")
    arguments = parser.parse_args()
    if arguments.sample:
        path, rows = PATH, write_sample()
    elif arguments.out is None:
        parser.error("say where the workbook goes: --out estate.xlsx")
    else:
        path = arguments.out
        made = estate(vms=arguments.vms, seed=arguments.seed, tenants=arguments.tenants)
        rows = write_workbook(path, made, tabs=arguments.tabs.split(","))
    print(f"{path}: " + ", ".join(f"{tab} {count}" for tab, count in rows.items()))  # noqa: T201


if __name__ == "__main__":
    main()
