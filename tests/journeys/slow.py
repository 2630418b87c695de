"""Journeys in plain Python: dicts of lists that anyone can check by reading."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

START = pd.Timestamp("2026-03-01T10:00:00Z")

Path = list[tuple[int, str]]


def frame_of(rows: list[tuple[str, int, str]]) -> pd.DataFrame:
    """Events from customers, minutes and touchpoints."""
    customer, minutes, touchpoint = zip(*rows, strict=True)
    times = pd.DatetimeIndex([START + pd.Timedelta(minutes=minute) for minute in minutes]).as_unit("us")
    return pd.DataFrame({"customer_id": customer, "event_time": times, "touchpoint": touchpoint})


def slow_paths(rows: list[tuple[str, int, str]]) -> dict[str, Path]:
    """The events of each customer in order; ties stay as they stand."""
    paths = defaultdict(list)
    for customer, minute, touchpoint in sorted(rows, key=lambda row: row[:2]):
        paths[customer].append((minute, touchpoint))
    return dict(sorted(paths.items()))


def split(path: Path, gap: int = 30) -> list[Path]:
    """The visits of a path: a new one after more than `gap` minutes."""
    visits: list[Path] = []
    for minute, name in path:
        if not visits or minute - visits[-1][-1][0] > gap:
            visits.append([])
        visits[-1].append((minute, name))
    return visits


def slow_visits(rows: list[tuple[str, int, str]], by: str) -> list[tuple[str, Path]]:
    """Each journey with its customer, be it a customer or a visit."""
    return [
        (customer, visit)
        for customer, path in slow_paths(rows).items()
        for visit in (split(path) if by == "session" else [path])
    ]
