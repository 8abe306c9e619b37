"""What happens to assessments, one verb a module."""
