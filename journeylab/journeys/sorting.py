"""From a table of an engine to journeys: one sort by numbers in the engine, one pass over what comes out of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.journeys.cuts import microseconds
from journeylab.journeys.engine import PLACE, Opened, clean, numbered
from journeylab.journeys.model import Journeys

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "journeylab_key"


@dataclasses.dataclass(frozen=True)
class _Customers:
    """The customers of a table, and the key that its events are sorted by."""

    ids: NDArray[Any]
    offsets: NDArray[np.int64]
    by_key: NDArray[np.int64]
    """The customers in the order of their keys."""
    numbers: Any
    """An engine table of customer_id and its key; None where the key is the hash of the id."""


def sort_events(opened: Opened, gap: str, name: Callable[[Sequence[str]], pd.DataFrame] | None = None) -> Journeys:
    """Clean events, turn ids and names into numbers, sort by customer, time, order and place, and number the visits.

    Parameters
    ----------
    opened : Opened
        The events, prepared.
    gap : str
        A visit ends after more than so much silence.
    name : callable, optional
        Gives touchpoints the study's names, and says which are left out; see `Recipe`.

    Notes
    -----
    The engine sorts by a hash of the customer's id, which needs no join with a list of customers; what comes out is put
    where the customer belongs by id. Should two ids share a hash, customers are numbered instead.
    """
    F = opened.F
    kept, counts, columns = clean(opened)
    lost = {reason: int(n or 0) for reason, n in opened.fetch(counts).to_pylist()[0].items()}
    n_read = lost.pop("n_read")
    found = sorted(opened.fetch(kept.select("touchpoint").distinct())["touchpoint"].to_pylist())
    touchpoints, codes = _codes(found, name)
    coded = kept.join(opened.small(codes), on="touchpoint")
    customers = _customers(opened, kept if len(codes) == len(found) else coded)
    if customers.numbers is None:
        coded = coded.withColumn(KEY, opened.hashed(F.col("customer_id")))
    else:
        coded = coded.join(customers.numbers, on="customer_id")
    wanted = ["time", "code"]
    if "session_id" in columns:
        known = kept.where(F.col("session_id").isNotNull())
        coded = coded.join(opened.keep(numbered(opened, known, "session_id", "visit")), on="session_id", how="left")
        wanted.append("visit")
    keys = [KEY, "time", *opened.ties, *([] if PLACE in columns else ["touchpoint"])]
    batches = opened.stream(coded.select(*wanted).orderBy(*keys))
    times, code, session, ties = _placed(batches, customers, microseconds(gap, "gap"))
    if len(codes) < len(found):
        lost["left_out_by_a_rule"] = n_read - sum(lost.values()) - len(code)
    return Journeys(
        ids=customers.ids,
        customer=np.arange(len(customers.ids), dtype=np.int64),
        customer_ids=customers.ids,
        offsets=customers.offsets,
        codes=code,
        times=times.view("datetime64[us]"),
        session=session,
        touchpoints=touchpoints,
        by="customer",
        report={"read": n_read, "kept": len(code), "dropped": lost, "gap": gap, "ties": ties},
    )


def _codes(
    found: list[str], name: Callable[[Sequence[str]], pd.DataFrame] | None
) -> tuple[tuple[str, ...], pd.DataFrame]:
    """The touchpoints of a study, sorted, and the place among them of each that the events have and no rule leaves out."""
    if name is None:
        kept, own = found, found
    else:
        named = name(found)
        named = named[~named["dropped"].astype(bool)]
        kept, own = [found[place] for place in named.index], named["touchpoint"].tolist()
    touchpoints = tuple(sorted(set(own)))
    places = {touchpoint: place for place, touchpoint in enumerate(touchpoints)}
    codes = {"touchpoint": pd.Series(kept, dtype="str"), "code": np.array([places[one] for one in own], dtype=np.int32)}
    return touchpoints, pd.DataFrame(codes)


def _customers(opened: Opened, events: Any) -> _Customers:
    """Count the events of each customer, and choose the key."""
    import pyarrow as pa

    F = opened.F
    counts = events.groupBy("customer_id").agg(F.count(F.lit(1)).alias("n"))
    table = opened.fetch(counts.withColumn(KEY, opened.hashed(F.col("customer_id"))).orderBy("customer_id"))
    offsets = np.zeros(len(table) + 1, dtype=np.int64)
    np.cumsum(table["n"].to_numpy(), out=offsets[1:])
    ids = table["customer_id"].cast(pa.string()).to_numpy(zero_copy_only=False).astype(object)
    key = table[KEY].to_numpy()
    by_key = np.argsort(key)
    if (np.diff(key[by_key]) == 0).any():
        return _Customers(ids, offsets, np.arange(len(ids)), opened.keep(numbered(opened, events, "customer_id", KEY)))
    return _Customers(ids, offsets, by_key, None)


def _placed(
    batches: Iterable[pa.RecordBatch], customers: _Customers, silence: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], int]:
    """Put sorted events where their customers belong, and number each customer's visits.

    Returns
    -------
    tuple
        Times, codes and visits, shape (n_events,), and the number of ties in time.
    """
    lengths = np.diff(customers.offsets)[customers.by_key]
    begins = np.zeros(len(customers.offsets), dtype=np.int64)
    np.cumsum(lengths, out=begins[1:])
    further = customers.offsets[customers.by_key] - begins[:-1]
    n = int(begins[-1])
    times, codes, session, ties = np.empty(n, np.int64), np.empty(n, np.int32), np.empty(n, np.int32), 0
    for first, last, time, code, *visits in _whole_customers(batches, begins):
        starts = begins[first:last] - begins[first]
        pause = np.diff(time, prepend=time[0])
        pause[starts] = -1
        ties += int((pause == 0).sum())
        is_new = pause > silence
        for visit in visits:
            known = (visit[1:] >= 0) & (visit[:-1] >= 0) & (pause[1:] >= 0)
            is_new[1:] = np.where(known, visit[1:] != visit[:-1], is_new[1:])
        number = np.cumsum(is_new, dtype=np.int32)
        to = np.arange(begins[first], begins[last]) + np.repeat(further[first:last], lengths[first:last])
        times[to], codes[to] = time, code
        session[to] = number - np.repeat(number[starts], lengths[first:last])
    return times, codes, session, ties


def _whole_customers(batches: Iterable[pa.RecordBatch], begins: NDArray[np.int64]) -> Iterator[Any]:
    """Cut a stream of events where customers end: the first and the next customer after the last, and the columns."""
    held: list[NDArray[Any]] = []
    first = 0
    for batch in batches:
        columns = [_numbers(column) for column in batch.columns]
        if held:
            columns = [np.concatenate(pair) for pair in zip(held, columns, strict=True)]
        last = int(np.searchsorted(begins, begins[first] + len(columns[0]), side="right")) - 1
        n = begins[last] - begins[first]
        if last > first:
            yield first, last, *(column[:n] for column in columns)
        held = [column[n:] for column in columns]
        first = last


def _numbers(column: pa.Array) -> NDArray[Any]:
    """A column of numbers; -1 for null."""
    return (column.fill_null(-1) if column.null_count else column).to_numpy(zero_copy_only=False)
