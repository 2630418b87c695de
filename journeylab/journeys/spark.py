"""Events on Spark: in this process, on a cluster, or behind Spark Connect."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from journeylab.errors import StudyError
from journeylab.journeys.engine import PART, PLACE, Opened, Part, Source, ties_of
from journeylab.journeys.plain_names import plain_names

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LOCAL = "spark://local"
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.memory": "2g",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
"""Of a Spark that is started here; a cluster keeps its own, but for the time zone."""


@contextlib.contextmanager
def open_spark(events: Source, engine: str) -> Iterator[Opened]:
    """Open events on Spark; see `journeylab.journeys.engine.open_table`.

    Raises
    ------
    StudyError
        When Spark is not installed, there is no Java, or the address does not answer.
    """
    session = _session(engine)
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    kept: list[Any] = []

    def keep(table: Any) -> Any:
        kept.append(table.persist())
        return kept[-1]

    def fetch(table: Any) -> pa.Table:
        return table.toArrow()

    def stream(table: Any) -> list[pa.RecordBatch]:
        return fetch(table).to_batches()

    def small(frame: pd.DataFrame) -> Any:
        return _from_frame(session, frame)

    try:
        table = _table(session, F, events)
        yield Opened(table, F, Window, keep, fetch, stream, ties_of(events, table.columns), small, F.xxhash64)
    finally:
        for table in kept:
            table.unpersist()


def _session(engine: str) -> Any:
    """The session of an address; one that is there already is used again."""
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise StudyError(
            f"engine '{engine}' needs Spark, which is not here: pip install \"journeylab[spark]\"; it needs Java 17 or newer."
        ) from None
    local = engine.startswith(LOCAL)
    builder = SparkSession.builder.appName("journeylab")
    if engine.startswith("sc://"):
        builder = builder.remote(engine)
    else:
        builder = builder.master(engine.removeprefix("spark://") if local else engine)
        for name, value in SETTINGS.items() if local else ():
            builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # what Java, the network or the address may say has many types
        raise StudyError(
            f"engine '{engine}' does not start: {str(error).splitlines()[0][:200]} Is the address right, and is there a Java 17?"
        ) from None
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


def _from_frame(session: Any, frame: pd.DataFrame) -> Any:
    """A pandas table on Spark; by way of Arrow, which keeps every type."""
    import pyarrow as pa

    return session.createDataFrame(pa.Table.from_pandas(frame, preserve_index=False))


def _table(session: Any, F: Any, events: Source) -> Any:
    """Events as a Spark table in which every row knows its place."""
    if isinstance(events, str):
        if events.endswith((".parquet", ".pq")):
            return session.read.parquet(events).select("*", F.col("_metadata.row_index").alias(PLACE))
        table = session.read.csv(events, header=True, inferSchema=True)
        return table.select("*", F.monotonically_increasing_id().alias(PLACE))
    if not isinstance(events, (list, tuple)):
        return _from_frame(session, events)
    whole = None
    for number, part in enumerate(events):
        table = _part(session, F, number, part)
        whole = table if whole is None else whole.unionByName(table, allowMissingColumns=True)
    return whole


def _part(session: Any, F: Any, number: int, part: Part) -> Any:
    table = session.read.parquet(part.path)
    theirs = plain_names([*part.columns, "source", PLACE, *table.columns]) | {
        theirs: ours for ours, theirs in part.columns.items()
    }
    named = set(part.columns.values())
    columns = [
        F.col("`" + name.replace("`", "``") + "`").alias(theirs[name])
        for name in table.columns
        if name in named or (name not in part.columns and name != "source")
    ]
    place = F.col("_metadata.row_index")
    if part.newest_first:
        place = -place
    if "order" not in table.columns and "order" not in part.columns:
        columns.append(place.alias("order"))
    return table.select(*columns, F.lit(part.source).alias("source"), (F.lit(number * PART) + place).alias(PLACE))
