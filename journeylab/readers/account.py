"""Exports of other systems: their options, and the books of an import that never holds the whole file.

A reader of an export is a module with ``OPTIONS`` (`ExportOptions` or a subclass) and a generator
``records(path, options, account)`` that yields one dictionary an event and tells the account what it read and lost; or,
where the records come in tables anyway, a generator ``portions`` of the same kind that yields contract tables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from journeylab import identity
from journeylab.contracts import TABLES
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.cells import shorten, text_of
from journeylab.readers.options import check_timezone
from journeylab.tables import ImportReport, Loss
from journeylab.text import count as counted

PORTION = 50_000
"""Events that are turned into a table at a time."""

MOST_EXAMPLES = 3

MOST_IN_VAIN = 1_000_000
"""An export of which so many records were read and not one could be used is another file, or a bomb."""

NO_EVENTS = "that identify a person, not an event"
"""The one loss that may come so often before the first event: a warehouse sorts by kind."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Options of every export.

    Attributes
    ----------
    source : str, optional
        The name of the source in reports.
    timezone : str, optional
        The zone of times written without one; what the system's documentation says where not given.
    pages : str
        What a page view is called: "path" (``/cart``), "event" (the event's name) or "title".
    customer : str, optional
        Which id of the export is the customer: "login", "visitor", or where not said the login, else the visitor.
    """

    source: str | None = None
    timezone: str | None = None
    pages: str = "path"
    customer: str | None = None

    def __post_init__(self) -> None:
        for name, allowed in {"pages": ("path", "event", "title"), "customer": (None, "login", "visitor")}.items():
            value = getattr(self, name)
            if value not in allowed:
                words = [word for word in allowed if word]
                raise StudyError(
                    f"option {name}: found {value!r}, allowed: {listing(words)}.{did_you_mean(str(value), words)}"
                )
        if self.timezone is not None:
            check_timezone(self.timezone)

    def choose(self, login: Any, visitor: Any) -> str:
        """The customer's id out of the two that an export may hold; empty where the wanted one is missing."""
        login, visitor = text_of(login), text_of(visitor)
        if login.lower() in identity.PLACEHOLDERS and visitor and self.customer is None:
            login = ""
        if self.customer == "login":
            return login
        return visitor if self.customer == "visitor" else login or visitor


class Account:
    """The books of one import: what was read, what was lost and why, and what a reader should know."""

    def __init__(self, path: Path, source: str | None, format: str) -> None:
        self.path = path
        self.source = source or path.name
        self.format = format
        self.n_read = self._n_lost = 0
        self._lost: dict[str, tuple[int, list[str]]] = {}
        self._seen: dict[str, tuple[int, list[str]]] = {}
        self._notes: list[str] = []

    def read(self, n: int = 1) -> None:
        """Count records that were found; each is then yielded, or lost."""
        self.n_read += n

    def lose(self, reason: str, place: str = "", found: object = None, n: int = 1) -> None:
        """Count records that are left out; `place` and what was found there are kept of the first few."""
        self._count(self._lost, reason, place, found, n)
        self._n_lost += n
        if self.n_read == self._n_lost >= MOST_IN_VAIN and NO_EVENTS not in self._lost:
            self.close(0)

    def see(self, what: str, place: str = "", found: object = None, n: int = 1) -> None:
        """Count something worth a note that loses no record."""
        self._count(self._seen, what, place, found, n)

    def note(self, text: str) -> None:
        """Write down something once."""
        if text not in self._notes:
            self._notes.append(text)

    def close(self, n_kept: int) -> ImportReport:
        """Close the books.

        Raises
        ------
        DataError
            When nothing is left: the message says why.
        """
        if n_kept == 0:
            why = "; ".join(
                f"{counted(loss.n)} {loss.reason}" + (f" ({', '.join(loss.examples)})" if loss.examples else "")
                for loss in self._losses()
            )
            raise DataError(
                f"{self.path}: holds no event that can be read as '{self.format}'" + (f": {why}." if why else ".")
                + " Is it another format? Formats are listed in docs/readers.md."
            )  # fmt: skip
        return self.report(n_kept, "events")

    def report(self, n_kept: int, table: str) -> ImportReport:
        """Close the books of a file that may rightly hold none of the rows it is counted in."""
        seen = [f"{counted(n)} {what}{f', such as {examples[0]}' if examples else ''}" for what, (n, examples) in
                self._seen.items()]  # fmt: skip
        return ImportReport(
            self.source, str(self.path), self.format, table, self.n_read, n_kept, self._losses(), (*self._notes, *seen)
        )

    def _losses(self) -> tuple[Loss, ...]:
        return tuple(Loss(reason, n, tuple(examples)) for reason, (n, examples) in self._lost.items())

    @staticmethod
    def _count(into: dict[str, tuple[int, list[str]]], what: str, place: str, found: object, n: int) -> None:
        count, examples = into.get(what, (0, []))
        if place and len(examples) < MOST_EXAMPLES:
            shown = shorten(found)
            examples.append(f"{place} ({shown})" if shown else place)
        into[what] = (count + n, examples)


def batches(module: ModuleType, path: str | Path, options: Any, account: Account) -> Iterator[pd.DataFrame]:
    """Read an export as contract tables of at most `PORTION` events; those with an id such as 'null' are lost."""
    for frame in _tables(module, path, options, account):
        kept = _somebody(frame, account)
        if len(kept):
            yield kept


def _somebody(frame: pd.DataFrame, account: Account) -> pd.DataFrame:
    """The events whose customer is somebody; of the two ids that may be stitched, placeholders are emptied."""
    for name in ("visitor_id", "login_id"):
        if name in frame:
            frame = frame.assign(**{name: frame[name].mask(identity.placeholders(frame[name]))})
    nobody = identity.placeholders(frame["customer_id"])
    for value, n in frame["customer_id"][nobody].value_counts().items():
        account.lose(identity.reason("customer_id", str(value)), n=int(n))
    return frame[~nobody].reset_index(drop=True) if nobody.any() else frame


def _tables(module: ModuleType, path: str | Path, options: Any, account: Account) -> Iterator[pd.DataFrame]:
    if hasattr(module, "portions"):
        yield from module.portions(Path(path), options, account)
        return
    portion: list[dict[str, Any]] = []
    for event in module.records(Path(path), options, account):
        portion.append(event)
        if len(portion) == PORTION:
            yield to_table(portion)
            portion = []
    if portion:
        yield to_table(portion)


def to_table(events: list[dict[str, Any]]) -> pd.DataFrame:
    """Make a contract table of events; ``event_time`` is in microseconds since 1970."""
    names = list(dict.fromkeys(name for event in events for name in event))
    if "order" in names and all(event.get("order") is None for event in events):
        names.remove("order")
    contract = [name for name in TABLES["events"].names if name in names]
    columns: dict[str, Any] = {}
    for name in contract + [name for name in names if name not in contract]:
        cells = [event.get(name) for event in events]
        if name == "event_time":
            columns[name] = pd.Series(np.array(cells, dtype="datetime64[us]")).dt.tz_localize("UTC")
        elif name == "value":
            columns[name] = pd.array([np.nan if cell is None else cell for cell in cells], dtype="float64")
        elif name == "order":
            columns[name] = pd.array([0 if cell is None else cell for cell in cells], dtype="int64")
        else:
            columns[name] = pd.array([cell if cell != "" else None for cell in cells], dtype="str")
    return pd.DataFrame(columns)


def read_export(module: ModuleType, path: str | Path, options: Any, format: str) -> tuple[pd.DataFrame, ImportReport]:
    """Read a whole export into one contract table."""
    account = Account(Path(path), options.source, format)
    parts = list(batches(module, path, options, account))
    report = account.close(sum(len(part) for part in parts))
    return pd.concat(parts, ignore_index=True), report
