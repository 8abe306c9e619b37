"""What the workbook says: the snapshot's figures, with units, in the plan's own time."""

from datetime import date, datetime
from typing import Any

from services.exporter.domain.sheets import Cell, Sheet
from services.exporter.domain.workbook_model import FIGURES, workbook_sheets
from services.planner.domain.settings import PlanSettings, settings_json
from tests.services.exporter.builders import a_header, a_planned_vm_json


def sheets(header: dict[str, Any] | None = None, *vms: Any) -> dict[str, Sheet]:
    made = workbook_sheets(
        a_header() if header is None else header, vms or [a_planned_vm_json()], digest="d" * 64
    )
    return {sheet.name: sheet for sheet in made}


def rows(sheet: Sheet) -> list[dict[str, Cell]]:
    titles = [column.title for column in sheet.columns]
    return [dict(zip(titles, row, strict=True)) for row in sheet.rows]


def test_the_sheets_come_in_reading_order() -> None:
    assert list(sheets()) == ["Summary", "Tenants", "Schedule", "VMs", "How this was worked out"]


def test_every_figure_of_the_summary_exists_in_the_planners_header() -> None:
    shown = {row["Figure"] for row in rows(sheets(a_header(duration_days=30))["Summary"])}
    assert {figure.label for figure in FIGURES} <= shown


def test_the_summary_shows_figures_with_their_units_and_what_was_left_out() -> None:
    summary = {row["Figure"]: (row["Value"], row["Unit"]) for row in rows(sheets()["Summary"])}
    assert summary["VMs in scope"] == (3, "VMs")
    assert summary["of these powered off"] == (1, "VMs")
    assert summary["Memory configured"] == (9.5, "GiB")
    assert summary["Finish date"] == (date(2026, 3, 2), None)
    assert summary["Deadline is met"] == ("yes", None)
    assert summary["Left out: Template"] == (5, "VMs")
    assert "powered-off VMs are included" in str(summary["What is counted"][0])


def test_a_tenants_row_repeats_the_headers_figures() -> None:
    acme = next(row for row in rows(sheets()["Tenants"]) if row["Tenant"] == "acme")
    assert (acme["Org VDC"], acme["VMs"], acme["Memory (GiB)"]) == ("acme_vDC_1", 2, 8.0)
    assert (acme["Risk green"], acme["Risk red"], acme["Warm"]) == (1, 1, 2)
    assert acme["First day"] == 1


def test_instants_are_shown_by_the_clock_of_the_plans_time_zone() -> None:
    (vm,) = rows(sheets(a_header(time_zone="Europe/Berlin"))["VMs"])
    assert vm["Start (Europe/Berlin)"] == datetime(2026, 3, 2, 10, 0)  # noqa: DTZ001


def test_an_unknown_time_zone_falls_back_to_utc() -> None:
    header = a_header()
    header["settings"]["time_zone"] = "Mars/Olympus_Mons"
    (vm,) = rows(sheets(header)["VMs"])
    assert vm["Start (UTC)"] == datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001


def test_a_vms_row_shows_gib_networks_and_why_it_is_there() -> None:
    (vm,) = rows(sheets(None, a_planned_vm_json(7, name="crm", memory_mib=1536))["VMs"])
    assert (vm["Start no."], vm["VM"], vm["Memory (GiB)"]) == (7, "crm", 1.5)
    assert vm["Networks"] == "prod, backup"
    assert vm["Why here"] == "Started as the day opened"


def test_a_figure_that_nobody_knows_is_blank_and_named() -> None:
    unknown = a_planned_vm_json(1, memory_mib=0, findings=["memory_unknown"])
    (vm,) = rows(sheets(None, unknown)["VMs"])
    assert (vm["Memory (GiB)"], vm["Disk (GiB)"]) == (None, 100.0)
    assert vm["Findings"] == "memory_unknown"


def test_the_schedule_has_a_row_for_each_working_day() -> None:
    (day,) = rows(sheets()["Schedule"])
    assert (day["Day"], day["Date"], day["VMs started"]) == (1, date(2026, 3, 2), 3)


def test_every_setting_is_explained_with_its_unit() -> None:
    explained = rows(sheets()["How this was worked out"])
    settings = [row for row in explained if row["Topic"] == "Settings"]
    assert len(settings) == len(settings_json(PlanSettings()))
    (nic,) = [row for row in settings if row["Item"] == "Source NIC"]
    assert (nic["Value"], nic["Unit"]) == (10.0, "Gbit/s")


def test_the_binding_limit_is_marked_and_an_absent_one_is_no_zero() -> None:
    explained = rows(sheets()["How this was worked out"])
    limits = {row["Item"]: row for row in explained if row["Topic"] == "Bandwidth"}
    assert "this is the bottleneck" in str(limits["Source NIC"]["Explanation"])
    assert limits["Link"]["Value"] == "no limit"


def test_an_empty_header_gives_empty_sheets_and_no_error() -> None:
    assert rows(sheets({})["Tenants"]) == []
    assert all(list(sheet.rows) is not None for sheet in sheets({}).values())
