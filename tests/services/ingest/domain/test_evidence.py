"""What a column shows of its notation, and what its doubtful cells then mean."""

from datetime import datetime

import pytest

from services.ingest.domain.cells import Cell
from services.ingest.domain.detail_rows import snapshot_row
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.rows import disk_row
from tests.services.ingest.tabs import rows


def capacities(*cells: Cell, header: str = "Capacity MiB") -> tuple[list[int | None], Rejects]:
    """The capacities that a column of vDisk gives, and what was rejected."""
    rejects = Rejects()
    lines = [[f"vm{n}", "poweredOn", cell] for n, cell in enumerate(cells)]
    read = rows("vDisk", disk_row, ["VM", "Powerstate", header], *lines, rejects=rejects)
    return [row.capacity_mib for row in read], rejects


def moments(*cells: Cell) -> tuple[list[datetime | None], Rejects]:
    """The dates that a column of vSnapshot gives, and what was rejected."""
    rejects = Rejects()
    lines = [[f"vm{n}", "poweredOn", cell] for n, cell in enumerate(cells)]
    read = rows("vSnapshot", snapshot_row, ["VM", "Powerstate", "Date"], *lines, rejects=rejects)
    return [row.taken_at for row in read], rejects


@pytest.mark.parametrize(
    ("cells", "sizes"),
    [
        (("8,250", "16.384"), [8250, 16384]),  # nothing is shown: MiB have no thousandths
        (("8,250", "12,5"), [8, 12]),
        (("8,250", "1.234,5"), [8, 1234]),
        (("8.250", "12,5"), [8250, 12]),
        (("8,250", "1,234,567"), [8250, 1_234_567]),
        (("8.250", "0.5"), [8, 0]),
    ],
)
def test_a_doubtful_size_means_what_its_column_shows(
    cells: tuple[str, str], sizes: list[int]
) -> None:
    read, rejects = capacities(*cells)
    assert read == sizes
    assert rejects.count == 0


def test_a_column_that_shows_both_notations_has_its_doubtful_cells_rejected() -> None:
    read, rejects = capacities("8,250", "12,5", "12.5")
    assert read == [None, 12, 12]
    [reject] = rejects.kept
    assert (reject.tab, reject.row, reject.column) == ("vDisk", 2, "Capacity MiB")
    assert reject.value == "8,250"
    assert "8.250 or 8250" in reject.reason
    assert reject.fix == "Type the number without a thousands separator."


def test_a_size_in_gib_that_nothing_decides_is_rejected() -> None:
    read, rejects = capacities("1,500", "20", header="Capacity GB")
    assert (read, rejects.count) == ([None, 20 * 1024], 1)


def test_a_date_is_read_in_the_order_that_its_column_shows() -> None:
    assert moments("05/04/2024", "31/01/2024")[0][0] == datetime(2024, 4, 5)  # noqa: DTZ001
    assert moments("05/04/2024", "1/31/2024")[0][0] == datetime(2024, 5, 4)  # noqa: DTZ001


def test_a_date_that_nothing_decides_is_rejected_with_its_place_and_a_fix() -> None:
    read, rejects = moments("05/04/2024 10:00:00", "06/04/2024 10:00:00")
    assert read == [None, None]
    assert [(r.tab, r.row, r.column) for r in rejects.kept] == [
        ("vSnapshot", 2, "Date"),
        ("vSnapshot", 3, "Date"),
    ]
    assert rejects.kept[0].fix == "Type it as yyyy/mm/dd hh:mm:ss."


def test_other_date_columns_of_the_tab_decide_where_the_column_is_silent() -> None:
    rejects = Rejects()
    [row] = rows(
        "vSnapshot",
        snapshot_row,
        ["VM", "Powerstate", "Date", "Folder"],
        ["web", "poweredOn", "05/04/2024", "31/12/2023"],
        rejects=rejects,
    )
    assert row.taken_at == datetime(2024, 4, 5)  # noqa: DTZ001


def test_a_date_among_notes_and_a_version_decide_nothing() -> None:
    rejects = Rejects()
    lines = [
        ["web", "poweredOn", "05/04/2024", "31/12/2023"],
        ["db", "poweredOn", "06/04/2024", "Prod"],
        ["app", "poweredOn", "07/04/2024", "6.7.0"],
    ]
    header = ["VM", "Powerstate", "Date", "Folder"]
    rows("vSnapshot", snapshot_row, header, *lines, rejects=rejects)
    assert rejects.count == 3
