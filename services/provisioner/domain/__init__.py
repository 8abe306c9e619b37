"""Which approved snapshot of a project is the one to prepare. Pure."""
