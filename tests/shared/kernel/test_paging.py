"""Cursors come back from clients, so they may be anything."""

import base64
import json
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.errors import Invalid
from shared.kernel.paging import decode_cursor, encode_cursor

ID = UUID("0193a1b2-0000-7000-8000-000000000001")


def forged(content: object) -> str:
    """A cursor that we never made."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_cursor_gives_its_key_back(name: str) -> None:
    assert decode_cursor(encode_cursor(name, ID), str, UUID) == (name, ID)


@pytest.mark.parametrize(
    "content",
    [
        [7, str(ID)],
        ["name"],
        ["name", "no id"],
        ["name", None],
        ["name", str(ID), 1],
        {"name": 1},
        "name",
        None,
        ["nul\0", str(ID)],
        ["\ud800", str(ID)],
    ],
)
def test_a_forged_key_is_refused(content: object) -> None:
    with pytest.raises(Invalid) as refused:
        decode_cursor(forged(content), str, UUID)
    assert refused.value.code == "invalid-cursor"


@pytest.mark.parametrize("number", [2**31, -(2**31), 1.5, True, "1", None])
def test_a_number_that_no_column_can_hold_is_refused(number: object) -> None:
    with pytest.raises(Invalid):
        decode_cursor(forged([number]), int)


@given(st.text(max_size=50))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    with suppress(Invalid):
        (name,) = decode_cursor(text, str)
        assert isinstance(name, str)
