"""The plan on one screen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cli.console import out
from cli.journey import Outcome

Figures = Mapping[str, Any]

BANDS: Final = ("green", "yellow", "red")
SEVERITIES: Final = ("blocker", "high", "medium", "info")
MODE_CLASSES: Final = ("warm_eligible", "warm_risky", "cold_required")
WORDS: Final = {
    "vcls": "vCLS VMs",
    "template": "templates",
    "srm_placeholder": "SRM placeholders",
    "source_nic": "source NIC",
}


def show(outcome: Outcome) -> None:
    """Print what the plan comes to, and where it was stored."""
    out.print()
    for name, value in rows(outcome):
        out.print(f"  {name:<14}{value}", markup=False)
    out.print()
    for file in outcome.files:
        out.print(f"  {file}  ({file.stat().st_size / 1024:,.0f} KiB)", markup=False)


def rows(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Names and figures with their units."""
    figures: Figures = outcome.plan["summary"]
    totals: Figures = outcome.assessment["totals"]
    off = f"{figures['powered_off']:,} powered off"
    yield "VMs in scope", f"{figures['vms']:,} in {figures['tenants']:,} tenants, {off}"
    excluded = totals.get("excluded") or {}
    if any(excluded.values()):
        yield "Left out", ", ".join(f"{n:,} {_words(what)}" for what, n in excluded.items() if n)
    report: Figures = outcome.inventory.get("report") or {}
    rejected = _rejected(report)
    if rejected:
        yield "Not readable", rejected
    yield from _confidence(report.get("confidence") or {})
    yield "Compute", f"{figures['vcpus']:,} vCPU, {figures['memory_gib']:,.1f} GiB memory"
    yield "Storage", f"{figures['disk_gib']:,.1f} GiB of disks, {figures['used_gib']:,.1f} GiB used"
    yield "Risk", _counts(totals["by_risk_band"], BANDS)
    yield "Move", _counts(totals["by_mode_class"], MODE_CLASSES)
    if any((totals.get("by_gravest_finding") or {}).values()):
        yield (
            "Findings",
            f"{_counts(totals['by_gravest_finding'], SEVERITIES)} (VMs, by the gravest)",
        )
    yield from _time(figures)


def _time(figures: Figures) -> Iterator[tuple[str, str]]:
    finish = figures["finish_date"]
    if finish:
        start = figures.get("start_date")
        span = f"{start} to {finish}" if start else finish
        days = figures.get("working_days")
        yield "Schedule", f"{span} ({days:,} working days)" if days else span
    bottleneck = figures.get("bottleneck")
    if bottleneck:
        rate = figures.get("bottleneck_mbit_s")
        yield "Limited by", f"{_words(bottleneck)}{f', {rate:,.0f} Mbit/s' if rate else ''}"


def _confidence(confidence: Figures) -> Iterator[tuple[str, str]]:
    """What the workbook leaves open, most serious first; the report has every figure."""
    without_id = confidence.get("vms_without_id")
    if without_id:
        yield "Without an ID", f"{without_id:,} VMs, which nothing can be executed for"
    missing = confidence.get("tabs_missing") or ()
    if missing:
        yield "Not exported", ", ".join(dict.fromkeys(map(_in_file, missing)))


def _in_file(tab: Figures) -> str:
    """A tab, and its file in an import of several."""
    return f"{tab['tab']} of {tab['file']}" if tab.get("file") else str(tab["tab"])


def _rejected(report: Figures) -> str:
    """Cells and rows of the workbook that were not taken, by tab."""
    return ", ".join(
        f"{tab['rejected_cells']:,} cells in {tab['rejected_rows']:,} rows of {_in_file(tab)}"
        for tab in report.get("tabs") or ()
        if tab.get("rejected_cells") or tab.get("rejected_rows")
    )


def _counts(counts: Mapping[str, int], order: Sequence[str]) -> str:
    names = sorted(counts, key=lambda name: order.index(name) if name in order else len(order))
    return ", ".join(f"{counts[name]:,} {_words(name)}" for name in names)


def _words(name: str) -> str:
    return WORDS.get(name, name.replace("_", " "))


def day(moment: str) -> str:
    """The date of an RFC 3339 time."""
    return datetime.fromisoformat(moment).date().isoformat()
