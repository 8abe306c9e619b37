"""Tenants: an id that stays, a name that people change, and keys by which detection finds them."""

import json
from dataclasses import dataclass
from functools import lru_cache
from uuid import uuid5

from shared.kernel.ids import ProjectId, TenantId


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as people see it. ``version`` counts their changes from 1.

    One that was ``merged_into`` another has no keys and no VMs any more.
    """

    id: TenantId
    name: str
    org_vdc: str | None
    vcenter: str | None = None
    version: int = 1
    merged_into: TenantId | None = None


@dataclass(frozen=True, slots=True)
class TenantKey:
    """What detection says: a name, an OrgVDC, and the vCenter where vCenters are kept apart.

    A key that is not ``is_detected`` was made by a person, who named a tenant so.
    """

    id: TenantId
    name: str
    org_vdc: str | None
    vcenter: str | None = None
    is_detected: bool = True


def key_id(
    project_id: ProjectId, name: str, org_vdc: str | None, vcenter: str | None = None
) -> TenantId:
    """The id of a key, the same in every assessment, and of the tenant first detected by it.

    Case and runs of blanks make no other tenant, as they make no other project in Keystone.
    """
    parts = [name, org_vdc or ""] if vcenter is None else [name, org_vdc or "", vcenter]
    key = [" ".join(part.split()).casefold() for part in parts]
    return TenantId(uuid5(project_id, json.dumps(key)))


@lru_cache(maxsize=4096)
def key_of(
    project_id: ProjectId,
    name: str,
    org_vdc: str | None,
    vcenter: str | None = None,
    *,
    is_detected: bool = True,
) -> TenantKey:
    """The key with this name."""
    id_ = key_id(project_id, name, org_vdc, vcenter)
    return TenantKey(id_, name, org_vdc, vcenter, is_detected)
