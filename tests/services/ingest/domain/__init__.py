"""Tests of ingest's domain."""
