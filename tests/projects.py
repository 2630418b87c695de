"""Projects of coding programs for tests: built small, damaged with a seed, and held against what they should say."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.errors import JourneylabError
from journeylab.readers.codings import CodedStudy

ODD = (
    None,
    "",
    "abc",
    "12",
    -1,
    0,
    3,
    10**9,
    2**62,
    1.5,
    float("inf"),
    b"\xff\x00",
    "a\r\nb",
    "\ufeff",
    "x/y",
    "\x00",
    "é" * 50,
)
"""Cells that a table of a project may hold by mistake."""


def write_project(path: Path, tables: dict[str, tuple[str, Iterable[tuple[Any, ...]]]]) -> Path:
    """A SQLite file: table to its columns, as SQL, and its rows."""
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for table, (columns, rows) in tables.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
            for row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    return path


def change(source: Path, path: Path, *statements: str) -> Path:
    """A copy of a project, changed by SQL."""
    shutil.copyfile(source, path)
    path.chmod(0o644)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return path


def expected(shared: Path) -> dict[str, Any]:
    """What the synthetic files all say."""
    return json.loads((shared / "data/qualitative/synthetic_CC0/expected.json").read_text(encoding="utf-8"))


def expected_codes(said: dict[str, Any]) -> pd.DataFrame:
    """path, name, parent_id and codable of every code that the synthetic files hold."""
    parents = {code["name"]: code["parent"] for code in said["codes"]}
    codes = pd.DataFrame(said["codes"])
    codes["path"] = [f"{parents[name]}/{name}" if parents[name] else name for name in codes["name"]]
    return codes.rename(columns={"parent": "parent_id"})[["path", "name", "parent_id", "codable"]]


def marks_of(study: CodedStudy) -> set[tuple[Any, ...]]:
    """Every coding as document, start, end, text, code, coder."""
    merged = study.codings.merge(study.segments, on="segment_id").merge(study.codes, on="code_id")
    columns = ["document_id", "start", "end", "text", "name", "coder"]
    return set(merged[columns].itertuples(index=False, name=None))


def expected_marks(said: dict[str, Any], *coders: str) -> set[tuple[Any, ...]]:
    """The same of the synthetic study."""
    return {
        (one["document"], one["start"], one["end"], one["text"], code, one["coder"])
        for one in said["segments"]
        for code in one["codes"]
        if one["coder"] in coders
    }


def adds_up(study: CodedStudy) -> None:
    """Kept and dropped are what was read, and every span reads as its text says or is noted."""
    report = study.report
    assert report.n_kept + report.n_dropped == report.n_read
    uncoded = ~study.segments["segment_id"].isin(study.codings["segment_id"])
    assert report.n_kept >= len(study.codings) + int(uncoded.sum())
    texts = dict(zip(study.documents["document_id"], study.documents["text"], strict=True))
    if "start" in study.segments:
        placed = study.segments.dropna(subset=["start"])
        differ = [row for row in placed.itertuples() if texts[row.document_id][row.start : row.end] != row.text]
        assert not differ or any("read differently" in note for note in report.notes)


def survives(source: Path, folder: Path, read: Callable[[Path], CodedStudy], *, seed: int, rounds: int) -> int:
    """Read copies with changed bytes and changed cells; count those that were read, and raise for any other error than ours."""
    rng = random.Random(seed)
    whole = 0
    copy = folder / f"mutated{source.suffix}"
    for turn in range(rounds):
        shutil.copyfile(source, copy)
        copy.chmod(0o644)
        if turn % 2:
            _change_bytes(copy, rng)
        else:
            _change_cells(copy, rng)
        try:
            study = read(copy)
        except JourneylabError as error:
            if str(copy) not in str(error):
                raise
            continue
        adds_up(study)
        whole += 1
    return whole


def _change_bytes(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 4, 30))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.2:
        del data[rng.randrange(len(data)) :]
    path.write_bytes(data)


def _change_cells(path: Path, rng: random.Random) -> None:
    """Cells, columns and tables of a project that is whole as a database."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = [table for table in tables if not table.startswith("sqlite_")]
        for _ in range(rng.choice((1, 3, 10))):
            table = rng.choice(tables)
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            column, turn = rng.choice(columns), rng.random()
            with contextlib.suppress(sqlite3.Error):  # keys and the rules of a table may forbid it
                if turn < 0.7:
                    rowid = rng.choice([row[0] for row in connection.execute(f"SELECT rowid FROM {table}")] or [0])
                    connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (rng.choice(ODD), rowid))
                elif turn < 0.8:
                    connection.execute(f"DELETE FROM {table}")
                elif turn < 0.9:
                    connection.execute(f"INSERT INTO {table} ({column}) VALUES (?)", (rng.choice(ODD),))
                elif turn < 0.97:
                    connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
                else:
                    connection.execute(f"DROP TABLE {table}")
                    tables.remove(table)
            if not tables:
                return
