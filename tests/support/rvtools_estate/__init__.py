"""Made-up VMware estates, as data and as RVTools 4.7 workbooks, for tests, benches and the sample.

    estate(vms=…, seed=…, tenants=…)       an estate: the same arguments give the same estate
    expected(estate)                       the totals a correct import must arrive at
    write_workbook(path, estate, tabs=…)   the workbook, byte for byte the same each time
    write_csv_zip(path, {folder: estate})  the same as CSV files, in the notation of a country
    vm_facts(vm, landscape)                what a correct import must say of one VM

Nothing is kept per VM: an estate makes each VM from its own seed whenever it is asked for, so
100,000 VMs take as little memory as 100. ``vms`` counts what is in scope (powered-off included);
templates, SRM placeholders and vCLS rows come on top, as in a real export.

    vocabulary  words, operating systems, roles          landscape  tenants, hosts, networks
    fleet       ordinary VMs                             cases      the VMs that break parsers
    model       what a VM, a disk, … is                  estates    all of it, VM by VM
    vm_tabs, infrastructure_tabs, headers, writer        the workbook
    csv_writer  CSV files                                records    facts of one VM
    expected    totals                                   sample     examples/*.xlsx

``python -m tests.support.rvtools_estate --help`` writes one by hand.
"""

from tests.support.rvtools_estate.csv_writer import NOTATIONS, Notation, write_csv_zip
from tests.support.rvtools_estate.estates import Estate, Selection, estate
from tests.support.rvtools_estate.expected import Expected, expected
from tests.support.rvtools_estate.model import Vm
from tests.support.rvtools_estate.records import vm_facts
from tests.support.rvtools_estate.writer import TABS, write_workbook

__all__ = [
    "NOTATIONS",
    "TABS",
    "Estate",
    "Expected",
    "Notation",
    "Selection",
    "Vm",
    "estate",
    "expected",
    "vm_facts",
    "write_csv_zip",
    "write_workbook",
]
