"""Tabs join by ID, by name only where a row has nothing better."""

from tests.services.ingest.tabs import AssembledWorkbook

DISK = ["VM", "VM ID", "Disk", "Capacity MiB"]


def capacities(book: AssembledWorkbook) -> dict[str, list[int | None]]:
    """Disk capacities by VM name."""
    return {vm.name: [disk.capacity_mib for disk in vm.disks] for vm in book.vms}


def test_the_id_wins_over_a_differing_name_and_the_mismatch_is_reported() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "VM ID"], ["web", "vm-1"], ["db", "vm-2"]],
        vDisk=[DISK, ["db", "vm-1", "d", 10.0], ["db", "vm-2", "d", 20.0]],
    )
    assert capacities(book) == {"web": [10], "db": [20]}
    assert book.contradictions["name_differs"] == 1
    assert book.assembly.coverage["vDisk"].name_differs == 1


def test_a_row_with_an_unknown_id_is_an_orphan_whatever_its_name() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "VM ID"], ["web", "vm-1"]], vDisk=[DISK, ["web", "vm-9", "d", 10.0]]
    )
    assert capacities(book) == {"web": []}
    assert book.assembly.coverage["vDisk"].orphans == 1


def test_a_row_without_any_id_joins_by_name_however_it_is_spaced_or_cased() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "VM ID"], ["Web 01", "vm-1"]], vDisk=[DISK, [" WEB  01", "", "d", 10.0]]
    )
    assert capacities(book) == {"Web 01": [10]}
    assert book.assembly.coverage["vDisk"].by_name == 1


def test_a_name_that_two_vms_share_is_parted_by_place_or_left_an_orphan() -> None:
    header = ["VM", "Cluster", "Capacity MiB"]
    book = AssembledWorkbook(
        vInfo=[["VM", "Cluster"], ["web", "C1"], ["web", "C2"]],
        vDisk=[header, ["web", "C2", 20.0], ["web", "", 30.0]],
    )
    assert [[d.capacity_mib for d in vm.disks] for vm in book.vms] == [[], [20]]
    assert book.assembly.coverage["vDisk"].orphans == 1


def test_a_uuid_joins_where_the_tab_has_no_moref() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "VM ID", "VM UUID"], ["web", "vm-1", "U-1"], ["db", "vm-2", "U-2"]],
        vDisk=[["VM", "VM UUID", "Capacity MiB"], ["renamed", "u-1", 10.0]],
    )
    assert capacities(book) == {"web": [10], "db": []}


def test_the_same_moref_in_two_vcenters_joins_by_vcenter() -> None:
    header = ["VM", "VM ID", "VI SDK UUID"]
    book = AssembledWorkbook(
        vInfo=[header, ["web", "vm-1", "a"], ["web", "vm-1", "b"]],
        vDisk=[[*header, "Capacity MiB"], ["web", "vm-1", "b", 20.0], ["web", "vm-1", "a", 10.0]],
    )
    assert [[d.capacity_mib for d in vm.disks] for vm in book.vms] == [[10], [20]]


class TestAdoption:
    def test_a_vm_without_id_adopts_the_only_unclaimed_id_of_its_name(self) -> None:
        book = AssembledWorkbook(
            vInfo=[["VM", "VM ID"], ["web", "vm-1"], ["db", ""]],
            vDisk=[DISK, ["db", "vm-2", "d", 20.0]],
        )
        assert (book.vm("db").identity.basis, book.vm("db").identity.moref) == ("moref", "vm-2")
        assert capacities(book) == {"web": [], "db": [20]}
        assert book.assembly.ids_adopted == 1

    def test_an_id_that_another_vm_states_is_not_adopted(self) -> None:
        book = AssembledWorkbook(
            vInfo=[["VM", "VM ID"], ["web", "vm-1"], ["db", ""]],
            vDisk=[DISK, ["db", "vm-1", "d", 20.0]],
        )
        assert book.vm("db").identity.basis == "name"

    def test_two_unclaimed_ids_of_one_name_are_adopted_by_none(self) -> None:
        book = AssembledWorkbook(
            vInfo=[["VM", "VM ID"], ["db", ""]],
            vDisk=[DISK, ["db", "vm-1", "d", 10.0], ["db", "vm-2", "d", 20.0]],
        )
        assert book.vm("db").identity.basis == "name"
        assert book.assembly.coverage["vDisk"].orphans == 2

    def test_two_vms_of_one_name_adopt_by_their_place(self) -> None:
        place = ["VM", "VM ID", "Cluster"]
        book = AssembledWorkbook(
            vInfo=[place, ["db", "", "C1"], ["db", "", "C2"]],
            vDisk=[place, ["db", "vm-2", "C2"], ["db", "vm-1", "C1"]],
        )
        assert [vm.identity.moref for vm in book.vms] == ["vm-1", "vm-2"]

    def test_a_vinfo_without_any_ids_gets_them_from_the_other_tabs(self) -> None:
        book = AssembledWorkbook(
            vInfo=[["VM"], ["web"], ["db"]],
            vNetwork=[["VM", "VM ID", "Network"], ["web", "vm-1", "lan"], ["db", "vm-2", "lan"]],
        )
        assert [vm.identity.moref for vm in book.vms] == ["vm-1", "vm-2"]


class TestUnreliableNames:
    """More than a tenth of the rows with an ID disagree on the name."""

    @staticmethod
    def book(disagreeing: int) -> AssembledWorkbook:
        header = ["VM", "VM ID", "Total disk capacity MiB"]
        disks = [[f"w{n}", f"vm-{n}", "d", 5.0] for n in range(disagreeing, 10)]
        wrong = [["other", f"vm-{n}", "d", 5.0] for n in range(disagreeing)]
        return AssembledWorkbook(
            vInfo=[header, *[[f"w{n}", f"vm-{n}", 5.0] for n in range(10)], ["db", "vm-99", 7.0]],
            vDisk=[DISK, *wrong, *disks, ["db", "", "d", 1000.0]],
        )

    def test_a_tenth_is_still_trusted(self) -> None:
        book = self.book(disagreeing=1)
        assert (book.vm("db").disk_mib, book.vm("db").disk_basis) == (1000, "vdisk")

    def test_beyond_it_a_join_by_name_does_not_replace_vinfos_figures(self) -> None:
        book = self.book(disagreeing=2)
        db = book.vm("db")
        assert (db.disk_mib, db.disk_basis) == (7, "total_disk_capacity")
        assert book.contradictions["names_unreliable"] == 1
        assert book.contradictions["joined_by_name_only"] == 1
