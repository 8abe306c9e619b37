"""What the pre-flight refuses, without reading a cell."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from services.ingest.adapters.source_files import open_sources
from services.ingest.adapters.workbook_guard import Budget, check_workbook
from services.ingest.domain.limits import WorkbookLimits
from shared.kernel.errors import AppError
from tests.services.ingest.workbooks import (
    DATA,
    declaring_rows,
    encrypted_zip,
    ole,
    with_doctype,
    with_repeated_part,
    with_stray_cell,
    workbook,
    zip_bomb,
    zipped,
)

LIMITS = WorkbookLimits()


def refusal(tmp_path: Path, content: bytes, limits: WorkbookLimits = LIMITS) -> AppError:
    """The error with which an upload is refused."""
    path = tmp_path / "workbook.xlsx"
    path.write_bytes(content)
    with pytest.raises(AppError) as refused:
        open_sources(path, limits)
    return refused.value


@pytest.mark.parametrize("path", sorted(DATA.glob("*.xlsx")), ids=lambda path: path.stem)
def test_real_workbooks_pass(path: Path) -> None:
    check_workbook(path, Budget(LIMITS))


@pytest.mark.parametrize("make", [workbook, lambda: declaring_rows(1_048_576)])
def test_harmless_workbooks_pass(tmp_path: Path, make: Callable[[], bytes]) -> None:
    path = tmp_path / "workbook.xlsx"
    path.write_bytes(make())
    check_workbook(path, Budget(LIMITS))


def test_a_stray_cell_is_left_to_the_parser(tmp_path: Path) -> None:
    path = tmp_path / "workbook.xlsx"
    path.write_bytes(with_stray_cell("XFD1048576"))
    check_workbook(path, Budget(LIMITS))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_a_truncated_workbook_is_refused_as_damaged(tmp_path: Path, share: float) -> None:
    whole = workbook()
    error = refusal(tmp_path, whole[: int(len(whole) * share)])
    assert error.code == "damaged-workbook"
    assert "not uploaded completely" in error.detail


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        pytest.param(zip_bomb, "suspicious-workbook", "sheet1.xml unpacks to", id="zip-bomb"),
        pytest.param(with_doctype, "suspicious-workbook", "sheet1.xml", id="entities"),
        pytest.param(
            lambda: with_doctype("utf-16"), "suspicious-workbook", "sheet1.xml", id="utf-16"
        ),
        pytest.param(with_repeated_part, "suspicious-workbook", "more than once", id="repeated"),
        pytest.param(encrypted_zip, "encrypted-workbook", "password", id="encrypted"),
        pytest.param(lambda: ole("Workbook"), "old-excel-format", ".xls", id="xls"),
        pytest.param(lambda: b"", "empty-upload", "empty", id="empty"),
        pytest.param(
            lambda: zipped({"xl/workbook.bin": b"x"}), "not-a-workbook", ".xlsb", id="xlsb"
        ),
        pytest.param(
            lambda: zipped({"mimetype": b"x", "content.xml": b"<a/>"}),
            "not-a-workbook",
            ".ods",
            id="ods",
        ),
        pytest.param(
            lambda: zipped({"word/document.xml": b"<a/>"}), "not-a-workbook", "Word", id="docx"
        ),
        pytest.param(
            lambda: zipped({"readme": b"hello"}), "not-a-workbook", "no workbook", id="zip"
        ),
    ],
)
def test_it_refuses(tmp_path: Path, make: Callable[[], bytes], code: str, words: str) -> None:
    error = refusal(tmp_path, make())
    assert error.code == code
    assert words in error.detail


def test_a_workbook_that_unpacks_beyond_the_limit_is_too_large(tmp_path: Path) -> None:
    error = refusal(tmp_path, workbook(), replace(LIMITS, max_unpacked_bytes=1000))
    assert error.code == "workbook-too-large"


def test_a_zip_of_too_many_parts_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, workbook(), replace(LIMITS, max_members=3))
    assert error.code == "suspicious-workbook"
