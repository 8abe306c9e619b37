"""Outside systems: password hashes, rate limits, the services behind the gateway."""
