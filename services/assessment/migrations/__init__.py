"""The schema ``assessment`` over time."""
