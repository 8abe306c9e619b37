"""The gateway's problem codes. Each names a page in ``docs/problems/``.

wrong-credentials    the user name or the password is not right
session-expired      the bearer token is unknown, ended or too old
too-many-logins      too many failed logins; wait
user-exists          the user name is taken
last-admin           the change would leave nobody who can manage users
weak-password        the password breaks the rule that the detail states
permission-missing   the role lacks the permission that the route needs
project-archived     the project can be read and not changed
upstream-unavailable the service that answers this path does not
too-many-streams     as many streams are open as may be
"""

from typing import Final

WRONG_CREDENTIALS: Final = "wrong-credentials"
SESSION_EXPIRED: Final = "session-expired"
TOO_MANY_LOGINS: Final = "too-many-logins"
USER_EXISTS: Final = "user-exists"
LAST_ADMIN: Final = "last-admin"
WEAK_PASSWORD: Final = "weak-password"  # noqa: S105  a code, not a password
PERMISSION_MISSING: Final = "permission-missing"
PROJECT_ARCHIVED: Final = "project-archived"
UPSTREAM_UNAVAILABLE: Final = "upstream-unavailable"
TOO_MANY_STREAMS: Final = "too-many-streams"
