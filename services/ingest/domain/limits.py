"""How large a workbook may be, and what reading it may cost (decision 8)."""

from dataclasses import dataclass

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class WorkbookLimits:
    """Bounds on the file itself, checked before and while it is read.

    A workbook of 100,000 VMs unpacks to about 1.8 GB with a ratio of 5 to 10 per part; bombs start
    at about 340.
    """

    max_unpacked_bytes: int = 4 * GIB
    max_part_ratio: int = 120
    max_members: int = 10_000
    max_files: int = 100
    """Workbooks, or folders of CSV files, in one upload."""
    max_rows_per_tab: int = 2_000_000
    max_text_chars: int = 32_767
    """Excel's own bound for the text of one cell."""
    max_name_bytes: int = 720
    """A VM's name in UTF-8. vCenter allows 80 characters; an index and a page's cursor hold 720."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """Bounds on the child process that reads the workbook."""

    memory_mib: int = 2048
    """Address space. 100,000 VMs with disks and NICs need about half."""
    cpu_s: int = 900
    wall_s: int = 1800
