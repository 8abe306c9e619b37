"""Patterns that people write, matched within a bound that no pattern and no text can break.

Python's ``re`` backtracks: a pattern like ``(a+)+$`` takes years on thirty characters. So a pattern
is read before it is used. It may not repeat what itself varies, and it looks only at so many
characters of a text that the ways to match them stay under a bound, which follows from the number
of its open ends: ``n`` characters are shared out among ``k`` open ends in C(n + k, k) ways, and
each way may have to be followed over all that the pattern spells out.
"""

import fnmatch
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from math import comb
from re import _constants as _ops  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Final

LONGEST_PATTERN: Final = 200
"""Characters of a pattern."""
REACHES: Final = (4096, 1024, 256, 128)
"""How many characters of a text a pattern looks at: the most that its open ends allow."""
MOST_STEPS: Final = 40_000_000
"""Characters that may have to be looked at for one text: some 0.3 s at the very worst."""


class Syntax(StrEnum):
    """How a pattern is written."""

    GLOB = "glob"
    """``*``, ``?`` and ``[…]``; it has to match the whole text."""
    REGEX = "regex"
    """A regular expression, found anywhere unless it is anchored with ``^``."""


class BadPattern(ValueError):
    """A pattern that cannot be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checked pattern; matching ignores case. Make one with :func:`read_pattern`."""

    source: str
    syntax: Syntax
    reach: int
    _compiled: re.Pattern[str] = field(repr=False)

    def match(self, text: str) -> re.Match[str] | None:
        """The first match in the first ``reach`` characters of ``text``."""
        return self._compiled.search(text[: self.reach])

    def check_template(self, template: str) -> None:
        r"""Whether ``template`` only names groups that there are (``\1``, ``\g<name>``).

        Raises:
            BadPattern: it names another one, or is malformed.
        """
        if self.syntax is Syntax.GLOB:
            return
        try:
            self._compiled.sub(template, "")
        except (re.error, IndexError) as error:
            raise BadPattern(
                f"{error}; \\1 stands for what the first group matched, \\\\ for a backslash."
            ) from None

    def filled(self, template: str, match: re.Match[str]) -> str:
        """``template`` with what ``match`` holds; a glob's is taken as it is."""
        return template if self.syntax is Syntax.GLOB else match.expand(template)


@lru_cache(maxsize=256)
def read_pattern(source: str, syntax: Syntax) -> Pattern:
    """``source`` as a pattern that cannot hang.

    >>> read_pattern("acme-*", Syntax.GLOB).match("ACME-web-01") is not None
    True
    >>> read_pattern("(a+)+$", Syntax.REGEX)
    Traceback (most recent call last):
    services.assessment.domain.patterns.BadPattern: It repeats a part that itself varies in length \
or has alternatives; matching could take for ever. Use a class such as [^/]+ instead.

    Raises:
        BadPattern: it is empty, too long, no pattern, or one whose matching could take too long.
    """
    if not source:
        raise BadPattern("It is empty; write what to look for.")
    if len(source) > LONGEST_PATTERN:
        raise BadPattern(f"It has {len(source)} characters; {LONGEST_PATTERN} are allowed.")
    if syntax is Syntax.GLOB:
        # Its translation never goes back: each * is an atomic group.
        compiled = re.compile(rf"\A{fnmatch.translate(source)}", re.IGNORECASE)
        return Pattern(source, syntax, REACHES[0], compiled)
    try:
        parsed = _parser.parse(source, re.IGNORECASE)
        compiled = re.compile(source, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise BadPattern(f"It is no regular expression: {error}.") from None
    return Pattern(source, syntax, _reach(parsed), compiled)


def _reach(parsed: Any) -> int:
    """How many characters may be looked at."""
    ends, ways = _freedom(parsed)
    if not _is_anchored(parsed):
        ends += 1
    spelt_out = 1 + parsed.getwidth()[0]
    for reach in REACHES:
        if comb(reach + ends, ends) * ways * spelt_out <= MOST_STEPS:
            return reach
    raise BadPattern(
        f"It has {ends} open ends such as .* (an unanchored beginning counts) and {ways} "
        "alternatives; matching could take too long. Anchor it with ^, or use fewer."
    )


def _is_anchored(parsed: Any) -> bool:
    if not parsed or parsed[0][0] is not _ops.AT:
        return False
    is_multiline = bool(parsed.state.flags & re.MULTILINE)  # then ^ is at every line
    where = parsed[0][1]
    return where is _ops.AT_BEGINNING_STRING or (where is _ops.AT_BEGINNING and not is_multiline)


def _freedom(items: Any, *, is_repeated: bool = False) -> tuple[int, int]:
    """The open ends of a sequence, and in how many ways its alternatives can be taken.

    Raises:
        BadPattern: it has a part whose matching cannot be bounded.
    """
    ends, ways = 0, 1
    for operation, argument in items:
        more_ends, more_ways = _freedom_of(operation, argument, is_repeated)
        ends, ways = ends + more_ends, ways * more_ways
    return ends, ways


def _freedom_of(operation: Any, argument: Any, is_repeated: bool) -> tuple[int, int]:
    if operation in (_ops.MAX_REPEAT, _ops.MIN_REPEAT, _ops.POSSESSIVE_REPEAT):
        return _freedom_of_repeat(*argument, is_repeated=is_repeated)
    if operation is _ops.SUBPATTERN:
        return _freedom(argument[3], is_repeated=is_repeated)
    if operation is _ops.ATOMIC_GROUP:
        return _freedom(argument, is_repeated=is_repeated)
    if operation is _ops.BRANCH:
        if is_repeated:
            raise _unbounded()
        branches = [_freedom(branch) for branch in argument[1]]
        return max(ends for ends, _ in branches), sum(ways for _, ways in branches)
    if operation in (_ops.ASSERT, _ops.ASSERT_NOT, _ops.GROUPREF, _ops.GROUPREF_EXISTS):
        raise BadPattern(
            "It looks ahead or behind, or refers back to a group; such patterns are not taken. "
            "Name what to match instead."
        )
    return 0, 1


def _freedom_of_repeat(least: int, most: int, body: Any, *, is_repeated: bool) -> tuple[int, int]:
    varies = least != most
    if varies and is_repeated:
        raise _unbounded()
    ends, ways = _freedom(body, is_repeated=is_repeated or most > 1)
    if not varies:
        return ends, ways
    return (ends, ways + 1) if most == 1 else (ends + 1, ways)


def _unbounded() -> BadPattern:
    return BadPattern(
        "It repeats a part that itself varies in length or has alternatives; matching could take "
        "for ever. Use a class such as [^/]+ instead."
    )
