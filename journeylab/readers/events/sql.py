"""Databases: a table, or the answer to a query, of PostgreSQL, MariaDB, MySQL or SQLite."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from journeylab.errors import DataError, StudyError, listing
from journeylab.readers.account import Account
from journeylab.readers.columns import rows_where
from journeylab.readers.databases import check_query, check_variable, fetch
from journeylab.readers.events.tabular import EventOptions, long_events
from journeylab.readers.files import RawTable
from journeylab.readers.ledger import Ledger, examples
from journeylab.readers.times import NoTimesError
from journeylab.tables import validate
from journeylab.text import count


@dataclasses.dataclass(frozen=True, kw_only=True)
class SqlOptions:
    """Options of databases; those from `columns` on are as of tables, see `journeylab.readers.events.tabular`.

    Attributes
    ----------
    database : str
        The environment variable that holds the address, such as ``postgresql://user:password@host/database``. Never the
        address itself: it may hold a password.
    table, query : str
        One of the two: a table (``orders``, ``shop.orders``), or a query that only reads (SELECT, WITH).
    """

    database: str = ""
    table: str | None = None
    query: str | None = None
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    touchpoint: str | None = None
    channel: str | None = None
    device: str | None = None
    decimal: str = "."
    date_format: str | None = None
    day_first: bool | None = None
    timezone: str | None = None
    mixed_zones: str | None = None
    where: str | None = None
    keep: Sequence[str] | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        check_variable(self.database)
        for name in ("table", "query"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, str) and value.strip()):
                raise StudyError(f"option {name}: found {value!r}, expected text.")
        if (self.table is None) == (self.query is None):
            raise StudyError("format sql: give either 'table' or 'query'.")
        if self.table is not None and not all(self.table.split(".")):
            raise StudyError(f"option table: found {self.table!r}, expected a name such as 'orders' or 'shop.orders'.")
        if self.query is not None:
            check_query(self.query)
        self.of_table()

    def of_table(self) -> EventOptions:
        """The options that are those of tables."""
        own = ("database", "table", "query")
        fields = [field.name for field in dataclasses.fields(self) if field.name not in own]
        return EventOptions(**{name: getattr(self, name) for name in fields})


OPTIONS = SqlOptions


def place(options: SqlOptions) -> Path:
    """What is read, as reports and messages name it: ``$SHOP_DATABASE table orders``."""
    return Path(f"${options.database} {'query' if options.table is None else f'table {options.table}'}")


def portions(path: Path, options: SqlOptions, account: Account) -> Iterator[pd.DataFrame]:
    """Yield contract tables of events.

    Notes
    -----
    Customer, time and touchpoint are the columns that `columns` names, else those called as in the contract; the session
    is a column ``session_id``. Times that the database stores with a zone (timestamptz, MySQL's TIMESTAMP) keep it, the
    others are in `timezone`. Bytes are read as hexadecimal, lists and records are left out. The rows come in no order
    but that of the query. They are converted a portion at a time and repetitions are not looked for; SELECT DISTINCT
    drops them.
    """
    wanted = options.of_table()
    query = None if options.query is None else check_query(options.query)
    said: dict[str, tuple[str, int]] = {}
    kept = 0
    with contextlib.closing(fetch(options.database, str(path), table=options.table, query=query)) as frames:
        for frame in frames:
            account.read(len(frame))
            if frame.attrs["left out"]:
                account.note(f"columns that hold lists or records were left out: {listing(frame.attrs['left out'])}")
            ledger = Portion(RawTable(path, frame, len(frame)), source=options.source, format="sql", table="events")
            try:
                events = long_events(ledger, rows_where(ledger, wanted), wanted)
            except NoTimesError:
                if not kept:
                    raise
                column = wanted.columns.get("event_time", "event_time")
                account.lose(f"with a {column} that is no time", examples(frame.index)[0], n=len(frame))
                continue
            ledger.hand_to(account, said)
            if len(events):
                kept += len(events)
                validate(events, "events", str(path))
                yield events.reset_index(drop=True)
    for note, again in said.values():
        account.note(f"{note}; the like of {count(again)} more portions of rows" if again else note)
    if not account.n_read:
        raise DataError(f"{path}: has no rows; is it the right {'query' if options.table is None else 'table'}?")


class Portion(Ledger):
    """The bookkeeping of one portion, which ends in the books of the whole import."""

    def __init__(self, raw: RawTable, *, source: str | None, format: str, table: str) -> None:
        super().__init__(raw, source=source, format=format, table=table)
        self.cells: list[tuple[str, int, str]] = []

    def note_cells(self, cells: pd.Series, text: str) -> None:
        """Keep cells that could not be used, so that they are counted over all portions."""
        if len(cells):
            self.cells.append((text, len(cells), examples(cells.index, cells)[0]))

    def hand_to(self, account: Account, said: dict[str, tuple[str, int]]) -> None:
        """Write losses and cells into the books; of notes that differ in their numbers only, count all but the first."""
        for loss in self.losses:
            for example in loss.examples:
                account.lose(loss.reason, example)
            account.lose(loss.reason, n=loss.n - len(loss.examples))
        for text, n, example in self.cells:
            account.see(text, example, n=n)
        for note in self.notes:
            kind = re.sub(r"\d+(?:[^\w ]\d+)*", "0", note)
            said[kind] = (said[kind][0], said[kind][1] + 1) if kind in said else (note, 0)
