"""Long work, as leased jobs."""
