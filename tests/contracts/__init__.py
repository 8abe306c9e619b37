"""What other services and platforms rely on: the events, as schemas and as recorded samples."""
