"""The writer of each format."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from services.exporter.adapters.json_writer import write_json
from services.exporter.adapters.xlsx_writer import write_xlsx
from services.exporter.domain.exports import Format
from services.exporter.domain.json_values import Document
from services.exporter.domain.plan_document import LIST, document_head
from services.exporter.domain.workbook_model import workbook_sheets
from services.exporter.usecases.ports import DocumentWriter


def _write_workbook(path: Path, header: Document, vms: Iterable[Document], *, digest: str) -> None:
    write_xlsx(path, workbook_sheets(header, vms, digest=digest))


def _write_document(path: Path, header: Document, vms: Iterable[Document], *, digest: str) -> None:
    write_json(path, document_head(header, digest=digest), list_name=LIST, items=vms)


WRITERS: Final[Mapping[Format, DocumentWriter]] = {
    Format.XLSX: _write_workbook,
    Format.JSON: _write_document,
}
