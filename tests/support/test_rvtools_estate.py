"""The generator of estates: repeatable, true to RVTools' headers, and right in its own totals."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support.rvtools_estate import TABS, Estate, Expected, estate, expected, write_workbook
from tests.support.rvtools_estate.cases import CASES, PERIOD, SPACING
from tests.support.rvtools_estate.headers import CUSTOM_ATTRIBUTES, TAG_CATEGORIES
from tests.support.rvtools_estate.sample import PATH, VMS, sample_estate, write_sample

COLUMNS_OF_RVTOOLS_4_7 = {
    "vInfo": 90,
    "vCPU": 29,
    "vMemory": 33,
    "vDisk": 40,
    "vPartition": 22,
    "vNetwork": 27,
    "vSnapshot": 21,
    "vTools": 29,
    "vSource": 14,
    "vCluster": 35,
    "vHost": 71,
    "vDatastore": 30,
    "dvPort": 41,
    "vPort": 22,
    "vMetaData": 4,
}


def rows_of(path: Path, tab: str) -> Iterator[dict[str, Any]]:
    """Rows as openpyxl reads them: an opinion independent of the writer."""
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        rows = book[tab].iter_rows(values_only=True)
        header = [str(cell) for cell in next(rows)]
        for row in rows:
            yield dict(zip(header, row, strict=False))
    finally:
        book.close()


def is_in_scope(row: dict[str, Any]) -> bool:
    return (
        row["Template"] == "False"
        and row["SRM Placeholder"] == "False"
        and not str(row["VM"]).startswith("vCLS-")
    )


def totals_read_back(path: Path) -> dict[str, int]:
    """The same totals as ``Expected``, counted from the cells."""
    info = [row for row in rows_of(path, "vInfo") if is_in_scope(row)]
    disks = [row for row in rows_of(path, "vDisk") if is_in_scope(row)]
    memory = [row for row in rows_of(path, "vMemory") if is_in_scope(row)]
    return {
        "vms": len(info),
        "powered_off": sum(row["Powerstate"] == "poweredOff" for row in info),
        "suspended": sum(row["Powerstate"] == "suspended" for row in info),
        "vcpus": sum(row["CPUs"] for row in info),
        "memory_mib": sum(row["Memory"] for row in info),
        "disk_mib": sum(row["Capacity MiB"] for row in disks),
        "allocated_mib": sum(row["In Use MiB"] for row in info),
        "disks": len(disks),
        "nics": sum(row["NICs"] for row in info),
        "active_mib": sum(row["Active"] for row in memory),
    }


def as_expected(of: Estate) -> dict[str, int]:
    totals: Expected = expected(of)
    return {
        name: getattr(totals, name)
        for name in (
            "vms",
            "powered_off",
            "suspended",
            "vcpus",
            "memory_mib",
            "disk_mib",
            "allocated_mib",
            "disks",
            "nics",
            "active_mib",
        )
    }


def members(path: Path) -> dict[str, bytes]:
    """The parts of a workbook, unpacked: what does not depend on the version of zlib."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class TestWorkbook:
    def test_equal_arguments_give_equal_bytes(self, tmp_path: Path) -> None:
        for name in ("first.xlsx", "second.xlsx"):
            write_workbook(tmp_path / name, estate(vms=60, seed=7, tenants=5))
        first, second = (tmp_path / name for name in ("first.xlsx", "second.xlsx"))
        assert first.read_bytes() == second.read_bytes()

    def test_another_seed_gives_another_estate(self) -> None:
        names = [[vm.name for vm in estate(vms=30, seed=seed).vms()] for seed in (1, 2)]
        assert names[0] != names[1]

    @pytest.mark.parametrize("constant_memory", [True, False])
    def test_openpyxl_counts_what_the_model_expects(
        self, tmp_path: Path, constant_memory: bool
    ) -> None:
        path = tmp_path / "estate.xlsx"
        made = estate(vms=150, seed=3, tenants=20)
        write_workbook(path, made, constant_memory=constant_memory)
        assert as_expected(made) == totals_read_back(path)

    def test_rows_of_every_vm_tab_are_as_expected(self, tmp_path: Path) -> None:
        made = estate(vms=90, seed=4, tenants=9)
        written = write_workbook(tmp_path / "estate.xlsx", made)
        wanted = expected(made).rows
        assert wanted == {tab: written[tab] for tab in wanted}

    def test_headers_have_the_width_of_rvtools_4_7_and_foreign_columns_between(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "estate.xlsx"
        write_workbook(path, estate(vms=1, tenants=1))
        book = openpyxl.load_workbook(path)
        headers = {sheet.title: [cell.value for cell in sheet[1]] for sheet in book}
        foreign = {*CUSTOM_ATTRIBUTES, *TAG_CATEGORIES}
        assert list(TABS) == list(headers)
        assert {
            tab: sum(column not in foreign for column in columns)
            for tab, columns in headers.items()
        } == COLUMNS_OF_RVTOOLS_4_7
        assert headers["vDisk"].index("Owner") < headers["vDisk"].index("Datacenter")

    def test_only_the_wanted_tabs_are_written(self, tmp_path: Path) -> None:
        path = tmp_path / "estate.xlsx"
        write_workbook(path, estate(vms=3, tenants=1), tabs=["vDisk", "vInfo"])
        assert openpyxl.load_workbook(path).sheetnames == ["vInfo", "vDisk"]

    def test_an_unknown_tab_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="vFloppy"):
            write_workbook(tmp_path / "estate.xlsx", estate(vms=3), tabs=["vFloppy"])

    def test_names_that_look_like_formulas_are_text(self, tmp_path: Path) -> None:
        path = tmp_path / "estate.xlsx"
        write_workbook(path, estate(vms=40, tenants=3), tabs=["vInfo"])
        names = [row["VM"] for row in rows_of(path, "vInfo")]
        assert '=HYPERLINK("http://intranet.example","x")' in names


