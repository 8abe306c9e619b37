"""An upload that is no workbook is refused at its first bytes, in words."""

import pytest

from services.ingest.domain.file_kinds import require_xlsx
from shared.kernel.errors import Invalid, Unsupported
from tests.services.ingest.workbooks import ole, workbook


def test_a_workbook_passes() -> None:
    require_xlsx(workbook()[:4096])


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
        pytest.param(b"VM,Powerstate,Template\nweb,", "not-a-workbook", "CSV", id="csv"),
        pytest.param(b"VM;Powerstate;Template\r\n", "not-a-workbook", "CSV", id="csv-semicolon"),
        pytest.param(b"%PDF-1.7", "not-a-workbook", "not an Excel workbook", id="pdf"),
        pytest.param(b"7z\xbc\xaf\x27\x1c", "not-a-workbook", "not an Excel workbook", id="7z"),
    ],
)
def test_another_kind_of_file_is_named_and_refused(head: bytes, code: str, words: str) -> None:
    with pytest.raises(Unsupported, match=words) as refused:
        require_xlsx(head)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("head", "code"), [(b"", "empty-upload"), (b"PK\x05\x06" + bytes(18), "damaged-workbook")]
)
def test_an_empty_file_or_zip_is_refused(head: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_xlsx(head)
    assert refused.value.code == code
