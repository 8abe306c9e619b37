"""What a restart keeps."""

from pathlib import Path

import pytest

from tests.support.platform_processes import EmbeddedPlatform
from tests.system.conftest import SAMPLE

pytestmark = pytest.mark.system


def test_data_survives_a_restart(data_dir: Path) -> None:
    platform = EmbeddedPlatform(data_dir)
    before = platform.start()
    assert before is not None
    project = before.new_project("Kept")
    inventory = before.imported(project, SAMPLE)
    plan = before.planned(project, inventory["id"])

    assert platform.stop() == 0
    after = platform.start()

    assert after is not None
    assert after.get(f"{project}/plan")["snapshot"] == plan["snapshot"]
    assert platform.stop() == 0
