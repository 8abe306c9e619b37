"""What a log line holds, and what it never does."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.observability import correlation
from shared.observability.logging import REDACTED, bind_service
from tests.shared.log_lines import LogLines, captured_log


@pytest.fixture
def lines() -> Iterator[LogLines]:
    with captured_log("embedded") as lines:
        yield lines


LOG = structlog.stdlib.get_logger("ours")


def log_failure(error: Exception) -> None:
    def fail() -> None:
        raise error

    try:
        fail()
    except type(error):
        LOG.exception("failed")


def test_a_line_says_when_who_and_what(lines: LogLines) -> None:
    LOG.info("imported", vms=3)
    line = lines.only
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "service": "embedded",
        "event": "imported",
        "logger": "ours",
        "vms": 3,
    }


def test_the_context_names_service_and_request(lines: LogLines) -> None:
    with bind_service("ingest"), correlation.bind("abc"):
        LOG.info("inside")
    LOG.info("outside")
    inside, outside = lines.all
    assert (inside["service"], inside["correlation_id"]) == ("ingest", "abc")
    assert (outside["service"], "correlation_id" in outside) == ("embedded", False)


def test_libraries_log_the_same_way(lines: LogLines) -> None:
    with correlation.bind("abc"):
        logging.getLogger("some.library").warning("slow: %s ms", 12, extra={"host": "db"})
        logging.getLogger("uvicorn.error").warning("hm", extra={"color_message": "\x1b[31mhm"})
    library, server = lines.all
    assert (library["event"], library["host"]) == ("slow: 12 ms", "db")
    assert library["correlation_id"] == server["correlation_id"] == "abc"
    assert "color_message" not in server


def test_an_exception_is_one_line_with_its_stack(lines: LogLines) -> None:
    log_failure(ValueError("no such row"))
    line = lines.only
    assert line["level"] == "error"
    assert "Traceback" in line["exception"]
    assert "ValueError: no such row" in line["exception"]


@pytest.mark.parametrize(
    "name",
    ["password", "Authorization", "session_token", "database_dsn", "client_secret", "Set-Cookie"],
)
def test_fields_named_like_secrets_are_not_written(lines: LogLines, name: str) -> None:
    LOG.info("login", **{name: "hunter2"}, nested={name: "hunter2"}, listed=[{name: "hunter2"}])
    assert "hunter2" not in json.dumps(lines.only)
    assert lines.only[name] == REDACTED


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach postgresql://ingest:hunter2@db:5432/x",
        "amqp://user:hunter2@host/",
        "sent Authorization: Bearer hunter2",
        "eyJhbGciOiJFZERTQSJ9.hunter2.hunter2",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
    ],
)
def test_secrets_inside_texts_are_not_written(lines: LogLines, text: str) -> None:
    LOG.warning("trouble", reason=text)
    LOG.warning(text)
    logging.getLogger("library").error("told %s", text)
    log_failure(RuntimeError(text))
    assert len(lines.all) == 4
    assert "hunter2" not in json.dumps(lines.all)


def test_any_value_can_be_logged(lines: LogLines) -> None:
    LOG.info("odd", value=object(), raw=b"123", key={1: {2}}, number=float("inf"))
    assert lines.only["raw"] == "<3 bytes>"


def test_lines_below_the_level_are_not_written(lines: LogLines) -> None:
    LOG.debug("detail")
    logging.getLogger("httpx").info("HTTP Request: GET ...")
    assert lines.all == []
