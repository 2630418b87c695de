"""Damage done to exports, to see that only the damaged records are lost."""

from __future__ import annotations

import gzip
from pathlib import Path

from journeylab.readers import read_events


def plain_bytes(file: Path) -> bytes:
    """The bytes of a file, unpacked where it is gzip."""
    data = file.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def cut_short(file: Path, folder: Path, share: float = 0.6) -> Path:
    """A copy that ends in the middle."""
    data = plain_bytes(file)
    copy = folder / file.name.removesuffix(".gz")
    copy.write_bytes(data[: int(len(data) * share)])
    return copy


def gzip_cut_short(file: Path, folder: Path, share: float = 0.6) -> Path:
    """A compressed copy that ends in the middle."""
    packed = gzip.compress(plain_bytes(file))
    copy = folder / (file.name.removesuffix(".gz") + ".gz")
    copy.write_bytes(packed[: int(len(packed) * share)])
    return copy


def with_bad_lines(file: Path, folder: Path, places: tuple[int, ...], bad: bytes = b"\x00\xff broken {") -> Path:
    """A copy in which some lines (from 0) are replaced by rubbish."""
    lines = plain_bytes(file).split(b"\n")
    for place in places:
        lines[place] = bad
    copy = folder / file.name.removesuffix(".gz")
    copy.write_bytes(b"\n".join(lines))
    return copy


def balanced(file: Path, format: str, **options: object) -> tuple[int, int]:
    """Read an export and return rows kept and dropped; the report must add up."""
    events, report = read_events(file, format=format, **options)
    assert report.n_kept == len(events)
    assert report.n_kept + report.n_dropped == report.n_read
    return report.n_kept, report.n_dropped
