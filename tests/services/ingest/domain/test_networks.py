"""A NIC's VLAN: its port group's on its host, else what its network's name hints at."""

import pytest

from services.ingest.domain.cells import BadCell
from services.ingest.domain.vlans import guessed_vlan, vlan_in
from tests.services.ingest.tabs import AssembledWorkbook, Line

VINFO = (["VM", "Host"], ["web", "esx1"])
VNETWORK = ["VM", "Network", "Switch"]
VPORT = ["Port Group", "Host", "Switch", "VLAN"]
DVPORT = ["Port", "Switch", "VLAN"]


def vlan(
    nic: tuple[str, str], *, standard: tuple[Line, ...] = (), distributed: tuple[Line, ...] = ()
) -> tuple[int | None, str | None, bool] | None:
    """The VLAN of a NIC on a network and a switch: id, trunk, whether it is guessed."""
    book = AssembledWorkbook(
        vInfo=VINFO,
        vNetwork=[VNETWORK, ["web", *nic]],
        vPort=[VPORT, *standard],
        dvPort=[DVPORT, *distributed],
    )
    found = book.vm("web").nics[0].vlan
    return None if found is None else (found.id, found.trunk, found.is_guessed)


@pytest.mark.parametrize(
    ("nic", "standard", "distributed", "expected"),
    [
        pytest.param(("lan", "sw"), ["lan", "esx1", "sw", 7.0], None, (7, None, False), id="vport"),
        pytest.param(("lan", "sw"), None, ["lan", "sw", "8"], (8, None, False), id="dvport"),
        pytest.param(("lan", ""), None, ["lan", "sw", 8.0], (8, None, False), id="no-switch"),
        pytest.param(
            ("lan", "other"), None, ["lan", "sw", 8.0], (8, None, False), id="only-namesake"
        ),
        pytest.param(("t", "sw"), None, ["t", "sw", "0-4094"], (None, "0-4094", False), id="trunk"),
        pytest.param(
            ("vlan-9", "sw"), ["vlan-9", "esx1", "sw", 7.0], None, (7, None, False), id="port-wins"
        ),
        pytest.param(
            ("vlan-9", "sw"), ["vlan-9", "esx1", "sw", 0.0], None, (0, None, False), id="untagged"
        ),
        pytest.param(
            ("vlan-9", "sw"), None, ["vlan-9", "sw", ""], (9, None, True), id="blank-so-guessed"
        ),
        pytest.param(("vlan-9", ""), None, None, (9, None, True), id="unlisted-so-guessed"),
        pytest.param(("lan", "sw"), None, None, None, id="unknown"),
    ],
)
def test_the_vlan_of_a_nic(
    nic: tuple[str, str],
    standard: Line | None,
    distributed: Line | None,
    expected: tuple[int | None, str | None, bool] | None,
) -> None:
    found = vlan(
        nic,
        standard=(standard,) if standard else (),
        distributed=(distributed,) if distributed else (),
    )
    assert found == expected


def test_where_hosts_differ_a_nic_has_the_vlan_of_its_own_host_and_that_is_reported() -> None:
    book = AssembledWorkbook(
        vInfo=VINFO,
        vNetwork=[VNETWORK, ["web", "lan", "sw"]],
        vPort=[VPORT, ["lan", "esx9", "sw", 5.0], ["lan", "esx1", "sw", 6.0]],
    )
    found = book.vm("web").nics[0].vlan
    assert found is not None
    assert found.id == 6
    assert book.contradictions == {"vlan_differs": 1}
    [network] = book.assembly.networks.all()
    assert (network.vlan, len(network.hosts)) == (None, 2)


def test_networks_count_the_vms_proper_and_their_nics() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "Template"], ["web", "False"], ["t", "True"]],
        vNetwork=[
            VNETWORK,
            *(["web", "lan", "sw"], ["web", "lan", "sw"], ["web", "none", ""], ["t", "lan", "sw"]),
        ],
        dvPort=[DVPORT, ["lan", "sw", 8.0], ["spare", "sw", 9.0]],
    )
    assert [
        (one.name, one.kind, one.vm_count, one.nic_count) for one in book.assembly.networks.all()
    ] == [
        ("lan", "distributed", 1, 2),
        ("spare", "distributed", 0, 0),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VLAN120", 120),
        ("acme_vlan-0120_prod", 120),
        ("net vlan 7", 7),
        ("Prod VLAN ID 33", 33),
        ("vlan_4094", 4094),
        ("vlan4095", None),
        ("VLAN4999", None),
        ("vlan0", None),
        ("vlan99999", None),
        ("vxlan 12", None),
        ("dmz 12", None),
    ],
)
def test_a_vlan_in_a_name_is_1_to_4094(name: str, expected: int | None) -> None:
    found = guessed_vlan(name)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize("cell", ["4096", "-1", "trunk", "10-", "1,,2"])
def test_what_is_no_vlan_is_refused(cell: str) -> None:
    with pytest.raises(BadCell):
        vlan_in(cell)


@pytest.mark.parametrize(
    ("cell", "trunk"), [("10, 20-30", "10,20-30"), ("1;2", "1,2"), ("4095", "0-4094")]
)
def test_ranges_are_a_trunk(cell: str, trunk: str) -> None:
    assert (vlan_in(cell).id, vlan_in(cell).trunk) == (None, trunk)
