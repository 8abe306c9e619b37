"""The ingest's tables, the store on them, and reads. Nothing outside sees a row."""
