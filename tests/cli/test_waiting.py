"""Patience: it ends when nothing moves, not when it takes long."""

from pathlib import Path

import httpx
import pytest

from cli import journey
from cli.api import Api
from cli.errors import CommandError
from tests.cli.scripted.services.__main__ import Script


@pytest.mark.parametrize("scenario", ["stuck"])
def test_work_that_does_not_move_is_given_up(
    tmp_path: Path, workbook: Path, monkeypatch: pytest.MonkeyPatch, scenario: str
) -> None:
    monkeypatch.setattr(journey, "STALLED_AFTER_S", 0.5)
    script = Script(scenario, tmp_path)

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        headers = dict(request.headers)
        status, body = script.answer(request.method, path, headers, request.read())
        return httpx.Response(status, json=body)

    api = Api("http://platform", transport=httpx.MockTransport(answer))
    with pytest.raises(CommandError, match="Nothing has moved"):
        journey.make_plan(api, workbook=workbook, project_name="x", out_dir=tmp_path)
