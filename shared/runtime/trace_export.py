"""Whether this process makes traces, and where they go: OpenTelemetry's own variables say.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``) names a collector that
speaks OTLP over HTTP; without it there are no traces and nothing is imported for them.
``OTEL_TRACES_EXPORTER=none`` and ``OTEL_SDK_DISABLED=true`` switch them off again. Sampler, headers
and resource attributes are read by the SDK from its variables.
"""

import os
from collections.abc import Mapping
from typing import Final

from shared.observability import tracing
from shared.runtime.errors import StartError

EXPORT_TIMEOUT_S: Final = 3.0
"""For one batch, its repetitions included, unless OTEL_EXPORTER_OTLP_TIMEOUT says otherwise."""

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_TIMEOUTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")


def start_tracing(service: str) -> None:
    """Makes traces from now on if the environment names a collector; before services are built.

    ``service`` owns the spans of code that belongs to no service.

    Raises:
        StartError: a collector is named, and OpenTelemetry is not installed.
    """
    if not is_wanted(os.environ):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        from shared.observability.otel import OpenTelemetry
    except ImportError as error:
        raise StartError(
            f"{_endpoint(os.environ)} is set, but OpenTelemetry is not installed ({error.name}). "
            "Install migration-planner[tracing], or unset the variable."
        ) from error
    timeout_s = None if any(map(os.environ.get, _TIMEOUTS)) else EXPORT_TIMEOUT_S
    processor = BatchSpanProcessor(OTLPSpanExporter(timeout=timeout_s))
    tracing.install(OpenTelemetry(processor, default_service=service))


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether these variables ask for traces."""
    is_disabled = environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    is_exported = environment.get("OTEL_TRACES_EXPORTER", "otlp").strip() != "none"
    return _endpoint(environment) is not None and is_exported and not is_disabled


def _endpoint(environment: Mapping[str, str]) -> str | None:
    return next((name for name in _ENDPOINTS if environment.get(name)), None)
