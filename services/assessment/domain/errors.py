"""The assessment's problem codes. Each names a page in ``docs/problems/``.

not-assessed           no inventory of this project has been assessed (completely) yet
assessment-superseded  a newer inventory or decision has taken this assessment's place
unknown-records        the inventory's snapshot holds records that this version cannot read
invalid-rules          the rules of a project break a rule of their own
no-rules-version       the project's rules have no such version
preview-not-found      there is no such preview of rules, or not any more
tenant-not-found       the project has no such tenant
tenant-exists          another tenant of the project is called so already
tenant-merged          the tenant was merged into another one
network-not-found      no VM of the newest assessment uses such a network
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
INVALID_RULES: Final = "invalid-rules"
NO_RULES_VERSION: Final = "no-rules-version"
PREVIEW_NOT_FOUND: Final = "preview-not-found"
TENANT_NOT_FOUND: Final = "tenant-not-found"
TENANT_EXISTS: Final = "tenant-exists"
TENANT_MERGED: Final = "tenant-merged"
NETWORK_NOT_FOUND: Final = "network-not-found"
