"""Text that no spreadsheet can choke on."""

from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.cell_text import CUT_MARK, MAX_LENGTH, cell_text


@given(st.text(alphabet=st.characters(), max_size=60))
def test_whatever_comes_is_valid_xml_text(value: str) -> None:
    cell_text(value).encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\t\n" for c in cell_text(value))


def test_ordinary_text_is_unchanged() -> None:
    assert cell_text("=1+1 Büro データ\t🙂") == "=1+1 Büro データ\t🙂"


def test_lone_surrogates_and_control_characters_go() -> None:
    assert cell_text("a\x00b\x1bc\ud800d\uffff") == "abcd"


def test_long_text_is_cut_with_a_mark() -> None:
    cut = cell_text("x" * 50_000)
    assert len(cut) == MAX_LENGTH
    assert cut.endswith(CUT_MARK)


def test_a_cut_never_splits_a_character() -> None:
    cut = cell_text("🙂" * 20_000)
    assert len(cut.encode("utf-16-le")) // 2 <= MAX_LENGTH
    assert set(cut.removesuffix(CUT_MARK)) == {"🙂"}
