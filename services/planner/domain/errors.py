"""What the planner refuses, and why.

AppError
├── Invalid
│   ├── InvalidSettings        a plan setting is out of range or contradicts another
│   ├── PlanTooLong            the estate does not finish within the calendar's horizon
│   └── IncompleteSnapshot     the assessed pages hold another number of VMs than announced
├── Unsupported
│   └── UnknownRecords         the assessed snapshot holds records this version cannot read
├── NotFound
│   ├── NoPlan                 the project has no plan yet
│   └── NoApprovalRequest      no such approval request in this project
├── Forbidden
│   ├── ApproverIsRequester    one person may not both ask and approve here
│   └── ApprovalRuleProtected  only those who may approve set the rule above
└── Conflict
    ├── NothingToPlan          no assessment has arrived yet
    ├── PlanStale              settings or facts changed after the snapshot was made
    ├── NotTheLatestSnapshot   the digest is not that of the latest snapshot
    ├── ApprovalPending        this snapshot already waits for a decision
    ├── AlreadyApproved        this snapshot is approved
    └── AlreadyDecided         this request has its decision
"""

from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unsupported


class InvalidSettings(Invalid):
    """A plan setting is out of range, or contradicts another; ``errors`` names each field."""

    default_code = "invalid-plan-settings"


class PlanTooLong(Invalid):
    """The estate does not finish within the calendar's horizon at this bandwidth."""

    default_code = "plan-too-long"


class IncompleteSnapshot(Invalid):
    """The pages of an assessed snapshot hold another number of VMs than was announced."""

    default_code = "incomplete-snapshot"


class UnknownRecords(Unsupported):
    """The assessed snapshot holds records that this version cannot read."""

    default_code = "unknown-records"


class NoPlan(NotFound):
    """The project has no plan yet."""

    default_code = "no-plan"


class NoApprovalRequest(NotFound):
    """There is no such approval request in this project."""

    default_code = "no-approval-request"


class ApproverIsRequester(Forbidden):
    """The person who asked for the approval may not give it in this project."""

    default_code = "approver-is-requester"


class ApprovalRuleProtected(Forbidden):
    """The approval rule of a project is set only by people who may approve."""

    default_code = "permission-missing"


class NothingToPlan(Conflict):
    """No assessment of this project has reached the planner yet."""

    default_code = "nothing-to-plan"


class PlanStale(Conflict):
    """Settings or facts changed after the latest snapshot was made."""

    default_code = "plan-stale"


class NotTheLatestSnapshot(Conflict):
    """The digest is not that of the project's latest snapshot."""

    default_code = "not-the-latest-snapshot"


class ApprovalPending(Conflict):
    """The snapshot already waits for a decision."""

    default_code = "approval-pending"


class AlreadyApproved(Conflict):
    """The snapshot is approved already."""

    default_code = "already-approved"


class AlreadyDecided(Conflict):
    """The approval request has its decision already."""

    default_code = "already-decided"
