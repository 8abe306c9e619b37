"""What people do with accounts and sessions, one verb a module."""
