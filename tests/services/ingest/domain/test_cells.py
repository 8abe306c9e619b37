"""What a cell may hold, and what it then means."""

from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain import cells
from services.ingest.domain.cells import BadCell, Cell

NARROW_BLANK = "\u202f"


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (4096.0, 4096),
        ("4096", 4096),
        (" 4096 ", 4096),
        ("4096.0", 4096),
        ("4,096", 4096),
        ("4.096", 4096),
        ("4 096", 4096),
        (f"4{NARROW_BLANK}096", 4096),
        ("4'096", 4096),
        ("1,234,567", 1234567),
        ("1.234.567", 1234567),
        ("1,234.5", Fraction(2469, 2)),
        ("1.234,5", Fraction(2469, 2)),
        ("12,5", Fraction(25, 2)),
        ("0,125", Fraction(1, 8)),
        ("1234,567", Fraction(1234567, 1000)),
        ("1e3", 1000),
        ("-1", -1),
        ("8 GB", 8192),
        ("8GiB", 8192),
        ("2 TB", 2 * 1024 * 1024),
        ("512 KB", Fraction(1, 2)),
        ("", None),
        ("   ", None),
    ],
)
def test_a_number_is_read_in_every_notation_with_one_meaning(
    cell: Cell, number: Fraction | int | None
) -> None:
    assert number == cells.number(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *("n/a", "12 apples", "1.2.3", "1,23,4", "1.234.5,6,7", "--", "9" * 5000),
        *(True, float("nan"), datetime(2024, 1, 2)),  # noqa: DTZ001  as Excel gives it
    ],
)
def test_what_is_no_number_is_refused_and_never_zero(cell: Cell) -> None:
    with pytest.raises(BadCell):
        cells.number(cell)


@pytest.mark.parametrize("cell", ["1 2", "12 34", "1'23'4", "1 234,567.8", "1,234 567"])
def test_blanks_and_ticks_group_by_threes_or_the_number_is_refused(cell: str) -> None:
    with pytest.raises(BadCell):
        cells.number(cell)


@pytest.mark.parametrize(
    ("cell", "shown", "number"),
    [
        ("12,345", {","}, Fraction(12345, 1000)),
        ("12,345", {"."}, 12345),
        ("12.345", {","}, 12345),
        ("12.345", {"."}, Fraction(12345, 1000)),
        ("1.234,5", {"."}, Fraction(2469, 2)),
    ],
)
def test_of_two_readings_the_one_counts_that_other_cells_show(
    cell: str, shown: set[str], number: Fraction | int
) -> None:
    assert number == cells.number(cell, shown=frozenset(shown))


def test_two_readings_are_refused_when_other_cells_disagree() -> None:
    with pytest.raises(BadCell, match=r"may be 12\.345 or 12345"):
        cells.number("12,345", shown=frozenset(",."))


@pytest.mark.parametrize("cell", ["1,500 GB", "1.500 tb"])
def test_a_size_in_larger_units_may_have_thousandths_and_is_refused(cell: str) -> None:
    with pytest.raises(BadCell, match="may be"):
        cells.size_mib(cell)


def test_a_column_in_gib_may_have_thousandths() -> None:
    with pytest.raises(BadCell, match="may be"):
        cells.size_mib("1,500", mib_per_unit=Fraction(1024))
    assert cells.size_mib("1,500", mib_per_unit=Fraction(1024), shown=frozenset(",")) == 1536


def test_a_count_has_one_reading_unless_both_are_whole() -> None:
    assert cells.whole("4,096") == 4096
    with pytest.raises(BadCell, match="may be"):
        cells.whole("2.000")
    assert cells.whole("2.000", shown=frozenset(".")) == 2


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from([",", ".", " ", "'"]))
def test_grouped_thousands_give_the_number_back(number: int, mark: str) -> None:
    assert number == cells.number(f"{number:,}".replace(",", mark))


@given(
    st.decimals(min_value=0, max_value=10**9, places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_decimals_with_grouping_give_the_number_back(
    number: object, marks: tuple[str, str]
) -> None:
    group, decimal = marks
    shown = f"{number:,}".replace(",", "\0").replace(".", decimal).replace("\0", group)
    assert Fraction(number) == cells.number(shown)


@pytest.mark.parametrize("cell", [2.5, "2.5", -1.0, "-3", 1e12])
def test_a_count_is_whole_and_within_reason(cell: Cell) -> None:
    with pytest.raises(BadCell):
        cells.whole(cell, at_most=100_000)


@pytest.mark.parametrize(
    ("cell", "mib_per_unit", "mib"),
    [
        (102400.0, 1, 102400),
        (28020.5, 1, 28020),
        (28021.5, 1, 28022),
        (1.5, 1024, 1536),
        ("1,5", 1024, 1536),
        (2048.0, Fraction(1, 1024), 2),
        (0.0, 1, 0),
        ("", 1, None),
    ],
)
def test_a_size_is_whole_mib_rounded_half_to_even(
    cell: Cell, mib_per_unit: int | Fraction, mib: int | None
) -> None:
    assert mib == cells.size_mib(cell, mib_per_unit=Fraction(mib_per_unit))


@pytest.mark.parametrize("cell", [-1.0, "-1", 1e19, "unlimited"])
def test_an_impossible_size_is_refused(cell: Cell) -> None:
    with pytest.raises(BadCell):
        cells.size_mib(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("True", True), ("FALSE", False), (True, True), (1.0, True), ("0", False)),
        *(("Wahr", True), ("falsch", False), ("Vrai", True), ("", None), (" ", None)),
    ],
)
def test_booleans_come_as_text_numbers_and_real_ones(cell: Cell, value: bool | None) -> None:
    assert value is cells.flag(cell)


def test_a_word_that_is_no_boolean_is_refused() -> None:
    with pytest.raises(BadCell):
        cells.flag("perhaps")


def test_a_name_is_kept_byte_for_byte() -> None:
    assert cells.name("  web 01\u00a0", max_bytes=720) == "  web 01\u00a0"


def test_a_name_that_excel_made_a_number_is_read_as_typed() -> None:
    assert cells.name(10234.0, max_bytes=720) == "10234"


@pytest.mark.parametrize("cell", [datetime(2024, 1, 2), 1.5e20, 0.1])  # noqa: DTZ001
def test_a_name_that_excel_has_destroyed_is_refused(cell: Cell) -> None:
    with pytest.raises(BadCell, match="Excel has turned"):
        cells.name(cell, max_bytes=720)


@pytest.mark.parametrize("name", ["x" * 720, "猫" * 240])
def test_a_name_may_be_as_long_as_an_index_holds(name: str) -> None:
    assert cells.name(name, max_bytes=720) == name
    with pytest.raises(BadCell, match="characters"):
        cells.name(name + "x", max_bytes=720)


def test_excels_escapes_are_decoded_and_never_leave_text_a_database_refuses() -> None:
    assert cells.text("a_x000D_\nb", max_chars=100) == "a\r\nb"
    assert cells.text("a_x0000_b", max_chars=100) == "ab"
    assert cells.text("_xD83D__xDE00_", max_chars=100) == "\U0001f600"
    assert cells.text("_xD83D_", max_chars=100) == "\ufffd"


def test_text_longer_than_excel_allows_is_refused() -> None:
    with pytest.raises(BadCell, match="101 characters"):
        cells.text("x" * 101, max_chars=100)
