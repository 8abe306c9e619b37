"""Assessed VMs as rows for COPY."""

from collections.abc import Iterator
from operator import itemgetter
from typing import Final

import orjson

from services.assessment.persistence.codes import severity_bits
from services.assessment.persistence.tables import assessed_vms
from services.assessment.usecases.ports import AssessedPage
from shared.kernel.ids import AssessmentId

_JSON_COLUMNS: Final = ("risk_reasons", "mode_reasons", "findings")
_OWN_COLUMNS: Final = ("finding_ids", "severities", "page_number", "page_line", "assessment_id")
"""Those that no record has."""
_AS_THEY_ARE: Final = tuple(
    column.name
    for column in assessed_vms.columns
    if column.name not in {*_JSON_COLUMNS, *_OWN_COLUMNS}
)
_values_as_they_are: Final = itemgetter(*_AS_THEY_ARE)

VM_COLUMNS: Final = (*_AS_THEY_ARE, *_JSON_COLUMNS, *_OWN_COLUMNS)
"""The columns in the order in which :func:`copied_rows` gives their values."""


def copied_rows(assessment_id: AssessmentId, page: AssessedPage) -> Iterator[tuple[object, ...]]:
    """The VMs of ``page``, each with where in it its record is."""
    for line, record in enumerate(page.records):
        findings = record["findings"]
        yield (
            *_values_as_they_are(record),
            *(orjson.dumps(record[name]).decode() for name in _JSON_COLUMNS),
            list(dict.fromkeys([finding["id"] for finding in findings])),
            severity_bits(one["severity"] for one in findings if not one["is_waived"]),
            page.number,
            line,
            assessment_id,
        )
