"""Writers of documents, and the way to the planner's snapshots."""
