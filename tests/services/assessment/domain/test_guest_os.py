"""The strings of vSphere and VMware Tools become product, version and family."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.guest_os import OsFamily, guest_os, parse_os

W, L, O = OsFamily.WINDOWS, OsFamily.LINUX, OsFamily.OTHER  # noqa: E741


@pytest.mark.parametrize(
    ("text", "family", "product", "version"),
    [
        ("Microsoft Windows Server 2019 (64-bit)", W, "windows_server", "2019"),
        ("Microsoft Windows Server 2008 R2 (64-bit)", W, "windows_server", "2008 R2"),
        ("Microsoft Windows Server 2003 Standard (32-bit)", W, "windows_server", "2003"),
        ("Microsoft Windows Server 2016 or later (64-bit)", W, "windows_server", None),
        ("Windows Server 2012 (64-bit)", W, "windows_server", "2012"),
        ("Microsoft Windows 2000 Server", W, "windows_server", "2000"),
        ("Microsoft Small Business Server 2003", W, "windows_server", "2003"),
        ("Microsoft Windows NT", W, "windows_server", "NT 4"),
        ("Microsoft Windows 2000 Professional", W, "windows", "2000"),
        ("Microsoft Windows XP Professional (32-bit)", W, "windows", "XP"),
        ("Microsoft Windows Vista (64-bit)", W, "windows", "Vista"),
        ("Microsoft Windows 7 (64-bit)", W, "windows", "7"),
        ("Microsoft Windows 8.x (64-bit)", W, "windows", "8"),
        ("Microsoft Windows 10 (64-bit)", W, "windows", "10"),
        ("Red Hat Enterprise Linux 5 (64-bit)", L, "rhel", "5"),
        ("Red Hat Enterprise Linux Server release 7.9 (Maipo)", L, "rhel", "7.9"),
        ("RHEL 8", L, "rhel", "8"),
        ("Red Hat Fedora (32-bit)", L, "fedora", None),
        ("Red Hat Linux 2.1", L, "red_hat_linux", "2.1"),
        ("CentOS 7 (64-bit)", L, "centos", "7"),
        ("CentOS 4/5 or later (64-bit)", L, "centos", None),
        ("CentOS 4/5/6/7 (64-bit)", L, "centos", None),
        ("CentOS Linux release 7.9.2009 (Core)", L, "centos", "7.9.2009"),
        ("Oracle Linux 4/5 or later (64-bit)", L, "oracle_linux", None),
        ("Oracle Linux 8 (64-bit)", L, "oracle_linux", "8"),
        ("Rocky Linux (64-bit)", L, "rocky", None),
        ("AlmaLinux (64-bit)", L, "almalinux", None),
        ("Amazon Linux 2 (64-bit)", L, "amazon_linux", "2"),
        ("Ubuntu Linux (64-bit)", L, "ubuntu", None),
        ("Ubuntu 22.04.3 LTS", L, "ubuntu", "22.04.3"),
        ("Debian GNU/Linux 10 (64-bit)", L, "debian", "10"),
        ("SUSE Linux Enterprise 11 (64-bit)", L, "sles", "11"),
        ("SUSE openSUSE (64-bit)", L, "opensuse", None),
        ("VMware Photon OS (64-bit)", L, "photon", None),
        ("CoreOS Linux (64-bit)", L, "coreos", None),
        ("Arch Linux", L, "arch", None),
        ("Other 3.x or later Linux (64-bit)", L, None, None),
        ("Other 2.6.x Linux (64-bit)", L, None, None),
        ("Other Linux (64-bit)", L, None, None),
        ("Oracle Solaris 11 (64-bit)", O, "solaris", "11"),
        ("SCO OpenServer 5", O, "sco", "5"),
        ("SCO UnixWare 7", O, "sco", "7"),
        ("IBM AIX", O, "aix", None),
        ("HP-UX 11i", O, "hp_ux", None),
        ("FreeBSD 13", O, "freebsd", "13"),
        ("FreeBSD Pre-11 versions (64-bit)", O, "freebsd", None),
        ("Apple macOS 12 (64-bit)", O, "macos", "12"),
        ("VMware ESXi 6.5 or later", O, "esxi", None),
        ("Cisco ASAv appliance", O, None, None),
        ("Archive appliance", O, None, None),
        ("Storage appliance", O, None, None),
        ("Other (64-bit)", O, None, None),
        ("", O, None, None),
        (None, O, None, None),
    ],
)
def test_a_string_gives_family_product_and_version(
    text: str | None, family: OsFamily, product: str | None, version: str | None
) -> None:
    os = parse_os(text)

    assert (family, product, version) == (os.family, os.product, os.version)


def test_edition_and_bits_are_read_where_they_stand() -> None:
    os = parse_os("Microsoft Windows Server 2003 Standard (32-bit)")

    assert (os.edition, os.bits) == ("standard", 32)


@pytest.mark.parametrize(
    ("config", "tools", "text"),
    [
        # Tools name a product: they win.
        ("Microsoft Windows 7 (64-bit)", "Microsoft Windows Server 2012 (64-bit)", "tools"),
        ("Microsoft Windows Server 2008 R2 (64-bit)", "Red Hat Enterprise Linux 6", "tools"),
        ("Other (64-bit)", "Ubuntu Linux (64-bit)", "tools"),
        ("Red Hat Enterprise Linux 6 (64-bit)", "CentOS 4/5 or later (64-bit)", "tools"),
        # Tools say nothing, or nothing specific.
        ("CentOS 7 (64-bit)", None, "config"),
        ("CentOS 7 (64-bit)", "", "config"),
        ("CentOS 7 (64-bit)", "Other (64-bit)", "config"),
        ("CentOS 7 (64-bit)", "Unknown", "config"),
        ("Red Hat Enterprise Linux 6 (64-bit)", "Other 3.x or later Linux (64-bit)", "config"),
        ("CentOS 7 (64-bit)", "CentOS 4/5 or later (64-bit)", "config"),
        ("Other Linux (64-bit)", "Cisco ASAv appliance", "config"),
        # Not specific, but it refutes the configured family.
        ("Microsoft Windows Server 2008 (64-bit)", "Other 2.6.x Linux (64-bit)", "tools"),
        # Nobody knows the product.
        ("Other 2.6.x Linux (64-bit)", "Other 3.x or later Linux (64-bit)", "tools"),
        ("Other (64-bit)", "Archive appliance", "tools"),
    ],
)
def test_tools_win_when_they_are_specific(config: str, tools: str | None, text: str) -> None:
    assert {"config": config, "tools": tools}[text] == guest_os(config, tools).text


def test_nothing_known_gives_no_text() -> None:
    assert guest_os(None, " Other (32-bit) ").text is None


@given(st.text(max_size=60) | st.none(), st.text(max_size=60) | st.none())
def test_any_text_is_read_without_failing(config: str | None, tools: str | None) -> None:
    assert guest_os(config, tools) == guest_os(config, tools)


@given(st.sampled_from(["rhel", "centos", "Debian", "Ubuntu"]), st.integers(1, 99))
def test_the_version_of_a_named_product_is_kept(product: str, major: int) -> None:
    assert str(major) == parse_os(f"{product} {major} (64-bit)").version
