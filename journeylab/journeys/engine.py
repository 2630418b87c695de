"""Row-level preparation, written once in the PySpark DataFrame API: clean, sessionise, sort."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from journeylab.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NUMBERS = itertools.count(1)


@contextlib.contextmanager
def open_table(events: pd.DataFrame | str, engine: str = "duckdb") -> Iterator[tuple[Any, Any, Any]]:
    """Open events as a table of an engine, for as long as the block lasts.

    Parameters
    ----------
    events : DataFrame or str
        Contract events, or the path of a Parquet or CSV file with contract columns.
    engine : str
        ``duckdb``, which SQLFrame drives in this process.

    Yields
    ------
    tuple
        The engine's DataFrame, its functions, and its Window, for `prepare`.

    Raises
    ------
    StudyError
        For an engine that is not there.

    Notes
    -----
    SQLFrame has one session a process and remembers the columns of a table by its name: a connection given to a second
    session is ignored. So every table gets a name of its own on the one connection.
    """
    if engine != "duckdb":
        raise StudyError(f"engine '{engine}' is not one of this version; the one there is: 'duckdb'.")
    from sqlframe.duckdb import DuckDBSession, Window
    from sqlframe.duckdb import functions as F

    session = DuckDBSession()
    connection = session._conn
    connection.execute("SET TimeZone = 'UTC'")
    name = f"journeylab_events_{next(NUMBERS)}"
    if isinstance(events, str):
        reader = "read_parquet" if events.endswith((".parquet", ".pq")) else "read_csv_auto"
        path = events.replace("'", "''")
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {reader}('{path}')")
    else:
        connection.register(f"{name}_frame", events)
        columns = ", ".join('"' + str(column).replace('"', '""') + '"' for column in events.columns)
        connection.execute(f"CREATE VIEW {name} AS SELECT {columns} FROM {name}_frame")
    try:
        yield session.table(name), F, Window
    finally:
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        if not isinstance(events, str):
            connection.unregister(f"{name}_frame")


def prepare(events: Any, F: Any, Window: Any, *, columns: list[str], gap_seconds: int) -> tuple[Any, Any]:
    """Drop rows that no journey can hold, number the sessions, and sort; nothing is run yet.

    Parameters
    ----------
    events : engine DataFrame
        With customer_id, event_time, touchpoint, and any of order, session_id.
    F, Window
        The functions module and Window class of the engine.
    columns : list of str
        The columns that `events` has.
    gap_seconds : int
        A session ends after so much silence; ignored where session_id is there.

    Returns
    -------
    tuple of engine DataFrames
        Counts (n_read, no_customer, no_time, no_touchpoint), and the events: customer_id, event_time, touchpoint,
        session, sorted by customer, time, order and touchpoint.
    """
    customer, time, touchpoint = F.col("customer_id"), F.col("event_time"), F.col("touchpoint")
    losses = {
        "no_customer": customer.isNull(),
        "no_time": customer.isNotNull() & time.isNull(),
        "no_touchpoint": customer.isNotNull() & time.isNotNull() & touchpoint.isNull(),
    }
    counts = events.agg(
        F.count(F.lit(1)).alias("n_read"),
        *(F.sum(F.when(lost, 1).otherwise(0)).alias(name) for name, lost in losses.items()),
    )
    clean = events.where(customer.isNotNull() & time.isNotNull() & touchpoint.isNotNull())
    if "order" not in columns:
        clean = clean.withColumn("order", F.lit(0))
    within = Window.partitionBy("customer_id").orderBy("event_time", "order", "touchpoint")
    if "session_id" in columns:
        changed = F.col("session_id") != F.lag("session_id").over(within)
    else:
        changed = F.lag("event_time").over(within) < F.expr(f"event_time - INTERVAL {gap_seconds} SECOND")
    flagged = clean.withColumn("starts", F.when(changed, 1).otherwise(0))
    running = within.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    numbered = flagged.withColumn("session", F.sum("starts").over(running))
    result = numbered.orderBy("customer_id", "event_time", "order", "touchpoint").select(
        "customer_id", "event_time", "touchpoint", "session"
    )
    return counts, result


def fetch(table: Any) -> pa.Table:
    """Run a query and fetch its rows through Arrow."""
    return table.toArrow()
