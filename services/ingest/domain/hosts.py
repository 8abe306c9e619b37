"""What a VM's host contributes to it: clock, version, link speed (decision 10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.domain.identity import VCenters
from services.ingest.domain.infrastructure_rows import HostRow
from services.ingest.domain.network_rows import HostNicRow

Key = tuple[str, str]
"""vCenter and name, in the form in which they are compared."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host with the fastest of its physical ports that has link."""

    vcenter: str
    row: HostRow
    fastest_nic_mbit_s: int | None


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What is known of the host that a VM names. None is unknown."""

    cpu_mhz: int | None = None
    esx_version: str | None = None
    fastest_nic_mbit_s: int | None = None


NO_HOST: Final = HostFacts()


class Hosts:
    """The hosts of a workbook, by vCenter and name."""

    def __init__(
        self, rows: Sequence[HostRow], nics: Iterable[HostNicRow], vcenters: VCenters
    ) -> None:
        """A host that is listed twice is taken once, as listed first."""
        fastest = _fastest(nics, vcenters)
        self._hosts: dict[Key, Host] = {}
        for row in rows:
            vcenter = row.source.in_words(vcenters)
            key = _key(vcenter, row.name)
            self._hosts.setdefault(key, Host(vcenter, row, fastest.get(key)))
        self._facts = {
            key: HostFacts(host.row.cpu_mhz, host.row.esx_version, host.fastest_nic_mbit_s)
            for key, host in self._hosts.items()
        }
        for key, speed_mbit_s in fastest.items():
            self._facts.setdefault(key, HostFacts(fastest_nic_mbit_s=speed_mbit_s))

    def all(self) -> list[Host]:
        """Every host, in the order of the tab."""
        return list(self._hosts.values())

    def of(self, vcenter: str, name: str | None) -> HostFacts:
        """What is known of a VM's host."""
        return NO_HOST if name is None else self._facts.get(_key(vcenter, name), NO_HOST)


def _key(vcenter: str, name: str) -> Key:
    return vcenter, name.casefold()


def _fastest(nics: Iterable[HostNicRow], vcenters: VCenters) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for nic in nics:
        if nic.host is not None and nic.speed_mbit_s:
            key = _key(nic.source.in_words(vcenters), nic.host)
            found[key] = max(found.get(key, 0), nic.speed_mbit_s)
    return found
