"""Tests of ingest's adapters: real and hostile workbooks."""
