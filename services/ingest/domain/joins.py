"""Which VM a row of another tab belongs to: by ID; by name only where the row has no ID."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.identity import Claim, Identified, VCenters, join_name
from services.ingest.domain.row_cells import VmRef
from services.ingest.domain.rows import TabRow, VmRow

UNRELIABLE_NAMES: Final = 0.10
"""Above this share of differing names among the rows with an ID, names prove nothing."""

MAX_NAMESAKES: Final = 1000
"""More VMs of one name are not told apart by place; it would take too long."""

_PLACES: Final[tuple[Callable[[VmRef], str | None], ...]] = (
    lambda ref: ref.datacenter,
    lambda ref: ref.cluster,
    lambda ref: ref.folder,
    lambda ref: ref.host,
)


_NameInFile = tuple[str | None, str]
"""A file, and a name there in the form in which names are compared."""


@dataclass(slots=True)
class Coverage:
    """How the rows of one tab found their VMs. ``repeats``: the VM came from another file."""

    by_id: int = 0
    by_name: int = 0
    orphans: int = 0
    name_differs: int = 0
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class Match:
    """A VM found for a row. ``by_name``: nothing better than the name said so."""

    index: int
    by_name: bool


def claims_of(
    rows: Sequence[VmRow], refs: Iterable[VmRef], vcenters: VCenters
) -> tuple[list[Claim], int]:
    """The rows of vInfo with their IDs, and how many IDs were adopted from other tabs.

    A row without a VM ID adopts the one that another tab gives to its name, when that ID belongs to
    no other row of vInfo and no other row could claim it.
    """
    stated = [
        Claim(row, vcenters.of(row.ref), moref=row.ref.moref, uuid=row.ref.uuid) for row in rows
    ]
    without = [i for i, claim in enumerate(stated) if claim.moref is None]
    if not without:
        return stated, 0
    offers = _unclaimed(stated, refs)
    waiting: dict[_NameInFile, list[int]] = defaultdict(list)
    for i in without:
        waiting[rows[i].ref.file, join_name(rows[i].ref.name or "")].append(i)
    adopted = 0
    for place, indices in waiting.items():
        for i, ref in _pairs([(i, rows[i].ref) for i in indices], offers.get(place, [])):
            stated[i] = Claim(
                rows[i], stated[i].vcenter, moref=ref.moref, uuid=stated[i].uuid or ref.uuid
            )
            adopted += 1
    return stated, adopted


def _unclaimed(claims: Sequence[Claim], refs: Iterable[VmRef]) -> dict[_NameInFile, list[VmRef]]:
    """By name, the references whose ID no row of the file's vInfo states; one for each ID."""
    morefs = {(claim.row.ref.file, claim.moref) for claim in claims}
    uuids = {(claim.row.ref.file, claim.uuid) for claim in claims}
    offers: dict[_NameInFile, dict[tuple[str | None, ...], VmRef]] = defaultdict(dict)
    for ref in refs:
        if ref.name is None:
            continue
        if ref.moref is not None:
            is_new = (ref.file, ref.moref) not in morefs
        else:
            is_new = ref.uuid is not None and (ref.file, ref.uuid) not in uuids
        if is_new:
            place = (ref.file, join_name(ref.name))
            offers[place].setdefault((ref.moref, ref.moref or ref.uuid), ref)
    return {place: list(found.values()) for place, found in offers.items()}


def _pairs(rows: Sequence[tuple[int, VmRef]], offers: Sequence[VmRef]) -> list[tuple[int, VmRef]]:
    """Rows and offers of one name that can only mean each other."""
    if max(len(rows), len(offers)) > MAX_NAMESAKES:
        return []
    if len(rows) == 1 and len(offers) == 1 and _same_uuid(rows[0][1], offers[0]):
        return [(rows[0][0], offers[0])]
    found = []
    for index, row in rows:
        fitting = [offer for offer in offers if _same_uuid(row, offer) and _same_place(row, offer)]
        if len(fitting) == 1:
            rivals = [
                r for _, r in rows if _same_uuid(r, fitting[0]) and _same_place(r, fitting[0])
            ]
            if len(rivals) == 1:
                found.append((index, fitting[0]))
    return found


def _same_uuid(row: VmRef, offer: VmRef) -> bool:
    return row.uuid is None or offer.uuid is None or row.uuid == offer.uuid


def _same_place(row: VmRef, offer: VmRef) -> bool:
    return all(
        place(row) is None or place(offer) is None or place(row) == place(offer)
        for place in _PLACES
    )


