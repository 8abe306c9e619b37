"""What may be prepared on the target cloud, and later: preparing it.

Owns preparations: for each project the plan snapshots that were approved. Consumes
``plan.approved``; will emit ``prep.task.done``. Compiling a snapshot into ordered tasks and running
them is not built yet, and nothing here pretends to.
Entry point: :func:`services.provisioner.app.build`.
"""
