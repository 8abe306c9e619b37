"""The bandwidth model: five limits and the one that binds."""

import pytest

from services.planner.domain.bandwidth import Constraint, model_bandwidth
from services.planner.domain.settings import PlanSettings, RttClass, Topology

LOCAL: dict[str, object] = {}
DEDICATED: dict[str, object] = {"topology": Topology.DEDICATED, "link_gbit_s": 1}
INTERNET: dict[str, object] = {
    "topology": Topology.INTERNET,
    "upload_mbit_s": 200,
    "download_mbit_s": 500,
    "link_usable_pct": 50,
}


@pytest.mark.parametrize(
    ("given", "bottleneck", "mbit_s"),
    [
        pytest.param(LOCAL, Constraint.SOURCE_NIC, 4000, id="EX32-tie-names-the-first"),
        pytest.param(DEDICATED, Constraint.LINK, 600, id="EX33-dedicated-link"),
        pytest.param(
            INTERNET | {"rtt_class": RttClass.FROM_50_TO_100}, Constraint.LINK, 55, id="EX34"
        ),
        pytest.param(INTERNET, Constraint.LINK, 100, id="internet-without-rtt"),
        pytest.param(
            {"target_nic_gbit_s": 1, "target_usable_pct": 10},
            Constraint.TARGET_INGRESS,
            100,
            id="EX37-target-ingress-binds",
        ),
        pytest.param(
            {"agent_nic_gbit_s": 1, "agent_count": 3}, Constraint.AGENT_INGEST, 2100, id="agents"
        ),
        pytest.param(
            {"target_storage_write_mb_s": 100}, Constraint.TARGET_STORAGE, 800, id="storage"
        ),
        pytest.param(
            {"source_nic_gbit_s": 25}, Constraint.TARGET_INGRESS, 4000, id="tie-later-in-order"
        ),
    ],
)
def test_the_least_limit_binds(
    given: dict[str, object], bottleneck: Constraint, mbit_s: float
) -> None:
    model = model_bandwidth(PlanSettings(**given))  # type: ignore[arg-type]
    assert bottleneck is model.bottleneck
    assert mbit_s == pytest.approx(model.bottleneck_mbit_s)


@pytest.mark.parametrize(
    ("rtt_class", "factor"),
    [
        (None, 1.0),
        (RttClass.UNDER_5, 1.0),
        (RttClass.FROM_5_TO_20, 0.9),
        (RttClass.FROM_20_TO_50, 0.75),
        (RttClass.FROM_50_TO_100, 0.55),
        (RttClass.OVER_100, 0.35),
    ],
)
def test_round_trip_time_takes_its_share_of_an_internet_link(
    rtt_class: RttClass | None, factor: float
) -> None:
    model = model_bandwidth(PlanSettings(**INTERNET, rtt_class=rtt_class))  # type: ignore[arg-type]
    assert 100 * factor == pytest.approx(model.bottleneck_mbit_s)


def test_one_site_has_no_link_and_says_so() -> None:
    link = model_bandwidth(PlanSettings()).limits[1]
    assert Constraint.LINK is link.constraint
    assert link.rate_mbit_s is None
    assert "no link" in link.explanation


def test_every_limit_names_the_settings_that_change_it() -> None:
    fields = set(PlanSettings.__dataclass_fields__)
    for topology in (LOCAL, DEDICATED, INTERNET):
        model = model_bandwidth(PlanSettings(**topology))  # type: ignore[arg-type]
        assert list(Constraint) == [limit.constraint for limit in model.limits]
        assert all(limit.settings and set(limit.settings) <= fields for limit in model.limits)