class TestEstate:
    def test_an_estate_without_vms_still_has_templates_and_placeholders(self) -> None:
        totals = expected(estate(vms=0))
        assert (totals.vms, totals.templates, totals.srm_placeholders) == (0, 1, 1)

    def test_no_tenant_is_empty(self) -> None:
        assert expected(estate(vms=60, tenants=7)).tenants >= 7

    def test_every_case_fits_into_one_period(self) -> None:
        assert len(CASES) * SPACING <= PERIOD

    def test_ids_are_unique_and_names_are_not(self) -> None:
        vms = list(estate(vms=400, tenants=30).vms())
        assert len(vms) == len({vm.moref for vm in vms}) == len({vm.vm_uuid for vm in vms})
        assert len(vms) > len({vm.name for vm in vms})
        assert len(vms) > len({vm.smbios_uuid for vm in vms})


class TestSample:
    def test_the_shipped_workbook_is_what_the_generator_writes(self, tmp_path: Path) -> None:
        path = tmp_path / "sample.xlsx"
        write_sample(path)
        assert members(PATH) == members(path)

    def test_openpyxl_counts_the_totals_of_the_model(self) -> None:
        totals = totals_read_back(PATH)
        assert (totals["vms"], totals["vcpus"], totals["memory_mib"]) == (324, 1371, 4_727_194)
        assert as_expected(sample_estate()) == totals

    def test_the_readme_states_the_totals(self) -> None:
        readme = (PATH.parent / "README.md").read_text(encoding="utf-8")
        totals = expected(sample_estate())
        for mib in (totals.memory_mib, totals.disk_mib, totals.allocated_mib):
            assert f"({mib:,} MiB)" in readme
        for line in (
            f"| VMs | {totals.vms} ({totals.powered_off} powered off, {totals.suspended} susp",
            f"| disks | {totals.disks}, ",
            f"| network cards | {totals.nics} |",
            f"| snapshots | {totals.snapshots} |",
            f"{totals.templates} templates, {totals.srm_placeholders} SRM placeholders and "
            f"{totals.vcls_vms} vCLS VMs",
        ):
            assert line in readme

    def test_125_vcpus_and_622_gib_are_in_use(self) -> None:
        cpu = [row for row in rows_of(PATH, "vCPU") if is_in_scope(row)]
        used = sum(row["CPUs"] * row["Overall"] / row["Max"] for row in cpu)
        active = sum(r["Active"] for r in rows_of(PATH, "vMemory") if is_in_scope(r))
        assert pytest.approx(125, abs=0.01) == used
        assert pytest.approx(622.4, abs=0.01) == active / 1024

    def test_it_has_120_tenants_and_rows_out_of_scope_on_top(self) -> None:
        totals = expected(sample_estate())
        assert totals.tenants == 120
        assert totals.vms == VMS
        assert all((totals.templates, totals.srm_placeholders, totals.vcls_vms))
        assert PATH.stat().st_size < 1024 * 1024

    def test_it_shows_each_case(self) -> None:
        assert len(CASES) * SPACING <= VMS
