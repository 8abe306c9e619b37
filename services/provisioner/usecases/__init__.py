"""What happens to preparations, one verb a module."""
