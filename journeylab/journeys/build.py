"""From an event table to journeys: sorted once, touchpoints as small integers, journeys as offsets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean
from journeylab.journeys.engine import NEEDED, PLACE, Coded, code_events, open_table
from journeylab.journeys.model import Journeys, split_sessions, until


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
        A visit ends after more than so much silence; events with a ``session_id`` keep their own visits, in time order.
    engine : str
        What does the row-level work.
    outcome : str, optional
        Cut each journey after its first event of this touchpoint.

    Returns
    -------
    Journeys
        Sorted by customer, time, ``order`` and, in an exact tie, place in the table or file. Its ``report`` holds rows
        read, kept and dropped with reasons (kept + dropped = read), and the number of ties in time.

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
        silence = pd.Timedelta(gap).value // 1_000
    except ValueError:
        silence = 0
    if not silence > 0:
        raise StudyError(f"gap='{gap}' is no span of time, write one such as '30min'.")
    with open_table(_source(events), engine) as opened:
        coded = code_events(opened)
    journeys = _flatten(coded, silence, gap)
    if outcome is not None:
        journeys = until(journeys, outcome)
    return split_sessions(journeys) if by == "session" else journeys


def _source(events: pd.DataFrame | str | Path) -> pd.DataFrame | str:
    """Events as the engine can open them."""
    if not isinstance(events, pd.DataFrame):
        if not Path(events).is_file():
            raise DataError(f"{events}: there is no such file of events.")
        return str(events)
    used = [name for name in (*NEEDED, "order", "session_id") if name in events]
    missing = [name for name in NEEDED if name not in used]
    frame = events[used] if not missing else events
    if "session_id" in frame and frame["session_id"].isna().all():
        frame = frame.drop(columns="session_id")
    if "order" in frame:
        frame = frame.assign(order=frame["order"].fillna(0).astype("int64"))
    return frame.assign(**{PLACE: np.arange(len(frame))})


def _flatten(coded: Coded, silence: int, gap: str) -> Journeys:
    """Turn sorted numbers into journeys, and number the sessions of each customer."""
    customer, time = coded.customer, coded.time
    ids = np.array(coded.ids, dtype=object)
    n = len(customer)
    offsets = np.concatenate(([0], np.cumsum(np.bincount(customer, minlength=len(ids))))).astype(np.int64)
    same = customer[1:] == customer[:-1]
    pause = time[1:] - time[:-1]
    starts = np.zeros(n, dtype=bool)
    if coded.visit is None:
        starts[1:] = same & (pause > silence)
    else:
        known = (coded.visit[1:] >= 0) & (coded.visit[:-1] >= 0)
        starts[1:] = same & np.where(known, coded.visit[1:] != coded.visit[:-1], pause > silence)
    running = np.cumsum(starts, dtype=np.int32)
    session = running - np.repeat(running[offsets[:-1]], np.diff(offsets)) if n else running
    counts = dict(coded.counts)
    return Journeys(
        ids=ids,
        customer=np.arange(len(ids), dtype=np.int64),
        customer_ids=ids,
        offsets=offsets,
        codes=coded.code,
        times=time.view("datetime64[us]"),
        session=session,
        touchpoints=tuple(coded.names),
        by="customer",
        report={
            "read": counts.pop("n_read"),
            "kept": n,
            "dropped": counts,
            "gap": gap,
            "ties": int((same & (pause == 0)).sum()),
        },
    )
