"""A large REFI-QDA project, made and read: how long does reading take, and how much memory?

    PYTHONPATH=. .venv/bin/python benchmarks/coded_projects.py                 # 100 MB, 2,000 documents, 200,000 codings
    PYTHONPATH=. .venv/bin/python benchmarks/coded_projects.py --megabytes 10 --documents 200 --codings 20000

The project is written the hard way: positions in UTF-16 units, line breaks of Windows counted as two, emoji in every text.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measuring import measure

VOCABULARY = 20_000
LINE = 12
"""Words a line."""
CODES, CODERS = 60, 3
PACKED, CODING = 1.65, 50
"""How much smaller these texts get in the archive, and bytes that a coding takes there, for a file of the wanted size."""


def write_project(path: Path, documents: int, codings: int, megabytes: float, seed: int = 0) -> dict[str, int]:
    """Write a project of about that many megabytes.

    Returns
    -------
    dict
        What a reader must find: documents, codings, segments, and the sums of all starts and ends in code points.
    """
    rng = np.random.default_rng(seed)
    words = _words(rng)
    pieces = np.array([word + " " for word in words] + [word + "\r\n" for word in words], dtype=object)
    points = np.array([len(word) for word in words])
    units = np.array([len(word.encode("utf-16-le")) // 2 for word in words])
    size = np.array([len(piece.encode()) for piece in pieces[:VOCABULARY]]).mean()
    length = max(LINE * 4, int((megabytes * 1e6 - CODING * codings) * PACKED / documents / size))
    each = codings // documents
    expected = {"documents": documents, "codings": each * documents, "segments": 0, "starts": 0, "ends": 0}
    guids = _guids(seed)
    users, codes = [next(guids) for _ in range(CODERS)], [next(guids) for _ in range(CODES)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        sources = []
        for number in range(documents):
            ids = rng.integers(0, VOCABULARY, length)
            ids[rng.integers(0, length, 3)] = 0  # an emoji
            broken = np.arange(length) % LINE == LINE - 1
            guid = next(guids)
            archive.writestr(f"sources/{guid}.txt", "".join(pieces[ids + VOCABULARY * broken].tolist()))
            first = rng.choice(length - 40, each, replace=False)
            last = first + rng.integers(0, 40, each)
            starts, ends = _positions(units[ids], 1 + broken, first, last)
            point_starts, point_ends = _positions(points[ids], np.ones(length, dtype=int), first, last)
            expected["segments"] += each
            expected["starts"] += int(point_starts.sum())
            expected["ends"] += int(point_ends.sum())
            inside = "".join(
                f'<PlainTextSelection guid="{next(guids)}" name="" startPosition="{start}" endPosition="{end}" '
                f'creatingUser="{users[at % CODERS]}" creationDateTime="2026-01-05T09:00:00Z"><Coding guid="{next(guids)}" '
                f'creatingUser="{users[at % CODERS]}" creationDateTime="2026-01-05T09:00:00Z">'
                f'<CodeRef targetGUID="{codes[(at + number) % CODES]}"/></Coding></PlainTextSelection>\n'
                for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
            )
            sources.append(
                f'<TextSource guid="{next(guids)}" name="P{number:05}" plainTextPath="internal://{guid}.txt">{inside}</TextSource>'
            )
        book = "".join(f'<Code guid="{guid}" name="code {at}" isCodable="true"/>' for at, guid in enumerate(codes))
        people = "".join(f'<User guid="{guid}" name="coder {at}"/>' for at, guid in enumerate(users))
        archive.writestr(
            "project.qde",
            '<?xml version="1.0" encoding="utf-8"?><Project xmlns="urn:QDA-XML:project:1.0" name="large">'
            f"<Users>{people}</Users><CodeBook><Codes>{book}</Codes></CodeBook><Sources>{''.join(sources)}</Sources></Project>",
        )
    return expected


def _words(rng: np.random.Generator) -> list[str]:
    letters = np.array(list("etaoinshrdlucmfwypvbgkqjxzäöé"))
    lengths = rng.integers(2, 11, VOCABULARY)
    return ["😀", *("".join(rng.choice(letters, length)) for length in lengths[1:])]


def _guids(seed: int) -> Iterator[str]:
    rng = random.Random(seed)
    while True:
        digits = f"{rng.getrandbits(128):032x}"
        yield f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _positions(
    lengths: np.ndarray, gaps: np.ndarray, first: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where words begin and end, from their lengths and what parts them from the next."""
    ends = np.cumsum(lengths + gaps) - gaps
    return (ends - lengths)[first], ends[last]


def read_project(path: Path) -> None:
    """Read the project, and print what was found and how long it took."""
    from journeylab.readers import read_codings

    begin = time.perf_counter()
    study = read_codings(path)
    seconds = time.perf_counter() - begin
    checks = {
        "documents": len(study.documents),
        "codings": len(study.codings),
        "segments": len(study.segments),
        "starts": int(study.segments["start"].sum()),
        "ends": int(study.segments["end"].sum()),
    }
    print(study.report.notes[0])
    print(json.dumps({"checks": checks, "seconds": seconds}))


def main() -> None:
    """Make a project in a temporary folder, and read it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--codings", type=int, default=200_000)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read:
        read_project(chosen.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.qdpx"
        expected = write_project(path, chosen.documents, chosen.codings, chosen.megabytes)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {chosen.documents:,} documents, {expected['codings']:,} codings")
        found = measure([sys.executable, __file__, "--read", str(path)], dict(os.environ), timeout=600)
    if found.said is None or found.said["checks"] != expected:
        raise SystemExit(f"read wrongly: {found.said}, expected {expected}")
    print(f"read in {found.said['seconds']:.1f} s ({found.cpu:.1f} s of processor in all), at most {found.peak:.0f} MB")


if __name__ == "__main__":
    main()
