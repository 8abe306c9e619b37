"""CSV files: separators, encodings, quotes, and the damage that old RVTools did."""

import io
import zipfile
from datetime import datetime

import pytest

from services.ingest.adapters.csv_reader import CsvLines, CsvTabs
from shared.kernel.errors import Invalid, Unsupported
from tests.services.ingest.adapters.parsing import parse_here
from tests.services.ingest.csv_files import csv_files, csv_text, csv_zip
from tests.services.ingest.tabs import EXPORTED_AT
from tests.services.ingest.workbooks import VDISK, VINFO, workbook, zipped

HEADER = "VM,Powerstate,CPUs,Memory"


def lines_of(content: bytes, tab: str = "vInfo") -> CsvLines:
    return CsvLines(tab, f"RVTools_tab{tab}.csv", lambda: io.BytesIO(content))


def rows_of(content: bytes) -> list[list[str]]:
    return list(lines_of(content))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_zip_of_csv_files_gives_what_the_workbook_gives(separator: str, encoding: str) -> None:
    from_csv = parse_here(csv_zip(separator=separator, encoding=encoding))
    from_xlsx = parse_here(workbook())
    for name in ("vms.copy", "disks.copy", "nics.copy"):
        assert from_csv.files[name] == from_xlsx.files[name]
    assert from_csv.report["rejected_count"] == 0


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-be", "UTF-16-BE"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_the_encoding_is_told_from_the_bytes(encoding: str, told: str) -> None:
    lines = lines_of(f"{HEADER}\r\nBüro–01,poweredOn,1,2\r\n".encode(encoding))
    assert list(lines)[1][0] == "Büro–01"
    assert lines.note == f"RVTools_tabvInfo.csv: {told}, separated by commas."


def test_one_byte_at_the_end_that_is_no_utf8_makes_the_file_windows_1252() -> None:
    text = HEADER + "\n" + "web,poweredOn,1,2\n" * 100_000 + "Büro,poweredOn,1,2\n"
    assert lines_of(text.encode("cp1252")).encoding == "cp1252"
    assert lines_of(text.encode("utf-8")).encoding == "utf-8"
    assert lines_of(text.encode("utf-8")[:-18]).encoding == "cp1252"  # cut inside a character


def test_quoted_texts_hold_line_ends_separators_and_quotes() -> None:
    note = 'first line\r\nsecond; line, with "quotes"'
    assert rows_of(csv_text([["VM", "CPUs"], ["web", note]]).encode())[1] == ["web", note]


def test_commas_in_the_texts_of_a_semicolon_file_do_not_confuse_it() -> None:
    text = "VM;Powerstate;CPUs;Annotation\nweb;poweredOn;2;a, b, c, d, e, f, g, h\n"
    assert rows_of(text.encode())[1] == ["web", "poweredOn", "2", "a, b, c, d, e, f, g, h"]


def test_a_title_line_does_not_decide_the_separator() -> None:
    text = "Export, of, the, estate, in, May\nVM;Powerstate;CPUs\nweb;poweredOn;2\n"
    assert rows_of(text.encode())[1] == ["VM", "Powerstate", "CPUs"]


def test_excels_own_hint_decides_the_separator() -> None:
    lines = lines_of(b"sep=;\nVM;Powerstate\nweb;poweredOn\n")
    assert lines.separator == ";"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(line_end: str) -> None:
    text = f"{HEADER}{line_end}web,poweredOn,1,2"
    assert rows_of(text.encode()) == [HEADER.split(","), ["web", "poweredOn", "1", "2"]]


def test_lines_can_be_read_again_from_the_top() -> None:
    lines = lines_of(csv_text(VINFO).encode())
    assert list(lines) == list(lines)
    assert lines.total == 4


def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_row() -> None:
    text = f'{HEADER}\nweb,poweredOn,1,2\ndb,poweredOn,1,"2\napp,poweredOn,1,2\n'
    with pytest.raises(Invalid, match="quotation mark is never closed") as refused:
        rows_of(text.encode())
    assert refused.value.code == "unreadable-workbook"
    assert (refused.value.errors[0].tab, refused.value.errors[0].row) == ("vInfo", 3)


def test_a_text_without_end_is_refused_with_its_row() -> None:
    text = f'{HEADER}\nweb,poweredOn,1,"' + "x" * 200_000
    with pytest.raises(Invalid, match="row 2") as refused:
        rows_of(text.encode())
    assert refused.value.code == "unreadable-workbook"


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    with pytest.raises(Invalid, match="longer than"):
        rows_of(f"{HEADER}\n".encode() + b"x," * (4 << 20))


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03" * 100, b"VM,CPUs\nweb\x00,2\n"])
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    with pytest.raises(Invalid, match="no text"):
        lines_of(content)


