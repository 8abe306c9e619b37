"""Parsing inverts generating: a made-up estate comes back VM by VM, whatever it was written to."""

from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.contracts.records import VmRecord
from tests.services.ingest.adapters.parsing import Parsed, parse_here
from tests.services.ingest.workbooks import zipped
from tests.support.rvtools_estate import (
    NOTATIONS,
    Estate,
    Selection,
    estate,
    vm_facts,
    write_csv_zip,
    write_workbook,
)
from tests.support.rvtools_estate.model import EXPORTED_AT

VMS: Final = 330
"""More than one of each case, with templates, SRM placeholders and vCLS VMs behind them."""
WHOLE: Final = estate(vms=VMS, seed=5, tenants=30)
COUNT: Final = sum(1 for _ in WHOLE.vms())
NO_VCENTER: Final = frozenset({"VI SDK Server", "VI SDK UUID", "Server", "Name"})

Facts = dict[tuple[str, str], dict[str, Any]]

some_vms = st.sets(st.integers(0, COUNT - 1), min_size=1, max_size=12).map(
    lambda places: Selection(WHOLE, tuple(places))
)
once_in_a_while = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller estate would tell no more
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def facts_of_model(of: Estate) -> Facts:
    """What must come back, by vCenter and MoRef."""
    facts = [vm_facts(vm, of.landscape) for vm in of.vms()]
    return {(one["vcenter"], one["moref"]): one for one in facts}


def facts_of_import(parsed: Parsed, like: Facts) -> Facts:
    """What came back, cut down to the fields that the model knows."""
    fields = next(iter(like.values()))
    return {(r.vcenter, r.moref or ""): _cut(r, fields) for r in parsed.records}


def _cut(record: VmRecord, fields: dict[str, Any]) -> dict[str, Any]:
    found = record.model_dump(mode="json", include=set(fields))
    for part in ("disks", "nics"):
        known = fields[part][0] if fields[part] else None
        found[part] = [
            {name: value for name, value in one.items() if known is None or name in known}
            for one in found[part]
        ]
    return found


def assert_same(parsed: Parsed, model: Facts) -> None:
    """Every VM came back, with the figures that it had."""
    found = facts_of_import(parsed, _with_parts(model))
    assert found.keys() == model.keys()
    for key, facts in model.items():
        if facts["folder"] != found[key]["folder"] and not (facts["disks"] or facts["nics"]):
            found[key]["folder"] = facts["folder"]  # blank in vInfo, and on no other tab
        assert found[key] == facts


def _with_parts(model: Facts) -> Facts:
    """The facts, those of a VM with disks and NICs first: they name the parts' fields."""
    return dict(sorted(model.items(), key=lambda item: not (item[1]["disks"] and item[1]["nics"])))


def imported(path: Path) -> Parsed:
    """The import of the file, received when it was exported."""
    return parse_here(path.read_bytes(), received_at=EXPORTED_AT.replace(tzinfo=UTC))


@once_in_a_while
@given(chosen=some_vms, constant_memory=st.booleans())
def test_a_workbook_gives_the_estate_back(
    tmp_path: Path, chosen: Selection, constant_memory: bool
) -> None:
    path = tmp_path / "estate.xlsx"
    write_workbook(path, chosen, constant_memory=constant_memory)
    parsed = imported(path)
    assert_same(parsed, facts_of_model(chosen))
    assert parsed.report["rejected_count"] == 0


@once_in_a_while
@given(chosen=some_vms, country=st.sampled_from(sorted(set(NOTATIONS) - {"french"})))
def test_csv_files_of_any_country_give_the_estate_back(
    tmp_path: Path, chosen: Selection, country: str
) -> None:
    path = tmp_path / "estate.zip"
    write_csv_zip(path, {"": chosen}, notation=NOTATIONS[country])
    parsed = imported(path)
    assert_same(parsed, facts_of_model(chosen))
    assert parsed.report["rejected_count"] == 0


@once_in_a_while
@given(chosen=some_vms)
def test_a_date_that_is_not_certain_is_rejected_and_never_another_date(
    tmp_path: Path, chosen: Selection
) -> None:
    path = tmp_path / "estate.zip"
    write_csv_zip(path, {"": chosen}, notation=NOTATIONS["french"])
    parsed, model = imported(path), facts_of_model(chosen)
    rejected = parsed.report["rejected"]
    is_open = any(reject["tab"] == "vSnapshot" for reject in rejected)
    uncertain = {record.moref for record in parsed.records if is_open and record.snapshot_count}
    for record in parsed.records:
        if record.moref in uncertain:
            model[record.vcenter, record.moref or ""]["oldest_snapshot_days"] = (
                record.oldest_snapshot_days
            )
    assert_same(parsed, model)
    assert all("cannot be told apart" in reject["reason"] and reject["fix"] for reject in rejected)


@once_in_a_while
@given(here=some_vms, there=some_vms, packing=st.sampled_from(["xlsx", "csv", "merged"]))
def test_two_vcenters_with_equal_ids_come_back_as_two(
    tmp_path: Path, here: Selection, there: Selection, packing: str
) -> None:
    other = Selection(estate(vms=VMS, seed=6, tenants=30), there.places, "vcenter02.example")
    path = tmp_path / "estate.zip"
    if packing == "csv":
        write_csv_zip(path, {"one/": here, "two/": other}, notation=NOTATIONS["german"])
    elif packing == "merged":
        write_workbook(path, here, other)
    else:
        for name, one in (("one.xlsx", here), ("two.xlsx", other)):
            write_workbook(tmp_path / name, one)
        files = {name: (tmp_path / name).read_bytes() for name in ("one.xlsx", "two.xlsx")}
        path.write_bytes(zipped(files))
    parsed = imported(path)
    assert_same(parsed, facts_of_model(here) | facts_of_model(other))
    assert len(parsed.report["vcenters"]) == 2


@pytest.mark.parametrize("packing", ["xlsx", "csv"])
def test_vcenters_without_a_name_are_called_after_their_files(tmp_path: Path, packing: str) -> None:
    chosen = Selection(WHOLE, tuple(range(20)))
    path = tmp_path / "estate.zip"
    if packing == "csv":
        write_csv_zip(path, {"one/": chosen, "two/": chosen}, without=NO_VCENTER)
        names = {"one/", "two/"}
    else:
        write_workbook(tmp_path / "one.xlsx", chosen, without=NO_VCENTER)
        content = (tmp_path / "one.xlsx").read_bytes()
        path.write_bytes(zipped({"one.xlsx": content, "two.xlsx": content}))
        names = {"one.xlsx", "two.xlsx"}
    parsed = imported(path)
    assert {record.vcenter for record in parsed.records} == names
    assert len(parsed.records) == 40
    model = {vm.moref: len(vm.disks) for vm in islice(chosen.vms(), 20)}
    assert all(len(record.disks) == model[record.moref or ""] for record in parsed.records)


def test_the_whole_estate_comes_back_from_csv_as_from_a_workbook(tmp_path: Path) -> None:
    write_workbook(tmp_path / "estate.xlsx", WHOLE)
    write_csv_zip(tmp_path / "estate.zip", {"": WHOLE}, notation=NOTATIONS["german"])
    book, files = imported(tmp_path / "estate.xlsx"), imported(tmp_path / "estate.zip")
    assert_same(book, facts_of_model(WHOLE))
    as_written = {"attributes"}  # text of any kind, dates among it, is kept as the file has it
    assert [record.model_dump(exclude=as_written) for record in book.records] == [
        record.model_dump(exclude=as_written) for record in files.records
    ]
    assert book.report["totals"] == files.report["totals"]
