"""``run``: the platform in the foreground."""

import json
import signal

import httpx

from shared.testing.waiting import wait_until
from tests.cli.command import Cli


def address_of(cli: Cli) -> str:
    run = cli.data_dir / "run.json"
    wait_until(run.exists, within_s=30, what="run.json")
    return str(json.loads(run.read_text())["address"])


def test_it_is_up_until_interrupted_and_says_where(cli: Cli) -> None:
    process = cli.start("run", "--port", "0")
    address = address_of(cli)
    assert httpx.get(f"{address}/readyz").status_code == 200

    process.send_signal(signal.SIGINT)
    ended = cli.ended(process)

    assert ended.code == 0
    assert address in ended.out
    assert cli.platform_was_stopped()


def test_a_second_one_on_the_same_folder_says_where_the_first_is(cli: Cli) -> None:
    first = cli.start("run", "--port", "0")
    address = address_of(cli)

    second = cli.run("run", "--port", "0")

    assert second.code == 1
    assert address in second.err
    first.send_signal(signal.SIGTERM)
    assert cli.ended(first).code == 0


def test_a_platform_that_cannot_start_gives_its_reason(cli: Cli) -> None:
    cli.scenario = "cannot-start"
    ended = cli.run("run")
    assert ended.code == 1
    assert "no space left on device" in ended.err
