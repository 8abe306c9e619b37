"""A process under tests/support/read_only really cannot write elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = Path(__file__).parent / "read_only"


def tried(code: str, writable: Path) -> str:
    """The last line that Python says of ``code``, run under the guard."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(GUARD), "WRITABLE": str(writable)},
        cwd=writable.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize(
    "code",
    [
        "open('outside', 'w')",
        "open('outside', 'a')",
        "import os; os.open('outside', os.O_CREAT | os.O_RDWR)",
        "import os; os.mkdir('outside')",
        "import os; os.rename('tmp', 'outside')",
        "import pathlib; pathlib.Path('outside').symlink_to('tmp')",
        "import tempfile; tempfile.TemporaryFile(dir='.')",
    ],
)
def test_what_changes_something_elsewhere_is_refused_and_noted(code: str, tmp_path: Path) -> None:
    writable = tmp_path / "tmp"
    writable.mkdir()
    assert "Read-only file system" in tried(code, writable)
    assert (writable / "denied").read_text()
    assert not (tmp_path / "outside").exists()


def test_what_stays_inside_works(tmp_path: Path) -> None:
    writable = tmp_path / "tmp"
    writable.mkdir()
    code = "import tempfile; tempfile.TemporaryFile(dir='tmp').write(b'x'); open('/dev/null', 'w')"
    assert tried(code, writable) == ""
    assert not (writable / "denied").exists()
