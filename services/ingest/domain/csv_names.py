"""Which tab a CSV file holds, told from its name, and which other files belong to it."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from services.ingest.domain.headers import normal_tab_name

RVTOOLS_TABS: Final = (
    *("vInfo", "vCPU", "vMemory", "vDisk", "vPartition", "vNetwork", "vFloppy", "vUSB", "vCD"),
    *("vSnapshot", "vTools", "vSource", "vRP", "vCluster", "vHost", "vHBA", "vNIC", "vSwitch"),
    *("vPort", "dvSwitch", "dvPort", "vSC_VMK", "vDatastore", "vMultiPath", "vLicense"),
    *("vFileInfo", "vHealth", "vMetaData"),
)
"""Every tab that RVTools 3.9 to 4.8 exports."""

_BY_LENGTH: Final = sorted(RVTOOLS_TABS, key=len, reverse=True)
_TAIL_OF_PREFIX = re.compile(r"(?:(?:^|[\W_])tab)?[\W_]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvName:
    """A file's tab, and what the files of one export have in common."""

    tab: str
    export: str
    """Folder and prefix; "" for files named as RVTools names them, at the top."""


def csv_name(path: str) -> CsvName:
    """The tab and the export of a file.

    >>> csv_name("RVTools_tabvInfo.csv")
    CsvName(tab='vInfo', export='')
    >>> csv_name("site-a/RVTools_tabdvPort.csv"), csv_name("vc02_vInfo.csv")
    (CsvName(tab='dvPort', export='site-a/'), CsvName(tab='vInfo', export='vc02_*.csv'))
    """
    where = PurePosixPath(path.replace("\\", "/"))
    folder = "" if str(where.parent) == "." else f"{where.parent}/"
    stem = where.stem.strip()
    for tab in _BY_LENGTH:
        before = stem[: len(stem) - len(tab)]
        if not stem.lower().endswith(tab.lower()):
            continue
        if before and not (before[-1] in "_- ." or before.lower().endswith("tab")):
            continue
        prefix = _TAIL_OF_PREFIX.sub("", before)
        is_usual = prefix.lower() in {"", "rvtools"}
        return CsvName(tab, folder if is_usual else f"{folder}{prefix}_*.csv")
    return CsvName(normal_tab_name(stem), folder)
