"""A listed version covers its minor releases, R2 and everything older of that product."""

import pytest

from services.assessment.domain.guest_os import parse_os
from services.assessment.domain.os_support import (
    COLD_ONLY,
    DEPRECATED,
    UNSUPPORTED,
    WARM_RISKY,
    OsLimit,
    is_listed,
)


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("Microsoft Windows NT 4", {"unsupported", "deprecated", "risky"}),
        ("Microsoft Windows 2000 Server", {"unsupported", "deprecated", "risky"}),
        ("Microsoft Windows 2000 Professional", {"unsupported", "deprecated", "risky"}),
        ("Microsoft Windows 98", {"unsupported", "deprecated", "risky"}),
        ("Microsoft Windows Server 2003 (32-bit)", {"deprecated", "risky"}),
        ("Microsoft Windows Server 2003 R2 Standard", {"deprecated", "risky"}),
        ("Microsoft Windows Server 2008 (64-bit)", {"deprecated"}),
        ("Microsoft Windows Server 2008 R2 (64-bit)", {"deprecated"}),
        ("Microsoft Windows Server 2012 (64-bit)", set()),
        ("Microsoft Windows XP Professional", {"deprecated"}),
        ("Microsoft Windows Vista", {"deprecated"}),
        ("Microsoft Windows 7 (64-bit)", set()),
        ("CentOS 6 (64-bit)", {"deprecated"}),
        ("CentOS 6.10", {"deprecated"}),
        ("CentOS 5", {"deprecated"}),
        ("CentOS 4/5/6 (64-bit)", {"deprecated"}),
        ("CentOS 4/5/6/7 (64-bit)", set()),
        ("CentOS 4/5 or later (64-bit)", set()),
        ("CentOS 7 (64-bit)", set()),
        ("Red Hat Enterprise Linux 5 (64-bit)", {"deprecated"}),
        ("Red Hat Enterprise Linux 4 (64-bit)", {"deprecated"}),
        ("Red Hat Enterprise Linux 6 (64-bit)", set()),
        ("Ubuntu 14.04.6 LTS", {"deprecated"}),
        ("Ubuntu 12.04", {"deprecated"}),
        ("Ubuntu 16.04", set()),
        ("Ubuntu Linux (64-bit)", set()),
        ("Debian GNU/Linux 8 (64-bit)", {"deprecated"}),
        ("Debian GNU/Linux 9 (64-bit)", set()),
        ("Oracle Solaris 11 (64-bit)", {"unsupported", "cold_only"}),
        ("SCO OpenServer 5", {"unsupported", "cold_only"}),
        ("IBM AIX 7", {"unsupported", "cold_only"}),
        ("HP-UX", {"unsupported", "cold_only"}),
        ("FreeBSD 13", {"unsupported", "cold_only"}),
        ("Cisco ASAv appliance", set()),
    ],
)
def test_the_lists_go_by_product_and_version(text: str, lists: set[str]) -> None:
    os = parse_os(text)
    every = {
        "unsupported": UNSUPPORTED,
        "deprecated": DEPRECATED,
        "cold_only": COLD_ONLY,
        "risky": WARM_RISKY,
    }

    assert lists == {name for name, limits in every.items() if is_listed(os, limits)}


def test_a_list_up_to_r2_covers_the_release_before_it() -> None:
    up_to_r2 = OsLimit("windows_server", (2008, 2))

    assert up_to_r2.covers(parse_os("Windows Server 2008"))
    assert not up_to_r2.covers(parse_os("Windows Server 2012"))
