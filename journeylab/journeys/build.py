"""From an event table to journeys: sorted once, touchpoints as small integers, journeys as offsets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.journeys.engine import fetch, open_table, prepare
from journeylab.journeys.model import Journeys, split_sessions, until

NEEDED = ("customer_id", "event_time", "touchpoint")


def build(
    events: pd.DataFrame | str | Path,
    by: str = "customer",
    gap: str = "30min",
    engine: str = "duckdb",
    *,
    outcome: str | None = None,
) -> Journeys:
    """Build journeys.

    Parameters
    ----------
    events : DataFrame or path
        Contract events: customer_id, event_time, touchpoint, and session_id?, order?; or the path of a Parquet or CSV
        file with these columns.
    by : str
        ``customer``: one journey a customer; ``session``: one a visit.
    gap : str
        A visit ends after so much silence; events with a ``session_id`` keep their own visits, in time order.
    engine : str
        What does the row-level work.
    outcome : str, optional
        Cut each journey after its first event of this touchpoint.

    Returns
    -------
    Journeys
        Sorted by customer, time, ``order`` and, in an exact tie, the name of the touchpoint. Its ``report`` holds
        rows read, kept and dropped with reasons (kept + dropped = read), and the number of ties in time.

    Raises
    ------
    DataError
        When a column is missing or the file is not there.
    StudyError
        When `by` or `gap` is not understood.
    """
    if by not in {"customer", "session"}:
        raise StudyError(f"by='{by}' is not one of 'customer', 'session'.{did_you_mean(by, ['customer', 'session'])}")
    try:
        seconds = pd.Timedelta(gap).total_seconds()
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise StudyError(f"gap='{gap}' is no span of time, write one such as '30min'.")
    source, columns = _source(events)
    with open_table(source, engine) as (table, functions, window):
        columns = columns or list(table.columns)
        for name in NEEDED:
            if name not in columns:
                raise DataError(
                    f"events: has no column '{name}'; there are {listing(columns, 20)}.{did_you_mean(name, columns)}"
                )
        counts, prepared = prepare(table, functions, window, columns=columns, gap_seconds=round(seconds))
        counted = fetch(counts).to_pylist()[0]
        rows = fetch(prepared)
    report = {
        "read": int(counted["n_read"]),
        "kept": rows.num_rows,
        "dropped": {name: int(counted[name] or 0) for name in ("no_customer", "no_time", "no_touchpoint")},
        "gap": gap,
    }
    journeys = _flatten(rows, report)
    if outcome is not None:
        journeys = until(journeys, outcome)
    return split_sessions(journeys) if by == "session" else journeys


def _source(events: pd.DataFrame | str | Path) -> tuple[pd.DataFrame | str, list[str]]:
    """Events as the engine can open them, with their columns where known."""
    if isinstance(events, pd.DataFrame):
        used = [name for name in (*NEEDED, "order", "session_id") if name in events]
        frame = events[used]
        if "session_id" in frame and frame["session_id"].isna().all():
            frame = frame.drop(columns="session_id")
        if "order" in frame:
            frame = frame.assign(order=frame["order"].fillna(0).astype("int64"))
        return frame, [*frame.columns, *(name for name in events.columns if name not in used)]
    path = Path(events)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of events.")
    return str(path), []


def _flatten(rows: object, report: dict[str, object]) -> Journeys:
    """Turn sorted rows into flat arrays."""
    customers = rows.column("customer_id").combine_chunks().dictionary_encode()  # type: ignore[attr-defined]
    names = rows.column("touchpoint").combine_chunks().dictionary_encode()  # type: ignore[attr-defined]
    customers = customers.combine_chunks() if hasattr(customers, "combine_chunks") else customers
    names = names.combine_chunks() if hasattr(names, "combine_chunks") else names
    found = np.array(names.dictionary.to_pylist(), dtype=object)
    order = np.argsort(found.astype(str)) if len(found) else np.empty(0, dtype=int)
    place = np.empty(len(found), dtype=np.int32)
    place[order] = np.arange(len(found), dtype=np.int32)
    codes = place[np.asarray(names.indices)] if len(found) else np.empty(0, dtype=np.int32)
    owner = np.asarray(customers.indices, dtype=np.int64)
    times = rows.column("event_time").to_numpy()  # type: ignore[attr-defined]
    times = np.asarray(times).astype("datetime64[us]")
    ids = np.array(customers.dictionary.to_pylist(), dtype=object)
    offsets = np.searchsorted(owner, np.arange(len(ids) + 1)).astype(np.int64)
    tied = (owner[1:] == owner[:-1]) & (times[1:] == times[:-1]) if len(owner) else np.empty(0, dtype=bool)
    return Journeys(
        ids=ids,
        customer=np.arange(len(ids), dtype=np.int64),
        customer_ids=ids,
        offsets=offsets,
        codes=codes.astype(np.int32),
        times=times,
        session=np.asarray(rows.column("session").to_numpy()).astype(np.int32),  # type: ignore[attr-defined]
        touchpoints=tuple(found[order].tolist()),
        by="customer",
        report={**report, "ties": int(tied.sum())},
    )
