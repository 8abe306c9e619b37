"""What a running service tells of itself.

==================  ==============================================================================
``logging``         JSON lines on stderr, without secrets
``correlation``     which request the work at hand belongs to
``tracing``         spans through HTTP, bus and jobs; ``otel`` makes them with OpenTelemetry
``metrics``         figures for Prometheus, one registry per service
``health``          readiness checks
``failpoints``      places where a fault test may kill the process
==================  ==============================================================================
"""
