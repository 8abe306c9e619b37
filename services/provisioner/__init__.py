"""What may be prepared on the target cloud, and later: preparing it.

Owns preparations: for each project the plan snapshot that was approved, and the ordered tasks it
compiles to. Consumes ``plan.approved``; will emit ``prep.task.done``. Running the tasks is not
built yet, and nothing here pretends to: a run is a draft, a list of what would be done.
Entry point: :func:`services.provisioner.app.build`.
"""
