"""The six services. None imports another; they meet in messages and HTTP (ARCHITECTURE.md).

=========== ============================================ ==================== ====================
service     owns                                         listens to           states
=========== ============================================ ==================== ====================
gateway     users, sessions, the public address          all events
ingest      projects, inventories, VMs as exported       uploads              inventory.imported,
                                                                              project.changed
assessment  tenants, OS, risk, mode of every VM          inventory.imported   assessment.completed
planner     settings, schedules, snapshots, approvals    assessment.completed plan.approved
provisioner what may be prepared on the target cloud     plan.approved        prep.task.done
exporter    rendered documents                           requests
=========== ============================================ ==================== ====================

All but ingest listen to project.changed besides.
"""

from typing import Final

SERVICES: Final = ("ingest", "assessment", "planner", "provisioner", "exporter", "gateway")
"""Names of the services: folders here, database schemas, audiences of internal tokens."""
