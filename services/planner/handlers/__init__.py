"""One module for each subscription."""
