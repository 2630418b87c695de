"""Tables that lie beside the named one, as connectors export them: held in memory, to look up what an id stands for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from journeylab.errors import DataError
from journeylab.readers.account import Account
from journeylab.readers.cells import text_of
from journeylab.readers.stream import records_of
from journeylab.text import count

KINDS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")


def kind_of(path: Path) -> str:
    """Which table a file is, by its name: ``ticket`` of ``ticket.csv``, ``ticket_data.csv.gz`` or ``Ticket.parquet``."""
    return path.name.partition(".")[0].lower().removesuffix("_data")


def rows_beside(path: Path, name: str, account: Account, columns: tuple[str, ...]) -> Iterator[dict[str, Any]] | None:
    """The rows of another table in the folder of a file, None where it is not there; their damage is only noted."""
    there = [
        item
        for item in sorted(path.parent.iterdir())
        if kind_of(item) == name and item != path and item.name.lower().removesuffix(".gz").endswith(KINDS)
    ]
    there = [item for item in there if item.is_file() and item.stat().st_size]
    alike = [item for item in there if item.suffix == path.suffix] or there
    return _rows(alike[0], account, columns) if alike else None


def _rows(file: Path, account: Account, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    probe = Account(file, None, account.format)
    first = True
    for _, record in records_of(file, probe, columns):
        missing = [column for column in columns if first and column not in record]
        if missing:
            raise DataError(f"{file}: is looked up and has no column {missing[0]}; export it again, or move it away.")
        first = False
        yield record
    if probe.n_read:
        account.note(f"{count(probe.n_read)} rows of {file.name} are damaged and were not looked up")


def names_beside(path: Path, name: str, account: Account) -> dict[str, str]:
    """The names by id in a table beside a file; empty where there is none."""
    rows = rows_beside(path, name, account, ("id", "name")) or iter(())
    return {text_of(row["id"]): text_of(row["name"]) for row in rows if "id" in row and "name" in row}
