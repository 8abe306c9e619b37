"""Which request and which event the work at hand belongs to."""

import asyncio

from shared.observability import correlation


def seen() -> tuple[str | None, str | None]:
    return correlation.current(), correlation.causation()


def test_nothing_is_bound_outside() -> None:
    assert seen() == (None, None)


def test_ids_are_bound_inside_the_block_only() -> None:
    with correlation.bind("request-7", causation_id="event-3"):
        assert seen() == ("request-7", "event-3")
    assert seen() == (None, None)


def test_an_inner_block_hides_both_ids_of_the_outer_one() -> None:
    with correlation.bind("request-7", causation_id="event-3"):
        with correlation.bind("request-8"):
            assert seen() == ("request-8", None)
        assert seen() == ("request-7", "event-3")


def test_new_ids_differ() -> None:
    assert correlation.new() != correlation.new()


async def test_tasks_started_inside_keep_the_ids_and_do_not_leak_their_own() -> None:
    async def work() -> str | None:
        before = correlation.current()
        with correlation.bind("inner"):
            await asyncio.sleep(0)
        return before

    with correlation.bind("request-7"):
        answers = await asyncio.gather(work(), work())
        assert correlation.current() == "request-7"
    assert answers == ["request-7", "request-7"]
