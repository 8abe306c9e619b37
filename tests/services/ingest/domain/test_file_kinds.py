"""An upload that is no workbook is refused at its first bytes, in words."""

import pytest

from services.ingest.domain.file_kinds import FileKind, kind_in_zip, kind_of, shown_name
from shared.kernel.errors import Invalid, Unsupported
from tests.services.ingest.workbooks import ole, workbook


def test_a_workbook_passes() -> None:
    assert kind_of(workbook()[:4096]) is FileKind.ZIP


@pytest.mark.parametrize(
    ("head", "code", "words"),
    [
        pytest.param(ole("Workbook"), "old-excel-format", "RVTools 3.8", id="xls"),
        pytest.param(ole("EncryptedPackage"), "encrypted-workbook", "password", id="password"),
        pytest.param(ole(), "old-excel-format", "password", id="other-ole"),
        pytest.param(b"\x09\x08\x10\x00\x00\x06\x05\x00", "old-excel-format", ".xls", id="biff"),
        pytest.param(b"\xef\xbb\xbf\n<!DOCTYPE html>", "not-a-workbook", "HTML", id="html"),
        pytest.param(b"<TABLE><tr>", "not-a-workbook", "HTML", id="html-table"),
        pytest.param(b"<?xml version='1.0'?><Workbook", "not-a-workbook", "XML", id="xml-2003"),
        pytest.param(b"%PDF-1.7", "not-a-workbook", "not an Excel workbook", id="pdf"),
        pytest.param(b"7z\xbc\xaf\x27\x1c", "not-a-workbook", "not an Excel workbook", id="7z"),
    ],
)
def test_another_kind_of_file_is_named_and_refused(head: bytes, code: str, words: str) -> None:
    with pytest.raises(Unsupported, match=words) as refused:
        kind_of(head)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "head",
    [
        b"VM,Powerstate,Template\nweb,",
        b"VM;Powerstate;Template\r\n",
        b"\xef\xbb\xbfVM\tPowerstate\tTemplate\r\n",
        "VM;Powerstate;Büro\r\n".encode("utf-16"),
        "Our estate\r\nVM;Powerstate;Büro\r\n".encode("cp1252"),
    ],
)
def test_a_tab_as_csv_is_known_by_its_separators(head: bytes) -> None:
    assert kind_of(head) is FileKind.CSV


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a/vc1.XLSX", b"PK\x03\x04", FileKind.ZIP),
        ("RVTools_tabvInfo.csv", b"VM", FileKind.CSV),
        ("RVTools_tabvUSB.csv", b"", FileKind.CSV),
        ("readme.txt", b"hello", None),
        ("notes.docx", b"PK\x03\x04", None),
    ],
)
def test_an_entry_of_a_zip_is_known_by_name_and_bytes(
    name: str, head: bytes, kind: FileKind | None
) -> None:
    assert kind_in_zip(name, head) is kind


@pytest.mark.parametrize(
    ("name", "head", "code", "words"),
    [
        ("more.zip", b"PK\x03\x04", "not-a-workbook", "archive inside the archive"),
        ("vc1.csv", b"PK\x03\x04", "not-a-workbook", "archive inside the archive"),
        ("vc1", b"7z\xbc\xaf\x27\x1c", "not-a-workbook", "archive inside the archive"),
        ("vc1.csv.gz", b"\x1f\x8b", "not-a-workbook", "archive inside the archive"),
        ("vc1.xls", ole("Workbook"), "old-excel-format", "save it as .xlsx"),
        ("vc1.xlsb", b"PKx", "old-excel-format", "save it as .xlsx"),
        ("vc1.xlsx", b"VM,Powerstate,Template\n", "not-a-workbook", "ending .csv"),
        ("vc1.xlsx", b"<html>", "not-a-workbook", "HTML"),
        ("vc1.xlsx", ole("EncryptedPackage"), "encrypted-workbook", "password"),
        ("vc1.csv", ole("Workbook"), "old-excel-format", ".xls"),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused(
    name: str, head: bytes, code: str, words: str
) -> None:
    with pytest.raises(Unsupported, match=words) as refused:
        kind_in_zip(name, head)
    assert refused.value.code == code


def test_names_in_a_zip_are_shown_without_anything_that_moves_about() -> None:
    assert shown_name("../../../etc/passwd\u202e.csv") == "etc/passwd.csv"
    assert shown_name("C:\\exports\\vc1.xlsx") == "C:/exports/vc1.xlsx"
    assert shown_name("x" * 500 + ".csv").endswith("xxx.csv")
    assert len(shown_name("x" * 500 + ".csv")) == 120


@pytest.mark.parametrize(
    ("head", "code"), [(b"", "empty-upload"), (b"PK\x05\x06" + bytes(18), "damaged-workbook")]
)
def test_an_empty_file_or_zip_is_refused(head: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        kind_of(head)
    assert refused.value.code == code
