"""The log as tests read it."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from shared.observability.logging import configure_logging


class LogLines:
    """The log lines written so far."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def all(self) -> list[dict[str, Any]]:
        """All of them."""
        return [json.loads(line) for line in self._stream.getvalue().splitlines()]

    @property
    def only(self) -> dict[str, Any]:
        """The line, which must be the only one."""
        (line,) = self.all
        return line


@contextmanager
def captured_log(service: str) -> Iterator[LogLines]:
    """Logging configured as a service does it, into memory; as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(service, stream=stream)
    try:
        yield LogLines(stream)
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.reset_defaults()
