"""Tests: mirrors ``services/`` and ``shared/``, plus contracts, architecture, system and faults."""
