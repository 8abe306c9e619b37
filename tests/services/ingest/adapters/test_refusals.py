"""Every refusal says where, what was found and what to do; every rejected cell does, too."""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.ingest.adapters.workbook_tabs import TabsOfWorkbook
from services.ingest.domain import errors
from services.ingest.domain.cells import Cell
from services.ingest.domain.limits import WorkbookLimits
from shared.kernel.errors import AppError, ErrorDetail
from tests.services.ingest.adapters.parsing import parse, parse_here
from tests.services.ingest.csv_files import csv_files, csv_zip
from tests.services.ingest.workbooks import (
    VDISK,
    VINFO,
    encrypted_zip,
    ole,
    with_doctype,
    with_parts,
    with_repeated_part,
    with_stray_cell,
    workbook,
    workbook_of,
    zip_bomb,
    zipped,
)

LIMITS = WorkbookLimits()


@dataclass(frozen=True)
class Refusal:
    """An upload and how it must be refused."""

    name: str
    content: Callable[[], bytes]
    code: str
    found: str
    advice: str
    place: tuple[str | None, int | None, str | None] = (None, None, None)
    """Tab, row and column, as far as there are any."""
    limits: WorkbookLimits = LIMITS


def _cut_sheet(parts: dict[str, bytes]) -> None:
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-300]


def _without_sheets(parts: dict[str, bytes]) -> None:
    parts["xl/workbook.xml"] = b"<workbook>"


