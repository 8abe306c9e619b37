"""The assessment's problem codes. Each names a page in ``docs/problems/``.

not-assessed           no inventory of this project has been assessed (completely) yet
assessment-superseded  a newer inventory has taken this assessment's place
unknown-records        the inventory's snapshot holds records that this version cannot read
incomplete-snapshot    the inventory's pages hold another number of VMs than its manifest says
vm-not-found           the newest complete assessment has no such VM
details-not-kept       the VM was assessed by a version that kept no details
"""

from typing import Final

NOT_ASSESSED: Final = "not-assessed"
ASSESSMENT_SUPERSEDED: Final = "assessment-superseded"
UNKNOWN_RECORDS: Final = "unknown-records"
INCOMPLETE_SNAPSHOT: Final = "incomplete-snapshot"
VM_NOT_FOUND: Final = "vm-not-found"
DETAILS_NOT_KEPT: Final = "details-not-kept"
