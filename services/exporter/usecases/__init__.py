"""What happens to exports, one verb a module."""