REFUSALS = [
    Refusal(
        "affected rows",
        lambda: workbook(vInfo=[["Row", "Problem", "What to do", *VINFO[0]], [2, "", "", "web"]]),
        "annotated-workbook",
        "those rows only",
        "Make the corrections in the workbook that was uploaded first",
        ("vInfo", 1, "Row"),
    ),
    Refusal("empty", lambda: b"", "empty-upload", "is empty", "Export all to Excel"),
    Refusal(
        "empty-zip",
        lambda: b"PK\x05\x06" + bytes(18),
        "damaged-workbook",
        "empty zip archive",
        "Export all to Excel",
    ),
    Refusal(
        "truncated", lambda: workbook()[:-200], "damaged-workbook", "damaged", "save or pack it"
    ),
    Refusal("bomb", zip_bomb, "suspicious-workbook", "unpacks to", "open it in Excel"),
    Refusal("doctype", with_doctype, "suspicious-workbook", "sheet1.xml", "save it again"),
    Refusal("repeated-part", with_repeated_part, "suspicious-workbook", "more than once", "again"),
    Refusal(
        "nameless-part",
        lambda: zipped({"Q.csv": b"VM"}).replace(b"Q.csv", b"\x00.csv"),
        "suspicious-workbook",
        "without a name",
        "pack the zip, again",
    ),
    Refusal(
        "too-many-parts",
        workbook,
        "suspicious-workbook",
        "parts",
        "Export it again",
        limits=WorkbookLimits(max_members=3),
    ),
    Refusal(
        "csv-twice",
        lambda: zipped({"vInfo.csv": b"VM", "tabvInfo.csv": b"VM"}),
        "suspicious-workbook",
        "both hold tab vInfo",
        "folder of their own",
    ),
    Refusal(
        "unpacked",
        workbook,
        "workbook-too-large",
        "unpacks to",
        "one vCenter at a time",
        limits=WorkbookLimits(max_unpacked_bytes=1000),
    ),
    Refusal(
        "too-many-files",
        lambda: zipped({f"{n}.xlsx": workbook() for n in range(3)}),
        "workbook-too-large",
        "holds 3 exports",
        "several parts",
        limits=WorkbookLimits(max_files=2),
    ),
    Refusal("xls", lambda: ole("Workbook"), "old-excel-format", ".xls", "save it as .xlsx"),
    Refusal(
        "password",
        lambda: ole("EncryptedPackage"),
        "encrypted-workbook",
        "password",
        "remove the password",
    ),
    Refusal("zip-password", encrypted_zip, "encrypted-workbook", "password", "without one"),
    Refusal("html", lambda: b"<html>", "not-a-workbook", "web page", "Export all to Excel"),
    Refusal("xml", lambda: b"<?xml?><x/>", "not-a-workbook", "XML", "save it as .xlsx"),
    Refusal("pdf", lambda: b"%PDF-1.7", "not-a-workbook", "not an Excel", "Export all to Excel"),
    Refusal(
        "vdisk-csv",
        lambda: csv_files()["RVTools_tabvDisk.csv"],
        "not-a-workbook",
        "not vInfo",
        "a zip of all CSV files",
    ),
    Refusal(
        "other-zip",
        lambda: zipped({"readme": b"hello"}),
        "not-a-workbook",
        "no workbook and no CSV",
        "Pack the .xlsx files",
    ),
    Refusal(
        "nested-zip",
        lambda: zipped({"a.xlsx": workbook(), "b.zip": workbook()}),
        "not-a-workbook",
        "b.zip: It is an archive inside",
        "Unpack it",
    ),
    Refusal(
        "xlsb",
        lambda: zipped({"xl/workbook.bin": b""}),
        "not-a-workbook",
        ".xlsb",
        "save it as .xlsx",
    ),
    Refusal(
        "no-sheets",
        lambda: with_parts(_without_sheets),
        "unreadable-workbook",
        "cannot be read",
        "Open it in Excel",
    ),
    Refusal(
        "broken-sheet",
        lambda: with_parts(_cut_sheet),
        "unreadable-workbook",
        "Tab vInfo",
        "Open it in Excel",
        ("vInfo", None, None),
    ),
    Refusal(
        "unclosed-quote",
        lambda: zipped({"vInfo.csv": b'VM,CPUs\nweb,2\ndb,"4\n'}),
        "unreadable-workbook",
        "row 3) cannot be read: a quotation mark is never closed",
        "RVTools 4.6.1",
        ("vInfo", 3, None),
    ),
    Refusal(
        "binary-csv",
        lambda: zipped({"vInfo.csv": b"VM,CPUs\nweb\x00,2\n"}),
        "unreadable-workbook",
        "no text",
        "export to Excel",
        ("vInfo", None, None),
    ),
    Refusal(
        "no-vinfo",
        lambda: workbook(vHost=[["Host"]]),
        "tab-missing",
        "it has vHost",
        "Export all tabs",
        ("vInfo", None, None),
    ),
    Refusal(
        "no-header",
        lambda: workbook(vInfo=[["Server", "Owner"], ["web", "me"]]),
        "column-missing",
        "reads Server, Owner",
        "put the original header back",
        ("vInfo", 1, "VM"),
    ),
    Refusal(
        "no-vms",
        lambda: workbook(vInfo=[["Our estate"], *VINFO[:1]]),
        "no-vms",
        "no VM below it",
        "Export again",
        ("vInfo", 3, None),
    ),
    Refusal(
        "no-vms-csv",
        lambda: csv_zip(vInfo=VINFO[:1]),
        "no-vms",
        "no VM below it",
        "Export again",
        ("vInfo", 2, None),
    ),
    Refusal(
        "too-many-rows",
        lambda: workbook(vInfo=VINFO, vDisk=[*VDISK, *VDISK[1:]]),
        "too-many-rows",
        "vDisk has more than 4 rows",
        "MIGPLAN_INGEST_ROWS_MAX_PER_TAB",
        ("vDisk", 5, None),
        limits=WorkbookLimits(max_rows_per_tab=4),
    ),
]
ELSEWHERE = {
    *("stray-cell", "parser-limit"),  # below: they need the process
    *("upload-too-large", "upload-expired"),  # of the upload and of the job
    "project-not-confirmed",  # of no document
}


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_a_refusal_says_where_what_and_how_to_mend_it(tmp_path: Path, case: Refusal) -> None:
    upload = tmp_path / "upload"
    upload.write_bytes(case.content())
    with pytest.raises(AppError) as refused:
        TabsOfWorkbook(upload, case.limits, lambda _: None).read()
    assert refused.value.code == case.code
    assert case.found in refused.value.detail
    assert case.advice in refused.value.detail
    [place] = refused.value.errors or [ErrorDetail("")]
    assert (place.tab, place.row, place.column) == case.place


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_among_other_files_a_refusal_names_its_file(tmp_path: Path, case: Refusal) -> None:
    content = case.content()
    is_workbook = content.startswith(b"PK") and b"xl/worksheets" in content
    if not is_workbook or case.limits != LIMITS or case.code == "tab-missing":
        return
    upload = tmp_path / "upload"
    upload.write_bytes(zipped({"good.xlsx": workbook(), "bad.xlsx": content}))
    if case.code == "no-vms":
        assert TabsOfWorkbook(upload, case.limits, lambda _: None).read().vms
        return
    with pytest.raises(AppError, match=r"^bad\.xlsx: ") as refused:
        TabsOfWorkbook(upload, case.limits, lambda _: None).read()
    assert refused.value.code == case.code
    assert all(place.file == "bad.xlsx" for place in refused.value.errors)


def test_no_code_that_refuses_a_document_is_left_out() -> None:
    of_documents, _, _ = (errors.__doc__ or "").partition("NotFound")
    codes = {value for name, value in vars(errors).items() if name.isupper()}
    assert {case.code for case in REFUSALS} | ELSEWHERE == {c for c in codes if c in of_documents}


@pytest.mark.parametrize(
    ("content", "limits", "code", "place", "advice"),
    [
        (
            lambda: with_stray_cell("XFD1048576"),
            {},
            "stray-cell",
            ("vInfo", 1_048_576, "XFD"),
            "delete its row and column",
        ),
        (
            lambda: workbook_of(30_000),
            {"memory_mib": 80},
            "parser-limit",
            None,
            "MIGPLAN_INGEST_PARSER_MEMORY_MIB",
        ),
    ],
)
async def test_what_kills_the_process_is_told_in_words(
    content: Callable[[], bytes],
    limits: dict[str, int],
    code: str,
    place: tuple[str, int, str] | None,
    advice: str,
) -> None:
    with pytest.raises(AppError) as refused:
        await parse(content(), **limits)
    assert refused.value.code == code
    assert advice in refused.value.detail
    if place is not None:
        [found] = refused.value.errors
        assert (found.tab, found.row, found.column) == place


