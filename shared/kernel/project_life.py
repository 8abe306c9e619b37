"""Whether a project is worked on."""

from enum import StrEnum


class ProjectLife(StrEnum):
    """How a project stands, as a whole."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    """It can be read and not changed."""
    DELETED = "deleted"
    """It is gone with everything in it, for good."""
