"""Decision 2: who a VM is, and that it stays the same one."""

import pytest

from services.ingest.domain.assembly import name_nameless
from services.ingest.domain.identity import VCenters
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.rows import vm_row
from tests.services.ingest.tabs import AssembledWorkbook, rows

IDS = ["VM", "VM ID", "VM UUID", "VI SDK UUID"]
PLACES = ["VM", "Datacenter", "Cluster", "Folder"]


def keys(*lines: list[str], header: list[str]) -> list[str]:
    """The identity keys of a workbook with only vInfo."""
    return [vm.identity.key for vm in AssembledWorkbook(vInfo=[header, *lines]).vms]


def test_a_moref_in_its_vcenter_comes_first() -> None:
    book = AssembledWorkbook(vInfo=[IDS, ["web", " vm-7 ", "uuid-1", "VC-A"]])
    [vm] = book.vms
    assert (vm.identity.basis, vm.identity.vcenter, vm.identity.moref) == ("moref", "vc-a", "vm-7")


def test_the_same_moref_in_two_vcenters_is_two_vms() -> None:
    one, other = keys(["web", "vm-7", "", "vc-a"], ["web", "vm-7", "", "vc-b"], header=IDS)
    assert one != other


def test_a_rename_keeps_a_moref_identity() -> None:
    assert keys(["web", "vm-7", "", "vc"], header=IDS) == keys(
        ["www", "vm-7", "", "vc"], header=IDS
    )


def test_without_a_moref_the_uuid_counts() -> None:
    [vm] = AssembledWorkbook(vInfo=[IDS, ["web", "", "uuid-1", "vc"]]).vms
    assert vm.identity.basis == "uuid"


def test_a_uuid_never_matches_across_the_change_of_its_meaning() -> None:
    lines = [IDS, ["web", "", "uuid-1", "vc"]]
    [before] = AssembledWorkbook(vInfo=lines, has_instance_uuids=False).vms
    [after] = AssembledWorkbook(vInfo=lines, has_instance_uuids=True).vms
    assert before.identity.key != after.identity.key


def test_repeated_smbios_uuids_do_not_merge_clones() -> None:
    header = [*IDS, "Cluster"]
    lines = [["web", "", "u", "vc", "one"], ["web-clone", "", "u", "vc", "one"]]
    book = AssembledWorkbook(vInfo=[header, *lines])
    assert [vm.identity.basis for vm in book.vms] == ["name", "name"]
    assert len({vm.identity.key for vm in book.vms}) == 2


def test_a_name_is_the_last_resort_and_weak() -> None:
    [vm] = AssembledWorkbook(vInfo=[PLACES, ["web", "DC1", "C1", "F1"]]).vms
    assert vm.identity.basis == "name"


def test_moving_a_vm_between_clusters_or_folders_keeps_a_weak_identity() -> None:
    assert keys(["web", "DC1", "C1", "F1"], header=PLACES) == keys(
        ["web", "DC1", "C2", "F2"], header=PLACES
    )


def test_folder_and_cluster_part_vms_of_one_name() -> None:
    lines = (["web", "DC1", "C1", "F1"], ["web", "DC1", "C1", "F2"], ["web", "DC1", "C2", "F1"])
    assert len(set(keys(*lines, header=PLACES))) == 3


def test_names_are_part_of_an_identity_byte_for_byte() -> None:
    assert len(set(keys(["web", "", "", ""], ["web ", "", "", ""], header=PLACES))) == 2


def test_a_repeated_row_is_one_vm_and_reported() -> None:
    line = ["web", "DC1", "C1", "F1"]
    book = AssembledWorkbook(vInfo=[PLACES, line, ["db", "DC1", "C1", "F1"], line])
    assert [vm.name for vm in book.vms] == ["web", "db"]
    [reject] = book.rejects.kept
    assert (reject.row, reject.reason) == (4, "repeats the VM of row 2")


def test_rows_that_only_their_order_parts_are_kept_and_reported() -> None:
    header = [*PLACES, "CPUs"]
    lines = [["web", "DC1", "C1", "F1", 1.0], ["web", "DC1", "C1", "F1", 2.0]]
    book = AssembledWorkbook(vInfo=[header, *lines])
    assert len({vm.identity.key for vm in book.vms}) == 2
    assert book.contradictions["same_name_and_place"] == 1


def test_one_moref_under_two_names_is_two_vms_with_weak_identities() -> None:
    book = AssembledWorkbook(vInfo=[IDS, ["web", "vm-7", "", ""], ["db", "vm-7", "", ""]])
    assert [vm.identity.basis for vm in book.vms] == ["name", "name"]
    assert book.contradictions["vm_id_repeated"] == 2


def test_a_vm_without_a_name_is_called_by_its_id() -> None:
    rejects = Rejects()
    [row] = name_nameless(rows("vInfo", vm_row, IDS, ["", "vm-7", "", ""]), rejects)
    assert row.ref.name == "vm-7"
    assert [reject.column for reject in rejects.kept] == ["VM"]


class TestVCenters:
    def test_a_server_and_a_uuid_seen_together_anywhere_are_one(self) -> None:
        header = ["VM", "VM ID", "VI SDK Server"]
        book = AssembledWorkbook(
            vInfo=[header, ["web", "vm-1", "vc1.example"]],
            vDisk=[
                ["VM", "VM ID", "VI SDK Server", "VI SDK UUID", "Capacity MiB"],
                ["web", "vm-1", "VC1.example", "uuid-a", 10.0],
            ],
        )
        assert book.vm("web").identity.vcenter == "uuid-a"
        assert len(book.vm("web").disks) == 1

    def test_a_row_that_names_none_belongs_to_the_only_one(self) -> None:
        book = AssembledWorkbook(
            vInfo=[["VM", "VM ID"], ["web", "vm-1"]],
            vDisk=[["VM", "VM ID", "VI SDK UUID"], ["web", "vm-1", "uuid-a"]],
        )
        assert book.vm("web").identity.vcenter == "uuid-a"

    def test_blanks_are_no_vcenter(self) -> None:
        book = AssembledWorkbook(vInfo=[["VM", "VI SDK UUID"], ["web", "  "]])
        assert book.vm("web").identity.vcenter == "unnamed"

    @pytest.mark.parametrize("uuid", [None, "uuid-a"])
    def test_a_server_with_two_uuids_stands_for_itself(self, uuid: str | None) -> None:
        vcenters = VCenters()
        vcenters.see(uuid="uuid-a", server="vc")
        vcenters.see(uuid="uuid-b", server="vc")
        vcenters.see(uuid=uuid, server="vc")
        assert vcenters.known() == ["uuid-a", "uuid-b", "vc"]