class VmIndex:
    """Finds the VM that a row of another tab is about."""

    def __init__(self, claims: Sequence[Claim], identified: Identified, vcenters: VCenters) -> None:
        """``identified`` says which claims became VMs.

        Claims that repeat a VM of another file are found, too: their rows must not be added to it.
        """
        self._claims = claims
        self._vcenters = vcenters
        self._kept = identified.identities
        self._files_with_vms = {claim.row.ref.file for claim in claims}
        self._by_moref: dict[str, list[int]] = defaultdict(list)
        self._by_uuid: dict[str, list[int]] = defaultdict(list)
        self._by_name: dict[str, list[int]] = defaultdict(list)
        self._found: dict[int, tuple[VmRef, Match | None]] = {}
        for i in sorted({*identified.identities, *_in_other_files(claims, identified.repeats)}):
            claim = claims[i]
            if claim.moref is not None:
                self._by_moref[claim.moref].append(i)
            if claim.uuid is not None:
                self._by_uuid[claim.uuid].append(i)
            self._by_name[join_name(claim.row.ref.name or "")].append(i)

    def find(self, ref: VmRef) -> Match | None:
        """The VM of ``ref``, None when there is none or more than one it could be.

        Tabs share their references, so most have been looked for before.
        """
        known = self._found.get(id(ref))
        if known is None:
            # The reference is kept with its match: as long as it lives, its id is its own.
            known = self._found[id(ref)] = (ref, self._find(ref))
        return known[1]

    def _find(self, ref: VmRef) -> Match | None:
        if ref.moref is not None:
            found = self._one(self._by_moref.get(ref.moref, ()), ref)
            if found is not None or ref.uuid is None:
                return None if found is None else Match(found, by_name=False)
        if ref.uuid is not None:
            found = self._one(self._by_uuid.get(ref.uuid, ()), ref)
            if found is not None and self._agrees_on_moref(found, ref):
                return Match(found, by_name=False)
            return None
        if ref.name is None:
            return None
        found = self._one(self._by_name.get(join_name(ref.name), ()), ref)
        return None if found is None else Match(found, by_name=True)

    def is_repeat(self, index: int) -> bool:
        """Whether the claim only repeats a VM of another file."""
        return index not in self._kept

    def name_of(self, index: int) -> str:
        """The name that vInfo gives a VM."""
        return self._claims[index].row.ref.name or ""

    def _agrees_on_moref(self, index: int, ref: VmRef) -> bool:
        moref = self._claims[index].moref
        return moref is None or ref.moref is None or moref == ref.moref

    def _one(self, candidates: Sequence[int], ref: VmRef) -> int | None:
        """The only candidate left when vCenter, name and place have had their say."""
        if len(candidates) > MAX_NAMESAKES:
            return None
        if ref.file is not None:
            candidates = self._in_reach(candidates, ref.file)
        if candidates and (ref.vcenter_uuid is not None or ref.vcenter_server is not None):
            vcenter = self._vcenters.of(ref)
            candidates = [
                i
                for i in candidates
                if self._claims[i].vcenter == vcenter or not self._states_vcenter(i)
            ]
        if len(candidates) > 1 and ref.name is not None:
            name = join_name(ref.name)
            candidates = [
                i for i in candidates if join_name(self._claims[i].row.ref.name or "") == name
            ]
        for place in _PLACES:
            if len(candidates) <= 1:
                break
            wanted = place(ref)
            same = [i for i in candidates if place(self._claims[i].row.ref) == wanted]
            candidates = same if wanted is not None and same else candidates
        return candidates[0] if len(candidates) == 1 else None

    def _in_reach(self, candidates: Sequence[int], file: str) -> Sequence[int]:
        """VMs of the row's own file; of all files when that one has none of these, and either no
        vInfo at all or a vCenter in common with theirs."""
        own = [i for i in candidates if self._claims[i].row.ref.file == file]
        if own or file not in self._files_with_vms:
            return own or candidates
        shared = self._vcenters.known_in(file)
        return [i for i in candidates if self._claims[i].vcenter in shared]

    def _states_vcenter(self, index: int) -> bool:
        ref = self._claims[index].row.ref
        return ref.vcenter_uuid is not None or ref.vcenter_server is not None


def _in_other_files(claims: Sequence[Claim], repeats: Mapping[int, int]) -> Iterator[int]:
    """One claim of each file that repeats a VM of another file."""
    seen = set()
    for index, earlier in repeats.items():
        file = claims[index].row.ref.file
        if file != claims[earlier].row.ref.file and (file, earlier) not in seen:
            seen.add((file, earlier))
            yield index


class TabJoin:
    """Finds the VMs of one tab's rows and keeps account of how."""

    def __init__(self, tab: str, index: VmIndex, contradictions: Contradictions) -> None:
        self.tab = tab
        self._coverages: dict[str | None, Coverage] = defaultdict(Coverage)
        self.by_name: set[int] = set()
        """VMs that were found by name at least once."""
        self._index = index
        self._contradictions = contradictions
        self._last: tuple[VmRef | None, Match | None] = (None, None)

    def vm_of(self, row: TabRow) -> int | None:
        """The index of the row's VM; None for an orphan."""
        ref, match = self._last
        if row.ref is not ref:
            match = self._index.find(row.ref)
            self._last = (row.ref, match)
        coverage = self._coverages[row.ref.file]
        if match is None:
            coverage.orphans += 1
            return None
        if self._index.is_repeat(match.index):
            coverage.repeats += 1
            return None
        if match.by_name:
            coverage.by_name += 1
            self.by_name.add(match.index)
        else:
            coverage.by_id += 1
            self._compare_names(row, match.index, coverage)
        return match.index

    @property
    def coverage(self) -> Coverage:
        """How the rows of all files found their VMs."""
        total = Coverage()
        for coverage in self._coverages.values():
            for name in Coverage.__slots__:
                setattr(total, name, getattr(total, name) + getattr(coverage, name))
        return total

    def coverage_of(self, file: str | None) -> Coverage:
        """How the rows of one file found their VMs."""
        return self._coverages[file]

    def _compare_names(self, row: TabRow, index: int, coverage: Coverage) -> None:
        name = self._index.name_of(index)
        other = row.ref.name
        if other is None or other == name or join_name(other) == join_name(name):
            return
        coverage.name_differs += 1
        self._contradictions.of_file(row.ref.file).add(
            "name_differs", vm=name, tab=self.tab, row=row.number, said=(name, other)
        )


def names_are_unreliable(coverages: Iterable[Coverage]) -> bool:
    """Whether more than a tenth of the workbook's rows with an ID disagree on the name."""
    with_id = differing = 0
    for coverage in coverages:
        with_id += coverage.by_id
        differing += coverage.name_differs
    return differing > with_id * UNRELIABLE_NAMES
