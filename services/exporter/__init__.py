"""Plans as documents that people and tools can take away: a workbook, and JSON.

Owns exports and their rendered content. Pulls plan snapshots from the planner; consumes and emits
no event. An export is rendered once per snapshot digest, format and template version, and never
changes afterwards.
Entry point: :func:`services.exporter.app.build`.
"""