BAD_CELLS: list[tuple[str, str, Cell, str, str]] = [
    # tab, header as the file has it, cell, words of the reason, words of the fix
    ("vInfo", "CPUs", "two", "not a number", "without any text"),
    ("vInfo", "CPUs", 2.5, "not a whole number", "whole number"),
    ("vInfo", "CPUs", -1, "not between 0 and", "real figure"),
    ("vInfo", "CPUs", 1e9, "not between 0 and", "real figure"),
    ("vInfo", "CPUs", "2.000", "may be", "without a thousands separator"),
    ("vInfo", "CPUs", "1 2", "not a number in any notation", "without separators"),
    ("vInfo", "CPUs", "2 cores", "unknown unit", "column's unit"),
    ("vInfo", "CPUs", True, "True or False where a number belongs", "Type the number"),
    ("vInfo", "CPUs", "#REF!", "the cell shows #REF!", "value itself"),
    ("vInfo", "Memory GB", "1,500", "may be", "without a thousands separator"),
    ("vInfo", "Memory", -4096, "negative size", "real size"),
    ("vInfo", "Memory", 1e16, "beyond reason", "real size"),
    ("vInfo", "Template", "maybe", "neither True nor False", "Type True or False"),
    ("vInfo", "Powerstate", "sleeping", "not a power state", "poweredOn, poweredOff or suspended"),
    ("vInfo", "HW version", "newest", "not a hardware version", "for example 13"),
    ("vInfo", "VM", 0.25, "Excel has turned the name into", "Format the column as Text"),
    ("vInfo", "VM", "x" * 721, "a name of 721 characters", "that vCenter shows"),
    ("vDisk", "Capacity MiB", "large", "not a number", "without any text"),
    ("vDisk", "Thin", "perhaps", "neither True nor False", "Type True or False"),
    ("vNetwork", "Mac Address", "00:50:56", "not a MAC address", "twelve hexadecimal digits"),
    ("vNetwork", "IPv4 Address", "10.0.0.999", "not a list of IP addresses", "divided by commas"),
    ("vSnapshot", "Date / time", "yesterday", "not a date", "yyyy/mm/dd"),
    ("vSnapshot", "Date / time", "05/04/2024", "cannot be told apart", "yyyy/mm/dd"),
    ("vSnapshot", "Date / time", "13/04/24", "four digits", "yyyy/mm/dd"),
    ("vSnapshot", "Date / time", "2024/02/30", "not a date of the calendar", "yyyy/mm/dd"),
    ("vSnapshot", "Date / time", 7.0, "not a date", "yyyy/mm/dd"),
]


@pytest.mark.parametrize(("tab", "header", "cell", "reason", "fix"), BAD_CELLS)
def test_a_bad_cell_is_told_of_with_its_place_and_a_fix(
    tab: str, header: str, cell: Cell, reason: str, fix: str
) -> None:
    tabs: dict[str, Sequence[Sequence[Cell]]] = {
        "vInfo": [["VM", "VM ID", "Powerstate"], ["web", "vm-1", "poweredOn"]]
    }
    known = "web" if header != "VM" else cell
    line = [known, "vm-1", *([] if header == "VM" else [cell])]
    tabs[tab] = [["VM", "VM ID", *([] if header == "VM" else [header])], line]
    parsed = parse_here(workbook(**tabs))
    reject = parsed.report["rejected"][0]
    assert (reject["tab"], reject["row"], reject["column"]) == (tab, 2, header)
    assert reject["value"] == _as_shown(cell)
    assert reason in reject["reason"]
    assert fix in reject["fix"]
    assert parsed.counts["vm_count"] == 1


def _as_shown(cell: Cell) -> str:
    text = (
        str(int(cell))
        if isinstance(cell, float) and cell.is_integer() and cell < 1e15
        else str(cell)
    )
    return text if len(text) <= 120 else f"{text[:119]}…"


def test_a_row_without_a_name_and_an_id_is_told_of() -> None:
    lines = [["web", 1, "esx"], ["#N/A", 1, "esx"], ["", "", "esx"]]
    parsed = parse_here(workbook(vInfo=[["VM", "CPUs", "Host"], *lines]))
    rejected = [(r["row"], r["column"], r["reason"]) for r in parsed.report["rejected"]]
    assert parsed.counts["vm_count"] == 1
    assert (3, None, "the VM has neither a name that can be read nor an ID") in rejected
    assert (4, None, "the row names no VM") in rejected


def test_zips_with_odd_names_are_shown_without_control_characters() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a\x1b[31m\u202e.xlsx", b"%PDF-1.7")
        archive.writestr("b.xlsx", workbook())
    with pytest.raises(AppError) as refused:
        parse_here(buffer.getvalue())
    assert refused.value.detail.isprintable()
