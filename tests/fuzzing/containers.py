"""Changes to zip archives (.xlsx, .qdpx): a member, its name, its size, its flags, how often it is there."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable

from tests.fuzzing import odd, raw_bytes

Change = Callable[[str, bytes, random.Random], bytes]

BOMB = 40_000_000
"""Bytes that a bomb among the members unpacks to; its archive has a thousandth of it."""

OUTSIDE = (
    "../../../outside",
    "/etc/passwd",
    "C:\\x",
    "..\\..\\x",
    "a\0b",
    "sources/../../x",
    "\\\\x\\y",
    "x" * 500,
    "",
    "CON",
    "a:b",
)


def change(data: bytes, rng: random.Random, inside: Change) -> bytes:
    """One change to an archive; `inside` changes what a member holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(item, archive.read(item)) for item in archive.infolist()]
    except Exception:  # whatever an archive that was damaged before raises
        return raw_bytes.damage(data, rng)
    if not members:
        return raw_bytes.damage(data, rng)
    turn, place = rng.random(), rng.randrange(len(members))
    item, content = members[place]
    if turn < 0.6:
        how = inside if rng.random() < 0.8 else lambda _, held, source: raw_bytes.damage(held, source)
        members[place] = (item, how(item.filename, content, rng))
    elif turn < 0.68:
        members[place] = (zipfile.ZipInfo(rng.choice((*OUTSIDE, *(one.filename for one, _ in members)))), content)
    elif turn < 0.73:
        members.append((zipfile.ZipInfo(item.filename), rng.choice(members)[1]))
    elif turn < 0.78:
        del members[place]
    elif turn < 0.82:
        link = zipfile.ZipInfo(item.filename)
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        members[place] = (link, b"/etc/passwd")
    elif turn < 0.86:
        members[place] = (item, content + rng.choice((b"\0", b" ", b"<a/>", b"a")) * BOMB)
    elif turn < 0.9:
        members += [(zipfile.ZipInfo(f"sources/{number}.txt"), b"") for number in range(rng.choice((100, 3_000)))]
    else:
        return _header(_packed(members), rng)
    return _packed(members)


def _packed(members: list[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    import warnings

    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # about names that stand twice, which is meant
        for item, content in members:
            fresh = zipfile.ZipInfo(item.filename or "x")
            fresh.create_system, fresh.external_attr = item.create_system, item.external_attr
            archive.writestr(fresh, content, zipfile.ZIP_DEFLATED, 1)
    return stream.getvalue()


def _header(data: bytes, rng: random.Random) -> bytes:
    """A directory that says other sizes, methods, flags or places than the members have."""
    changed = bytearray(data)
    places = [place for place in range(len(changed) - 46) if changed[place : place + 4] == b"PK\x01\x02"]
    if not places:
        return raw_bytes.damage(data, rng)
    entry = rng.choice(places)
    field, size = rng.choice(((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4)))
    if field == 8:
        changed[entry + 8] |= 1  # says that it is encrypted
    else:
        number = rng.choice(
            (0, 1, 9, 99, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), int(rng.choice(odd.NUMBERS[:3]) or 0) % 99)
        )
        changed[entry + field : entry + field + size] = struct.pack("<H" if size == 2 else "<I", number)
    return bytes(changed)
