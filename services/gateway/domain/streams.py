"""A project's stream of facts, numbered without a gap: nobody misses one unknowingly. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamFact:
    """What clients are told of an event: enough to know what to read again.

    ``position`` is 1 for a project's first fact, then 2, …
    """

    position: int
    type: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class StreamWindow:
    """What one look at a project's stream found after a position.

    ``last`` is the newest position ever given to a fact, 0 if there was none; ``facts`` are the
    next ones that are kept, oldest first, perhaps not all of them.
    """

    last: int
    facts: Sequence[StreamFact]

    def continues(self, position: int) -> bool:
        """Whether it tells everything that came after ``position``.

        Not so when facts in between have been forgotten, and when the position was never given
        here: the database is an older copy of the one that gave it.

        >>> window = StreamWindow(last=9, facts=[StreamFact(9, "plan.approved", "projects/1", 3)])
        >>> [window.continues(position) for position in (7, 8, 10)]
        [False, True, False]
        >>> StreamWindow(last=9, facts=[]).continues(9)
        True
        """
        if position == self.last:
            return True
        return bool(self.facts) and self.facts[0].position == position + 1


def position_in(last_event_id: str) -> int | None:
    """The position that a client says it has reached; None when no stream of ours gave it.

    >>> position_in("41"), position_in("-1"), position_in("abc")
    (41, None, None)
    """
    # As many digits as a bigint holds for certain; longer ones are not ours.
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18):
        return None
    return int(last_event_id)
