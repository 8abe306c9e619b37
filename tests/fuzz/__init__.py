"""Fuzzes the public API against its own document: ``make fuzz``."""