def test_a_row_that_a_stray_quote_or_line_end_has_moved_is_rejected() -> None:
    text = (
        "VM,Powerstate,CPUs,Memory,Annotation,VM ID\r\n"
        "web,poweredOn,2,4096,fine,vm-1\r\n"
        "db,poweredOn,2,4096,broken\r\n"
        "in two, with, commas and so on,vm-2\r\n"
        'app,poweredOn,2,4096,"the "old", retired" one,vm-3\r\n'
        "mail,poweredOn,2,4096,fine,vm-4\r\n"
    )
    parsed = parse_here(zipped({"RVTools_tabvInfo.csv": text.encode()}))
    assert {record.name for record in parsed.records} == {"web", "mail"}
    rejected = parsed.report["rejected"]
    assert [(r["tab"], r["row"], r["column"]) for r in rejected] == [
        ("vInfo", 3, None),
        ("vInfo", 4, None),
        ("vInfo", 5, None),
    ]
    assert "5 cells and the header 6" in rejected[0]["reason"]
    assert "RVTools 4.6.1" in rejected[0]["fix"]
    assert parsed.tab("vInfo")["rejected_rows"] == 3


def test_totals_typed_under_the_data_are_no_vm_in_csv_either() -> None:
    lines = [*VINFO, ["Total", "", "", 10, 36864, 3, 2, "", "", "", ""]]
    parsed = parse_here(csv_zip(vInfo=[*lines, VINFO[0]], vDisk=VDISK))
    assert parsed.counts["vm_count"] == 2
    tab = parsed.tab("vInfo")
    assert (tab["total_rows"], tab["repeated_headers"]) == (1, 1)


def test_headers_of_the_option_dbcolumnnames_are_known() -> None:
    header = "vInfoVMName;vInfoPowerstate;vInfoCPUs;vInfoMemory;vInfoObjectID"
    parsed = parse_here(
        zipped({"RVTools_tabvInfo.csv": f"{header}\nweb;poweredOn;2;4.096;vm-1\n".encode()})
    )
    [record] = parsed.records
    assert (record.name, record.vcpus, record.memory_mib) == ("web", 2, 4096)
    assert record.moref == "vm-1"


@pytest.mark.parametrize("decimal", [",", "."])
def test_dates_and_decimals_are_read_in_the_notation_of_the_tab(decimal: str) -> None:
    info = [
        ["VM", "Powerstate", "CPUs", "Memory", "Provisioned MiB", "In Use MiB"],
        ["web", "poweredOn", "2", "4096", f"20{decimal}250", f"8{decimal}5"],
    ]
    shots = [["VM", "Date / time"], ["web", "05/02/2024 10:00:00"], ["web", "29/02/2024 10:00:00"]]
    content = csv_zip(separator=";", vInfo=info, vSnapshot=shots)
    parsed = parse_here(content)
    [record] = parsed.records
    assert (record.provisioned_mib, record.allocated_mib) == (20, 8)
    assert record.snapshot_count == 2
    assert record.oldest_snapshot_days == (EXPORTED_AT - datetime(2024, 2, 5, 10)).days  # noqa: DTZ001
    assert parsed.report["rejected_count"] == 0


def test_a_lone_vinfo_is_an_inventory() -> None:
    parsed = parse_here(csv_files(separator=";")["RVTools_tabvInfo.csv"])
    assert parsed.counts["vm_count"] == 2
    assert parsed.tab("vDisk")["state"] == "missing"


@pytest.mark.parametrize("tab", ["vDisk", "vNetwork"])
def test_another_tab_alone_is_refused(tab: str) -> None:
    with pytest.raises(Unsupported, match="not vInfo") as refused:
        parse_here(csv_files()[f"RVTools_tab{tab}.csv"])
    assert refused.value.code == "not-a-workbook"


def test_a_damaged_entry_is_refused_as_unreadable() -> None:
    raw = bytearray(csv_zip())
    with zipfile.ZipFile(io.BytesIO(bytes(raw))) as archive:
        at = archive.infolist()[0].header_offset
    raw[at + 60] ^= 0xFF
    archive = zipfile.ZipFile(io.BytesIO(bytes(raw)))
    name = archive.namelist()[0]
    tabs = CsvTabs({"vInfo": (name, lambda: archive.open(name))})
    with pytest.raises(Invalid, match="damaged") as refused:
        tabs.lines("vInfo")
    assert refused.value.code == "unreadable-workbook"
