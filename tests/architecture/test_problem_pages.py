"""Every problem code has a page, and every page a code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.http.problems import FRAMEWORK_CODES
from shared.kernel.errors import AppError

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "problems"
CODE = re.compile(r"[a-z]+(?:-[a-z]+)*")
SOURCES = sorted(
    path
    for package in ("services", "shared")
    for path in (ROOT / package).rglob("*.py")
    if "testing" not in path.parts
)


def codes_in(path: Path) -> Iterator[str]:
    """What a module raises: ``code="…"``, ``default_code = "…"``, the names of domain/errors."""
    lists_codes = path.parts[-2:] == ("domain", "errors.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                pass
            case ast.Assign(targets=[ast.Name(id="default_code")], value=ast.Constant(str(code))):
                pass
            case ast.AnnAssign(value=ast.Constant(value=str(code))) if lists_codes:
                pass
            case _:
                continue
        if CODE.fullmatch(code):
            yield code


def codes() -> dict[str, str]:
    """Codes in the sources, with a file that has each."""
    found = {code: str(path.relative_to(ROOT)) for path in SOURCES for code in codes_in(path)}
    return found | {code: "shared/http/problems.py" for code, _ in FRAMEWORK_CODES.values()}


def pages() -> set[str]:
    return {path.stem for path in PAGES.glob("*.md")} - {"README"}


@pytest.mark.parametrize(("code", "source"), sorted(codes().items()))
def test_a_code_has_its_page(code: str, source: str) -> None:
    page = PAGES / f"{code}.md"
    assert page.is_file(), f"{source}: write docs/problems/{code}.md"
    assert f"`{code}`" in page.read_text(encoding="utf-8")


def test_every_page_has_its_code() -> None:
    assert sorted(pages() - codes().keys()) == []


def test_the_index_lists_every_page() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert pages() == set(re.findall(r"\]\(([a-z-]+)\.md\)", index))


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    kinds = [AppError, *AppError.__subclasses__()]
    assert {kind.default_code for kind in kinds} <= codes().keys()
