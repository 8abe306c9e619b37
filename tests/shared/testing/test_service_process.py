from pathlib import Path

import pytest

from shared.testing.service_process import ServiceProcess


async def test_a_process_that_ends_early_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async with ServiceProcess("no-such-service", folder=tmp_path) as process:
        with pytest.raises(AssertionError, match=r"(?s)ended with 2 before .*invalid choice"):
            await process.ready("http://127.0.0.1:9/readyz")
        assert await process.exited() == 2


async def test_nothing_is_left_of_a_process_that_a_test_leaves(tmp_path: Path) -> None:
    async with ServiceProcess("openapi", "--check", folder=tmp_path) as process:
        assert process.is_running()
    assert not process.is_running()


async def test_our_own_settings_do_not_leak_into_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGPLAN_ADMIN_DSN", "postgresql://nobody@localhost/nowhere")
    async with ServiceProcess("bootstrap", folder=tmp_path) as process:
        assert await process.exited() != 0
    assert "MIGPLAN_ADMIN_DSN is not set" in process.log_tail()
