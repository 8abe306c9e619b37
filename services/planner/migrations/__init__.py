"""The schema ``planner`` over time."""
