"""Text that is safe in a spreadsheet cell whatever it says (decision 34).

That it starts no formula is up to the writer, which must write text as text; here is what no
writer survives: characters that XML 1.0 does not allow, and more of them than a cell may hold.
"""

import re
from typing import Final

MAX_LENGTH: Final = 32_767
"""What Excel keeps in a cell, in UTF-16 units."""
CUT_MARK: Final = " … (cut)"

_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def cell_text(value: str) -> str:
    """``value`` without illegal characters, cut with a mark where it is too long.

    >>> cell_text("bell\\x07 and tab\\t")
    'bell and tab\\t'
    >>> len(cell_text("x" * 40_000))
    32767
    """
    legal = _ILLEGAL.sub("", value).replace("\r\n", "\n").replace("\r", "\n")
    if _utf16_length(legal) <= MAX_LENGTH:
        return legal
    kept = legal.encode("utf-16-le")[: 2 * (MAX_LENGTH - len(CUT_MARK))]
    return kept.decode("utf-16-le", errors="ignore") + CUT_MARK


def _utf16_length(value: str) -> int:
    if len(value) * 2 <= MAX_LENGTH:
        return len(value)
    return len(value.encode("utf-16-le")) // 2
