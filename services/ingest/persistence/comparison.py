"""Two inventories held against each other, in the database: one hash join of their VMs."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Alias,
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.comparison import (
    GROWN_MIB,
    GROWN_SHARE,
    ChangeKind,
    Comparison,
    VmChange,
)
from services.ingest.domain.inventory import Inventory
from services.ingest.persistence.tables import vms
from shared.contracts.records import IdentityBasis
from shared.kernel.ids import InventoryId
from shared.kernel.paging import Page, decode_cursor, encode_cursor

_PLACE: Final = ("datacenter", "cluster", "folder", "resource_pool", "vapp")
_FIELDS: Final = (
    *("name", "power_state", "vcpus", "memory_mib", "disk_mib", "used_mib"),
    *_PLACE,
)
"""What is shown of a VM that differs."""


class _Both:
    """The full join of two inventories' VMs, and what each kind of change is in it."""

    def __init__(self, base_id: InventoryId | None, inventory_id: InventoryId) -> None:
        was, now = _vms_of(base_id).alias("was"), _vms_of(inventory_id).alias("now")
        self.was, self.now = was, now
        self.joined = was.join(now, was.c.vm_id == now.c.vm_id, full=True)
        self.vm_id = func.coalesce(now.c.vm_id, was.c.vm_id)
        self.name = func.coalesce(now.c.name, was.c.name)
        self.is_in_both = and_(was.c.vm_id.is_not(None), now.c.vm_id.is_not(None))
        self.kinds: Mapping[ChangeKind, ColumnElement[bool]] = {
            ChangeKind.ADDED: was.c.vm_id.is_(None),
            ChangeKind.REMOVED: now.c.vm_id.is_(None),
            **{
                kind: and_(self.is_in_both, differs)
                for kind, differs in _differences(was, now).items()
            },
        }

    @property
    def is_changed(self) -> ColumnElement[bool]:
        """Whether the VM differs at all."""
        return or_(*self.kinds.values())


def _vms_of(inventory_id: InventoryId | None) -> Any:
    return select(vms).where(vms.c.inventory_id == inventory_id if inventory_id else literal(False))


def _differences(was: Alias, now: Alias) -> dict[ChangeKind, ColumnElement[bool]]:
    def differ(*names: str) -> ColumnElement[bool]:
        return or_(*(was.c[name].is_distinct_from(now.c[name]) for name in names))

    grown_by = now.c.used_mib - was.c.used_mib
    return {
        ChangeKind.RENAMED: differ("name"),
        ChangeKind.RESIZED: differ("vcpus", "memory_mib"),
        ChangeKind.MOVED: differ(*_PLACE),
        ChangeKind.GROWN: func.coalesce(
            or_(
                now.c.disk_mib > was.c.disk_mib,
                and_(
                    was.c.used_basis == now.c.used_basis,
                    grown_by >= GROWN_MIB,
                    grown_by > was.c.used_mib * GROWN_SHARE,
                ),
            ),
            False,
        ),
        ChangeKind.POWERED: differ("power_state"),
    }


async def compare(
    connection: AsyncConnection, base: Inventory | None, inventory: Inventory
) -> Comparison:
    """How many VMs of ``inventory`` differ from those of ``base``; both are imported."""
    both = _Both(base.id if base else None, inventory.id)
    is_weak = and_(both.is_in_both, both.now.c.identity_basis == IdentityBasis.NAME)
    row = (
        await connection.execute(
            select(
                func.count(both.was.c.vm_id).label("vms_before"),
                func.count(both.now.c.vm_id).label("vms_after"),
                func.count().filter(not_(both.is_changed)).label("unchanged"),
                func.count().filter(is_weak).label("weak"),
                *(
                    func.count().filter(condition).label(kind.value)
                    for kind, condition in both.kinds.items()
                ),
            ).select_from(both.joined)
        )
    ).one()
    return Comparison(
        inventory=inventory,
        base=base,
        vms_before=row.vms_before,
        vms_after=row.vms_after,
        counts={kind: row._mapping[kind.value] for kind in ChangeKind},
        unchanged=row.unchanged,
        weak=row.weak,
    )


async def list_changes(
    connection: AsyncConnection,
    base: Inventory | None,
    inventory: Inventory,
    *,
    kind: ChangeKind | None,
    cursor: str | None,
    limit: int,
) -> Page[VmChange]:
    """The VMs that differ, by name; only those that differ in ``kind`` if it is given.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    both = _Both(base.id if base else None, inventory.id)
    statement: Select[*tuple[Any, ...]] = (
        select(
            both.vm_id.label("vm_id"),
            both.name.label("name"),
            *(
                case((condition, True), else_=False).label(kind.value)
                for kind, condition in both.kinds.items()
            ),
            *(both.was.c[name].label(f"was_{name}") for name in _FIELDS),
            *(both.now.c[name].label(f"now_{name}") for name in _FIELDS),
        )
        .select_from(both.joined)
        .where(both.is_changed if kind is None else both.kinds[kind])
        .order_by(both.name, both.vm_id)
        .limit(limit + 1)
    )
    if cursor is not None:
        after = decode_cursor(cursor, str, UUID)
        statement = statement.where(tuple_(both.name, both.vm_id) > after)
    rows = (await connection.execute(statement)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor(last.name, str(last.vm_id)) if last else None
    return Page([_change(row) for row in rows[:limit]], next_cursor)


def _change(row: Row[Any]) -> VmChange:
    values = row._mapping
    kinds = [kind for kind in ChangeKind if values[kind.value]]
    is_new, is_gone = ChangeKind.ADDED in kinds, ChangeKind.REMOVED in kinds
    shown = [
        name
        for name in _FIELDS
        if is_new or is_gone or values[f"was_{name}"] != values[f"now_{name}"]
    ]
    return VmChange(
        vm_id=row.vm_id,
        name=row.name,
        kinds=kinds,
        before=None if is_new else {name: values[f"was_{name}"] for name in shown},
        after=None if is_gone else {name: values[f"now_{name}"] for name in shown},
    )
