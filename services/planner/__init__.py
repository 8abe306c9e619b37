"""When and how each VM moves: settings, schedule, frozen plan snapshots, approvals.

Owns plan settings, the read model of the latest assessment, plan snapshots and approval requests.
Consumes ``assessment.completed``; emits ``plan.approved``. Reads assessed snapshots from
assessment; serves plan snapshots to exporter and provisioner.
Entry point: :func:`services.planner.app.build`.
"""
