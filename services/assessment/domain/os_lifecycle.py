"""When general support of an operating system ended or ends.

Dates are the vendors' own, of the last service pack or minor release: Microsoft's lifecycle pages
(end of extended support), Red Hat's and SUSE's product life cycles (end of maintenance or general
support), Ubuntu's and Debian's release pages (standard and LTS support), CentOS's end-of-life
notices. Paid extensions do not count. A product that is not
here is not judged.
"""

from datetime import date
from typing import Final

from services.assessment.domain.guest_os import GuestOs

END_OF_SUPPORT: Final[dict[tuple[str, tuple[int, ...]], date]] = {
    ("windows_server", (2000,)): date(2010, 7, 13),
    ("windows_server", (2003,)): date(2015, 7, 14),
    ("windows_server", (2008,)): date(2020, 1, 14),
    ("windows_server", (2012,)): date(2023, 10, 10),
    ("windows_server", (2016,)): date(2027, 1, 12),
    ("windows_server", (2019,)): date(2029, 1, 9),
    ("windows_server", (2022,)): date(2031, 10, 14),
    ("windows", (5, 1)): date(2014, 4, 8),
    ("windows", (6,)): date(2017, 4, 11),
    ("windows", (7,)): date(2020, 1, 14),
    ("windows", (8,)): date(2023, 1, 10),
    ("windows", (10,)): date(2025, 10, 14),
    ("rhel", (4,)): date(2012, 2, 29),
    ("rhel", (5,)): date(2017, 3, 31),
    ("rhel", (6,)): date(2020, 11, 30),
    ("rhel", (7,)): date(2024, 6, 30),
    ("rhel", (8,)): date(2029, 5, 31),
    ("rhel", (9,)): date(2032, 5, 31),
    ("centos", (5,)): date(2017, 3, 31),
    ("centos", (6,)): date(2020, 11, 30),
    ("centos", (7,)): date(2024, 6, 30),
    ("centos", (8,)): date(2021, 12, 31),
    ("ubuntu", (12, 4)): date(2017, 4, 28),
    ("ubuntu", (14, 4)): date(2019, 4, 25),
    ("ubuntu", (16, 4)): date(2021, 4, 30),
    ("ubuntu", (18, 4)): date(2023, 5, 31),
    ("ubuntu", (20, 4)): date(2025, 5, 31),
    ("ubuntu", (22, 4)): date(2027, 4, 30),
    ("ubuntu", (24, 4)): date(2029, 4, 30),
    ("debian", (7,)): date(2018, 5, 31),
    ("debian", (8,)): date(2020, 6, 30),
    ("debian", (9,)): date(2022, 6, 30),
    ("debian", (10,)): date(2024, 6, 30),
    ("debian", (11,)): date(2026, 8, 31),
    ("debian", (12,)): date(2028, 6, 30),
    ("sles", (10,)): date(2013, 7, 31),
    ("sles", (11,)): date(2019, 3, 31),
    ("sles", (12,)): date(2024, 10, 31),
}


def end_of_support(os: GuestOs) -> date | None:
    """The day by which general support had ended or will have; None where it is not known.

    Of a release that is not listed it is that of the next newer one that is; of one that is newer
    than all listed ones it is not known.

    >>> from services.assessment.domain.guest_os import parse_os
    >>> end_of_support(parse_os("CentOS 7.9 (64-bit)"))
    datetime.date(2024, 6, 30)
    """
    if os.product is None or os.release is None:
        return None
    not_older = (
        (listed, day)
        for (product, listed), day in END_OF_SUPPORT.items()
        if product == os.product and os.release[: len(listed)] <= listed
    )
    return min(not_older, default=(None, None))[1]
