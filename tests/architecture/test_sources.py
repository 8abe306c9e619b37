"""Rules that the linters cannot express, checked on the sources themselves."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(
    path
    for package in ("services", "shared", "cli")
    for path in (ROOT / package).rglob("*.py")
    if "testing" not in path.parts
)
SQL = re.compile(r"\b(select|insert into|update|delete from|alter|create|drop)\b", re.IGNORECASE)
EXECUTING = {"execute", "text", "fetch", "fetchval", "fetchrow"}
MAX_LINES = 400


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def called(names: set[str], *, within: list[Path]) -> list[str]:
    """Where one of ``names`` is called; a name is the end of a dotted one."""
    return [
        place(path, call.lineno)
        for path in within
        for call in calls(path)
        if any(f".{ast.unparse(call.func)}".endswith(f".{name}") for name in names)
    ]


def test_nobody_commits_but_the_unit_of_work() -> None:
    mechanism = ROOT / "shared" / "db"
    elsewhere = [path for path in SHIPPED if not path.is_relative_to(mechanism)]
    assert called({"commit"}, within=elsewhere) == []


def test_time_comes_from_the_clock() -> None:
    clock = ROOT / "shared" / "runtime" / "clock.py"
    names = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    assert called(names, within=[path for path in SHIPPED if path != clock]) == []


def test_a_domain_makes_no_random_ids() -> None:
    domains = [path for path in SHIPPED if "domain" in path.parts]
    assert called({"uuid1", "uuid4", "uuid6", "uuid7"}, within=domains) == []


def test_no_sql_is_put_together_from_text() -> None:
    assert [
        place(path, call.lineno)
        for path in SHIPPED
        for call in calls(path)
        if ast.unparse(call.func).rpartition(".")[2] in EXECUTING
        and call.args
        and isinstance(call.args[0], ast.JoinedStr)
        and SQL.search(ast.unparse(call.args[0]))
    ] == []


def test_every_module_says_what_it_is() -> None:
    assert [place(path, 1) for path in SHIPPED if not ast.get_docstring(tree(path))] == []


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SHIPPED}
    assert [place(path, n) for path, n in lengths.items() if n > MAX_LINES] == []


def test_there_are_no_junk_drawers() -> None:
    drawers = {"utils", "util", "helpers", "common", "base", "misc", "manager"}
    assert [place(path, 1) for path in SHIPPED if path.stem in drawers] == []
