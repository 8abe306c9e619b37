"""Dates in all their notations; the unknown ones are unknown."""

from datetime import date, datetime

import pytest

from services.ingest.domain.cells import BadCell, Cell
from services.ingest.domain.dates import moment

NOON = datetime(2018, 4, 13, 12, 30, 5)  # noqa: DTZ001  a workbook knows no zone


@pytest.mark.parametrize(
    "cell",
    [
        NOON,
        "2018/04/13 12:30:05",
        "2018-04-13T12:30:05.123Z",
        "4/13/2018 12:30:05 PM",
        "13.4.2018 12:30:05",
        "13/04/2018 12:30:05",
        43203 + (12 * 3600 + 30 * 60 + 5) / 86_400,
    ],
)
def test_one_moment_in_many_notations(cell: Cell) -> None:
    read = moment(cell)
    assert read is not None
    assert abs((read - NOON).total_seconds()) < 1


def test_midnight_and_noon_of_a_twelve_hour_clock() -> None:
    assert moment("4/4/2018 12:05:00 AM") == datetime(2018, 4, 4, 0, 5)  # noqa: DTZ001
    assert moment("4/4/2018 5:25:31 PM") == datetime(2018, 4, 4, 17, 25, 31)  # noqa: DTZ001


def test_a_date_without_a_time_is_its_midnight() -> None:
    assert moment(date(2024, 2, 29)) == datetime(2024, 2, 29)  # noqa: DTZ001
    assert moment("2024/02/29") == datetime(2024, 2, 29)  # noqa: DTZ001


@pytest.mark.parametrize("cell", ["", "1970/01/01 00:00:00", "1969-12-31 22:00:00"])
def test_blank_and_the_epoch_in_any_time_zone_are_unknown(cell: Cell) -> None:
    assert moment(cell) is None


def test_dots_put_the_day_first_in_every_country() -> None:
    assert moment("05.04.2018") == datetime(2018, 4, 5)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("shown", "month", "day"), [({"d/m/y"}, 4, 5), ({"m/d/y"}, 5, 4)], ids=["day", "month"]
)
def test_other_cells_tell_day_and_month_apart(shown: set[str], month: int, day: int) -> None:
    assert moment("05/04/2018", shown=frozenset(shown)) == datetime(2018, month, day)  # noqa: DTZ001


def test_cells_that_disagree_tell_nothing() -> None:
    with pytest.raises(BadCell, match="cannot be told apart"):
        moment("05/04/2018", shown=frozenset({"d/m/y", "m/d/y"}))


@pytest.mark.parametrize("cell", ["13/04/18", "18/04/13", "13/04/0218", "13.4.99"])
def test_a_year_without_four_digits_is_refused(cell: str) -> None:
    with pytest.raises(BadCell, match="four digits"):
        moment(cell)


@pytest.mark.parametrize("cell", ["05/04/2018", "yesterday", "2018/02/30", True, 7.0])
def test_what_is_no_date_or_has_two_meanings_is_refused(cell: Cell) -> None:
    with pytest.raises(BadCell):
        moment(cell)
