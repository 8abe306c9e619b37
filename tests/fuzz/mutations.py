"""Uploads that somebody has damaged: by accident, byte by byte, or on purpose, where it hurts.

A seed gives the same upload each time. Originals are small and of every kind that is read; the
damage is done to the outermost bytes, or to a part of the zip, or of a zip in it.
"""

import io
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from tests.support.rvtools_estate import (
    NOTATIONS,
    Selection,
    estate,
    write_csv_zip,
    write_workbook,
)

Mutation = Callable[[bytes, Random], bytes]

_INTERESTING: Final = (
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'""', b"\n", b"\r", b";", b",", b"\t"),
    *(b"<", b">", b"&", b"&#0;", b"&lol;", b"</row>", b"<c r='XFD1048576' t='s'><v>9</v></c>"),
    *(b"-1", b"1e309", b"NaN", b"99999999999999999999", b"1,234", b"05/04/2024", b"_x0000_"),
    *(b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", "\u202e".encode(), b"=cmd|' /C calc'!A0"),
    *(b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"PK\x03\x04", b"PK\x05\x06", b"VM", b"Total"),
)
_REFERENCE = re.compile(rb'r="([A-Z]+)([0-9]+)"')
_NUMBER = re.compile(rb"[0-9]+")
_ATTRIBUTE = re.compile(rb'="[^"]*"')
_TAG = re.compile(rb"<[^>]*>")


def damaged_upload(seed: int) -> bytes:
    """The upload of that seed."""
    rng = Random(seed)
    content = rng.choice(originals())
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        content = _damage(content, rng)
    return content


@cache
def originals() -> tuple[bytes, ...]:
    """Uploads that are read without a complaint."""
    whole = estate(vms=40, seed=3, tenants=4)
    chosen = Selection(whole, (*range(0, 12), 41, 42, 43))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        found = []
        for constant_memory in (True, False):
            write_workbook(path, chosen, constant_memory=constant_memory)
            found.append(path.read_bytes())
        for name in ("rvtools", "german"):
            write_csv_zip(path, {"one/": chosen, "two/": chosen}, notation=NOTATIONS[name])
            found.append(path.read_bytes())
        write_csv_zip(path, {"": chosen}, tabs=["vInfo"], notation=NOTATIONS["american"])
        with zipfile.ZipFile(path) as archive:
            found.append(archive.read("RVTools_tabvInfo.csv"))
    found.append(_packed({"one.xlsx": found[0], "two/two.xlsx": found[1]}))
    return tuple(found)


def _damage(content: bytes, rng: Random) -> bytes:
    """``content`` with one more thing wrong."""
    parts = _unpacked(content) if rng.random() < 0.75 else None
    if parts is None:
        return rng.choice(_OF_BYTES)(content, rng)
    name = rng.choice(sorted(parts))
    if rng.random() < 0.1:
        return _packed(_rearranged(parts, name, rng))
    inside = parts[name]
    if inside.startswith(b"PK"):
        parts[name] = _damage(inside, rng)
    elif name.endswith((".xml", ".rels")) and rng.random() < 0.7:
        parts[name] = rng.choice(_OF_XML)(inside, rng)
    else:
        parts[name] = rng.choice(_OF_BYTES)(inside, rng)
    return _packed(parts)


def _rearranged(parts: dict[str, bytes], name: str, rng: Random) -> dict[str, bytes]:
    """The parts after one was lost, renamed, or given another's content."""
    other = rng.choice(sorted(parts))
    match rng.randrange(4):
        case 0:
            del parts[name]
        case 1:
            new = rng.choice(("../../x.csv", "/etc/passwd", "a\x00b.xlsx", name.upper(), "x.zip"))
            parts[new] = parts.pop(name)
        case 2:
            parts[name] = parts[other]
        case _:
            parts[name] = _packed({other: parts[other]})
    return parts


def _unpacked(content: bytes) -> dict[str, bytes] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()} or None
    except Exception:
        return None


def _packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _flip(content: bytes, rng: Random) -> bytes:
    raw = bytearray(content)
    for _ in range(rng.choice((1, 2, 8, 64))):
        if raw:
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def _cut(content: bytes, rng: Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _repeat(content: bytes, rng: Random) -> bytes:
    start, end = _span(content, rng)
    return content[:end] + content[start:end] * rng.choice((1, 3, 50)) + content[end:]


def _insert(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice(_INTERESTING) + content[at:]


def _truncate(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _noise(content: bytes, rng: Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + rng.randbytes(end - start) + content[end:]


def _extreme_integer(content: bytes, rng: Random) -> bytes:
    """Sizes and offsets of a zip are little-endian integers of 2, 4 or 8 bytes."""
    width = rng.choice((2, 4, 8))
    at = rng.randrange(max(1, len(content) - width))
    value = rng.choice(
        (0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), rng.getrandbits(width * 8))
    )
    return content[:at] + value.to_bytes(width, "little") + content[at + width :]


def _other_encoding(content: bytes, rng: Random) -> bytes:
    text = content.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "utf-16-be", "utf-32", "cp037", "utf-7")), "replace")


def _long(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + rng.choice((b"x", b'"', b",", b" ", b"<a>")) * 200_000 + content[at:]


def _far_reference(content: bytes, rng: Random) -> bytes:
    """A cell far outside the data."""
    far = rng.choice((b"XFD1048576", b"A1048576", b"ZZZZ1", b"A0", b"AAAAAAAA99999999999", b"1A"))
    return _replaced(content, _REFERENCE, b'r="' + far + b'"', rng)


def _number(content: bytes, rng: Random) -> bytes:
    value = rng.choice((b"0", b"-1", b"4294967295", b"9" * 30, b"1e400", b"", b"0.1"))
    return _replaced(content, _NUMBER, value, rng)


def _attribute(content: bytes, rng: Random) -> bytes:
    return _replaced(content, _ATTRIBUTE, b'="' + rng.choice(_INTERESTING) + b'"', rng)


def _tag(content: bytes, rng: Random) -> bytes:
    return _replaced(content, _TAG, rng.choice((b"", b"<a>", b"<row>" * 5000, b"</c>")), rng)


def _replaced(content: bytes, pattern: re.Pattern[bytes], by: bytes, rng: Random) -> bytes:
    found = list(pattern.finditer(content))
    if not found:
        return _flip(content, rng)
    one = rng.choice(found)
    return content[: one.start()] + by + content[one.end() :]


def _span(content: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randrange(len(content) + 1)
    return start, min(len(content), start + rng.choice((1, 4, 30, 300, 5000)))


_OF_BYTES: Final[tuple[Mutation, ...]] = (
    *(_flip, _cut, _repeat, _insert, _insert, _truncate, _noise, _extreme_integer),
    *(_other_encoding, _long),
)
_OF_XML: Final[tuple[Mutation, ...]] = (
    *(_far_reference, _number, _number, _attribute, _tag, _cut, _repeat, _insert, _long),
)
