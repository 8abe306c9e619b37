"""What a PromQL expression reads, as far as our own rules and dashboards need it understood."""

import re
from dataclasses import dataclass
from typing import Final

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_LABEL_LISTS: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_RANGE: Final = re.compile(r"\[[^\]]*\]")
_SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)\s*(\{[^}]*\})?(\s*\()?")
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_WORDS: Final = frozenset({"and", "or", "unless", "bool", "offset"})


@dataclass(frozen=True)
class Selector:
    """A metric that is read, and how: label → (operator, value)."""

    metric: str
    matchers: dict[str, tuple[str, str]]


def selectors(expression: str) -> list[Selector]:
    """The metrics that ``expression`` reads."""
    text = _RANGE.sub("", _LABEL_LISTS.sub(" ", expression))
    return [
        Selector(
            name,
            {label: (op, value) for label, op, value in _MATCHER.findall(braces or "")},
        )
        for name, braces, call in _SELECTOR.findall(text)
        if not call and name not in _WORDS
    ]


def labels_kept(expression: str) -> set[str]:
    """The labels that ``expression`` groups by."""
    lists = re.findall(r"\bby\s*\(([^)]*)\)", _STRING.sub('""', expression))
    return {label.strip() for one in lists for label in one.split(",")}
