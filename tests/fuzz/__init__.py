"""Fuzzes the reader with damaged uploads, and the API by its own document: ``make fuzz``."""
