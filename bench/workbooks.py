"""Generated RVTools workbooks of any size, written once and kept."""

import os
from pathlib import Path
from typing import Final

from tests.support.rvtools_estate import estate, write_workbook

CACHE: Final = Path(__file__).resolve().parents[1] / ".cache" / "bench"
TENANTS: Final = 40
SEED: Final = 1


def workbook_of(vms: int, *, cache: Path = CACHE) -> Path:
    """The workbook of an estate with ``vms`` VMs in scope, and all 15 tabs.

    It is written row by row, so its size does not matter to memory; 100,000 VMs take some minutes
    once.
    """
    path = cache / f"estate-{vms}-vms-{TENANTS}-tenants-seed-{SEED}.xlsx"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        write_workbook(unfinished, estate(vms=vms, seed=SEED, tenants=TENANTS))
        unfinished.replace(path)
    return path
