"""Compile an approved plan into the ordered list of its preparation tasks.

The list depends on the VMs only, not on their order. Tasks that cannot be done are listed with the
reason; what needs one of them is blocked too.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Final

from services.provisioner.domain.capacity import (
    DISK_FACTOR_PERCENT,
    HEADROOM_PERCENT,
    Need,
    flavor_blocker,
    flavor_name,
    quota,
)
from services.provisioner.domain.estate import Estate
from services.provisioner.domain.names import natural_key
from services.provisioner.domain.networks import TargetNetwork, target_networks
from services.provisioner.domain.targets import TargetProject, ids_of, target_projects
from services.provisioner.domain.tasks import Blocker, Json, Kind, Task
from shared.kernel.ids import ProjectId

ROLE: Final = "admin"
"""Of a service account, on its own project."""


def compile_tasks(estate: Estate, engagement: ProjectId) -> list[Task]:
    """The tasks in the order of execution: by stage, then by key.

    ``engagement`` is the migration project, after which service accounts are named.
    """
    projects = target_projects(estate, engagement)
    networks = target_networks(estate, projects)
    tasks = [
        *_domains(projects),
        *map(_project, projects),
        *_quotas(projects, networks),
        *map(_network, networks),
        *_flavors(estate),
        *map(_user, projects),
        *map(_role, projects),
    ]
    return list(_with_blocked_dependants(sorted(tasks, key=lambda task: (task.stage, task.key))))


def _domains(projects: Iterable[TargetProject]) -> Iterator[Task]:
    for domain in {project.domain.key: project.domain for project in projects}.values():
        yield Task(
            kind=Kind.DOMAIN,
            key=domain.key,
            name=domain.name,
            desired={"name": domain.name},
            defaults=("name",),
            tenant_ids=ids_of(domain.tenants),
            blocker=domain.blocker,
        )


def _project(project: TargetProject) -> Task:
    return Task(
        kind=Kind.PROJECT,
        key=project.key,
        name=project.name,
        desired={"name": project.name, "domain": project.domain.name},
        defaults=("name", "domain"),
        depends_on=(project.domain.key,),
        tenant_ids=project.tenant_ids,
        blocker=project.blocker,
    )


def _quotas(projects: Iterable[TargetProject], networks: Iterable[TargetNetwork]) -> Iterator[Task]:
    owned = Counter(network.owner.key for network in networks)
    for project in projects:
        need = Need.of(project.tenants, networks=owned[project.key])
        limits = quota(need)
        desired: dict[str, Json] = {
            "project": _reference(project),
            **limits,
            "need": asdict(need),
            "headroom_percent": HEADROOM_PERCENT,
            "disk_factor_percent": DISK_FACTOR_PERCENT,
        }
        yield Task(
            kind=Kind.QUOTA,
            key=natural_key(Kind.QUOTA, project.domain.identity, project.identity),
            name=project.name,
            desired=desired,
            defaults=("headroom_percent", "disk_factor_percent"),
            depends_on=(project.key,),
            tenant_ids=project.tenant_ids,
        )


def _network(network: TargetNetwork) -> Task:
    return Task(
        kind=Kind.NETWORK,
        key=network.key,
        name=network.name,
        desired={
            "name": network.name,
            "source_name": network.source,
            "kind": "physical_l2" if network.vlan_id is None else "physical_managed",
            "vlan_id": network.vlan_id,
            "is_vlan_guessed": network.vlan_id is not None,
            "is_external": False,
            "subnet": None,
            "project": _reference(network.owner),
            "shared_with": [_reference(project) for project in network.sharers],
            "vms": network.vms,
        },
        defaults=("name", "kind", "vlan_id", "is_external", "subnet", "project"),
        depends_on=tuple(sorted(one.key for one in (network.owner, *network.sharers))),
        tenant_ids=network.tenant_ids,
        blocker=network.blocker,
    )


def _flavors(estate: Estate) -> Iterator[Task]:
    for shape, vms in estate.shapes.items():
        vcpus, memory_mib = shape
        name = flavor_name(shape)
        yield Task(
            kind=Kind.FLAVOR,
            key=natural_key(Kind.FLAVOR, f"{vcpus}x{memory_mib}"),
            name=name,
            desired={
                "name": name,
                "vcpus": vcpus,
                "ram_mib": memory_mib,
                "disk_gib": 0,
                "is_public": True,
                "vms": vms,
            },
            defaults=("name", "disk_gib", "is_public"),
            blocker=flavor_blocker(shape, vms),
        )


def _user(project: TargetProject) -> Task:
    return Task(
        kind=Kind.USER,
        key=_user_key(project),
        name=project.account,
        desired={
            "name": project.account,
            "domain": project.domain.name,
            "default_project": _reference(project),
            "type": "service_account",
            "password_expires": False,
            "must_change_password": False,
        },
        defaults=("name", "domain", "type"),
        depends_on=(project.domain.key, project.key),
        tenant_ids=project.tenant_ids,
    )


def _role(project: TargetProject) -> Task:
    return Task(
        kind=Kind.ROLE,
        key=natural_key(
            Kind.ROLE, project.domain.identity, project.identity, project.account, ROLE
        ),
        name=ROLE,
        desired={
            "role": ROLE,
            "user": {"domain": project.domain.name, "name": project.account},
            "project": _reference(project),
        },
        defaults=("role", "user"),
        depends_on=(project.key, _user_key(project)),
        tenant_ids=project.tenant_ids,
    )


def _user_key(project: TargetProject) -> str:
    return natural_key(Kind.USER, project.domain.identity, project.account)


def _reference(project: TargetProject) -> dict[str, Json]:
    return {"domain": project.domain.name, "name": project.name}


def _with_blocked_dependants(tasks: Sequence[Task]) -> Iterator[Task]:
    """``tasks``, in order; what needs a blocked one is blocked by it."""
    blocked: set[str] = set()
    for task in tasks:
        cause = next((key for key in task.depends_on if key in blocked), None)
        blocker = task.blocker or (_blocked_by(cause) if cause else None)
        if blocker is not None:
            blocked.add(task.key)
        yield replace(task, blocker=blocker)


def _blocked_by(key: str) -> Blocker:
    return Blocker(
        "dependency-blocked",
        f"It needs {key}, which cannot be done.",
        "Solve what that task says; this one then follows.",
    )
