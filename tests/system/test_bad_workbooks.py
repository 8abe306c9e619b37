"""What is no good RVTools workbook: a clear problem, nothing stored, and the platform goes on."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from tests.support.platform_client import PlatformClient
from tests.system.conftest import SAMPLE, WORKBOOKS

pytestmark = pytest.mark.system


def truncated(path: Path) -> None:
    path.write_bytes(SAMPLE.read_bytes()[:100_000])


def bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(SAMPLE) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
        with target.open("xl/worksheets/sheet99.xml", "w", force_zip64=True) as part:
            for _ in range(200):
                part.write(bytes(1024 * 1024))


def without_vinfo(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("vDisk").write_row(0, 0, ["VM", "Disk", "Capacity MiB"])


def stray_cell(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("vInfo")
        sheet.write_row(0, 0, ["VM", "Powerstate", "CPUs", "Memory"])
        sheet.write_row(1, 0, ["web-01", "poweredOn", 2, 4096])
        sheet.write_string(1_048_575, 16_383, "x")


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (truncated, "damaged-workbook", ""),
        (bomb, "suspicious-workbook", ""),
        (without_vinfo, "tab-missing", "vInfo"),
        (stray_cell, "stray-cell", "XFD1048576"),
    ],
)
def test_a_bad_workbook_is_refused_in_words_and_leaves_nothing(
    client: PlatformClient,
    tmp_path: Path,
    make: Callable[[Path], None],
    code: str,
    words: str,
) -> None:
    workbook = tmp_path / "bad.xlsx"
    make(workbook)
    project = client.new_project(code)

    accepted = client.upload(project, workbook)
    assert accepted.status_code == 202, accepted.text
    operation = client.ended(accepted.headers["Location"])

    assert operation["state"] == "failed"
    assert operation["error"]["code"] == code
    assert words in operation["error"]["detail"]
    inventory = client.get(f"/v1/{operation['subject']}")
    assert inventory["state"] == "failed"
    assert inventory["counts"] is None
    assert client.maybe(f"{project}/assessment") == {}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000), "old-excel-format"),
        (b"<html><body>Sign in</body></html>", "not-a-workbook"),
        (b"", "empty-upload"),
    ],
)
def test_what_is_no_xlsx_is_refused_at_once(
    client: PlatformClient, tmp_path: Path, content: bytes, code: str
) -> None:
    workbook = tmp_path / "export.xls"
    workbook.write_bytes(content)
    project = client.new_project(code)

    refused = client.upload(project, workbook)

    assert refused.status_code in {415, 422}
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == code
    assert client.get(f"{project}/inventories")["items"] == []


def test_declared_dimensions_of_a_million_rows_are_ignored(client: PlatformClient) -> None:
    project = client.new_project("Dimensions")

    inventory = client.imported(project, WORKBOOKS / "real-4.7-huge-dimensions-9vms.xlsx")

    assert inventory["counts"]["vms"] == 9


def test_after_all_that_a_good_workbook_still_imports(client: PlatformClient) -> None:
    assert client.imported(client.new_project("Good"), SAMPLE)["counts"]["vms"] > 324
