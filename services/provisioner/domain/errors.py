"""The provisioner's problem codes. Each names a page in ``docs/problems/``.

nothing-approved          no plan snapshot of this project has been approved yet
preparation-not-compiled  the tasks of the approved snapshot are not listed yet
move-refused              a task or run cannot go from this state to that one
unknown-records           the plan snapshot holds records this version cannot read
incomplete-snapshot       the plan's pages hold another number of VMs than announced
"""

from typing import Final

NOTHING_APPROVED: Final = "nothing-approved"
NOT_COMPILED: Final = "preparation-not-compiled"
MOVE_REFUSED: Final = "move-refused"
UNKNOWN_RECORDS: Final = "unknown-records"
INCOMPLETE_SNAPSHOT: Final = "incomplete-snapshot"
