"""What people and the worker do with projects and inventories, one verb a module."""
