"""Named points in the code where a fault test may kill or pause the process.

``MIGPLAN_FAILPOINT=name`` kills it with SIGKILL at the first hit of that point, ``name:3`` at the
third, and ``name:1:STOP`` pauses it there with SIGSTOP, as a long garbage collection or a moving
virtual machine does; without the variable nothing happens. The points are where a crash would do
most harm.
"""

import os
import signal
from collections import Counter
from typing import Final

JOB_CLAIMED: Final = "job.claimed"
"""A worker holds the job and has done nothing yet."""
JOB_BEFORE_FINISH_COMMIT: Final = "job.before_finish_commit"
"""The job's last write is made, but not committed."""
JOB_AFTER_FINISH_COMMIT: Final = "job.after_finish_commit"
"""The job has succeeded and its worker does not know yet."""
RELAY_BEFORE_PUBLISH: Final = "relay.before_publish"
"""The relay has read facts and published none of them."""
RELAY_PUBLISHED_NOT_MARKED: Final = "relay.published_not_marked"
"""The bus has confirmed facts and the outbox does not know yet."""
CONSUMER_BEFORE_COMMIT: Final = "consumer.before_commit"
"""A handler has had its effect, and it is not committed."""
CONSUMER_COMMITTED_NOT_ACKNOWLEDGED: Final = "consumer.committed_not_acknowledged"
"""A handler's effect is committed, and the bus does not know yet."""

_hits: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Kills or pauses the process if the environment asks for it here."""
    armed, _, how = os.environ.get("MIGPLAN_FAILPOINT", "").partition(":")
    if armed != name:
        return
    hit, _, sent = how.partition(":")
    _hits[name] += 1
    if _hits[name] == int(hit or 1):
        os.kill(os.getpid(), signal.Signals[f"SIG{sent or 'KILL'}"])
