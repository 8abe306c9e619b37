"""What a command gives up with."""

from collections.abc import Mapping
from typing import Any

FAILED = 1
BAD_USAGE = 2


class CommandError(Exception):
    """A command cannot go on. The text says why and what to do; ``exit_code`` is the process's."""

    def __init__(self, text: str, *, exit_code: int = FAILED) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def problem_text(problem: Mapping[str, Any]) -> str:
    """A problem document, or an operation's error, for reading.

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
    return "\n".join(lines)


def _place(error: Mapping[str, Any]) -> str:
    parts = [
        f"tab {error['tab']}" if error.get("tab") else "",
        f"row {error['row']}" if error.get("row") else "",
        f"column {error['column']}" if error.get("column") else "",
        str(error.get("pointer") or ""),
    ]
    place = ", ".join(part for part in parts if part)
    return f"{place}: " if place else ""
