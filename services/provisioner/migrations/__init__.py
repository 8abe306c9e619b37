"""The schema ``provisioner`` over time."""
