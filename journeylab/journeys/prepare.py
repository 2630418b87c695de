"""Raw events become events on the journey: named, stitched to customers, without those that the study leaves out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from journeylab.contracts import TABLES
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.identity import PLACEHOLDERS
from journeylab.journeys.engine import PLACE, Opened
from journeylab.journeys.plain_names import plain_name

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

NAMED = ("stage", "planned")
"""Columns that the rules for touchpoints add."""

STITCHED = (
    "a visitor id that is seen with one login, and only one, is that customer: events before the login and after it "
    "count as theirs; a visitor id with several logins is left as it is"
)
"""The rule for visitor ids, in words."""

REPEATED = "the same customer, time and touchpoint again in one source (drop_repeats)"


@dataclasses.dataclass(frozen=True)
class LeaveOut:
    """Events that are none of a customer's, such as those of the team.

    Attributes
    ----------
    reason : str
    column : str
        Of the events.
    matches : callable
        Which values of the column, as text, are meant.
    whole_customer : bool
        Leave out everything of a customer who has one such event.
    """

    reason: str
    column: str
    matches: Callable[[Sequence[str]], NDArray[np.bool_]]
    whole_customer: bool = False


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What is done to events before journeys are built, in this order.

    Attributes
    ----------
    trim : bool
        Cut blanks around customers and touchpoints, and drop events without either or without a time; a customer such as
        'null' is none.
    stitch : bool
        Give the events of a visitor to the customer who logged in; needs columns visitor_id and login_id.
    leave_out : sequence of LeaveOut
        On raw names; the first that holds is the reason.
    repeats : bool
        Drop events that repeat one of the same customer, time and touchpoint of the same source.
    gone : frozenset of str
        Customers who withdrew.
    name : callable, optional
        Raw touchpoints (sequence of str) to a table: raw, touchpoint, stage, planned, channel, dropped.
    """

    trim: bool = False
    stitch: bool = False
    leave_out: Sequence[LeaveOut] = ()
    repeats: bool = False
    gone: frozenset[str] = frozenset()
    name: Callable[[Sequence[str]], pd.DataFrame] | None = None


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Prepared events, not yet run.

    Attributes
    ----------
    table : engine DataFrame
        Contract columns, with stage and planned where touchpoints were named.
    left_out : engine DataFrame or None
        left_out (the reason), n (events), customers.
    stitched : engine DataFrame or None
        One row: stitched (visitors with one login), several (visitors with more).
    repeats : engine DataFrame or None
        One row: n (events that repeat another), customers.
    names : DataFrame or None
        What each raw touchpoint became.
    """

    table: Any
    left_out: Any
    stitched: Any
    repeats: Any
    names: pd.DataFrame | None


def prepare(opened: Opened, recipe: Recipe, *, named: bool = True) -> Prepared:
    """Prepare events in their engine.

    Parameters
    ----------
    named : bool
        Whether touchpoints get the study's names here; else raw ones stay, and are named as codes later.

    Raises
    ------
    DataError
        When a rule names a column that the events do not have.
    """
    F, table = opened.F, opened.table
    columns = list(table.columns)
    if recipe.trim:
        table = _trimmed(opened, table)
    stitched = None
    if recipe.stitch and {"visitor_id", "login_id"} <= set(columns):
        table, stitched = _stitch(opened, table)
    if recipe.gone:
        table = table.where(~F.col("customer_id").isin(sorted(recipe.gone)))
    left_out = None
    if recipe.leave_out:
        table = opened.keep(_with_reasons(opened, table, recipe.leave_out))
        left_out = (
            table.where(F.col("left_out").isNotNull())
            .groupBy("left_out")
            .agg(F.count(F.lit(1)).alias("n"), F.countDistinct("customer_id").alias("customers"))
        )
        table = table.where(F.col("left_out").isNull()).drop("left_out")
    repeats = None
    if recipe.repeats:
        table, repeats = _first_of_repeats(opened, table)
    names = None
    if named and recipe.name is not None:
        raw = opened.fetch(table.select("touchpoint").distinct().orderBy("touchpoint"))["touchpoint"].to_pylist()
        names = recipe.name([name for name in raw if name is not None])
        table = _named(opened, table, names, columns)
    return Prepared(table, left_out, stitched, repeats, names)


def _trimmed(opened: Opened, table: Any) -> Any:
    F = opened.F
    cut = {name: F.trim(F.col(name)).alias(name) for name in ("customer_id", "touchpoint")}
    table = table.select(*(cut.get(name, F.col(name)) for name in table.columns))
    sound = F.col("event_time").isNotNull()
    for name in cut:
        sound = sound & F.col(name).isNotNull() & (F.col(name) != "")
    sound = sound & ~F.lower(F.col("customer_id")).isin(list(PLACEHOLDERS))
    return table.where(sound)


def _stitch(opened: Opened, table: Any) -> tuple[Any, Any]:
    """Give a visitor's events to the one login that it is seen with."""
    F = opened.F
    known = table.where(F.col("visitor_id").isNotNull() & F.col("login_id").isNotNull())
    logins = known.groupBy("visitor_id").agg(
        F.countDistinct("login_id").alias("logins"), F.min("login_id").alias("only_login")
    )
    logins = opened.keep(logins)
    joined = table.join(
        logins.where(F.col("logins") == 1).select("visitor_id", "only_login"), on="visitor_id", how="left"
    )
    meant = F.col("only_login").isNotNull() & F.col("login_id").isNull() & (F.col("customer_id") == F.col("visitor_id"))
    others = [name for name in table.columns if name != "customer_id"]
    moved = F.when(meant, F.col("only_login")).otherwise(F.col("customer_id")).alias("customer_id")
    counts = logins.agg(
        F.sum(F.when(F.col("logins") == 1, 1).otherwise(0)).alias("stitched"),
        F.sum(F.when(F.col("logins") > 1, 1).otherwise(0)).alias("several"),
    )
    return joined.select(moved, *others), counts


