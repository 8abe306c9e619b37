"""Preparation tasks: one resource on the target cloud each, in seven strict stages.

A task is known by its key, ``kind:natural-key``, which is made of names on the target cloud and
never of a place in a list: the same plan gives the same keys in every version of this code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from shared.kernel.ids import TenantId

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"


class Kind(StrEnum):
    """What a task makes, in the order of the stages."""

    DOMAIN = "domain"
    PROJECT = "project"
    QUOTA = "quota"
    NETWORK = "network"
    FLAVOR = "flavor"
    USER = "user"
    ROLE = "role"


STAGES: Final[Mapping[Kind, int]] = MappingProxyType(
    {kind: number for number, kind in enumerate(Kind, start=1)}
)
"""The number of each kind's stage. A stage opens when all tasks of earlier ones are done."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why a task cannot be done, and what to do about it."""

    code: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. ``defaults`` names the parts of ``desired`` that the plan does not decide.

    ``depends_on`` holds the keys this task directly needs; besides, every earlier stage comes
    first. ``tenant_ids`` is sorted and empty for what belongs to no tenant.
    """

    kind: Kind
    key: str
    name: str
    desired: Mapping[str, Json]
    defaults: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    tenant_ids: tuple[TenantId, ...] = ()
    blocker: Blocker | None = None

    @property
    def stage(self) -> int:
        """The number of its stage, from 1."""
        return STAGES[self.kind]
