"""Damage to the bytes of any file: flips, cuts, chunks that move, other encodings, floods of one sign."""

from __future__ import annotations

import gzip
import random

MOST = 3_000_000
"""No mutated input grows beyond so many bytes."""

WORDS = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\r\n", b'"', b"'", b"<", b">", b"&", b"{", b"}", b"[", b"]",
    b",", b";", b"\t", b"\\", b"\\u0000", b"\\ud800", b"\xed\xa0\x80", b"\x1b[2J", b"\xe2\x80\xae", b"-1", b"1e400", b"NaN",
    b"9223372036854775808", b"PK\x03\x04", b"\x1f\x8b", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"=cmd|' /C calc'!A0", b"../../x",
)  # fmt: skip


def damage(data: bytes, rng: random.Random) -> bytes:
    """One change to some bytes."""
    return rng.choice(WAYS)(data, rng)[:MOST]


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 30))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _remove(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    times = rng.choice((1, 2, 50))
    return data[:end] + data[start:end] * min(times, MOST // max(end - start, 1)) + data[end:]


def _swap(data: bytes, rng: random.Random) -> bytes:
    places = sorted(rng.randrange(len(data) + 1) for _ in range(4))
    a, b, c, d = places
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(WORDS) * rng.choice((1, 1, 2, 1000)) + data[place:]


def _lines(data: bytes, rng: random.Random) -> bytes:
    """Lines that are left out, doubled, or in another order."""
    lines = data.split(b"\n")
    turn = rng.random()
    if turn < 0.3:
        rng.shuffle(lines)
    elif turn < 0.6:
        del lines[rng.randrange(len(lines))]
    else:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"\n".join(lines)


def _encode(data: bytes, rng: random.Random) -> bytes:
    """The text in another encoding than before, or with a mark of one that it is not in."""
    text = data.decode("utf-8", "replace")
    kind = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7", "utf-8-sig", "mark"))
    return b"\xff\xfe" + data if kind == "mark" else text.encode(kind, "replace")


def _flood(data: bytes, rng: random.Random) -> bytes:
    """A huge field, or brackets that never end."""
    place = rng.randrange(len(data) + 1)
    sign = rng.choice((b"a", b" ", b"\n", b"[", b'{"a":', b"<a>", b'"', b",", b"(", b"\xf0\x9f\x98\x80"))
    return data[:place] + sign * rng.choice((2_000, 50_000, 300_000)) + data[place:]


def _wrap(data: bytes, rng: random.Random) -> bytes:
    """Packed once more, or with nothing but a bomb behind it."""
    if rng.random() < 0.5:
        return gzip.compress(data, 1)
    return data + gzip.compress(bytes(rng.choice((1_000, 1_000_000))), 1)


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 4, 40, 400, 4_000)))


WAYS = (_flip, _flip, _cut, _remove, _repeat, _swap, _insert, _insert, _lines, _encode, _flood, _wrap)
