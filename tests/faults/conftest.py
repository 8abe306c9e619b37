"""Installations that are broken on purpose."""

from collections.abc import Iterator

import pytest

from tests.faults.history import History
from tests.faults.installation import Installation, installation


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all tests of this process."""
    with installation(tmp_path_factory.mktemp("installation")) as started:
        yield started


@pytest.fixture
def history() -> History:
    """An empty history."""
    return History()
