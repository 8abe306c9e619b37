"""Builders of ``.xlsx`` files: small honest ones, and what attackers and accidents make."""

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import xlsxwriter

from services.ingest.domain.cells import Cell

DATA = Path(__file__).parents[2] / "data" / "rvtools"

VINFO: list[Sequence[Cell]] = [
    [
        *("VM", "Powerstate", "Template", "CPUs", "Memory", "Disks", "NICs", "Provisioned MiB"),
        *("In Use MiB", "VM ID", "VI SDK UUID"),
    ],
    ["web", "poweredOn", "False", 2, 4096, 1, 1, 20480, 8192, "vm-1", "vc-a"],
    ["db", "poweredOff", "False", 8, 32768, 2, 1, 307200, 102400, "vm-2", "vc-a"],
]
VDISK: list[Sequence[Cell]] = [
    ["VM", "Disk", "Capacity MiB", "Thin", "Path", "VM ID", "VI SDK UUID"],
    ["web", "Hard disk 1", 20480, "True", "[gold] web/web.vmdk", "vm-1", "vc-a"],
    ["db", "Hard disk 1", 102400, "False", "[gold] db/db.vmdk", "vm-2", "vc-a"],
    ["db", "Hard disk 2", 204800, "False", "[silver] db/db_1.vmdk", "vm-2", "vc-a"],
]
VNETWORK: list[Sequence[Cell]] = [
    [
        *("VM", "NIC label", "Adapter", "Network", "Mac Address", "IPv4 Address", "VM ID"),
        "VI SDK UUID",
    ],
    ["web", "Network adapter 1", "Vmxnet3", "lan", "00:50:56:00:00:01", "10.0.0.1", "vm-1", "vc-a"],
    ["db", "Network adapter 1", "Vmxnet3", "none", "00:50:56:00:00:02", "", "vm-2", "vc-a"],
]


def workbook(**tabs: Sequence[Sequence[Cell]]) -> bytes:
    """An ``.xlsx`` with those tabs; without any, two VMs with disks and NICs."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "yyyy/mm/dd"})
    for name, lines in (tabs or {"vInfo": VINFO, "vDisk": VDISK, "vNetwork": VNETWORK}).items():
        sheet = book.add_worksheet(name)
        for number, line in enumerate(lines):
            for column, cell in enumerate(line):
                if isinstance(cell, str):
                    if cell:
                        sheet.write_string(number, column, cell)
                else:
                    sheet.write(number, column, cell)
    book.close()
    return buffer.getvalue()


def workbook_of(count: int) -> bytes:
    """An ``.xlsx`` of ``count`` VMs with a disk and a NIC each; its XML is put together by hand,
    which takes a tenth of the time."""
    empty = workbook(vInfo=VINFO[:1], vDisk=VDISK[:1], vNetwork=VNETWORK[:1])
    vms = [(f"vm{n:05}", f"vm-{n}") for n in range(count)]

    def fill(parts: dict[str, bytes]) -> None:
        on = ("poweredOn", "False")
        for sheet, lines in (
            (1, ((name, *on, 2, 4096, 1, 1, 9, 5, moref, "vc") for name, moref in vms)),
            (2, ((name, "Hard disk 1", 9, "True", "[gold] x", moref, "vc") for name, moref in vms)),
            (3, ((name, "nic", "E1000", "lan", None, None, moref, "vc") for name, moref in vms)),
        ):
            part = f"xl/worksheets/sheet{sheet}.xml"
            xml = "".join(_xml_row(number, line) for number, line in enumerate(lines, start=2))
            parts[part] = parts[part].replace(b"</sheetData>", f"{xml}</sheetData>".encode())

    return with_parts(fill, empty)


def _xml_row(number: int, line: Sequence[str | int | None]) -> str:
    cells = "".join(
        f'<c r="{chr(65 + column)}{number}"{kind}><v>{cell}</v></c>'
        for column, cell in enumerate(line)
        if cell is not None
        for kind in (' t="str"' if isinstance(cell, str) else "",)
    )
    return f'<row r="{number}">{cells}</row>'


def with_stray_cell(cell: str, tab_rows: Sequence[Sequence[Cell]] = VINFO) -> bytes:
    """A workbook whose vInfo holds one more cell, far away."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("vInfo")
    for number, line in enumerate(tab_rows):
        sheet.write_row(number, 0, line)
    sheet.write(cell, "x")
    book.close()
    return buffer.getvalue()


def with_parts(change: Callable[[dict[str, bytes]], None], original: bytes | None = None) -> bytes:
    """The workbook after ``change`` has worked on its parts by name."""
    parts: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(original or workbook())) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    change(parts)
    return zipped(parts)


def zipped(parts: dict[str, bytes]) -> bytes:
    """A zip of the parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def declaring_rows(count: int) -> bytes:
    """A small workbook whose tabs declare ``count`` rows."""

    def declare(parts: dict[str, bytes]) -> None:
        for name in [n for n in parts if n.startswith("xl/worksheets/")]:
            parts[name] = re.sub(
                rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD%d"' % count, parts[name]
            )

    return with_parts(declare)


def zip_bomb(unpacked_mib: int = 64) -> bytes:
    """A workbook whose vInfo is mostly blanks, which pack a thousandfold."""

    def inflate(parts: dict[str, bytes]) -> None:
        sheet = parts["xl/worksheets/sheet1.xml"]
        blanks = b" " * (unpacked_mib << 20)
        parts["xl/worksheets/sheet1.xml"] = sheet.replace(b"<sheetData>", b"<sheetData>" + blanks)

    return with_parts(inflate)


def with_doctype(encoding: str = "utf-8") -> bytes:
    """A workbook whose vInfo declares entities."""
    doctype = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'

    def declare(parts: dict[str, bytes]) -> None:
        xml = parts["xl/worksheets/sheet1.xml"].decode()
        xml = xml.replace("?>", f"?>\n<!-- harmless -->{doctype}", 1)
        parts["xl/worksheets/sheet1.xml"] = xml.encode(encoding)

    return with_parts(declare)


def with_repeated_part() -> bytes:
    """A workbook with two parts of one name."""
    buffer = io.BytesIO(workbook())
    with zipfile.ZipFile(buffer, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        archive.writestr("xl/worksheets/sheet1.xml", b"<other/>")
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    """A workbook whose parts are marked as encrypted."""
    raw = bytearray(workbook())
    for signature, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(signature)
        while at >= 0:
            raw[at + flags_at] |= 1
            at = raw.find(signature, at + 4)
    return bytes(raw)


def ole(stream: str = "") -> bytes:
    """What the head of an OLE file with such a stream looks like."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016) + stream.encode("utf-16-le") + bytes(512)
    )
