"""Plain tables: customers, participants, crosswalk, assignments, changes, the interview guide, documents, the codebook."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from journeylab import identity
from journeylab.contracts import KINDS, TABLES, Column
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.columns import Mapped, convert, map_columns, select_rows
from journeylab.readers.files import read_file
from journeylab.readers.ledger import Ledger, shorten
from journeylab.readers.options import TableOptions
from journeylab.readers.times import ISO, parse_times
from journeylab.readers.values import FLAGS, known_text, settle
from journeylab.tables import ImportReport, Problem, find_problems, raise_problems

PLAIN = ("customers", "participants", "crosswalk", "screener", "assignments", "changes", "asked", "documents")
EXPORTED = ("customers", "assignments")
"""Tables that systems export: rows without an id or a time are left out and counted. The others are written by
hand: there every mistake is named, to be mended."""

MADE = {"documents": ("source_file", "name"), "crosswalk": ("link_method",)}
"""Required columns that are filled in where a file does not have them."""

ATTRIBUTES = ("customers", "participants", "screener")
"""Tables whose extra columns are attributes, which get the type of their cells and may be renamed."""


def read_plain(
    path: str | Path, table: str, options: TableOptions, *, roles: Sequence[Column] | None = None
) -> tuple[pd.DataFrame, ImportReport]:
    """Read a contract table from a file that has a row a record.

    Parameters
    ----------
    path : str or Path
    table : str
        The contract.
    options : TableOptions
    roles : sequence of Column, optional
        What to look for, where it is not exactly the contract; then the result is not held against the contract.

    Returns
    -------
    frame : DataFrame
        Its index ``row`` holds the rows of the file.
    report : ImportReport

    Raises
    ------
    DataError
        With every mistake: row, column, what was found, what is allowed.
    """
    contract = TABLES[table]
    raw = read_file(path, options)
    ledger = Ledger(raw, source=options.source, format="tabular", table=table)
    made = MADE.get(table, ()) if roles is None else ()
    given = tuple(name for name in made if name not in options.columns and name not in raw.frame.columns)
    columns = list(roles or contract.columns)
    mapped = map_columns(raw, columns, options, given=given, free_names=table in ATTRIBUTES)
    frame = select_rows(ledger, options)
    if table == "crosswalk" and "customer_id" in mapped:
        frame = _unlinked(frame, mapped.named["customer_id"], ledger)
    values, problems = _convert_all(frame, columns, mapped, ledger, options)
    if table in EXPORTED:
        required = {column.name: column for column in columns if column.required and column.filled}
        for name in required:
            text = frame[mapped.named[name]]
            bad = values[name].isna().to_numpy() & (text.str.strip() != "").to_numpy()
            label = name if text.name == name else f"{name} ({text.name})"
            frame = ledger.drop(
                frame, bad, f"with a {label} that is not {KINDS[required[name].kind].words}", str(text.name)
            )
            values = values.loc[frame.index]
            empty = values[name].isna()
            frame = ledger.drop(frame, empty, f"without {label}")
            values = values.loc[frame.index]
        frame = ledger.drop_placeholders(frame, mapped.named["customer_id"], "customer_id")
        values = values.loc[frame.index]
        problems = [problem for problem in problems if problem.column not in required]
    if roles is None:
        if table == "documents":
            values = _complete_documents(values, raw.path)
        if table == "crosswalk" and "link_method" not in values:
            values.insert(2, "link_method", "not said")
        named = {(problem.row, problem.column) for problem in problems}
        problems += [p for p in find_problems(values, table) if (p.row, p.column) not in named]
    raise_problems(problems, ledger.path)
    return values, ledger.close(len(values))


def read_table(path: str | Path, table: str, options: TableOptions) -> tuple[pd.DataFrame, ImportReport]:
    """Read one plain contract table; see `journeylab.readers.read_table`."""
    if table not in PLAIN:
        raise DataError(f"there is no plain table '{table}'; there are {listing(PLAIN)}.{did_you_mean(table, PLAIN)}")
    frame, report = read_plain(path, table, options)
    return frame.reset_index(drop=True), report


def _convert_all(
    frame: pd.DataFrame, columns: Sequence[Column], mapped: Mapped, ledger: Ledger, options: TableOptions
) -> tuple[pd.DataFrame, list[Problem]]:
    """Convert every role, and name every cell that does not fit."""
    values: dict[str, pd.Series] = {}
    problems = []
    for column in columns:
        if column.name not in mapped:
            continue
        text = frame[mapped.named[column.name]]
        if column.name == "text":
            values["text"] = text.where(text.str.strip() != "")  # positions of codings count every sign
            continue
        converted, bad = convert(text, column, ledger, options)
        allowed = {"flag": FLAGS, "time": "a time such as 2025-01-31T14:05:00Z"}.get(
            column.kind, KINDS[column.kind].words
        )
        problems += [
            Problem(int(row), column.name, f"found {shorten(value)}; allowed is {allowed}.")
            for row, value in text[bad].items()
        ]
        if column.kind == "flag" and not converted.isna().any():
            converted = converted.astype("bool")
        values[column.name] = converted
    for name in mapped.extra:
        values[name] = _attribute(frame[name], ledger, options)
    for name, source in mapped.named.items():
        if name not in values:
            values[name] = _attribute(frame[source], ledger, options)
    return pd.DataFrame(values, index=frame.index), problems


def _attribute(text: pd.Series, ledger: Ledger, options: TableOptions) -> pd.Series:
    """An attribute with the type that all of its filled cells have."""
    filled = text.str.strip()
    filled = filled[filled != ""]
    if len(filled) and filled.str.match(ISO).all():
        lenient = dataclasses.replace(
            options, date_format=None, mixed_zones="study", timezone=options.timezone or "UTC"
        )
        try:
            times = parse_times(text, lenient, column=str(text.name), path=ledger.path)
        except DataError:  # such as 2025-13-45 throughout: written like times, but none
            return known_text(text)
        if not times.bad.any():
            return times.values
    return settle(text)


def _unlinked(frame: pd.DataFrame, column: str, ledger: Ledger) -> pd.DataFrame:
    """Empty the ids of people who have none, such as 'n/a': else they would all be one customer."""
    nobody = identity.placeholders(frame[column])
    ledger.note_cells(frame[column][nobody], f"cells of '{column}' stand for no id and were left empty")
    return frame.assign(**{column: frame[column].mask(nobody, "")})


def _complete_documents(values: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Documents have a name and a file, if only their id and the table they stand in."""
    if "name" not in values:
        values.insert(len(values.columns), "name", values["document_id"])
    if "source_file" not in values:
        values = values.assign(source_file=pd.Series(path.name, index=values.index, dtype="str"))
    order = [name for name in TABLES["documents"].names if name in values]
    return values[order + [name for name in values if name not in order]]
