"""What happens to plans, one verb a module."""
