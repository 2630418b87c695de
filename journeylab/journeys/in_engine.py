"""Counts, funnels and distinct paths of events that stay in their engine: for tables larger than this machine's memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab.journeys.build import read_by, source_of
from journeylab.journeys.cuts import microseconds
from journeylab.journeys.engine import PLACE, Opened, Part, clean, numbered, open_table
from journeylab.journeys.funnel import Funnel, describe_funnel, read_steps
from journeylab.journeys.model import unknown_touchpoint
from journeylab.journeys.paths import PathTable, describe_paths
from journeylab.journeys.prepare import Recipe, prepare

if TYPE_CHECKING:
    import pyarrow as pa


@dataclasses.dataclass(frozen=True)
class InEngine:
    """Events where they are, and how journeys are made of them.

    Attributes
    ----------
    events : DataFrame, path or sequence of Part
    by, gap, engine, recipe
        As in `journeylab.journeys.build`.
    """

    events: pd.DataFrame | str | Path | Sequence[Part]
    by: str = "customer"
    gap: str = "30min"
    engine: str = "duckdb"
    recipe: Recipe | None = None


@dataclasses.dataclass(frozen=True)
class _Sorted:
    """Events in their engine with journey (customer, session), place in it (from 0), time (microseconds) and code."""

    opened: Opened
    table: Any
    names: list[str]
    owner: tuple[str, ...]

    def code(self, touchpoint: str) -> int:
        if touchpoint not in self.names:
            raise unknown_touchpoint(touchpoint, self.names)
        return self.names.index(touchpoint)


@contextlib.contextmanager
def _sorted(where: InEngine) -> Iterator[_Sorted]:
    """Prepare the events, split them into journeys, and give each its place; nothing is fetched but touchpoints' names."""
    silence = microseconds(where.gap, "gap")
    owner = ("customer_id", "session") if read_by(where.by) == "session" else ("customer_id",)
    with open_table(source_of(where.events), where.engine) as opened:
        if where.recipe is not None:
            opened = dataclasses.replace(opened, table=prepare(opened, where.recipe).table)
        F, Window = opened.F, opened.Window
        kept, _, columns = clean(opened)
        touchpoints = opened.keep(numbered(opened, kept, "touchpoint", "code"))
        names = opened.fetch(touchpoints.orderBy("code"))["touchpoint"].to_pylist()
        keys = ["time", *opened.ties, *([] if PLACE in columns else ["code"])]
        table = kept.join(touchpoints, on="touchpoint")
        if len(owner) > 1:
            along = Window.partitionBy("customer_id").orderBy(*keys)
            pause = F.col("time") - F.lag("time").over(along)
            starts = pause > F.lit(silence)
            if "session_id" in columns:
                last = F.lag("session_id").over(along)
                both = F.col("session_id").isNotNull() & last.isNotNull()
                starts = F.when(both, F.col("session_id") != last).otherwise(starts)
            table = table.select("*", F.when(starts, 1).otherwise(0).alias("starts"))
            table = table.select("*", F.sum("starts").over(along).cast("bigint").alias("session"))
        along = Window.partitionBy(*owner).orderBy(*keys)
        place = (F.row_number().over(along) - F.lit(1)).cast("bigint").alias("place")
        yield _Sorted(opened, opened.keep(table.select(*owner, "time", "code", place)), names, owner)


def touchpoint_counts(where: InEngine) -> pd.DataFrame:
    """Count what meets each touchpoint.

    Returns
    -------
    DataFrame
        touchpoint, n (events), journeys, customers; by name.
    """
    with _sorted(where) as found:
        rows = _counted(found, found.table, ["code"])
    return pd.DataFrame({"touchpoint": _names(found, rows["code"]), **_numbers(rows, "n", "journeys", "customers")})


def step_counts(where: InEngine) -> pd.DataFrame:
    """Count the steps from each touchpoint to the next.

    Returns
    -------
    DataFrame
        from_touchpoint, to_touchpoint, n, journeys, customers, median_seconds; by name. The counts are those of
        `journeylab.journeys.transitions`.
    """
    with _sorted(where) as found:
        F, along = found.opened.F, found.opened.Window.partitionBy(*found.owner).orderBy("place")
        steps = found.table.select(
            *found.owner,
            F.col("code").alias("from_code"),
            F.lead("code").over(along).alias("to_code"),
            (F.lead("time").over(along) - F.col("time")).alias("wait"),
        ).where(F.col("to_code").isNotNull())
        rows = _counted(found, steps, ["from_code", "to_code"], F.expr("median(wait)").alias("wait"))
    return pd.DataFrame(
        {
            "from_touchpoint": _names(found, rows["from_code"]),
            "to_touchpoint": _names(found, rows["to_code"]),
            **_numbers(rows, "n", "journeys", "customers"),
            "median_seconds": rows["wait"].to_numpy() / 1e6,
        }
    )


def funnel(
    where: InEngine, steps: Sequence[str | Sequence[str]], ordered: bool = True, within: str | None = None
) -> Funnel:
    """Count the journeys that reach each step; see `journeylab.journeys.funnel`, whose answer this is.

    Raises
    ------
    StudyError
        For no steps, an unknown touchpoint, or a time that is not understood.
    """
    groups, limit = read_steps(steps, ordered, within)
    with _sorted(where) as found:
        codes = [[found.code(name) for name in group] for group in groups]
        n, waits = _in_order(found, codes, limit) if ordered else (_in_any_order(found, codes), None)
    return describe_funnel(groups, np.array(n), waits, ordered, within)


