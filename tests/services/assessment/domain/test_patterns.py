"""No pattern hangs, whatever the pattern and whatever the text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.assessment.domain.patterns import (
    LONGEST_PATTERN,
    REACHES,
    BadPattern,
    Syntax,
    read_pattern,
)

LONGEST_S = 2.0
"""Processor time for one text; what is refused takes years."""
HOSTILE_TEXTS = ("a" * 5000 + "!", "ab" * 2500, "/" * 5000, "x=/a" * 1500, " " * 5000)


@pytest.mark.parametrize(
    ("syntax", "pattern", "text", "is_match"),
    [
        (Syntax.GLOB, "acme-*", "acme-web-01", True),
        (Syntax.GLOB, "ACME-*", "acme-web-01", True),
        (Syntax.GLOB, "acme", "acme-web-01", False),
        (Syntax.GLOB, "web", "acme-web-01", False),
        (Syntax.GLOB, "*web*", "acme-web-01", True),
        (Syntax.GLOB, "acme-web-0?", "acme-web-01", True),
        (Syntax.GLOB, "acme-web-0[2-9]", "acme-web-01", False),
        (Syntax.GLOB, "a.b", "axb", False),
        (Syntax.REGEX, "web", "acme-web-01", True),
        (Syntax.REGEX, "^web", "acme-web-01", False),
        (Syntax.REGEX, r"^acme-\w+-\d+$", "ACME-web-01", True),
        (Syntax.REGEX, "(foo|bar)-", "bar-1", True),
        (Syntax.REGEX, "(a|b)*c", "ababc", True),  # re makes a class of it
    ],
)
def test_globs_match_the_whole_text_and_regexes_are_found(
    syntax: Syntax, pattern: str, text: str, is_match: bool
) -> None:
    assert (read_pattern(pattern, syntax).match(text) is not None) is is_match


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*b",
        "(a|aa)+$",
        "(foo|bar)+x",
        "(a?){30}a{30}",
        "([a-z]+)*=",
        "((a{1,9}){1,9}){1,9}b",
        "(?:(?:a+)?)+b",
        ".*.*.*.*=.*",
        "a?" * 40 + "a" * 40,
        "(?:a|ab)" * 20 + "c",
        r"(\w+)\s\1",
        "(?=a+)a",
        "(?<!x)a",
        "(a)?(?(1)b|c)",
    ],
)
def test_a_pattern_whose_matching_cannot_be_bounded_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        read_pattern(pattern, Syntax.REGEX)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("", "empty"),
        ("a" * (LONGEST_PATTERN + 1), "201 characters; 200 are allowed"),
        ("(", "no regular expression"),
        ("[z-a]", "no regular expression"),
        ("*a", "no regular expression"),
        ("(" * 100, "no regular expression"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str, says: str) -> None:
    with pytest.raises(BadPattern, match=says):
        read_pattern(pattern, Syntax.REGEX)


@pytest.mark.parametrize(
    ("pattern", "reach"),
    [
        ("^/DC1/acme/", REACHES[0]),
        ("^/DC1/[^/]+/", REACHES[0]),
        ("acme", REACHES[0]),
        (r"Owner=(\w+)", REACHES[1]),
        ("^(.+)/(.+)/(.+)$", REACHES[2]),
        (r"^(\w+)-(\w+)-", REACHES[1]),
        (r"\A(\w+)-(\w+)-", REACHES[1]),
        (r"(?m)^(\w+)-(\w+)-", REACHES[2]),  # there ^ is at every line
    ],
)
def test_the_more_open_ends_the_less_of_a_text_is_looked_at(pattern: str, reach: int) -> None:
    assert read_pattern(pattern, Syntax.REGEX).reach == reach


@pytest.mark.parametrize(
    "pattern",
    [
        "(a|b)*c",
        "^.*.*.*a{6}b",
        ".*a{60}b",
        "a{190}b",
        "((a{30}){30}){4}b",
        "(aaaa)*(aa)*b",
        ".*?.*?c",
        "(a|ab)?(a|ab)?(a|ab)?.*c",
    ],
)
def test_the_worst_patterns_that_are_taken_end_soon(pattern: str) -> None:
    found = read_pattern(pattern, Syntax.REGEX)
    for text in HOSTILE_TEXTS:
        begun_s = time.process_time()
        found.match(text)
        assert time.process_time() - begun_s < LONGEST_S


PIECES = st.sampled_from(
    ["a", "b", ".", "[ab]", "(a)", "(a|b)", "(ab|a)", "(a+)", "(?:a?)", r"\w", "x", "^", "$"]
)
REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2,5}", "{3}", "*?", "+?", "{0,40}"])
PATTERNS = st.lists(st.tuples(PIECES, REPEATS).map("".join), min_size=1, max_size=6).map("".join)
WRAPPED = st.builds(
    "{}({}){}{}".format, PATTERNS, PATTERNS, st.sampled_from(["", "*", "+", "{5}"]), PATTERNS
)


@settings(deadline=None)
@given(PATTERNS | WRAPPED, st.sampled_from(HOSTILE_TEXTS))
def test_no_pattern_hangs(pattern: str, text: str) -> None:
    try:
        found = read_pattern(pattern, Syntax.REGEX)
    except BadPattern:
        return
    begun_s = time.process_time()
    found.match(text)
    assert time.process_time() - begun_s < LONGEST_S


@settings(deadline=None)
@given(
    st.text(alphabet="a*?[]!-b", min_size=1, max_size=LONGEST_PATTERN),
    st.sampled_from(HOSTILE_TEXTS),
)
def test_no_glob_hangs(pattern: str, text: str) -> None:
    begun_s = time.process_time()
    read_pattern(pattern, Syntax.GLOB).match(text)
    assert time.process_time() - begun_s < LONGEST_S


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(source: str) -> None:
    for syntax in Syntax:
        try:
            read_pattern(source, syntax).match("acme-web-01")
        except BadPattern:
            continue
