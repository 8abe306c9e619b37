"""Projects, and the inventories that people upload to them as RVTools workbooks.

Owns projects, inventories and their VMs, disks and NICs as exported. Consumes no events; emits
``inventory.imported`` when a workbook has been read completely and its rows are stored. Reads from
no service. Entry point: :func:`services.ingest.app.build`.
"""
