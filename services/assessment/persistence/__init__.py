"""The assessment's tables, the store on them, and the reads of its API."""
