"""Until when was each customer watched? Whole customers, and where what was observed ends."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import StudyError
from journeylab.journeys.model import Journeys, keep_events, meetings

MICROSECOND = np.timedelta64(1, "us")
DAY = 86_400_000_000
"""Microseconds of a day."""

Moment = str | datetime | np.datetime64


def whole_customers(j: Journeys) -> Journeys:
    """Join the visits of each customer to one journey; journeys by customer stay as they are."""
    if j.by == "customer":
        return j
    first = np.ones(j.n_journeys, dtype=bool)
    first[1:] = j.customer[1:] != j.customer[:-1]
    customer = j.customer[first]
    offsets = np.append(j.offsets[:-1][first], j.n_events).astype(np.int64)
    return dataclasses.replace(j, ids=j.customer_ids[customer], customer=customer, offsets=offsets, by="customer")


def observed(j: Journeys, until_time: Moment | None = None) -> tuple[Journeys, np.datetime64]:
    """Return whole customers with their events up to the end of observation, and that end (UTC).

    Parameters
    ----------
    until_time : str, datetime or datetime64, optional
        Without a zone it is UTC. Default: the last event; NaT where there is none.

    Raises
    ------
    StudyError
        When `until_time` is no moment.
    """
    j = whole_customers(j)
    last = j.times.max() if j.n_events else np.datetime64("NaT", "us")
    if until_time is None:
        return j, last
    end = _moment(until_time)
    return (keep_events(j, j.times <= end) if end < last else j), end


def _moment(when: Moment) -> np.datetime64:
    """A moment in UTC."""
    try:
        stamp = pd.Timestamp(when)
    except (ValueError, TypeError):
        stamp = pd.NaT
    if stamp is pd.NaT:
        raise StudyError(f"until_time={when!r} is no moment, write one such as '2026-03-31' or '2026-03-31 18:00'.")
    stamp = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    return stamp.tz_localize(None).to_datetime64().astype("datetime64[us]")


def occurrences(j: Journeys, outcome: str) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Find every time that a customer has an outcome; several at one moment, such as the lines of a basket, are one.

    Returns
    -------
    at, owner : ndarray of int64
        Index into the arrays of events, in order, and whose they are (index of the journey).
    merged : int
        Events of the outcome that are one with the event before.
    """
    at = meetings(j, outcome)
    owner = np.searchsorted(j.offsets, at, side="right") - 1
    again = np.zeros(len(at), dtype=bool)
    again[1:] = (owner[1:] == owner[:-1]) & (j.times[at[1:]] == j.times[at[:-1]])
    return at[~again], owner[~again], int(again.sum())
