"""The assessment's own work: pages of records in, frozen pages out, nothing stored."""

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID, uuid4

from bench.results import Report, Result
from bench.site import Site
from bench.workbooks import workbook_of
from services.assessment.domain.assessment import DEFAULT_RULES, Assessor
from services.assessment.domain.tenancy import Tenant
from services.assessment.usecases.assess_page import (
    PageDecisions,
    assess_page,
    detected_keys,
    freeze_page,
)
from services.ingest.adapters.parser_files import ParserFiles, ParserJob
from services.ingest.adapters.workbook_import import import_workbook
from services.ingest.domain.limits import ParserLimits, WorkbookLimits
from shared.kernel.ids import ProjectId

_AS_OF: Final = date(2026, 11, 25)


def bench_assessment(site: Site, report: Report, *, vms: int, rounds: int) -> None:
    """Report VMs per CPU second over the pages of a generated inventory."""
    project_id = uuid4()
    pages, count = _pages(workbook_of(vms, cache=site.workbooks), site.folder, project_id)
    rates = []
    for _ in range(rounds):
        begun_s = time.process_time()
        _assess(pages, ProjectId(project_id))
        rates.append(count / (time.process_time() - begun_s))
    report(Result("assessment", median(rates), "VMs/CPU s"))


def _assess(pages: Sequence[bytes], project_id: ProjectId) -> None:
    assessor = Assessor(DEFAULT_RULES, as_of=_AS_OF)
    for number, page in enumerate(pages):
        records = assess_page(page, assessor, project_id=project_id)
        tenants = {key.id: Tenant(key.id, key.name, key.org_vdc) for key in detected_keys(records)}
        freeze_page(number, page, records, PageDecisions(tenants))


def _pages(workbook: Path, folder: Path, project_id: UUID) -> tuple[list[bytes], int]:
    """The snapshot pages of a workbook, and how many VMs they hold."""
    files = ParserFiles(folder / "assessment")
    files.folder.mkdir()
    files.workbook.symlink_to(workbook)
    inventory_id = str(uuid4())
    job = ParserJob(
        project_id=str(project_id),
        inventory_id=inventory_id,
        snapshot_id=inventory_id,
        received_at=datetime.now(UTC),
        workbook=WorkbookLimits(),
        parser=ParserLimits(),
    )
    done = import_workbook(files, job, lambda _: None)
    page_count, vm_count = done["page_count"], done["vm_count"]
    assert isinstance(page_count, int)
    assert isinstance(vm_count, int)
    return [files.page(number).read_bytes() for number in range(page_count)], vm_count
