"""Rows in COPY's text format arrive in PostgreSQL as they were."""

from pathlib import Path

import asyncpg
import pytest

from services.ingest.adapters.copy_text import CopyFile
from services.ingest.domain.table_rows import Json

NASTY = [
    "",
    " ",
    "\\N",
    "\\.",
    "N",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "back\\slash\\",
    "\"quoted\", {and} 'more'",
    "=1+1",
    "Сервер 猫 😀",
    "\x01\x0b\x1f\x7f",
]


async def test_text_of_every_kind(admin_dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.copy"
    with CopyFile(path) as file:
        for number, text in enumerate(NASTY):
            file.write([number, text])
    assert file.rows == len(NASTY)
    assert await copied(admin_dsn, path, "number integer, value text") == list(enumerate(NASTY))


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        ("boolean", True, True),
        ("boolean", False, False),
        ("boolean", None, None),
        ("bigint", 1 << 42, 1 << 42),
        ("text", None, None),
        ("text[]", [], []),
        ("text[]", ["10.0.0.1", "fe80::1"], ["10.0.0.1", "fe80::1"]),
    ],
)
async def test_values_of_every_type(
    admin_dsn: str, tmp_path: Path, kind: str, value: Json, stored: object
) -> None:
    path = tmp_path / "rows.copy"
    with CopyFile(path) as file:
        file.write([value])
    assert await copied(admin_dsn, path, f"value {kind}") == [(stored,)]


async def copied(dsn: str, path: Path, columns: str) -> list[tuple[object, ...]]:
    """The rows that PostgreSQL reads from the file."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(f"CREATE TEMPORARY TABLE target ({columns})")
        await connection.copy_to_table("target", source=path)
        return [tuple(row) for row in await connection.fetch("SELECT * FROM target")]
    finally:
        await connection.close()