def _with_reasons(opened: Opened, table: Any, rules: Sequence[LeaveOut]) -> Any:
    """Add the column left_out: the reason of the first rule that holds, else null."""
    F, columns = opened.F, list(table.columns)
    reason = F.lit(None).cast("string")
    for number, rule in reversed(list(enumerate(rules))):
        column = _column(rule.column, columns)
        if column not in columns:
            known = [column for column in columns if column != PLACE]
            raise DataError(
                f"[[leave_out]] {number + 1}: the events have no column '{rule.column}'; they have {listing(known, 30)}."
                + did_you_mean(rule.column, known)
            )
        values = opened.fetch(table.select(F.col(column).cast("string").alias("value")).distinct())
        said = sorted(value for value in values["value"].to_pylist() if value is not None)
        meant = [value for value, holds in zip(said, rule.matches(said), strict=True) if holds]
        holds = F.col(column).cast("string").isin(meant) if meant else F.lit(False)
        if rule.whole_customer and meant:
            who = opened.keep(table.where(holds).select("customer_id").distinct())
            ids = [name for name in opened.fetch(who)["customer_id"].to_pylist() if name is not None]
            holds = F.col("customer_id").isin(sorted(ids))
        reason = F.when(holds, F.lit(rule.reason)).otherwise(reason)
    return table.select(*columns, reason.alias("left_out"))


def _column(said: str, columns: Sequence[str]) -> str:
    """The column that a rule means: engines do not tell cases apart, and know only plain names."""
    plain = plain_name(said)
    wanted = {said.lower(), said.lower() if plain in TABLES["events"].names else plain.lower()}
    return next((name for name in columns if name.lower() in wanted), said)


def _first_of_repeats(opened: Opened, table: Any) -> tuple[Any, Any]:
    """The events without those that repeat another, and the count of these."""
    F = opened.F
    same = [name for name in ("customer_id", "event_time", "touchpoint", "source") if name in table.columns]
    place = F.row_number().over(opened.Window.partitionBy(*same).orderBy(PLACE))
    columns = list(table.columns)
    numbered = opened.keep(table.select(*columns, place.alias("repeat")))
    again = numbered.where(F.col("repeat") > 1)
    counts = again.agg(F.count(F.lit(1)).alias("n"), F.countDistinct("customer_id").alias("customers"))
    return numbered.where(F.col("repeat") == 1).select(*columns), counts


def _named(opened: Opened, table: Any, names: pd.DataFrame, columns: Sequence[str]) -> Any:
    """Join the study's own names to the raw ones."""
    F = opened.F
    kept = names[~names["dropped"].astype(bool)].rename(columns={"touchpoint": "own_name", "channel": "own_channel"})
    rules = opened.small(kept[["raw", "own_name", "own_channel", *NAMED]])
    joined = table.withColumnRenamed("touchpoint", "raw").join(rules, on="raw")
    channel = F.col("own_channel")
    if "channel" in columns:
        channel = F.coalesce(channel, F.col("channel"))
    others = [name for name in columns if name not in ("touchpoint", "channel", *NAMED)]
    return joined.select(
        *others, F.col("own_name").alias("touchpoint"), channel.alias("channel"), *(F.col(name) for name in NAMED)
    )
