"""Which Keystone domain and project each tenant becomes, and their service accounts.

The defaults of a plan that maps no names: the domain is named like the tenant, the project like its
OrgVDC or, without one, like the tenant; so two OrgVDCs of one organisation are two projects of one
domain.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.provisioner.domain.estate import Estate, TenantNeed
from services.provisioner.domain.names import (
    MAX_KEYSTONE_CHARS,
    RENAME,
    RESERVED_DOMAINS,
    canonical,
    digest,
    name_blocker,
    natural_key,
    preferred,
    slug,
)
from services.provisioner.domain.tasks import Blocker, Kind
from shared.kernel.ids import ProjectId, TenantId

ACCOUNT_PREFIX: Final = "svc-migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDomain:
    """A Keystone domain. ``identity`` is its name as Keystone compares it."""

    identity: str
    name: str
    tenants: tuple[TenantNeed, ...]
    blocker: Blocker | None

    @property
    def key(self) -> str:
        """Of its task."""
        return natural_key(Kind.DOMAIN, self.identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetProject:
    """A Keystone project. More than one tenant means that their names collide."""

    domain: TargetDomain
    identity: str
    name: str
    account: str
    tenants: tuple[TenantNeed, ...]
    blocker: Blocker | None

    @property
    def key(self) -> str:
        """Of its task."""
        return natural_key(Kind.PROJECT, self.domain.identity, self.identity)

    @property
    def tenant_ids(self) -> tuple[TenantId, ...]:
        """Whose project it is."""
        return ids_of(self.tenants)


def ids_of(tenants: Iterable[TenantNeed]) -> tuple[TenantId, ...]:
    """Their ids, sorted."""
    return tuple(sorted(tenant.tenant_id for tenant in tenants))


def target_projects(estate: Estate, engagement: ProjectId) -> list[TargetProject]:
    """Every project on the target cloud, by key; each tenant of ``estate`` is in exactly one.

    ``engagement`` is the migration project; service accounts are named after it.
    """
    by_domain: dict[str, list[TenantNeed]] = {}
    for tenant in sorted(estate.tenants.values(), key=lambda one: one.tenant_id):
        by_domain.setdefault(canonical(tenant.name), []).append(tenant)
    projects: list[TargetProject] = []
    for identity, tenants in by_domain.items():
        projects += _projects_of(_domain(identity, tenants), engagement)
    return sorted(projects, key=lambda project: project.key)


def _domain(identity: str, tenants: Sequence[TenantNeed]) -> TargetDomain:
    name, spellings = _spelling((tenant.name, tenant.vms) for tenant in tenants)
    blocker = name_blocker("domain", name, max_chars=MAX_KEYSTONE_CHARS)
    if blocker is None and identity in RESERVED_DOMAINS:
        blocker = Blocker(
            "name-reserved",
            f"The domain {name!r} exists in every cloud and holds its administrators.",
            RENAME,
        )
    if blocker is None and len(spellings) > 1:
        blocker = _differing("domain", spellings)
    return TargetDomain(identity=identity, name=name, tenants=tuple(tenants), blocker=blocker)


def _projects_of(domain: TargetDomain, engagement: ProjectId) -> list[TargetProject]:
    by_project: dict[str, list[TenantNeed]] = {}
    for tenant in domain.tenants:
        by_project.setdefault(canonical(_project_name(tenant)), []).append(tenant)
    named = {
        identity: _spelling((_project_name(tenant), tenant.vms) for tenant in tenants)[0]
        for identity, tenants in by_project.items()
    }
    slugs = Counter(slug(name) for name in named.values())
    return [
        TargetProject(
            domain=domain,
            identity=identity,
            name=named[identity],
            account=_account(engagement, identity, named[identity], slugs),
            tenants=tuple(tenants),
            blocker=_project_blocker(domain, named[identity], tenants),
        )
        for identity, tenants in by_project.items()
    ]


def _project_name(tenant: TenantNeed) -> str:
    return (tenant.org_vdc or "").strip() or tenant.name


def _spelling(names: Iterable[tuple[str, int]]) -> tuple[str, list[str]]:
    """The spelling to use, and all there are, without the blanks around them."""
    spellings: Counter[str] = Counter()
    for name, vms in names:
        spellings[name.strip()] += vms
    return preferred(spellings.items()), sorted(spellings)


def _account(engagement: ProjectId, identity: str, name: str, slugs: Counter[str]) -> str:
    """Unique in its domain: names that give one slug are told apart by a digest."""
    own = slug(name)
    suffix = f"-{digest(identity)}" if slugs[own] > 1 else ""
    return f"{ACCOUNT_PREFIX}-{engagement.hex[-12:]}-{own}{suffix}"


def _project_blocker(
    domain: TargetDomain, name: str, tenants: Sequence[TenantNeed]
) -> Blocker | None:
    if len(tenants) > 1:
        whose = ", ".join(sorted(_label(tenant) for tenant in tenants))
        return Blocker(
            "name-collision",
            f"{len(tenants)} tenants would be the one project {name!r} of the domain "
            f"{domain.name!r}: {whose}.",
            RENAME,
        )
    return name_blocker("project", name, max_chars=MAX_KEYSTONE_CHARS)


def _label(tenant: TenantNeed) -> str:
    return repr(tenant.name) if tenant.org_vdc is None else f"{tenant.name!r} / {tenant.org_vdc!r}"


def _differing(what: str, spellings: Sequence[str]) -> Blocker:
    return Blocker(
        "name-collision",
        f"One {what} would be spelt in {len(spellings)} ways, which Keystone may take for one "
        f"name: {', '.join(map(repr, spellings))}.",
        RENAME,
    )
