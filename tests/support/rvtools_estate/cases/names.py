"""Names that are not unique, or that spreadsheets, shells and sorters stumble over."""

from dataclasses import replace
from functools import partial

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.landscape import random_uuid
from tests.support.rvtools_estate.model import (
    Vm,
)


def _named(vm: Vm, context: Context, *, name: str) -> Vm:
    return replace(vm, name=name.format(uuid=random_uuid(context.rng)))


NAMES: tuple[Case, ...] = tuple(
    partial(_named, name=name)
    for name in (
        "web01",
        "web01",  # the same name in another organisation
        "Büro-Server-01",
        "Ледник-02",
        "データベース01",
        '=HYPERLINK("http://intranet.example","x")',
        "+49-pbx",
        "-retired-app",
        "@reception-kiosk",
        "(old) crm01",
        "portal ({uuid})",  # as vCD names a VM that it deployed
        "SQL01  ",
        'files; backup, "second"',
        "0012",
        "web%2fapi",  # vCenter's way to store a slash
    )
)
