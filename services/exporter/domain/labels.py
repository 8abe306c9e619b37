"""Field names as people read them: ``source_nic_gbit_s`` is "Source NIC", in Gbit/s.

Every field name carries its unit (decision 1), so the name is enough, also for a setting that a
newer planner adds.
"""

from typing import Final

_UNITS: Final = {
    "_gbit_s": "Gbit/s",
    "_mbit_s": "Mbit/s",
    "_mb_s": "MB/s",
    "_gib_h": "GiB/h",
    "_gib": "GiB",
    "_mib": "MiB",
    "_pct": "%",
    "_hours": "hours",
    "_hour": "o'clock",
    "_days": "days",
    "_h": "h",
}
_WORDS: Final = {
    "nic": "NIC",
    "vcpus": "vCPUs",
    "vms": "VMs",
    "vcls": "vCLS",
    "srm": "SRM",
    "os": "OS",
    "org": "Org",
    "vdc": "VDC",
}
_WHOLE_NAMES: Final = {
    "digest": ("Assessed snapshot", None),
    "hours_per_day": ("Working hours", "h a day"),
    "working_days": ("Working days", None),
    "blackout_dates": ("Blackout dates", None),
    "daily_change_pct": ("Changed data", "% a day"),
    "rtt_class": ("Round-trip time", "ms"),
    "cutover_min_h": ("Shortest cut-over", "h"),
    "cutover_max_h": ("Longest cut-over", "h"),
    "target_vms_per_day": ("Target", "VMs a day"),
    "duration_days": ("Duration", "calendar days"),
    "efficiency": ("Efficiency (η)", "of the bottleneck"),
    "memory_gib_per_agent": ("Memory of an agent", "GiB"),
    "disk_gib_per_agent": ("Disk of an agent", "GiB"),
}


def label(name: str) -> str:
    """The words of a field name, without its unit.

    >>> label("source_nic_gbit_s"), label("warm_risky"), label("agent_count")
    ('Source NIC', 'Warm risky', 'Agent count')
    """
    if name in _WHOLE_NAMES:
        return _WHOLE_NAMES[name][0]
    first, *others = _without_unit(name).split("_")
    spelled = (_WORDS.get(word, word) for word in others)
    return " ".join((_WORDS.get(first, first.capitalize()), *spelled))


def unit(name: str) -> str | None:
    """The unit that a field name ends with.

    >>> unit("link_usable_pct"), unit("cutover_min_h"), unit("time_zone")
    ('%', 'h', None)
    """
    if name in _WHOLE_NAMES:
        return _WHOLE_NAMES[name][1]
    return next((_UNITS[ending] for ending in _UNITS if name.endswith(ending)), None)


def _without_unit(name: str) -> str:
    for ending in _UNITS:
        if name.endswith(ending) and name != ending:
            return name.removesuffix(ending)
    return name
