"""A command line in an empty folder."""

from pathlib import Path

import pytest

from tests.cli.command import Cli


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "müller & co [prod].xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 12_000)
    return path
