"""The SQLite file of a coding program: opened to read and nothing else, its tables as frames, its damage as an error."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.stream import find_export
from journeylab.text import count

MOST_BYTES = 1024**3
"""The largest project that is read; texts and codes of thousands of interviews are a tenth of it."""

MOST_CELL = 64 * 1024**2
"""The longest text of one document, in bytes."""

SUFFIXES = (".sqlite3", ".sqlite", ".db")
"""Extensions that say SQLite, but not whose."""

PROGRAMS = {
    "taguette": ("Taguette", {"documents", "highlights", "tags", "highlight_tags"}),
    "qualcoder": ("QualCoder", {"source", "code_name", "code_text"}),
    "requal": ("requal", {"documents", "codes", "segments"}),
    "rqda": ("RQDA", {"source", "freecode", "coding"}),
}
"""By format: the program, and the tables by which its files are told."""

PORTION = 5_000
UNREADABLE = (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError)
NOT_DAMAGE = re.compile(r" value in |constraint failed|missing from index|in index")
"""What SQLite finds wrong with cells or an index; the rows can be read nevertheless."""


@dataclasses.dataclass(frozen=True)
class Database:
    """An opened project.

    Attributes
    ----------
    path : Path
    connection : Connection
    columns : dict of str to dict of str to str
        Table to its columns, both in lower case, to the column as the file writes it.
    size : int
        Of the file, in bytes.
    notes : list of str
        What a reader should know.
    """

    path: Path
    connection: sqlite3.Connection
    columns: dict[str, dict[str, str]]
    size: int
    notes: list[str] = dataclasses.field(default_factory=list)

    def has(self, table: str) -> bool:
        """Whether the project has a table."""
        return table in self.columns

    def read(self, table: str, needed: Iterable[str], others: Iterable[str] = ()) -> pd.DataFrame:
        """Read columns of a table.

        Parameters
        ----------
        table : str
        needed : iterable of str
            Columns without which nothing can be read.
        others : iterable of str
            Columns that older or newer versions may lack; then they are None.

        Returns
        -------
        DataFrame
            Cells as SQLite gives them: None, int, float, str or bytes.

        Raises
        ------
        DataError
            When the table or a needed column is missing, or the table holds more than the file can.
        """
        known = self.columns.get(table)
        if known is None:
            raise DataError(
                f"{self.path}: has no table '{table}'; it has {listing(self.columns, 30)}."
                + did_you_mean(table, self.columns)
            )
        needed, others = list(needed), list(others)
        for column in needed:
            if column not in known:
                raise DataError(
                    f"{self.path}: table {table} has no column '{column}'; it has {listing(known, 30)}. The file is damaged, "
                    "or of a version that is not known." + did_you_mean(column, known)
                )
        there = [column for column in (*needed, *others) if column in known]
        names = ", ".join('"' + known[column].replace('"', '""') + '"' for column in there)
        cursor = self.connection.execute(f'SELECT {names} FROM "{table}"')
        rows: list[tuple[Any, ...]] = []
        budget = 4 * self.size
        while portion := cursor.fetchmany(PORTION):
            rows += portion
            budget -= sum(8 + sum(len(cell) for cell in row if isinstance(cell, str | bytes)) for row in portion)
            if budget < 0:  # pages that stand in a table many times
                raise DataError(f"{self.path}: table {table} holds more than the file can; {REPAIR}")
        frame = pd.DataFrame(rows, columns=there, dtype="object")
        return frame.reindex(columns=[*needed, *others]).astype("object")


REPAIR = "the file is damaged; take a backup, or open it in its program and save it again."


@contextlib.contextmanager
def opened(path: Path, program: str, data: bytes | None = None) -> Iterator[Database]:
    """Open the project of a program, read only; SQLite's errors inside become `DataError`.

    Parameters
    ----------
    path : Path
    program : str
        The format, see `PROGRAMS`.
    data : bytes, optional
        The database, where it was taken out of an archive.

    Raises
    ------
    DataError
        When the file is absent, empty, too large, no database, damaged, or another program's.
    """
    if data is None:
        find_export(path)
    try:
        with contextlib.closing(_connect(path, data)) as connection:
            database = _survey(path, connection, len(data) if data is not None else path.stat().st_size)
            _check_program(database, program)
            yield database
    except UNREADABLE as error:
        raise DataError(f"{path}: SQLite cannot read it ({error}); {REPAIR}") from None


def tell_format(path: Path) -> str:
    """Say by its tables which program wrote a SQLite file.

    Raises
    ------
    DataError
        When it is none of those that can be read.
    """
    find_export(path)
    try:
        with contextlib.closing(_connect(path, None)) as connection:
            database = _survey(path, connection, path.stat().st_size)
    except UNREADABLE as error:
        raise DataError(f"{path}: SQLite cannot read it ({error}); {REPAIR}") from None
    found = _program(database)
    if found is None:
        raise _stranger(database)
    return found


def _connect(path: Path, data: bytes | None) -> sqlite3.Connection:
    """A connection that can neither write nor reach another file."""
    if data is None:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise DataError(
                f"{path}: has {size / 1024**2:,.0f} MB; at most {count(MOST_BYTES // 1024**2)} MB are read."
            )
        with path.open("rb") as stream:
            head = stream.read(16)
    else:
        head = data[:16]
    if head != b"SQLite format 3\0":
        raise DataError(f"{path}: is no SQLite database, as the projects of {_programs()} are; name such a file.")
    if data is None:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    else:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(data)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CELL)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _survey(path: Path, connection: sqlite3.Connection, size: int) -> Database:
    """The tables and columns of a database that is whole."""
    found = Database(path, connection, {}, size)
    unreadable = 0

    def decode(cell: bytes) -> str:
        nonlocal unreadable
        try:
            return cell.decode("utf-8")
        except UnicodeDecodeError:
            unreadable += 1
            if unreadable == 1:
                found.notes.append("some texts are not UTF-8; signs that cannot be read stand as \ufffd")
            return cell.decode("utf-8", "replace")

    connection.text_factory = decode
    trouble = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if trouble != "ok" and not NOT_DAMAGE.search(trouble):
        raise DataError(f"{path}: SQLite finds it damaged ({' '.join(trouble.split())[:200]}); {REPAIR}")
    if trouble != "ok":
        found.notes.append(f"SQLite finds fault with a cell or an index: {' '.join(trouble.split())[:200]}")
    # views and virtual tables are programs, and no table of a project is one
    for name, statement in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
        if re.match(r"\s*create\s+virtual", str(statement), re.IGNORECASE):
            continue
        quoted = str(name).replace('"', '""')
        columns = connection.execute(f'PRAGMA table_info("{quoted}")').fetchall()
        found.columns[str(name).lower()] = {str(column[1]).lower(): str(column[1]) for column in columns}
    log = path.with_name(path.name + "-wal")
    if log.is_file() and log.stat().st_size:
        found.notes.append(
            f"beside the file lies {log.name} with changes that are not in it yet: close the program that has it open, and "
            "read it again"
        )
    return found


def _program(database: Database) -> str | None:
    """The format whose tables are there."""
    for name, (_, tables) in PROGRAMS.items():
        if tables <= set(database.columns):
            return name
    return None


def _programs() -> str:
    return ", ".join(program for program, _ in PROGRAMS.values())


def _stranger(database: Database) -> DataError:
    return DataError(
        f"{database.path}: is a SQLite database, but no project of {_programs()}; its tables are "
        f"{listing(database.columns, 30) or 'none'}."
    )


def _check_program(database: Database, program: str) -> None:
    """Refuse a file of another program; one that lacks a table of its own is refused when that is read."""
    title, tables = PROGRAMS[program]
    if tables <= set(database.columns):
        return
    other = _program(database)
    if other is not None:
        raise DataError(f"{database.path}: is a project of {PROGRAMS[other][0]}; read it with format = '{other}'.")
    there = tables & set(database.columns)
    if not there:
        raise _stranger(database)
    missing = sorted(tables - there)
    raise DataError(
        f"{database.path}: is no whole project of {title}: table {listing(missing)} is missing; it has "
        f"{listing(database.columns, 30)}."
    )
