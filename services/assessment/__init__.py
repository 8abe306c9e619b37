"""Assessment: gives every VM of an inventory a tenant, a guest OS, a risk and a mode.

Owns        tenants (their stable ids), assessments, assessed snapshot pages
Consumes    ``inventory.imported``: queues one assessment of that inventory
Emits       ``assessment.completed`` with a reference to the assessed snapshot
Reads from  ingest: the pages of the inventory's snapshot, in a leased job
Entry       ``app.build``
"""
