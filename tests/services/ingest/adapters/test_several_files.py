"""Several exports in one upload: one inventory, and each row knows its file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.ingest.adapters.source_files import open_sources
from services.ingest.adapters.workbook_tabs import TabsOfWorkbook
from services.ingest.domain.limits import WorkbookLimits
from shared.kernel.errors import AppError, Invalid, TooLarge, Unsupported
from tests.services.ingest.adapters.parsing import Parsed, parse, parse_here
from tests.services.ingest.csv_files import csv_files
from tests.services.ingest.workbooks import (
    VDISK,
    VINFO,
    VNETWORK,
    encrypted_zip,
    ole,
    with_doctype,
    with_stray_cell,
    workbook,
    zip_bomb,
    zipped,
)

INFO = ["VM", "Powerstate", "CPUs", "Memory", "VM ID"]
DISK = ["VM", "Disk", "Capacity MiB", "VM ID"]


def without_vcenter(*vms: tuple[str, str]) -> bytes:
    """A workbook that names no vCenter; each VM has a disk as large as its ID says."""
    return workbook(
        vInfo=[INFO, *([name, "poweredOn", 2, 4096, moref] for name, moref in vms)],
        vDisk=[DISK, *([name, "d", int(moref[3:]) * 1024, moref] for name, moref in vms)],
    )


def site(vcenter: str, *vms: tuple[str, str]) -> bytes:
    """A workbook of one vCenter."""
    return workbook(
        vInfo=[
            [*INFO, "VI SDK UUID"],
            *([name, "poweredOn", 2, 4096, moref, vcenter] for name, moref in vms),
        ],
        vDisk=[
            [*DISK, "VI SDK UUID"],
            *([name, "d", 1024, moref, vcenter] for name, moref in vms),
        ],
    )


def disks(parsed: Parsed) -> dict[tuple[str, str], list[int | None]]:
    """Capacities by vCenter and name."""
    return {(r.vcenter, r.name): [d.capacity_mib for d in r.disks] for r in parsed.records}


def test_equal_ids_in_two_vcenters_are_two_vms() -> None:
    parsed = parse_here(
        zipped({"b.xlsx": site("vc-b", ("web", "vm-1")), "a.xlsx": site("vc-a", ("web", "vm-1"))})
    )
    assert disks(parsed) == {("vc-a", "web"): [1024], ("vc-b", "web"): [1024]}
    assert parsed.report["vcenters"] == ["vc-a", "vc-b"]
    assert parsed.report["files"] == ["a.xlsx", "b.xlsx"]


def test_a_file_without_a_vcenter_is_one_named_after_it() -> None:
    parsed = parse_here(
        zipped(
            {
                "site-a.xlsx": without_vcenter(("web", "vm-1")),
                "more/site-b.xlsx": without_vcenter(("web", "vm-1"), ("db", "vm-2")),
                "site-c.xlsx": site("vc-c", ("web", "vm-1")),
            }
        )
    )
    assert disks(parsed) == {
        ("site-a.xlsx", "web"): [1024],
        ("more/site-b.xlsx", "web"): [1024],
        ("more/site-b.xlsx", "db"): [2048],
        ("vc-c", "web"): [1024],
    }
    assert parsed.report["identity"] == {"moref": 4, "uuid": 0, "name": 0}


def test_rows_without_ids_join_inside_their_file() -> None:
    def of(gib: int) -> bytes:
        return workbook(
            vInfo=[["VM", "CPUs"], ["web", 1]],
            vDisk=[["VM", "Capacity MiB"], ["web", gib * 1024], ["gone", 7]],
        )

    parsed = parse_here(zipped({"a.xlsx": of(1), "b.xlsx": of(2)}))
    assert disks(parsed) == {("a.xlsx", "web"): [1024], ("b.xlsx", "web"): [2048]}
    joins = {tab["file"]: tab["join"] for tab in parsed.report["tabs"] if tab["tab"] == "vDisk"}
    assert [joins[file]["orphans"] for file in ("a.xlsx", "b.xlsx")] == [1, 1]


def test_folders_of_csv_files_are_exports_of_their_own() -> None:
    parsed = parse_here(
        zipped(
            {
                **csv_files(folder="vc-one/", vInfo=[INFO, ["web", "poweredOn", 2, 4096, "vm-1"]]),
                **csv_files(
                    folder="vc-two/",
                    separator=";",
                    encoding="utf-16",
                    vInfo=[INFO, ["web", "poweredOn", 4, 8192, "vm-1"]],
                ),
                "three.xlsx": site("vc-c", ("web", "vm-1")),
                "__MACOSX/._three.xlsx": b"\x00\x05\x16\x07",
                "readme.txt": b"exported in May",
            }
        )
    )
    assert {(r.vcenter, r.vcpus) for r in parsed.records} == {
        ("vc-one/", 2),
        ("vc-two/", 4),
        ("vc-c", 2),
    }
    assert parsed.report["ignored_files"] == ["readme.txt"]


def test_files_named_after_their_vcenter_are_told_apart_by_that_name() -> None:
    info = {
        f"{vcenter}_tabvInfo.csv": csv_files(vInfo=[INFO, ["web", "poweredOn", cpus, 1, "vm-1"]])[
            "RVTools_tabvInfo.csv"
        ]
        for vcenter, cpus in (("vc01", 2), ("vc02", 4))
    }
    parsed = parse_here(zipped(info))
    assert {(r.vcenter, r.vcpus) for r in parsed.records} == {
        ("vc01_*.csv", 2),
        ("vc02_*.csv", 4),
    }


def test_the_same_vcenter_twice_gives_each_vm_once_with_its_disks_once() -> None:
    parsed = parse_here(
        zipped(
            {
                "may.xlsx": site("vc-a", ("web", "vm-1"), ("db", "vm-2")),
                "june.xlsx": site("vc-a", ("web", "vm-1"), ("app", "vm-3")),
            }
        )
    )
    assert disks(parsed) == {("vc-a", name): [1024] for name in ("web", "db", "app")}
    [reject] = parsed.report["rejected"]
    assert (reject["file"], reject["tab"], reject["row"]) == ("may.xlsx", "vInfo", 2)
    assert reject["reason"] == "repeats the VM of row 2 of june.xlsx"
    assert reject["fix"] == "Import one export of each vCenter."
    [join] = [
        t["join"] for t in parsed.report["tabs"] if (t["file"], t["tab"]) == ("may.xlsx", "vDisk")
    ]
    assert (join["repeats"], join["by_id"]) == (1, 1)


def test_tabs_of_one_vcenter_in_several_workbooks_are_put_together() -> None:
    parsed = parse_here(
        zipped(
            {
                "info.xlsx": workbook(vInfo=VINFO),
                "disks.xlsx": workbook(vDisk=VDISK),
                "networks.xlsx": workbook(vNetwork=VNETWORK),
            }
        )
    )
    assert {r.name: (len(r.disks), len(r.nics)) for r in parsed.records} == {
        "web": (1, 1),
        "db": (2, 1),
    }


def test_an_id_is_adopted_inside_its_file_only() -> None:
    def of(moref: str) -> bytes:
        return workbook(vInfo=[["VM", "CPUs"], ["web", 1]], vDisk=[DISK, ["web", "d", 1024, moref]])

    parsed = parse_here(zipped({"a.xlsx": of("vm-1"), "b.xlsx": of("vm-1"), "c.xlsx": of("vm-9")}))
    assert {(r.vcenter, r.moref) for r in parsed.records} == {
        ("a.xlsx", "vm-1"),
        ("b.xlsx", "vm-1"),
        ("c.xlsx", "vm-9"),
    }


def test_rejects_and_contradictions_name_the_file() -> None:
    bad = workbook(
        vInfo=[["VM", "CPUs", "Disks"], ["web", "many", 3]],
        vDisk=[["VM", "Capacity MiB"], ["web", 1]],
    )
    parsed = parse_here(zipped({"a.xlsx": workbook(), "b.xlsx": bad}))
    [reject] = parsed.report["rejected"]
    assert (reject["file"], reject["tab"], reject["row"], reject["column"], reject["value"]) == (
        *("b.xlsx", "vInfo", 2),
        *("CPUs", "many"),
    )
    [found] = [c for c in parsed.report["contradictions"] if c["kind"] == "disk_count"]
    assert [sample["file"] for sample in found["samples"]] == ["b.xlsx"]


def test_headers_and_totals_in_the_middle_are_counted_file_by_file() -> None:
    messy = [*VINFO, VINFO[0], ["Total", "", "", 10, "", "", "", "", "", "", ""]]
    parsed = parse_here(
        zipped({"a.xlsx": workbook(vInfo=messy), **csv_files(folder="b/", vInfo=messy)})
    )
    tabs = [tab for tab in parsed.report["tabs"] if tab["tab"] == "vInfo"]
    assert [(t["file"], t["repeated_headers"], t["total_rows"]) for t in tabs] == [
        ("a.xlsx", 1, 1),
        ("b/", 1, 1),
    ]


def test_one_workbook_in_a_zip_is_as_good_as_the_workbook() -> None:
    packed, plain = parse_here(zipped({"export.xlsx": workbook()})), parse_here(workbook())
    assert packed.files["vms.copy"] == plain.files["vms.copy"]
    assert packed.report == plain.report


def test_progress_names_the_file() -> None:
    parsed = parse_here(zipped({"a.xlsx": workbook(), "b.xlsx": workbook()}))
    told = {(m.get("tab"), m.get("file")) for m in parsed.progress if m["stage"] == "parsing"}
    assert {("vInfo", "a.xlsx"), ("vInfo", "b.xlsx"), ("vDisk", "b.xlsx")} <= told


async def test_a_stray_cell_is_named_with_its_file() -> None:
    with pytest.raises(Invalid, match=r"of tab vInfo of far\.xlsx lies far outside") as refused:
        await parse(zipped({"near.xlsx": workbook(), "far.xlsx": with_stray_cell("XFD1048576")}))
    assert refused.value.code == "stray-cell"
    assert refused.value.errors[0].file == "far.xlsx"


@pytest.mark.parametrize(
    ("inner", "kind", "code", "words"),
    [
        ({"b.xlsx": zip_bomb()}, Invalid, "suspicious-workbook", "b.xlsx: The part"),
        ({"b.xlsx": with_doctype()}, Invalid, "suspicious-workbook", "b.xlsx: The part"),
        ({"b.xlsx": encrypted_zip()}, Unsupported, "encrypted-workbook", "b.xlsx: .*password"),
        ({"b.xlsx": ole("EncryptedPackage")}, Unsupported, "encrypted-workbook", "b.xlsx: "),
        ({"b.xlsx": workbook()[:-200]}, Invalid, "damaged-workbook", "b.xlsx: .*damaged"),
        ({"b.xlsx": zipped({"x": b""})}, Unsupported, "not-a-workbook", "b.xlsx: .*not an .xlsx"),
        ({"b.xlsx": b""}, Invalid, "empty-upload", "b.xlsx: .*empty"),
        ({"b.xls": ole("Workbook")}, Unsupported, "old-excel-format", "b.xls: "),
        ({"b.zip": workbook()}, Unsupported, "not-a-workbook", "b.zip: .*inside the archive"),
        ({"b.csv": workbook()}, Unsupported, "not-a-workbook", "b.csv: .*inside the archive"),
        (
            {"b.xlsx": workbook(vInfo=[["A"], ["b"]])},
            Invalid,
            "column-missing",
            "b.xlsx: Tab vInfo has no header",
        ),
        (
            {"b/RVTools_tabvInfo.csv": b'VM,CPUs,Memory\nweb,1,"2\n'},
            Invalid,
            "unreadable-workbook",
            "b/: Tab vInfo .*never closed",
        ),
    ],
)
def test_what_is_refused_alone_is_refused_among_others_by_name(
    inner: Mapping[str, bytes], kind: type[AppError], code: str, words: str
) -> None:
    with pytest.raises(kind, match=words) as refused:
        parse_here(zipped({"a.xlsx": workbook(), **inner}))
    assert refused.value.code == code


def test_files_without_any_vinfo_are_refused_with_what_they_have() -> None:
    only = workbook(vDisk=VDISK), workbook(vNetwork=VNETWORK)
    with pytest.raises(Invalid, match=r"No file .* vInfo; they have vDisk, vNetwork") as refused:
        parse_here(zipped({"a.xlsx": only[0], "b.xlsx": only[1]}))
    assert refused.value.code == "tab-missing"


def refusal(tmp_path: Path, content: bytes, **limits: int) -> AppError:
    """The error with which the upload is refused under those limits."""
    upload = tmp_path / "upload"
    upload.write_bytes(content)
    with pytest.raises(AppError) as refused:
        open_sources(upload, replace(WorkbookLimits(), **limits))
    return refused.value


def test_all_files_together_have_one_limit(tmp_path: Path) -> None:
    content = zipped({f"{n}.xlsx": workbook() for n in range(4)})
    error = refusal(tmp_path, content, max_unpacked_bytes=len(content) + 20_000)
    assert isinstance(error, TooLarge)
    assert error.code == "workbook-too-large"
    assert "MIGPLAN_INGEST_UNPACKED_MAX_BYTES" in error.detail


def test_there_may_be_so_many_files(tmp_path: Path) -> None:
    error = refusal(tmp_path, zipped({f"{n}.xlsx": workbook() for n in range(4)}), max_files=3)
    assert (type(error), error.code) == (TooLarge, "workbook-too-large")


def test_two_files_for_one_tab_of_an_export_are_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, zipped({"vInfo.csv": b"VM", "RVTools_tabvinfo.csv": b"VM"}))
    assert error.code == "suspicious-workbook"
    assert "folder of their own" in error.detail


def test_names_in_the_zip_are_no_paths(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    upload = folder / "upload"
    upload.write_bytes(zipped({"../../evil.xlsx": workbook(), "/etc/evil.xlsx": workbook()}))
    labels = [file.label for file in open_sources(upload, WorkbookLimits()).files]
    assert labels == ["etc/evil.xlsx", "evil.xlsx"]
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "source-0000.xlsx",
        "source-0001.xlsx",
        "upload",
    ]


def test_more_files_than_are_kept_open_are_read_all_the_same(tmp_path: Path) -> None:
    upload = tmp_path / "upload"
    files = {f"{n:02}.xlsx": site(f"vc-{n}", ("web", "vm-1")) for n in range(12)}
    upload.write_bytes(zipped(files))
    told: list[dict[str, Any]] = []
    rows = TabsOfWorkbook(upload, WorkbookLimits(), told.append).read()
    assert (len(rows.vms), len(rows.disks)) == (12, 12)
    assert rows.vcenters.known() == sorted(f"vc-{n}" for n in range(12))
