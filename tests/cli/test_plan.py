"""``plan`` and ``demo``: documents and exit codes."""

import hashlib
import signal
from pathlib import Path

import pytest

from cli.__main__ import SAMPLE
from tests.cli.command import Cli
from tests.cli.scripted.services.__main__ import BASE, DOCUMENTS, PASSWORD


def test_a_workbook_becomes_two_documents(cli: Cli, workbook: Path) -> None:
    ended = cli.run("plan", "--rvtools", workbook, "--out", "results")

    assert (ended.code, ended.err) == (0, "")
    out = cli.folder / "results"
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        "plan.json": DOCUMENTS["json"],
        "plan.xlsx": DOCUMENTS["xlsx"],
    }
    assert cli.platform_was_stopped()


def test_the_summary_is_plain_and_states_figures_with_units(cli: Cli, workbook: Path) -> None:
    out = cli.run("plan", "--rvtools", workbook).out

    for figure in (
        "324",
        "120",
        "35 powered off",
        "1,371 vCPU",
        "4,616.4 GiB",
        "5 templates",
        "3 VMs, which nothing can be executed for",
        "vNIC, vCD",
        "14 red",
        "20 warm risky",
        "2026-12-11",
        "source NIC, 4,000 Mbit/s",
        "plan.xlsx",
    ):
        assert figure in out
    assert not any(ord(character) < 32 and character != "\n" for character in out)


def test_the_upload_is_the_file_sent_once_under_a_key(cli: Cli, workbook: Path) -> None:
    cli.run("plan", "--rvtools", workbook)

    (project,) = (r for r in cli.requests() if r["call"] == "POST /v1/projects")
    (upload,) = (r for r in cli.requests() if f"POST {BASE}/inventories" in r["call"])
    assert upload["sha256"] == hashlib.sha256(workbook.read_bytes()).hexdigest()
    assert upload["key"] != project["key"]
    assert all((upload["key"], project["key"]))
    assert upload["token"] == "Bearer t-1"


def test_demo_plans_the_sample(cli: Cli) -> None:
    ended = cli.run("demo")

    assert ended.code == 0
    uploads = [r["sha256"] for r in cli.requests() if "inventories?" in r["call"]]
    assert uploads == [hashlib.sha256(SAMPLE.read_bytes()).hexdigest()]
    assert (cli.folder / "out" / "plan.json").exists()


def test_a_platform_that_runs_is_used_and_left_running(cli: Cli, workbook: Path) -> None:
    with cli.platform_on(cli.data_dir) as address:
        ended = cli.run("plan", "--rvtools", workbook)
    assert ended.code == 0
    assert address in ended.out
    assert not (cli.data_dir / "platform.log").exists()


def test_a_platform_elsewhere_is_used(cli: Cli, workbook: Path, tmp_path: Path) -> None:
    cli.environment = {"MIGPLAN_PASSWORD": PASSWORD}
    with cli.platform_on(tmp_path / "elsewhere") as address:
        assert cli.run("plan", "--rvtools", workbook, "--server", address).code == 0
    assert not cli.platform_was_started()


def test_a_platform_that_cannot_answer_for_a_moment_is_asked_again(
    cli: Cli, workbook: Path
) -> None:
    cli.scenario = "busy"
    cli.environment = {"MIGPLAN_PASSWORD": PASSWORD}
    ended = cli.run("plan", "--rvtools", workbook)
    assert (ended.code, ended.err) == (0, "")


class TestRefusals:
    def test_a_missing_file_is_bad_usage_and_starts_nothing(self, cli: Cli) -> None:
        ended = cli.run("plan", "--rvtools", "no-such.xlsx")
        assert ended.code == 2
        assert "no-such.xlsx" in ended.err
        assert not cli.platform_was_started()

    def test_an_out_folder_that_is_a_file_is_bad_usage(self, cli: Cli, workbook: Path) -> None:
        (cli.folder / "taken").touch()
        assert cli.run("plan", "--rvtools", workbook, "--out", "taken").code == 2
        assert not cli.platform_was_started()

    @pytest.mark.parametrize(
        "arguments", [[], ["plan"], ["plan", "--rvtools", "x.xlsx", "--server", "ftp://x"]]
    )
    def test_wrong_arguments_are_bad_usage(self, cli: Cli, arguments: list[str]) -> None:
        assert cli.run(*arguments).code == 2

    def test_a_file_that_is_no_workbook_is_bad_usage(self, cli: Cli, workbook: Path) -> None:
        cli.scenario = "no-workbook"
        ended = cli.run("plan", "--rvtools", workbook)
        assert ended.code == 2
        assert "web page (HTML)" in ended.err
        assert cli.platform_was_stopped()

    def test_a_failed_import_names_tab_row_and_column(self, cli: Cli, workbook: Path) -> None:
        cli.scenario = "bad-import"
        ended = cli.run("plan", "--rvtools", workbook)
        assert ended.code == 1
        assert "There is no usable vInfo. (tab-missing)" in ended.err
        assert "tab vInfo, row 17, column Memory: '?[31mred' is no number." in ended.err
        assert cli.platform_was_stopped()
        assert not list((cli.folder / "out").iterdir())

    def test_a_changed_password_is_asked_for(self, cli: Cli, workbook: Path) -> None:
        cli.scenario = "changed-password"
        ended = cli.run("plan", "--rvtools", workbook)
        assert ended.code == 1
        assert "MIGPLAN_PASSWORD" in ended.err
        assert cli.platform_was_stopped()

    def test_a_platform_that_cannot_start_shows_why(self, cli: Cli, workbook: Path) -> None:
        cli.scenario = "cannot-start"
        ended = cli.run("plan", "--rvtools", workbook)
        assert ended.code == 1
        assert "no space left on device" in ended.err

    def test_a_platform_that_dies_ends_the_command(self, cli: Cli, workbook: Path) -> None:
        cli.scenario = "dies"
        ended = cli.run("plan", "--rvtools", workbook)
        assert ended.code == 1
        assert "did not answer" in ended.err
        assert "Traceback" not in ended.err


class TestSignals:
    @pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupted_command_stops_its_platform(
        self, cli: Cli, workbook: Path, signum: signal.Signals
    ) -> None:
        cli.scenario = "stuck"
        process = cli.start("plan", "--rvtools", workbook)
        ended = cli.interrupted(process, "/v1/operations/ingest/", signum)
        assert ended.code == 130
        assert "Traceback" not in ended.err
        assert cli.platform_was_stopped()
