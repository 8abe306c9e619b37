"""What kind of network it is: a row for each rule and edge, by evidence first, by name last."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.assessment.domain.network_class import (
    CLASS_OF,
    ISOLATED_WORDS,
    NSX_SWITCH_WORDS,
    OVERLAY_WORDS,
    REASONS,
    NetworkRule,
    NetworkVerdict,
    Words,
    classify,
    keyword_in,
    vlan_facts,
    vlan_in_name,
)

NAMES = {word for words in (*OVERLAY_WORDS, *ISOLATED_WORDS) for word in ("".join(words), *words)}


def verdict(
    name: str,
    switch: str | None = None,
    *,
    vlan: int | None = None,
    trunk: str | None = None,
    guessed: bool = False,
) -> NetworkVerdict:
    return classify(name, switch, vlan_facts(name, vlan, trunk, is_guessed=guessed))


@pytest.mark.parametrize(
    ("name", "facts", "rule", "evidence"),
    [
        # What a port group states, edges of the range included.
        ("dvpg-1", {"vlan": 1}, "stated_vlan", "VLAN 1"),
        ("dvpg-1", {"vlan": 4094}, "stated_vlan", "VLAN 4094"),
        ("dvpg-1", {"vlan": 4095}, "nothing_known", None),
        ("dvpg-1", {"vlan": -1}, "nothing_known", None),
        ("dvpg-1", {"vlan": 0}, "untagged", "no VLAN"),
        ("dvpg-1", {"trunk": "100-200,300"}, "stated_trunk", "VLANs 100-200,300"),
        ("ls-web", {"vlan": 20}, "stated_vlan", "VLAN 20"),
        ("isolated-lab", {"vlan": 20}, "stated_vlan", "VLAN 20"),
        ("isolated-lab", {"vlan": 0}, "isolated_name", "“isolated” in its name"),
        ("VLAN100", {"vlan": 0}, "untagged", "no VLAN"),
        ("VLAN100", {"vlan": 200}, "stated_vlan", "VLAN 200"),
        # The switch.
        ("seg-acme-0", {"switch": "nsxt-dc1"}, "nsx_switch", "switch nsxt-dc1"),
        ("seg-acme-0", {"switch": "NSX-T Edge"}, "nsx_switch", "switch NSX-T Edge"),
        ("seg-acme-0", {"switch": "nvds-1"}, "nsx_switch", "switch nvds-1"),
        ("seg-vlan-20", {"switch": "nsxt-dc1"}, "nsx_switch", "switch nsxt-dc1"),
        ("seg-acme-0", {"switch": "nsxt-dc1", "vlan": 20}, "stated_vlan", "VLAN 20"),
        ("lab", {"switch": "vSwitch_No-Uplink"}, "isolated_switch", "switch vSwitch_No-Uplink"),
        ("lab", {"switch": "dvs-dc1-tenants"}, "nothing_known", None),
        # Names that NSX gives itself stand against the VLAN of its tunnels.
        (
            "vxw-dvs-31-virtualwire-183-sid-5183-Falcon",
            {"vlan": 90},
            "nsx_virtual_wire",
            "segment ID 5183",
        ),
        ("my-vxw-dvs-31-virtualwire-183-sid-5183", {}, "nothing_known", None),
        # The name, last.
        ("VLAN100", {"vlan": 100, "guessed": True}, "vlan_name", "VLAN 100 in its name"),
        ("VLAN100", {}, "vlan_name", "VLAN 100 in its name"),
        ("VLAN4999", {}, "nothing_known", None),
        ("isolated-vlan-20", {}, "isolated_name", "“isolated” in its name"),
        ("overlay-isolated", {}, "overlay_name", "“overlay” in its name"),
        ("VM Network", {}, "nothing_known", None),
        ("", {}, "nothing_known", None),
    ],
)
def test_the_first_rule_that_holds_gives_the_class_and_its_evidence(
    name: str, facts: dict[str, Any], rule: str, evidence: str | None
) -> None:
    assert verdict(name, **facts) == NetworkVerdict(NetworkRule(rule), evidence)


@pytest.mark.parametrize(
    "name",
    [
        *("nsx-t-web", "NSXT web", "nsx_t", "nsx.t", "web_NSX", "corp-overlay", "Geneve 7"),
        *("segment-12", "T0-uplink", "t1-acme", "tier-0", "Tier 1 acme", "TIER_1", "tier1-acme"),
        *("ls-web", "LS_web", "acme ls 01", "acme_routed_net_1", "dlr-uplink", "ESG.transit"),
    ],
)
def test_whole_words_of_nsx_are_an_overlay_and_a_guess(name: str) -> None:
    found = verdict(name)

    assert (found.network_class, found.is_guessed) == ("nsx_overlay", True)


@pytest.mark.parametrize(
    "name", ["isolated-lab", "Internal Only", "internal_only", "no-uplink", "NoUplink", "air.gap"]
)
def test_whole_words_of_isolation_are_a_guess_too(name: str) -> None:
    found = verdict(name)

    assert (found.network_class, found.is_guessed) == ("isolated", True)


@pytest.mark.parametrize(
    "name",
    [
        *("tools-net", "ols-front", "tier-10-backup", "tier-11", "t10-web", "t12", "pilot0-net"),
        *("segmentation", "rerouted-net", "routed-network", "overlays2", "esgfund-prod", "lsx-1"),
        *("isolatedness", "internal", "only", "uplink", "repair-gap2", "sensxt", "tier", "mgmt-1"),
    ],
)
def test_a_piece_of_a_word_classifies_nothing(name: str) -> None:
    assert verdict(name).rule is NetworkRule.NOTHING_KNOWN


@pytest.mark.parametrize(
    ("name", "vlan"),
    [
        *(("VLAN1", 1), ("vlan 4094", 4094), ("VLAN0", None), ("vlan_4095", None)),
        *(("vlan-id-0120", 120), ("VLAN12345", None), ("vlan 4999 vlan 7", 7), ("v200", None)),
    ],
)
def test_a_vlan_in_a_name_is_1_to_4094(name: str, vlan: int | None) -> None:
    assert vlan_in_name(name) == vlan


def test_every_rule_has_a_class_and_a_reason() -> None:
    assert set(NetworkRule) == set(CLASS_OF) == set(REASONS)


LETTERS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789", min_size=1, max_size=6)
KEYWORDS = st.sampled_from([*OVERLAY_WORDS, *ISOLATED_WORDS, *NSX_SWITCH_WORDS])
SEPARATORS = st.sampled_from(["-", "_", ".", " "])


@given(KEYWORDS, LETTERS, LETTERS, SEPARATORS, st.booleans())
def test_letters_around_a_keyword_do_not_classify(
    keyword: Words, before: str, after: str, between: str, in_front: bool
) -> None:
    first, last = keyword[0], keyword[-1]
    words = (before + first, *keyword[1:]) if in_front else (*keyword[:-1], last + after)
    name = between.join(words)
    run_together = {"".join(words), *words}
    assume(not run_together & NAMES)
    assume(not any("".join(one) in run_together for one in NSX_SWITCH_WORDS))

    found = keyword_in(name, OVERLAY_WORDS) or keyword_in(name, ISOLATED_WORDS)

    assert found is None or found in {" ".join(one) for one in [keyword[1:], keyword[:-1]]}


@given(KEYWORDS, SEPARATORS, SEPARATORS, LETTERS, LETTERS)
def test_whatever_stands_around_a_whole_keyword_it_is_found(
    keyword: Words, between: str, around: str, before: str, after: str
) -> None:
    word = between.join(keyword).upper()

    assert keyword_in(f"{before}{around}{word}{around}{after}", [keyword]) == " ".join(keyword)


@given(st.text(max_size=40), st.none() | st.text(max_size=20), st.none() | st.integers())
def test_any_name_has_one_class(name: str, switch: str | None, vlan: int | None) -> None:
    found = verdict(name, switch, vlan=vlan)

    assert found == verdict(name, switch, vlan=vlan)
    assert found.network_class in set(CLASS_OF.values())
