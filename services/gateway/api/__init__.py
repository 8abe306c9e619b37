"""HTTP: accounts and sessions of the gateway itself, and the way through to the other services."""
