"""Who a VM is (decision 2): a vCenter, and there a MoRef, else a UUID, else datacenter and name."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.row_cells import VmRef
from services.ingest.domain.rows import VmRow

UNNAMED_VCENTER: Final = "unnamed"
MOREF: Final = "moref"
UUID_BASIS: Final = "uuid"
NAME: Final = "name"
_SEPARATOR: Final = "\x1f"
_NOT_CONTENT: Final = frozenset({"number", "attributes"})


def join_name(name: str) -> str:
    """The form in which names are compared; they are stored byte for byte.

    >>> join_name("  WEB   01 ") == join_name("web 01")
    True
    """
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


@dataclass(slots=True)
class VCenters:
    """The vCenters of an import, from whichever tab of whichever file names them."""

    _uuids_by_server: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _seen: dict[str | None, set[tuple[str | None, str | None]]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _known_in: dict[str | None, list[str]] = field(default_factory=dict)

    def see(self, *, uuid: str | None, server: str | None, file: str | None = None) -> None:
        """Takes note of a vCenter; a server and a UUID in one row are the same one."""
        self._known_in.clear()
        if uuid is not None or server is not None:
            self._seen[file].add((uuid, server))
        if server is not None:
            known = self._uuids_by_server[server]
            if uuid is not None:
                known.add(uuid)

    def of(self, ref: VmRef) -> str:
        """The vCenter of a row: what it says, else the only one of its file, else the unnamed one
        of its file, which has the file's name where there are several."""
        return self.named(uuid=ref.vcenter_uuid, server=ref.vcenter_server, file=ref.file)

    def named(self, *, uuid: str | None, server: str | None, file: str | None) -> str:
        """The vCenter that goes by these two, in a row of ``file``."""
        if uuid is not None:
            return uuid
        if server is not None:
            return self._of_server(server)
        known = self.known_in(file)
        return known[0] if len(known) == 1 else file or UNNAMED_VCENTER

    def known(self) -> list[str]:
        """All vCenters that the import names, each once."""
        return sorted({name for file in self._seen for name in self.known_in(file)})

    def known_in(self, file: str | None) -> list[str]:
        """The vCenters that one file names."""
        found = self._known_in.get(file)
        if found is None:
            seen = self._seen.get(file, ())
            uuids = {uuid for uuid, _ in seen if uuid is not None}
            servers = {self._of_server(server) for _, server in seen if server is not None}
            found = self._known_in[file] = sorted(uuids | servers)
        return found

    def _of_server(self, server: str) -> str:
        uuids = self._uuids_by_server.get(server, set())
        return next(iter(uuids)) if len(uuids) == 1 else server


