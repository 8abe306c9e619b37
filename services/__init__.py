"""The six services. None imports another; they meet in messages and HTTP (ARCHITECTURE.md).

========== =============================================== ======================== ===============
service    owns                                            listens to               states
========== =============================================== ======================== ===============
gateway    users, sessions, the public address             (requests)
ingest     projects, inventories, VMs as exported          (uploads)                inventory.imported
assessment tenants, OS, risk, mode of every VM             inventory.imported       assessment.completed
planner    plan settings, schedules, snapshots, approvals  assessment.completed     plan.approved
provisioner what may be prepared on the target cloud       plan.approved            prep.task.done
exporter   rendered documents                              (requests)
========== =============================================== ======================== ===============
"""
