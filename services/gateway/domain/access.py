"""May this user use this route?"""

from uuid import UUID

from services.gateway.domain.errors import PERMISSION_MISSING, PROJECT_ARCHIVED
from services.gateway.domain.routes import Match
from services.gateway.domain.users import User
from shared.kernel.errors import Conflict, Forbidden, NotFound
from shared.kernel.project_life import ProjectLife


def authorise(user: User, match: Match) -> None:
    """Pass, or say why not.

    A project outside the user's is reported as absent, so that its existence does not leak.

    Raises:
        NotFound: the path names a project that is not one of the user's.
        Forbidden: the role lacks the route's permission; code ``permission-missing``.
    """
    limited = user.projects is not None
    if match.project_id is not None and limited and match.project_id not in (user.projects or ()):
        raise NotFound("There is no such project.")
    route = match.route
    if route.permission not in user.permissions:
        raise Forbidden(
            f"This needs the permission {route.permission}, which the role {user.role} lacks. "
            "An administrator can change the role.",
            code=PERMISSION_MISSING,
        )
    if route.needs_all_projects and limited:
        raise Forbidden(
            "This account is limited to some projects, and this is for those that see all. "
            "Ask an administrator of all projects to do it, or to lift the limit.",
            code=PERMISSION_MISSING,
        )


def authorise_account_management(projects: frozenset[UUID] | None) -> None:
    """Pass for administrators of every project, the only ones who manage accounts.

    Raises:
        Forbidden: the administrator is limited to ``projects``; code ``permission-missing``.
    """
    if projects is not None:
        raise Forbidden(
            "Accounts are managed by administrators of all projects; this one is limited to some.",
            code=PERMISSION_MISSING,
        )


def check_life(life: ProjectLife, match: Match) -> None:
    """Pass, unless the route would change a project that is not worked on.

    Raises:
        NotFound: the project is deleted.
        Conflict: it is archived; code ``project-archived``.
    """
    if life is ProjectLife.DELETED:
        raise NotFound("There is no such project.")
    if life is ProjectLife.ARCHIVED and match.route.changes:
        raise Conflict(
            "This project is archived: it can be read and not changed. Set its life to active "
            "first.",
            code=PROJECT_ARCHIVED,
        )