@dataclass(frozen=True, slots=True)
class Identity:
    """What a VM is recognised by. ``key`` is unique in an inventory and stable across imports."""

    basis: str
    key: str
    vcenter: str
    moref: str | None
    uuid: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of vInfo with the IDs it states or has adopted."""

    row: VmRow
    vcenter: str
    moref: str | None
    uuid: str | None


@dataclass(slots=True)
class Identified:
    """The identity of each claim by its index, and of which kept one each left-out claim is the
    repetition."""

    identities: dict[int, Identity]
    repeats: dict[int, int]


def identify(
    claims: Sequence[Claim],
    *,
    has_instance_uuids: Callable[[str | None], bool],
    rejects: Rejects,
    contradictions: Contradictions,
) -> Identified:
    """Who each claim is; rows that repeat another one are left out.

    ``has_instance_uuids`` of a file: "VM UUID" is vCenter's own from RVTools 4.3 on and the SMBIOS
    one before; the two never match, so the key says which it is.
    """
    result: dict[int, Identity] = {}
    repeats: dict[int, int] = {}
    weak: list[int] = []
    for basis, label, group in _groups(claims, has_instance_uuids):
        kept = _without_repeats(claims, group, rejects, repeats)
        if basis != NAME and len(kept) == 1:
            result[kept[0]] = _identity(claims[kept[0]], basis, label)
            continue
        weak += kept
        if basis == MOREF:
            for i in kept:
                row = claims[i].row
                at = contradictions.of_file(row.ref.file)
                at.add("vm_id_repeated", vm=row.ref.name, row=row.number)
    result.update(_weak_identities(claims, sorted(weak), contradictions))
    return Identified(dict(sorted(result.items())), repeats)


def _groups(
    claims: Sequence[Claim], has_instance_uuids: Callable[[str | None], bool]
) -> list[tuple[str, tuple[str, ...], list[int]]]:
    """Claims that share their best ID."""
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for index, claim in enumerate(claims):
        if claim.moref is not None:
            groups[MOREF, (MOREF, claim.vcenter, claim.moref)].append(index)
        elif claim.uuid is not None:
            era = "instance" if has_instance_uuids(claim.row.ref.file) else "smbios"
            groups[UUID_BASIS, (f"uuid-{era}", claim.vcenter, claim.uuid)].append(index)
        else:
            ref = claim.row.ref
            place = (claim.vcenter, ref.datacenter or "", ref.name or "")
            groups[NAME, (NAME, *place)].append(index)
    return [(basis, label, group) for (basis, label), group in groups.items()]


def _without_repeats(
    claims: Sequence[Claim], group: Sequence[int], rejects: Rejects, repeats: dict[int, int]
) -> list[int]:
    """The group without rows that say the same VM once more: same ID and name, same place."""
    first: dict[tuple[object, ...], int] = {}
    kept = []
    for index in group:
        claim = claims[index]
        ref = claim.row.ref
        if claim.moref is not None:
            seen: tuple[object, ...] = (join_name(ref.name or ""),)
        elif claim.uuid is not None:
            seen = (join_name(ref.name or ""), ref.datacenter, ref.cluster, ref.folder, ref.host)
        else:
            seen = _content(claim.row)
        earlier = first.setdefault(seen, index)
        if earlier == index:
            kept.append(index)
            continue
        repeats[index] = earlier
        row = claims[earlier].row
        elsewhere = "" if row.ref.file == ref.file else f" of {row.ref.file}"
        rejects.of_file(ref.file).row(
            "vInfo",
            claim.row.number,
            value=ref.name or "",
            reason=f"repeats the VM of row {row.number}{elsewhere}",
            fix="Import one export of each vCenter." if elsewhere else "Delete the repeated row.",
        )
    return kept


def _content(row: VmRow) -> tuple[object, ...]:
    figures = [getattr(row, name) for name in row.__slots__ if name not in _NOT_CONTENT]
    return (*figures, *row.attributes.items())


def _weak_identities(
    claims: Sequence[Claim], indices: Sequence[int], contradictions: Contradictions
) -> dict[int, Identity]:
    """Identities by name; folder, cluster and at last the order only part VMs of one name."""
    by_name: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index in indices:
        claim = claims[index]
        ref = claim.row.ref
        by_name[claim.vcenter, ref.datacenter or "", ref.name or ""].append(index)
    result: dict[int, Identity] = {}
    for place, group in by_name.items():
        used: dict[tuple[str, ...], int] = {}
        for index in group:
            ref = claims[index].row.ref
            label = (NAME, *place)
            if len(group) > 1:
                label = (*label, ref.folder or "", ref.cluster or "")
            used[label] = nth = used.get(label, 0) + 1
            if nth > 1:
                at = contradictions.of_file(ref.file)
                at.add("same_name_and_place", vm=ref.name, row=claims[index].row.number)
                label = (*label, f"#{nth}")
            result[index] = _identity(claims[index], NAME, label)
    return result


def _identity(claim: Claim, basis: str, label: tuple[str, ...]) -> Identity:
    return Identity(
        basis=basis,
        key=_SEPARATOR.join(label),
        vcenter=claim.vcenter,
        moref=claim.moref,
        uuid=claim.uuid,
    )
