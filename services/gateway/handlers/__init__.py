"""One module for each subscription: every fact goes into its project's stream."""
