"""The contract tables: which columns each has, what may stand in them, and the report of an import."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from journeylab.contracts import KINDS, TABLES, Column
from journeylab.errors import DataError, ReportError, did_you_mean, listing, readable
from journeylab.text import count

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema

MOST_PROBLEMS = 20
"""So many mistakes of one table are written out; the rest is counted."""


@dataclasses.dataclass(frozen=True)
class Loss:
    """Rows that an import left out, for one reason.

    Attributes
    ----------
    reason : str
    n : int
        How many rows.
    examples : tuple of str
        The first of them, with row numbers as a spreadsheet shows them (the header is row 1).
    """

    reason: str
    n: int
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", readable(self.reason))
        object.__setattr__(self, "examples", tuple(map(readable, self.examples)))


@dataclasses.dataclass(frozen=True)
class ImportReport:
    """What became of one file: kept + dropped = read, always.

    Attributes
    ----------
    source : str
        The name of the source in the study.
    path : str
        The file.
    format : str
        The format it was read as.
    table : str
        The contract table it became.
    n_read, n_kept : int
        Rows of the file (without header and blank lines), and how many of them were used.
    dropped : tuple of Loss
    notes : tuple of str
        Dialect found, conversions made, and what was lost that is not a row.

    Raises
    ------
    ReportError
        When the numbers do not add up.
    """

    source: str
    path: str
    format: str
    table: str
    n_read: int
    n_kept: int
    dropped: tuple[Loss, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(map(readable, self.notes)))
        self.check()

    @property
    def n_dropped(self) -> int:
        """Rows that were left out."""
        return sum(loss.n for loss in self.dropped)

    def check(self) -> None:
        """Hold kept + dropped against read.

        Raises
        ------
        ReportError
            When a row is missing or counted twice.
        """
        if self.n_kept + self.n_dropped != self.n_read:
            raise ReportError(
                f"{self.path}: {count(self.n_read)} rows were read, but {count(self.n_kept)} kept and {count(self.n_dropped)} "
                "dropped do not add up to that; the reader lost count."
            )

    def to_frame(self) -> pd.DataFrame:
        """Return one row an outcome: source, file, table, what, n, share, detail."""
        lines: list[tuple[str, int | None, str]] = [("read", self.n_read, ""), ("kept", self.n_kept, "")]
        lines += [(f"dropped: {loss.reason}", loss.n, "; ".join(loss.examples)) for loss in self.dropped]
        lines += [("note", None, note) for note in self.notes]
        return pd.DataFrame(
            {
                "source": self.source,
                "file": self.path.replace("\\", "/").rsplit("/", 1)[-1],
                "table": self.table,
                "what": pd.Series([what for what, _, _ in lines], dtype="str"),
                "n": pd.Series([n for _, n, _ in lines], dtype="Int64"),
                "share": [n / self.n_read if n is not None and self.n_read else float("nan") for _, n, _ in lines],
                "detail": pd.Series([detail for _, _, detail in lines], dtype="str"),
            }
        )

    def summary(self) -> str:
        """Say in one sentence how many rows were read, kept and dropped, and why."""
        if not self.n_dropped:
            return f"{self.source}: all {count(self.n_read)} rows were kept."
        reasons = "; ".join(
            f"{count(loss.n)} {loss.reason}" + (f" (such as {', '.join(loss.examples[:2])})" if loss.examples else "")
            for loss in self.dropped
        )
        return f"{self.source}: {count(self.n_kept)} of {count(self.n_read)} rows were kept; dropped: {reasons}."


@dataclasses.dataclass(frozen=True)
class Problem:
    """One mistake in a table: where it stands, what was found and what is allowed."""

    row: int | None
    column: str
    message: str

    def line(self, source: str, unit: str = "row") -> str:
        """Write the mistake with its place."""
        where = f"{unit} {self.row}, column {self.column}" if self.row is not None else f"column {self.column}"
        return f"{source}: {where}: {self.message}"


def validate(frame: pd.DataFrame, table_name: str, source: str) -> pd.DataFrame:
    """Hold a frame against its contract.

    Parameters
    ----------
    frame : DataFrame
        Where its index is called ``row``, it holds the rows of the file, and messages name them; otherwise
        messages count records from 1.
    table_name : str
        One of `journeylab.contracts.TABLES`.
    source : str
        What the messages call the table, such as the path of its file.

    Returns
    -------
    DataFrame
        The same frame, unchanged.

    Raises
    ------
    DataError
        With every mistake (up to 20, then how many more): file, row, column, what was found, what is allowed.
    """
    raise_problems(find_problems(frame, table_name), source, "row" if frame.index.name == "row" else "record")
    return frame


def raise_problems(problems: list[Problem], source: str, unit: str = "row") -> None:
    """Raise all mistakes as one DataError, a line each; do nothing where there is none."""
    if not problems:
        return
    ordered = sorted(problems, key=lambda problem: (problem.row is not None, problem.row or 0))
    lines = [problem.line(source, unit) for problem in ordered[:MOST_PROBLEMS]]
    if len(ordered) > MOST_PROBLEMS:
        lines.append(f"{source}: and {count(len(ordered) - MOST_PROBLEMS)} more mistakes.")
    raise DataError("\n".join(lines))


def find_problems(frame: pd.DataFrame, table_name: str) -> list[Problem]:
    """Find every breach of a table's contract; see `validate`."""
    if table_name not in TABLES:
        raise DataError(
            f"there is no contract table '{table_name}'; there are {listing(TABLES, 20)}."
            + did_you_mean(table_name, TABLES)
        )
    table = TABLES[table_name]
    problems = []
    if table.one_of and not any(name in frame for name in table.one_of):
        problems.append(Problem(None, table.one_of[0], f"is missing; the table needs {' or '.join(table.one_of)}."))
    pa = _pandera()
    try:
        _schema(table.columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        names = {column.name: column for column in table.columns}
        labels = frame.index if frame.index.name == "row" else pd.RangeIndex(1, len(frame) + 1)
        places = dict(zip(frame.index, labels, strict=True))
        for case in errors.failure_cases.itertuples(index=False):
            if case.check == "column_in_dataframe":
                problems.append(_missing(str(case.failure_case), frame.columns))
            else:
                row = None if pd.isna(case.index) else int(places[case.index])
                problems.append(_explain(row, names[str(case.column)], str(case.check), case.failure_case, frame))
    return problems


def _pandera() -> Any:
    """Import pandera; where Spark is installed it imports that too, which warns of this pandas."""
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    import pandera.pandas

    return pandera.pandas


def _schema(columns: Iterable[Column]) -> DataFrameSchema:
    """The pandera schema of a contract; extra columns are allowed."""
    pa = _pandera()
    built = {}
    for column in columns:
        checks: list[Any] = [pa.Check(KINDS[column.kind].holds, name="kind", raise_warning=False)]
        if column.low is not None:
            checks.append(pa.Check.in_range(column.low, column.high, name="range"))
        built[column.name] = pa.Column(
            None, checks=checks, nullable=not column.filled, required=column.required, unique=column.unique
        )
    return pa.DataFrameSchema(built)


def _missing(name: str, present: Iterable[str]) -> Problem:
    """A required column that is not there."""
    names = [str(column) for column in present]
    return Problem(None, name, f"is missing; there are {listing(names, 20)}.{did_you_mean(name, names)}")


def _explain(row: int | None, column: Column, check: str, found: object, frame: pd.DataFrame) -> Problem:
    """One failed check in words."""
    if check == "not_nullable":
        text = f"is empty; {column.name} needs {KINDS[column.kind].words} in every row."
    elif check == "field_uniqueness":
        text = f"found {found!r} again; each {column.name} stands once. Remove or rename the repetition."
    elif check == "range" or check.startswith("in_range"):
        text = f"found {found}; allowed are numbers from {column.low:g} to {column.high:g}."
    else:
        text = f"holds {frame[column.name].dtype}; it needs {KINDS[column.kind].words}."
    return Problem(row, column.name, text)
