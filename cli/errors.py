"""What a command gives up with."""

import re
from collections.abc import Mapping
from typing import Any, Final

FAILED: Final = 1
BAD_USAGE: Final = 2

NOT_A_WORKBOOK: Final = frozenset(
    {"not-a-workbook", "old-excel-format", "encrypted-workbook", "empty-upload", "damaged-workbook"}
)
"""Codes that blame the given file for being no workbook at all: bad usage, not a failure."""

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class CommandError(Exception):
    """A command cannot go on. The text says why and what to do; ``exit_code`` is the process's."""

    def __init__(self, text: str, *, exit_code: int = FAILED) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def refused(problem: Mapping[str, Any]) -> CommandError:
    """The end of a command because of a problem document, or of an operation's error."""
    exit_code = BAD_USAGE if problem.get("code") in NOT_A_WORKBOOK else FAILED
    return CommandError(problem_text(problem), exit_code=exit_code)


def problem_text(problem: Mapping[str, Any]) -> str:
    """A problem document, or an operation's error, for reading.

    What a workbook holds may be in it, so control characters are shown as ``?``.

    >>> problem_text({"detail": "The tab vInfo is missing.", "code": "tab-missing"})
    'The tab vInfo is missing. (tab-missing)'
    """
    detail = problem.get("detail") or problem.get("title") or "No reason was given."
    lines = [f"{detail} ({problem.get('code', 'unknown')})"]
    lines += [
        f"  - {_place(error)}{error.get('detail', '')}" for error in problem.get("errors") or ()
    ]
    if problem.get("correlation_id"):
        lines.append(f"  Correlation id: {problem['correlation_id']}")
    return _CONTROL.sub("?", "\n".join(lines))


def _place(error: Mapping[str, Any]) -> str:
    parts = [
        str(error.get("file") or ""),
        f"tab {error['tab']}" if error.get("tab") else "",
        f"row {error['row']}" if error.get("row") else "",
        f"column {error['column']}" if error.get("column") else "",
        str(error.get("pointer") or ""),
    ]
    place = ", ".join(part for part in parts if part)
    return f"{place}: " if place else ""
