"""Finds the columns of a tab by what its header row says, never by position.

Headers are compared in a normal form: lower case without blanks and punctuation, so that
``Free % ``, ``# VMs`` and the run-together names of RVTools' ``-DBColumnNames`` option meet. A size
column may carry its unit; RVTools' "MB" is MiB (decision 1), and GB or TB are powers of 1024 too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from services.ingest.domain.cells import MIB_PER_UNIT, Cell, plain_text

_NOT_ALNUM = re.compile(r"[\W_]+")
_UNIT = re.compile(r"^(.*?)(kib|kb|mib|mb|gib|gb|tib|tb)$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column we read: its name in current RVTools, other spellings, and how it is measured."""

    name: str
    also: tuple[str, ...] = ()
    db: tuple[str, ...] = ()
    """Names under ``-DBColumnNames``, without the tab's prefix, where ``also`` does not hold."""
    is_size: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab we read and its columns."""

    name: str
    columns: tuple[Column, ...]
    key: str | None = "VM"
    """The column that names what a row is about; None where rows are about the workbook itself."""
    known: frozenset[str] = frozenset()
    """Of a VM tab: the columns of RVTools itself; any other is an attribute of the VM."""

    @property
    def is_about_vms(self) -> bool:
        """Whether each row belongs to a VM."""
        return self.key == "VM"


@dataclass(frozen=True, slots=True)
class MatchedColumn:
    """A column of ours and the header it was found under."""

    column: str
    header: str
    position: int
    mib_per_unit: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """What a header row gives us."""

    matched: dict[str, MatchedColumn]
    unmatched: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    headers: tuple[str, ...] = field(default=())

    def has(self, column: str) -> bool:
        """Whether the tab has the column."""
        return column in self.matched


def normal_tab_name(name: str) -> str:
    """The name under which tabs are compared.

    >>> normal_tab_name(" RVTools_tabvInfo "), normal_tab_name("vInfo")
    ('vinfo', 'vinfo')
    """
    return name.strip().lower().removeprefix("rvtools_").removeprefix("tab")


def normal_header(header: str) -> str:
    """The form in which headers are compared.

    >>> normal_header(" Free % "), normal_header("Total disk capacity MiB"), normal_header("VM  ID")
    ('free', 'totaldiskcapacitymib', 'vmid')
    """
    return _NOT_ALNUM.sub("", header).lower()


def match_header(tab: Tab, row: Sequence[Cell]) -> HeaderMatch:
    """Which of the tab's columns the header ``row`` has. Earlier spellings win over later ones."""
    headers = [plain_text(cell) for cell in row]
    by_form = _positions_by_form(tab, headers)
    matched: dict[str, MatchedColumn] = {}
    taken: set[int] = set()
    for column in tab.columns:
        for form in _forms(column):
            found = by_form.get(form)
            if found is not None and found[0] not in taken:
                position, factor = found
                matched[column.name] = MatchedColumn(
                    column.name, headers[position].strip(), position, factor
                )
                taken.add(position)
                break
    return HeaderMatch(
        matched=matched,
        unmatched=tuple(h.strip() for i, h in enumerate(headers) if h.strip() and i not in taken),
        missing=tuple(c.name for c in tab.columns if c.name not in matched),
        headers=tuple(headers),
    )


_Form = tuple[str, bool, bool]
"""Normal header, whether it had the tab's prefix, whether it is the form of a size column."""


def _forms(column: Column) -> list[_Form]:
    """The forms under which ``column`` may appear, best first."""
    names = [normal_header(name) for name in (column.name, *column.also)]
    if column.is_size:
        names = list(dict.fromkeys(split_unit(name)[0] for name in names))
    db = [*(normal_header(name) for name in column.db), *(names[:1] if column.db else names)]
    return [(name, False, column.is_size) for name in names] + [
        (name, True, column.is_size) for name in db
    ]


def _positions_by_form(tab: Tab, headers: Sequence[str]) -> dict[_Form, tuple[int, Fraction]]:
    """Every form of every header with its first position and, for sizes, its unit."""
    prefix = normal_header(tab.name)
    found: dict[_Form, tuple[int, Fraction]] = {}
    for position, header in enumerate(headers):
        normal = normal_header(header)
        is_db = normal.startswith(prefix) and len(normal) > len(prefix)
        name = normal.removeprefix(prefix) if is_db else normal
        if not name:
            continue
        base, factor = split_unit(name)
        found.setdefault((name, is_db, False), (position, Fraction(1)))
        if "%" not in header:
            found.setdefault((base, is_db, True), (position, factor))
    return found


def split_unit(normal: str) -> tuple[str, Fraction]:
    """A size header without its unit, and MiB per unit (1 when it states none).

    >>> split_unit("capacitymb"), split_unit("memory")
    (('capacity', Fraction(1, 1)), ('memory', Fraction(1, 1)))
    """
    match = _UNIT.match(normal)
    if match is None or not match[1]:
        return normal, Fraction(1)
    return match[1], MIB_PER_UNIT[match[2]]
