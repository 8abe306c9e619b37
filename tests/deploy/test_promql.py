"""Expressions are understood as far as our rules need it."""

from tests.deploy.promql import Selector, labels_kept, selectors


def test_metrics_are_told_from_functions_labels_and_words() -> None:
    expression = (
        'sum by (le, service) (rate(a_total{x="1",y=~"p|q"}[5m])) / sum(max_over_time(b[1h])) > 0.5'
        " and on (service) c:d unless absent(e)"
    )

    assert selectors(expression) == [
        Selector("a_total", {"x": ("=", "1"), "y": ("=~", "p|q")}),
        Selector("b", {}),
        Selector("c:d", {}),
        Selector("e", {}),
    ]
    assert labels_kept(expression) == {"le", "service"}
