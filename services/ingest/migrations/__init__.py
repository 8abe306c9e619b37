"""The schema ``ingest`` over time."""
