"""Every problem code has a page, and every page a code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "problems"
CODE = re.compile(r"(?:\bcode\s*=|default_code\s*=|: Final\s*=)\s*\"([a-z]+(?:-[a-z]+)*)\"")
SOURCES = [
    *(ROOT / "services").glob("*/domain/errors.py"),
    ROOT / "shared" / "kernel" / "errors.py",
    *(ROOT / "shared").rglob("*.py"),
]


def codes() -> dict[str, str]:
    """Codes in the sources, with a file that has each."""
    found: dict[str, str] = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        pattern = CODE if path.name == "errors.py" else re.compile(r"\bcode=\"([a-z-]+)\"")
        found |= {code: str(path.relative_to(ROOT)) for code in pattern.findall(text)}
    return found


@pytest.mark.parametrize(("code", "source"), sorted(codes().items()))
def test_a_code_has_its_page(code: str, source: str) -> None:
    assert (PAGES / f"{code}.md").is_file(), f"{source}: write docs/problems/{code}.md"


def test_the_index_lists_every_page() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == set(re.findall(r"\]\(([a-z-]+)\.md\)", index))
