"""Journeys made without an engine, so that a test can make hundreds of them."""

from __future__ import annotations

import numpy as np

from journeylab.journeys import Journeys
from journeylab.journeys.model import split_sessions

START = np.datetime64("2026-03-01T10:00", "us")

Rows = list[tuple[str, int, str]]


def journeys_of(rows: Rows, by: str = "customer", gap: int = 30) -> Journeys:
    """Journeys from (customer, minutes after the start, touchpoint); a visit ends after more than `gap` minutes."""
    rows = sorted(rows, key=lambda row: row[:2])
    ids, owner = np.unique(np.array([row[0] for row in rows], dtype=object), return_inverse=True)
    names, code = np.unique(np.array([row[2] for row in rows], dtype=object), return_inverse=True)
    minutes = np.array([row[1] for row in rows], dtype=np.int64)
    visits: list[int] = []
    for place in range(len(rows)):
        same = place > 0 and owner[place] == owner[place - 1]
        visits.append(visits[-1] + int(minutes[place] - minutes[place - 1] > gap) if same else 0)
    return arrays(ids, owner, code, tuple(names), minutes, np.array(visits, dtype=np.int32), by)


def arrays(ids, owner, code, names, minutes, visits=None, by: str = "customer") -> Journeys:
    """Journeys from arrays of events that are sorted by customer and time."""
    j = Journeys(
        ids=ids,
        customer=np.arange(len(ids), dtype=np.int64),
        customer_ids=ids,
        offsets=np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=len(ids))))).astype(np.int64),
        codes=code.astype(np.int32),
        times=START + (np.asarray(minutes) * 60e6).astype("timedelta64[us]"),
        session=np.zeros(len(owner), dtype=np.int32) if visits is None else visits,
        touchpoints=tuple(names),
    )
    return split_sessions(j) if by == "session" else j
