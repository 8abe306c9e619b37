"""The schema ``gateway`` over time."""
