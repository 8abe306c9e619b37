"""The target's list of systems: a row per edge of a range."""

import pytest

from services.assessment.domain.guest_os import PRODUCTS, parse_os
from services.assessment.domain.target_support import (
    DEFAULT_TARGET,
    OsRange,
    TargetSupport,
    target_support,
)

LIST = (
    OsRange("rhel", (7,), (8,)),
    OsRange("rhel", (9, 2)),
    OsRange("windows_server", (2012, 2), (2019,)),
    OsRange("rocky"),
    OsRange("ubuntu", None, (20, 4)),
)


@pytest.mark.parametrize(
    ("text", "support"),
    [
        ("Red Hat Enterprise Linux 6.10", "unsupported"),
        ("Red Hat Enterprise Linux 7", "supported"),
        ("Red Hat Enterprise Linux 8.9", "supported"),
        ("Red Hat Enterprise Linux 9.1", "unsupported"),
        ("Red Hat Enterprise Linux 9.2", "supported"),
        ("Red Hat Enterprise Linux 10", "supported"),
        ("Red Hat Enterprise Linux", "unknown"),
        ("Microsoft Windows Server 2012 (64-bit)", "unsupported"),
        ("Microsoft Windows Server 2012 R2 (64-bit)", "supported"),
        ("Microsoft Windows Server 2019 (64-bit)", "supported"),
        ("Microsoft Windows Server 2022 (64-bit)", "unsupported"),
        ("Rocky Linux", "supported"),
        ("Rocky Linux 9", "supported"),
        ("Ubuntu 20.04", "supported"),
        ("Ubuntu 20.10", "unsupported"),
        ("Debian GNU/Linux 12", "unsupported"),
        ("Other Linux (64-bit)", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_release_is_in_the_list_or_not(text: str | None, support: str) -> None:
    assert target_support(parse_os(text), LIST) is TargetSupport(support)


def test_an_empty_list_supports_nothing_that_is_known() -> None:
    assert target_support(parse_os("Debian 12"), ()) is TargetSupport.UNSUPPORTED


def test_the_default_names_products_that_there_are() -> None:
    assert {one.product for one in DEFAULT_TARGET} <= set(PRODUCTS)
