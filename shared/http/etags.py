"""Versions on the wire: ``ETag: "7"`` out, ``If-Match: "7"`` in (decision 3).

Every update must say which version it is based on. Comparing is the use case's business, in the
UPDATE itself; a lost race is its ``PreconditionFailed``.

Content that never changes has its digest as ETag, and may be asked for with ``If-None-Match``. A
version may not: what is shown beside it (rights, defaults) can change without it.
"""

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Header

from shared.kernel.errors import Invalid, PreconditionRequired

ETAG_HEADER: Final[dict[str, Any]] = {
    "description": "Names the representation: send it back as `If-None-Match`",
    "required": True,
    "schema": {"type": "string"},
}
"""For the ``responses`` of a route whose reply has an ETag and cannot be updated; those that can
be are known by their PATCH or PUT."""

_STRONG: Final = re.compile(r'"([1-9][0-9]{0,17})"')


def etag(version: int) -> str:
    """The header of a representation at ``version``.

    >>> etag(7)
    '"7"'
    """
    return f'"{version}"'


def content_etag(sha256: str) -> str:
    """The header of a document with this digest."""
    return f'"{sha256}"'


def is_named(if_none_match: str | None, tag: str) -> bool:
    """Whether ``If-None-Match`` names ``tag``, one of our strong tags, or any.

    >>> is_named('W/"a", "b"', '"a"'), is_named("*", '"a"'), is_named(None, '"a"')
    (True, True, False)
    """
    if if_none_match is None:
        return False
    named = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return bool({"*", tag} & named)


def if_match(header: str | None) -> int:
    """The version that an update is based on.

    >>> if_match('"7"')
    7

    Raises:
        PreconditionRequired: there is no header.
        Invalid: it is not exactly one strong tag of ours; code ``malformed-header``. ``*`` would
            mean "whatever it is now", which is the lost update the header exists to prevent.
    """
    if header is None:
        raise PreconditionRequired(
            "An update must say which version it is based on: send the ETag you read as If-Match."
        )
    match = _STRONG.fullmatch(header.strip())
    if match is None:
        raise Invalid(
            'If-Match must be one ETag as it was read, for example "7"; not *, a list or a weak '
            "tag.",
            code="malformed-header",
        )
    return int(match[1])


def _base_version(
    header: Annotated[
        str | None,
        Header(alias="If-Match", description='ETag of the representation changed, e.g. `"7"`'),
    ] = None,
) -> int:
    return if_match(header)


IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="ETags of the copies you have, or `*`; 304 if one is still current",
        examples=['"e3b0c442"'],
    ),
]
"""Declares If-None-Match on a route that hands out content."""

BaseVersion = Annotated[int, Depends(_base_version)]
"""Declares If-Match on an updating route and gives the version in it."""
