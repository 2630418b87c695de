"""Row-level work, written once in the PySpark DataFrame API: DuckDB does it in this process, Spark on a cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.journeys.plain_names import plain_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Source: TypeAlias = "pd.DataFrame | str | Sequence[Part]"
NEEDED = ("customer_id", "event_time", "touchpoint")
PLACE = "journeylab_place"
"""The column that tells the place of a row in its table or file: what decides between equal times."""
PART = 2**44
"""More rows than a file has: places of different files do not meet."""
NUMBERS = itertools.count(1)
BATCH = 1 << 18
"""Rows that are fetched at a time."""
MEMORY = "JOURNEYLAB_MEMORY"
"""The environment variable that says how many megabytes DuckDB may always use; a run sets it, as its notebooks share a machine."""
LEAST_MEMORY = 1000
SWELLS = 2
"""Megabytes that DuckDB may use for Parquet files, and as a multiple of their size where that is more; it spills the rest."""


@dataclasses.dataclass(frozen=True)
class Part:
    """A Parquet file of events from one source.

    Attributes
    ----------
    path, source : str
    columns : mapping of str to str
        Name in the contract to name in the file, where they differ.
    newest_first : bool
        Whether the file lists the newest event first, so that equal times are read from its end.
    """

    path: str
    source: str
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    newest_first: bool = False


@dataclasses.dataclass(frozen=True)
class Opened:
    """Events as a table of an engine.

    Attributes
    ----------
    table : engine DataFrame
    F, Window
        The functions module and Window class of the engine.
    keep : callable
        Computes an engine DataFrame once, for several uses, and returns it.
    fetch : callable
        Runs an engine DataFrame and returns its rows as an Arrow table.
    stream : callable
        The same, batch by batch, so that the whole is never held.
    ties : tuple of str
        The columns that decide between equal times.
    small : callable
        Makes an engine DataFrame of a small pandas one.
    hashed : callable
        A column's 64-bit hash, in the engine's own way.
    """

    table: Any
    F: Any
    Window: Any
    keep: Callable[[Any], Any]
    fetch: Callable[[Any], pa.Table]
    stream: Callable[[Any], Iterable[pa.RecordBatch]]
    ties: tuple[str, ...]
    small: Callable[[pd.DataFrame], Any]
    hashed: Callable[[Any], Any]


@contextlib.contextmanager
def open_table(events: Source, engine: str = "duckdb") -> Iterator[Opened]:
    """Open events as a table of an engine, for as long as the block lasts.

    Parameters
    ----------
    events : DataFrame, str or sequence of Part
        Contract events, the path of a Parquet or CSV file with contract columns, or several Parquet files.
    engine : str
        ``duckdb``, which SQLFrame drives in this process; ``spark://local[2]`` for Spark in this process, or the address
        of a cluster such as ``spark://host:7077`` or ``sc://host:15002`` (Spark Connect).

    Yields
    ------
    Opened

    Raises
    ------
    StudyError
        For an engine that is not there.
    """
    if engine == "duckdb":
        with _open_duckdb(events) as opened:
            yield opened
    elif engine.startswith(("spark://", "sc://")):
        from journeylab.journeys.spark import open_spark

        with open_spark(events, engine) as opened:
            yield opened
    else:
        raise StudyError(
            f"engine '{engine}' is not known; there are 'duckdb', and Spark: 'spark://local[2]' in this process, "
            f"'spark://host:7077' or 'sc://host:15002' on a cluster.{did_you_mean(engine, ['duckdb', 'spark://local[2]'])}"
        )


@contextlib.contextmanager
def _open_duckdb(events: Source) -> Iterator[Opened]:
    """Open events in DuckDB.

    SQLFrame has one session a process and remembers the columns of a table by its name, so every table gets a name of its
    own on the one connection.
    """
    from sqlframe.duckdb import DuckDBSession, Window
    from sqlframe.duckdb import functions as F

    session = DuckDBSession()
    connection = session._conn
    connection.execute("SET TimeZone = 'UTC'")
    _bound(connection, events)
    name = f"journeylab_events_{next(NUMBERS)}"
    kept: list[str] = []
    frames: list[str] = []

    def frame_view(view: str, frame: pd.DataFrame, columns: str) -> None:
        frames.append(f"{view}_frame")
        connection.register(frames[-1], frame)
        connection.execute(f"CREATE VIEW {view} AS SELECT {columns} FROM {frames[-1]}")

    if isinstance(events, str):
        path = _text_literal(events)
        parquet = events.endswith((".parquet", ".pq"))
        file = f"read_parquet({path}, file_row_number = true)" if parquet else f"read_csv_auto({path})"
        names = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {file}").fetchall()]
        columns = _aliased(name for name in names if not parquet or name != "file_row_number")
        place = "file_row_number" if parquet else "row_number() OVER ()"
        connection.execute(f"CREATE VIEW {name} AS SELECT {columns}, {place} AS {PLACE} FROM {file}")
    elif isinstance(events, Sequence):
        parts = " UNION ALL BY NAME ".join(_part_query(number, part) for number, part in enumerate(events))
        connection.execute(f"CREATE VIEW {name} AS {parts}")
    else:
        frame_view(name, events, _aliased(events.columns))

    def query(table: Any) -> str:
        return str(table.sql(dialect="duckdb", pretty=False, optimize=False))

    def keep(table: Any) -> Any:
        kept.append(f"{name}_kept_{len(kept)}")
        connection.execute(f"CREATE TABLE {kept[-1]} AS {query(table)}")
        return session.table(kept[-1])

    def fetch(table: Any) -> pa.Table:
        return connection.sql(query(table)).to_arrow_table()

    def stream(table: Any) -> Iterator[pa.RecordBatch]:
        return iter(connection.sql(query(table)).to_arrow_reader(BATCH))

    def small(frame: pd.DataFrame) -> Any:
        view = f"{name}_small_{len(frames)}"
        frame_view(view, frame, ", ".join(map(_quoted, frame.columns)))
        return session.table(view)

    try:
        table = session.table(name)
        yield Opened(table, F, Window, keep, fetch, stream, ties_of(events, table.columns), small, F.hash)
    finally:
        for table in kept:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        for frame in frames:
            connection.execute(f"DROP VIEW IF EXISTS {frame.removesuffix('_frame')}")
            connection.unregister(frame)
        connection.execute(f"DROP VIEW IF EXISTS {name}")


def _bound(connection: Any, events: Source) -> None:
    """Let files be worked on in memory of about their own size, and the rest on disk: it is hardly slower.

    A Parquet file is some times smaller than what is read of it.
    """
    paths = paths_of(events)
    if not paths or not all(path.endswith((".parquet", ".pq")) for path in paths):
        connection.execute("RESET memory_limit")
        return
    if not _SPILL:
        _SPILL.append(tempfile.TemporaryDirectory(prefix="journeylab-"))
        connection.execute(f"SET temp_directory = {_text_literal(_SPILL[0].name)}")
    size = sum(os.path.getsize(path) for path in paths)
    least = int(os.environ.get(MEMORY, LEAST_MEMORY))
    connection.execute(f"SET memory_limit = '{max(least, SWELLS * size // 10**6)}MB'")


_SPILL: list[tempfile.TemporaryDirectory[str]] = []


def paths_of(events: Source) -> list[str]:
    """The files that events are read from; none for a table in memory."""
    if isinstance(events, str):
        return [events]
    return [part.path for part in events] if isinstance(events, (list, tuple)) else []


def ties_of(events: Source, columns: Sequence[str]) -> tuple[str, ...]:
    """Which columns decide between equal times; in one file without an order of its own the place is all there is."""
    if isinstance(events, (list, tuple)) and len(events) == 1:
        import pyarrow.parquet as pq

        if "order" not in events[0].columns and "order" not in pq.read_schema(events[0].path).names:
            return (PLACE,)
    return tuple(name for name in ("order", PLACE) if name in columns)


def _quoted(name: object) -> str:
    return '"' + str(name).replace('"', '""') + '"'


def _aliased(names: Iterable[object]) -> str:
    """The columns of a table in a query, under names that are never read as SQL."""
    return ", ".join(f"{_quoted(name)} AS {_quoted(plain)}" for name, plain in plain_names(map(str, names)).items())


def _text_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _part_query(number: int, part: Part) -> str:
    """SQL that reads a part; every row knows its place, in its own file and among all."""
    import pyarrow.parquet as pq

    names = pq.read_schema(part.path).names
    theirs = plain_names([*part.columns, "source", PLACE, *names]) | {
        theirs: ours for ours, theirs in part.columns.items()
    }
    named = set(part.columns.values())
    columns = [
        f"{_quoted(name)} AS {_quoted(theirs[name])}"
        for name in names
        if name in named or (name not in part.columns and name not in ("source", "file_row_number"))
    ]
    place = "-file_row_number" if part.newest_first else "file_row_number"
    if "order" not in names and "order" not in part.columns:
        columns.append(f'{place} AS "order"')
    return (
        f"SELECT {', '.join(columns)}, {_text_literal(part.source)} AS source, {number * PART} + {place} AS {PLACE} "
        f"FROM read_parquet({_text_literal(part.path)}, file_row_number = true)"
    )


def clean(opened: Opened) -> tuple[Any, Any, list[str]]:
    """Drop rows that no journey can hold; nothing is run yet.

    Returns
    -------
    tuple
        The events with customer_id and touchpoint as text, time in microseconds, and order, place and session_id where
        there are; a table of counts (n_read, no_customer, no_time, no_touchpoint); the columns of the events.

    Raises
    ------
    DataError
        When a needed column is missing.
    """
    F, columns = opened.F, list(opened.table.columns)
    for name in NEEDED:
        if name not in columns:
            known = [column for column in columns if column != PLACE]
            raise DataError(
                f"events: has no column '{name}'; there are {listing(known, 20)}.{did_you_mean(name, known)}"
            )
    customer, time, touchpoint = (F.col(name) for name in NEEDED)
    losses = {
        "no_customer": customer.isNull(),
        "no_time": customer.isNotNull() & time.isNull(),
        "no_touchpoint": customer.isNotNull() & time.isNotNull() & touchpoint.isNull(),
    }
    counts = opened.table.agg(
        F.count(F.lit(1)).alias("n_read"),
        *(F.sum(F.when(lost, 1).otherwise(0)).alias(name) for name, lost in losses.items()),
    )
    kinds = {field.name: field.dataType.simpleString() for field in opened.table.schema}
    stamp = time if kinds["event_time"].startswith("timestamp") else time.cast("timestamp")
    used = [
        _text(customer, kinds["customer_id"]).alias("customer_id"),
        F.unix_micros(stamp).alias("time"),
        _text(touchpoint, kinds["touchpoint"]).alias("touchpoint"),
        *(F.col(name) for name in ("order", PLACE) if name in columns),
    ]
    if "session_id" in columns:
        used.append(_text(F.col("session_id"), kinds["session_id"]).alias("session_id"))
    kept = opened.table.where(customer.isNotNull() & time.isNotNull() & touchpoint.isNotNull()).select(*used)
    return kept, counts, columns


def _text(column: Any, kind: str) -> Any:
    """A column as text."""
    return column if kind == "string" or kind.startswith("varchar") else column.cast("string")


def numbered(opened: Opened, table: Any, column: str, code: str) -> Any:
    """The distinct values of a column, sorted and numbered from 0."""
    F = opened.F
    place = F.row_number().over(opened.Window.orderBy(column)) - F.lit(1)
    return table.select(column).distinct().select(column, place.cast("int").alias(code))
