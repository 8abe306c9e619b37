"""Words every layer shares: typed ids, units, errors, the clock, pages. Standard library only."""
