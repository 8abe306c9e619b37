"""New identifiers: UUIDv7, so that rows of one time lie together in an index."""

from uuid import UUID

import uuid_utils.compat


class Uuid7Ids:
    """The :class:`shared.kernel.ids.Ids` of every running service."""

    def new(self) -> UUID:
        """A new UUIDv7, which sorts after all earlier ones of this process."""
        return uuid_utils.compat.uuid7()
