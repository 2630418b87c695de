"""Small random journeys for tests, as a table of events and as plain lists that anyone can check by reading."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

START = pd.Timestamp("2026-03-01T10:00:00Z")

event = st.tuples(st.sampled_from("pqrs"), st.integers(0, 200), st.sampled_from(["home", "chat", "cart", "order"]))
tables = st.lists(event, min_size=1, max_size=40)
slowly = settings(max_examples=40, deadline=None)

Rows = list[tuple[str, int, str]]


def frame_of(rows: Rows, unit: str = "min") -> pd.DataFrame:
    """Events of (customer, time after the start, touchpoint)."""
    customer, after, touchpoint = zip(*rows, strict=True)
    times = pd.DatetimeIndex([START + pd.Timedelta(each, unit) for each in after]).as_unit("us")
    return pd.DataFrame({"customer_id": customer, "event_time": times, "touchpoint": touchpoint})


def walks(rows: Rows) -> dict[str, list[tuple[int, str]]]:
    """The (time, touchpoint) of each customer, in order; ties stay as they stand."""
    paths = defaultdict(list)
    for customer, after, touchpoint in sorted(rows, key=lambda row: row[:2]):
        paths[customer].append((after, touchpoint))
    return dict(sorted(paths.items()))


def names(rows: Rows) -> list[list[str]]:
    """The touchpoints of each customer, in order."""
    return [[touchpoint for _, touchpoint in walk] for walk in walks(rows).values()]
