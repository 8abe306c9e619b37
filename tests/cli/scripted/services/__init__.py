"""Stands where the platform's package does: ``python -m services embedded`` runs a script."""
