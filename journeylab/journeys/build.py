"""From an event table to journeys: sorted once, touchpoints as small integers, journeys as offsets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean
from journeylab.journeys.cuts import Span, microseconds, since, within
from journeylab.journeys.engine import NEEDED, PLACE, Part, Source, open_table
from journeylab.journeys.model import Journeys, collapse_repeats, split_sessions, until
from journeylab.journeys.prepare import Recipe, prepare
from journeylab.journeys.sorting import sort_events


def build(
    events: pd.DataFrame | str | Path | Sequence[Part],
    by: str = "customer",
    gap: str = "30min",
    engine: str = "duckdb",
    *,
    entry: str | None = None,
    window: Span | None = None,
    outcome: str | None = None,
    collapse: bool = False,
    recipe: Recipe | None = None,
) -> Journeys:
    """Build journeys.

    Parameters
    ----------
    events : DataFrame, path or sequence of Part
        Contract events: customer_id, event_time, touchpoint, and session_id?, order?; or the path of a Parquet or CSV
        file with these columns; or several Parquet files.
    by : str
        ``customer``: one journey a customer; ``session``: one a visit.
    gap : str
        A visit ends after more than so much silence; events with a ``session_id`` keep their own visits, in time order.
    engine : str
        What does the row-level work.
    entry : str, optional
        Begin each journey with its first event of this touchpoint; journeys without it are dropped.
    window : str or timedelta, optional
        Keep what happens no later than so long after the first event of each journey.
    outcome : str, optional
        Cut each journey after its first event of this touchpoint.
    collapse : bool
        Keep only the first of each run of one touchpoint.
    recipe : Recipe, optional
        How raw events are prepared first, in the engine.

    Returns
    -------
    Journeys
        Sorted by customer, time, ``order`` and, in an exact tie, place in the table or file. Its ``report`` holds rows
        read, kept and dropped with reasons (kept + dropped = read), and the number of ties in time before any cut.

    Raises
    ------
    DataError
        When a column is missing or the file is not there.
    StudyError
        When `by`, `gap` or `window` is not understood, or no event has the `entry` or the `outcome`.

    Notes
    -----
    Entry, window, outcome and repeats are taken in this order, each journey by itself: by session, each visit. So the
    outcome is the first after the entry, and the window begins with the entry.
    """
    read_by(by)
    microseconds(gap, "gap")
    if window is not None:
        microseconds(window, "window")
    with open_table(source_of(events), engine) as opened:
        if recipe is not None:
            opened = dataclasses.replace(opened, table=prepare(opened, recipe, named=False).table)
        journeys = sort_events(opened, gap, None if recipe is None else recipe.name)
    if by == "session":
        journeys = split_sessions(journeys)
    if entry is not None:
        journeys = since(journeys, entry)
    if window is not None:
        journeys = within(journeys, window)
    if outcome is not None:
        journeys = until(journeys, outcome)
    return collapse_repeats(journeys) if collapse else journeys


def read_by(by: str) -> str:
    """Return what one journey is.

    Raises
    ------
    StudyError
        When it is neither a customer's nor a session's.
    """
    if by not in {"customer", "session"}:
        raise StudyError(f"by='{by}' is not one of 'customer', 'session'.{did_you_mean(by, ['customer', 'session'])}")
    return by


def source_of(events: pd.DataFrame | str | Path | Sequence[Part]) -> Source:
    """Events as the engine can open them."""
    if isinstance(events, Sequence) and not isinstance(events, str):
        return events
    if not isinstance(events, pd.DataFrame):
        if not Path(events).is_file():
            raise DataError(f"{events}: there is no such file of events.")
        return str(events)
    used = [name for name in (*NEEDED, "order", "session_id") if name in events]
    missing = [name for name in NEEDED if name not in used]
    frame = events[used] if not missing else events
    named = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    frame = frame.astype(dict.fromkeys(named, object))  # the engine knows no categories
    if "session_id" in frame and frame["session_id"].isna().all():
        frame = frame.drop(columns="session_id")
    if "order" in frame:
        frame = frame.assign(order=frame["order"].fillna(0).astype("int64"))
    return frame.assign(**{PLACE: np.arange(len(frame))})
