"""Damaged uploads become an inventory or a refusal, whatever was done to them."""

from tests.fuzz.mutations import damaged_upload, originals
from tests.fuzz.reader import Results, fuzz
from tests.fuzz.reader_worker import outcome_of


def test_the_originals_are_read() -> None:
    assert [outcome_of(content) for content in originals()] == [{"outcome": "inventory"}] * len(
        originals()
    )


def test_a_seed_gives_the_same_upload_each_time() -> None:
    assert [damaged_upload(seed) for seed in range(20)] == [
        damaged_upload(seed) for seed in range(20)
    ]


def test_damaged_uploads_never_crash_hang_or_fill_the_memory() -> None:
    results = Results()
    fuzz(0, 80, results)
    assert results.faults == {}
    assert results.count == 80
    assert {"inventory", "damaged-workbook", "unreadable-workbook"} <= set(results.outcomes)
