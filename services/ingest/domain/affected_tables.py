"""Affected rows as rows of tables."""

from typing import Final

AFFECTED_TABLES: Final[dict[str, tuple[str, ...]]] = {
    "affected_tabs": (
        *("inventory_id", "position", "sheet", "file", "tab", "headers", "row_count"),
    ),
    "affected_rows": ("inventory_id", "tab_position", "row", "cells", "problems"),
}
"""Tables with their columns in the order in which rows are written."""
