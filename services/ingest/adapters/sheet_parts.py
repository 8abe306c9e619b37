"""Which zip part holds a tab, found without an XML parser."""

import re
import zipfile
from html import unescape
from pathlib import PurePosixPath
from typing import Final

from services.ingest.adapters.workbook_guard import WORKBOOK_PART
from services.ingest.domain.headers import normal_tab_name

RELATIONS_PART: Final = "xl/_rels/workbook.xml.rels"
_MAX_BYTES: Final = 16 << 20
_SHEET = re.compile(r"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s([^>]*)>")
_ATTRIBUTE = re.compile(r"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def part_of_tab(archive: zipfile.ZipFile, tab: str) -> str | None:
    """The name of the zip part with the cells of ``tab``; None when there is none."""
    targets = {
        found.get("Id", ""): found.get("Target", "")
        for found in _elements(archive, RELATIONS_PART, _RELATION)
    }
    for sheet in _elements(archive, WORKBOOK_PART, _SHEET):
        if normal_tab_name(sheet.get("name", "")) != normal_tab_name(tab):
            continue
        relation = next((v for k, v in sheet.items() if k.rpartition(":")[2] == "id"), "")
        target = targets.get(relation, "")
        part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl", target))
        return part if part in archive.namelist() else None
    return None


def _elements(
    archive: zipfile.ZipFile, part: str, pattern: re.Pattern[str]
) -> list[dict[str, str]]:
    if part not in archive.namelist():
        return []
    with archive.open(part) as stream:
        xml = stream.read(_MAX_BYTES).decode("utf-8", "replace")
    return [
        {
            name: unescape(double or single)
            for name, double, single in _ATTRIBUTE.findall(attributes)
        }
        for attributes in pattern.findall(xml)
    ]
