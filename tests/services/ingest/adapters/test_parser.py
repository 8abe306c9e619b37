"""The parser's process: what it writes, what it refuses, and how it dies."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.ingest.adapters.parser import WorkbookParser
from services.ingest.domain.table_columns import DISK_COLUMNS, NIC_COLUMNS, VM_COLUMNS
from shared.kernel.errors import AppError, Invalid, TooLarge, Unsupported
from shared.testing.waiting import eventually
from tests.services.ingest.adapters.parsing import SNAPSHOT, a_job, parse
from tests.services.ingest.workbooks import (
    VINFO,
    declaring_rows,
    ole,
    with_parts,
    with_stray_cell,
    workbook,
    workbook_of,
    zip_bomb,
)

ROOT = Path(__file__).parents[4]


async def test_it_writes_rows_pages_manifest_and_report() -> None:
    parsed = await parse(workbook())
    assert parsed.counts == {"vm_count": 2, "disk_count": 3, "nic_count": 2, "page_count": 1}
    assert [len(VM_COLUMNS)] * 2 == [len(row) for row in parsed.rows("vms")]
    assert [len(DISK_COLUMNS)] * 3 == [len(row) for row in parsed.rows("disks")]
    assert [len(NIC_COLUMNS)] * 2 == [len(row) for row in parsed.rows("nics")]
    assert (parsed.manifest.id, parsed.manifest.record_count) == (SNAPSHOT, 2)
    assert parsed.manifest.record_schema == "vm.v1"
    assert {record.name: len(record.disks) for record in parsed.records} == {"web": 1, "db": 2}
    assert [str(record.vm_id) for record in parsed.records] == [r[1] for r in parsed.rows("vms")]


async def test_pages_hold_a_thousand_records_in_the_order_of_their_ids() -> None:
    parsed = await parse(workbook_of(2500))
    assert parsed.counts["page_count"] == 3
    ids = [record.vm_id for record in parsed.records]
    assert ids == sorted(ids)
    assert len(ids) == 2500


async def test_the_same_workbook_gives_the_same_files_every_time() -> None:
    once, again = await parse(workbook_of(1200)), await parse(workbook_of(1200))
    assert {**once.files, "upload": b""} == {**again.files, "upload": b""}


async def test_progress_tells_stage_tab_and_rows() -> None:
    parsed = await parse(workbook_of(6000))
    stages = list(dict.fromkeys((m["stage"], m.get("tab")) for m in parsed.progress))
    tabs = [("parsing", tab) for tab in ("vInfo", "vDisk", "vNetwork")]
    assert stages == [("validating", None), *tabs, ("writing", None)]
    told = [(m.get("tab"), m["rows"], m["of"]) for m in parsed.progress if "rows" in m]
    assert ("vInfo", 5000, 6001) in told


async def test_tabs_that_declare_a_million_rows_are_read_as_what_they_hold() -> None:
    assert (await parse(declaring_rows(1_048_576))).counts["vm_count"] == 2


async def test_text_that_means_something_to_copy_arrives_unharmed() -> None:
    name = 'tab\there, line\nthere, back\\slash, \\N, \\. and "quotes" 猫'
    parsed = await parse(workbook(vInfo=[["VM", "CPUs"], [name, 1]]))
    assert [record.name for record in parsed.records] == [name]
    [row] = parsed.rows("vms")
    assert row[2] == name.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


@pytest.mark.parametrize(
    ("make", "kind", "code"),
    [
        pytest.param(lambda: workbook()[:-200], Invalid, "damaged-workbook", id="truncated"),
        pytest.param(lambda: ole("Workbook"), Unsupported, "old-excel-format", id="xls"),
        pytest.param(zip_bomb, Invalid, "suspicious-workbook", id="zip-bomb"),
        pytest.param(lambda: workbook(vHost=[["Host"]]), Invalid, "tab-missing", id="no-vInfo"),
        pytest.param(lambda: workbook(vInfo=VINFO[:1]), Invalid, "no-vms", id="no-vms"),
        pytest.param(
            lambda: workbook(vInfo=[["A"], ["b"]]), Invalid, "column-missing", id="header"
        ),
    ],
)
async def test_a_bad_workbook_is_refused(
    make: Callable[[], bytes], kind: type[AppError], code: str
) -> None:
    with pytest.raises(kind) as refused:
        await parse(make())
    assert refused.value.code == code


async def test_a_workbook_without_vinfo_says_what_it_has() -> None:
    with pytest.raises(Invalid, match="it has vHost, vDisk") as refused:
        await parse(workbook(vHost=[["Host"]], vDisk=[["VM"]]))
    assert refused.value.errors[0].tab == "vInfo"


async def test_a_broken_sheet_is_refused_and_named() -> None:
    def cut(parts: dict[str, bytes]) -> None:
        parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"][:-300]

    with pytest.raises(Invalid) as refused:
        await parse(with_parts(cut))
    assert refused.value.code == "unreadable-workbook"


async def test_a_stray_cell_kills_the_process_and_is_named_exactly() -> None:
    with pytest.raises(Invalid) as refused:
        await parse(with_stray_cell("XFD1048576"))
    assert refused.value.code == "stray-cell"
    assert "Cell XFD1048576 of tab vInfo lies far outside the data, which ends at K3" in (
        refused.value.detail
    )
    [detail] = refused.value.errors
    assert (detail.tab, detail.row, detail.column) == ("vInfo", 1_048_576, "XFD")


async def test_a_stray_cell_that_fits_into_memory_does_no_harm() -> None:
    parsed = await parse(with_stray_cell("A40000"))
    assert parsed.counts["vm_count"] == 3
    assert parsed.tab("vInfo")["rows_blank"] == 39_996


async def test_a_workbook_that_needs_too_much_memory_says_so() -> None:
    with pytest.raises(TooLarge, match="memory") as refused:
        await parse(workbook_of(30_000), memory_mib=80)
    assert refused.value.code == "parser-limit"


async def test_cpu_time_is_limited() -> None:
    with pytest.raises(TooLarge) as refused:
        await parse(workbook_of(60_000), cpu_s=1)
    assert refused.value.code == "parser-limit"


async def test_wall_time_is_limited() -> None:
    with a_job(workbook_of(30_000), wall_s=1) as (files, job), pytest.raises(TooLarge) as refused:
        await WorkbookParser().parse(files, job, _ignore)
    assert refused.value.code == "parser-limit"


async def test_what_the_listener_raises_ends_the_process() -> None:
    class Cancelled(Exception):
        pass

    async def cancel(message: dict[str, Any]) -> None:
        raise Cancelled

    with a_job(workbook_of(5000)) as (files, job):
        with pytest.raises(Cancelled):
            await WorkbookParser().parse(files, job, cancel)
        assert _parsers_of(files.folder) == []


async def test_a_killed_service_leaves_no_parser_behind() -> None:
    with a_job(workbook_of(30_000)) as (files, job):
        job.write(files)
        service = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SERVICE, str(files.folder), cwd=ROOT
        )
        try:
            await eventually(lambda: _parsers_of(files.folder), within_s=30)
        finally:
            service.kill()
            await service.wait()
        await eventually(lambda: not _parsers_of(files.folder), within_s=10)


_SERVICE = """
import asyncio, sys
from pathlib import Path
from services.ingest.adapters.parser import WorkbookParser
from services.ingest.adapters.parser_files import ParserFiles, ParserJob
files = ParserFiles(Path(sys.argv[1]))
async def never(message):
    await asyncio.Event().wait()
asyncio.run(WorkbookParser().parse(files, ParserJob.read(files), never))
"""


async def _ignore(message: dict[str, Any]) -> None:
    await asyncio.sleep(0)


def _parsers_of(folder: Path) -> list[int]:
    """Processes that have the folder on their command line and are parsers."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(folder).encode() in arguments and any(
            a.endswith(b"parser_child") for a in arguments
        ):
            found.append(int(process.name))
    return found
