"""Logs: one JSON object a line on stderr, for our own code and for libraries alike.

Every line names its ``service`` and, inside a request, delivery or job, its ``correlation_id`` and,
where traces are made, its ``trace_id``; in one process with several services all come from the
context the code runs in. Secrets are removed
at the very end, by the name of the field and by the shape of the text.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.types import EventDict, Processor

from shared.observability import correlation, tracing

REDACTED: Final = "[redacted]"

_service: ContextVar[str | None] = ContextVar("service", default=None)

_SECRET_NAME: Final = re.compile(
    r"authori[sz]ation|cookie|passw|secret|token|credential|private|signing|api_?key|dsn", re.I
)
_SECRET_TEXT: Final = (
    # user:password@ of a URL
    (re.compile(r"(\w+://[^\s/:@]*:)[^\s/@]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.I), rf"\1 {REDACTED}"),
    # a JWT on its own
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), REDACTED),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END[^\n]*", re.S), REDACTED),
)
_QUIET: Final = ("urllib3", "httpx", "httpcore", "asyncio", "aio_pika", "aiormq", "alembic")


def bound_service() -> str | None:
    """The service whose code runs; None outside any :func:`bind_service`."""
    return _service.get()


@contextmanager
def bind_service(name: str) -> Iterator[None]:
    """Inside the block, log lines come from ``name``; tasks that start in it keep that."""
    token = _service.set(name)
    try:
        yield
    finally:
        _service.reset(token)


def configure_logging(service: str, *, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends all logs of this process to ``stream`` (stderr) as JSON; ``service`` names lines that
    no :func:`bind_service` claims. Safe to repeat: the last call wins."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _Origin(service),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Module-level loggers are made at import time, before this runs.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _without_secrets,
                _render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers, library.propagate = [], True
    # httpx tells every request at INFO; ours is told by the callee's access log.
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Origin:
    """Adds which service speaks, and for which request."""

    def __init__(self, default: str) -> None:
        self._default = default

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", _service.get() or self._default)
        correlation_id = correlation.current()
        if correlation_id is not None:
            event.setdefault("correlation_id", correlation_id)
        for name, value in tracing.ids().items():
            event.setdefault(name, value)
        event.pop("color_message", None)  # uvicorn's copy for terminals
        return event


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if name not in {"logger", "event", "exception"} and _SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        for pattern, replacement in _SECRET_TEXT:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return value


def _render(_logger: Any, _method: str, event: EventDict) -> str:
    text = {key: event.pop(key) for key in ("time", "level", "service", "event") if key in event}
    return orjson.dumps(
        {**text, **event},
        # A log call must not fail for want of a serialiser; secrets inside are cleaned as text.
        default=lambda value: _clean("", repr(value)),
        option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS,
    ).decode()
