"""How a plan was worked out, in words, with its settings and units.

The sentences describe the planner's rules (decisions 1, 12, 14, 15, 16 and 20); every number in
this sheet comes from the snapshot.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from services.exporter.domain.json_values import (
    Document,
    Json,
    find,
    items,
    number,
    plain_cell,
    text,
)
from services.exporter.domain.labels import label, unit
from services.exporter.domain.sheets import Cell

UNITS: Final = (
    ("GiB", "1024 MiB. What RVTools labels MB is MiB and was divided by 1024."),
    ("Mbit/s", "Decimal: 1 Mbit/s is 125,000 bytes a second and moves 0.4191 GiB in an hour."),
    ("h", "Hours within working time; a copy pauses when the working day ends."),
)
TIME_PER_VM: Final = (
    (
        "Rate",
        "The lesser of efficiency x bottleneck and the cap of one stream; the disks of a VM are "
        "copied one after another.",
    ),
    (
        "Warm copy",
        "The used volume is copied while the VM runs, then what changed meanwhile, until a pass "
        "is shorter than 15 minutes. The VM is down for the cut-over only: that last pass and "
        "the conversion.",
    ),
    ("Cold copy", "The provisioned volume is copied while the VM is off, then converted."),
    (
        "Conversion",
        "Grows with the logarithm of the used volume, between the two cut-over settings: from "
        "50 GiB to 1000 GiB.",
    ),
    (
        "Best and worst",
        "Vary the efficiency by 0.10, the cap of one stream by a quarter, and the volume between "
        "what the guest uses and what is allocated on the datastore.",
    ),
    ("Shown per VM", "Times as if nothing else were copied; the dates are those of the schedule."),
)
SCHEDULE: Final = (
    (
        "Order",
        "VMs start in a fixed order, as soon as a slot is free. All running copies share the "
        "bandwidth evenly, none faster than the cap of one stream.",
    ),
    (
        "Working time",
        "Nothing runs outside working hours. A cut-over that does not fit into the day waits for "
        "the next one. The plan begins on the working day after the import.",
    ),
)
RISK: Final = (
    ("Bands", "Green up to 20 points, yellow up to 50, red above."),
    (
        "Mode",
        "Cold where the VM is off or suspended or cannot be copied while it runs; warm at a risk "
        "for old systems, 5000 GiB of disk or more, five or more snapshots, or a red band.",
    ),
)


def explanation_rows(header: Document, *, digest: str) -> Iterator[list[Cell]]:
    """Topic, item, value, unit, explanation."""
    yield ["Based on", "Plan snapshot", digest, None, "SHA-256 that an approval is bound to"]
    yield from _based_on(header)
    yield ["Counting", "Scope", None, None, text(find(header, "summary", "counted"))]
    yield from _sentences("Units", UNITS)
    yield from _bandwidth(find(header, "bandwidth"))
    yield from _sentences("Time per VM", TIME_PER_VM)
    yield from _sentences("Schedule", SCHEDULE)
    yield from _sentences("Risk and mode", RISK)
    yield from _values("Agents", find(header, "agents"))
    yield from _values("Settings", find(header, "settings"))


def _based_on(header: Document) -> Iterator[list[Cell]]:
    based_on = find(header, "based_on")
    if isinstance(based_on, Mapping):
        for name, value in sorted(based_on.items()):
            yield ["Based on", label(name), plain_cell(value), None, None]


def _sentences(topic: str, sentences: tuple[tuple[str, str], ...]) -> Iterator[list[Cell]]:
    for item, sentence in sentences:
        yield [topic, item, None, None, sentence]


def _bandwidth(bandwidth: Json) -> Iterator[list[Cell]]:
    if not isinstance(bandwidth, Mapping):
        return
    bottleneck = bandwidth.get("bottleneck")
    for limit in items(bandwidth.get("limits")):
        constraint = str(limit.get("constraint"))
        rate = number(limit.get("rate_mbit_s"))
        notes = [text(limit.get("explanation"))]
        if constraint == bottleneck:
            notes.append("this is the bottleneck")
        if settings := text(limit.get("settings")):
            notes.append(f"settings: {settings}")
        yield [
            "Bandwidth",
            label(constraint),
            "no limit" if rate is None else rate,
            None if rate is None else "Mbit/s",
            "; ".join(note for note in notes if note),
        ]
    rest = {n: v for n, v in bandwidth.items() if n not in ("limits", "bottleneck")}
    yield from _values("Bandwidth", rest)


def _values(topic: str, values: Json) -> Iterator[list[Cell]]:
    """A row for each value, the field name beside it for those who use the API."""
    if isinstance(values, Mapping):
        for name, value in sorted(values.items()):
            shown = plain_cell(value)
            if shown is None:
                yield [topic, label(name), "not set", None, f"field {name}"]
            else:
                yield [topic, label(name), shown, unit(name), f"field {name}"]
