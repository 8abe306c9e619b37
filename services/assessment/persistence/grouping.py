"""Several groupings of the same rows in one scan."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

Groups = dict[str, list[tuple[Any, ...]]]
"""By the name of a grouping: each value followed by its aggregates, in no order."""


async def grouped(
    connection: AsyncConnection,
    by: Mapping[str, ColumnElement[Any]],
    aggregates: Sequence[ColumnElement[Any]],
    *,
    source: FromClause,
    where: ColumnElement[bool],
) -> Groups:
    """The rows of ``source`` that ``where`` admits, grouped by each of ``by`` in turn."""
    found: Groups = {name: [] for name in by}
    if not by:
        return found
    names, columns = list(by), list(by.values())
    rows = await connection.execute(
        select(func.grouping(*columns), *columns, *aggregates)
        .select_from(source)
        .where(where)
        .group_by(func.grouping_sets(*(tuple_(one) for one in columns)))
    )
    places = {_all_but(place, len(names)): place for place in range(len(names))}
    for grouping, *values in rows:
        place = places[grouping]
        found[names[place]].append((values[place], *values[len(names) :]))
    return found


def _all_but(place: int, count: int) -> int:
    """GROUPING of the set that has only column ``place`` of ``count``: a bit is 0 for a column that
    is grouped by, and the last column's is the lowest.

    >>> [bin(_all_but(place, 3)) for place in range(3)]
    ['0b11', '0b101', '0b110']
    """
    return ((1 << count) - 1) ^ (1 << (count - 1 - place))