def _in_order(found: _Sorted, groups: list[list[int]], limit: int | None) -> tuple[list[int], list[float]]:
    """Journeys that complete each step in order, and the median wait from the step before."""
    F, owner = found.opened.F, list(found.owner)
    n, waits, reached = [], [np.nan], None
    for number, group in enumerate(groups):
        hits = found.table.where(F.col("code").isin(group)).select(*owner, "place", "time")
        if reached is not None:
            hits = hits.join(reached, on=owner).where(F.col("place") > F.col("after"))
        first = [F.min("place").alias("after_next"), F.min("time").alias("at")]
        if reached is not None:
            first += [F.min("last").alias("before"), F.min("began").alias("begin")]
        step = hits.groupBy(*owner).agg(*first)
        begin = F.col("begin") if reached is not None else F.col("at")
        if limit is not None and reached is not None:
            step = step.where(F.col("at") - F.col("begin") <= F.lit(limit))
        counts = [F.count(F.lit(1)).alias("n")]
        if reached is not None:
            step = step.select("*", (F.col("at") - F.col("before")).alias("wait"))
            counts.append(F.expr("median(wait)").alias("wait"))
        step = found.opened.keep(step)
        row = found.opened.fetch(step.agg(*counts)).to_pylist()[0]
        n.append(int(row["n"]))
        if number:
            waits.append(np.nan if row["wait"] is None else row["wait"] / 1e6)
        reached = step.select(
            *owner, F.col("after_next").alias("after"), F.col("at").alias("last"), begin.alias("began")
        )
    return n, waits


def _in_any_order(found: _Sorted, groups: list[list[int]]) -> list[int]:
    """Journeys that meet each step or any later one."""
    F = found.opened.F
    furthest = F.lit(None).cast("int")
    for number, group in enumerate(groups):
        furthest = F.when(F.col("code").isin(group), number).otherwise(furthest)
    at = found.table.select(*found.owner, furthest.alias("step")).where(F.col("step").isNotNull())
    each = at.groupBy(*found.owner).agg(F.max("step").alias("step"))
    rows = found.opened.fetch(each.groupBy("step").agg(F.count(F.lit(1)).alias("n"))).to_pylist()
    at_step = np.zeros(len(groups), dtype=np.int64)
    for row in rows:
        at_step[row["step"]] = row["n"]
    return np.cumsum(at_step[::-1])[::-1].tolist()


def path_table(where: InEngine, outcome: str | None = None) -> PathTable:
    """Merge equal journeys; see `journeylab.journeys.path_table`, whose answer this is, but for the order of equal counts.

    Notes
    -----
    A journey is grouped as the sorted list of ``place * touchpoints + code``; only distinct journeys are fetched.
    """
    with _sorted(where) as found:
        F, owner, size = found.opened.F, list(found.owner), max(len(found.names), 1)
        table = found.table
        if outcome is not None:
            goal = F.min(F.when(F.col("code") == found.code(outcome), F.col("place"))).over(
                found.opened.Window.partitionBy(*owner)
            )
            table = table.select("*", goal.alias("goal"))
            table = table.where(F.col("goal").isNull() | (F.col("place") <= F.col("goal")))
        packed = (F.col("place") * F.lit(size) + F.col("code")).cast("bigint")
        each = [F.sort_array(F.collect_list(packed)).alias("packed")]
        counts = [F.count(F.lit(1)).alias("n")]
        if outcome is not None:
            each.append(F.max(F.when(F.col("goal").isNotNull(), 1).otherwise(0)).alias("reached"))
            counts.append(F.sum("reached").cast("bigint").alias("converted"))
        journeys = table.groupBy(*owner).agg(*each)
        rows = found.opened.fetch(journeys.groupBy("packed").agg(*counts))
    names = np.array(found.names, dtype=object)
    paths = [tuple(names[np.asarray(path) % size]) for path in rows["packed"].to_pylist()]
    counted = _numbers(rows, *(["n", "converted"] if outcome is not None else ["n"]))
    return describe_paths(pd.DataFrame({"path": paths, **counted}).sort_values("path", ignore_index=True))


def _counted(found: _Sorted, table: Any, keys: list[str], *more: Any) -> pa.Table:
    """Rows, journeys and customers of each value of the keys, sorted by them."""
    F = found.opened.F
    each = table.groupBy(*keys, *found.owner).agg(F.count(F.lit(1)).alias("events"))
    counts = each.groupBy(*keys).agg(
        F.sum("events").cast("bigint").alias("n"),
        F.count(F.lit(1)).alias("journeys"),
        F.countDistinct("customer_id").alias("customers"),
    )
    if more:
        counts = counts.join(table.groupBy(*keys).agg(*more), on=keys)
    return found.opened.fetch(counts.orderBy(*keys))


def _names(found: _Sorted, codes: Any) -> list[str]:
    return [found.names[code] for code in codes.to_pylist()]


def _numbers(rows: pa.Table, *columns: str) -> dict[str, np.ndarray]:
    return {name: rows[name].to_numpy().astype(np.int64) for name in columns}
