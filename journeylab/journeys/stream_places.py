"""Where the bars and bands of a flow picture lie: one scale for all steps, room for every label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd


class Places(NamedTuple):
    """Top and height of each bar by step (from 0) and touchpoint, in shares of all journeys downwards, and the whole height."""

    at: dict[tuple[int, str], tuple[float, float]]
    whole: float


def place(steps: list[dict[str, float]], slot: float) -> Places:
    """Bars under each other, each with room for its label.

    Parameters
    ----------
    steps : list of dict
        Share of all journeys by touchpoint, a dict a step.
    slot : float
        The height of a label, as a part of the whole.
    """
    whole = 1.0
    while any(sum(max(size, slot * whole) + slot * whole / 4 for size in step.values()) > whole for step in steps):
        whole *= 1.02
    places = {}
    for column, step in enumerate(steps):
        top = 0.0
        for name, size in step.items():
            room = max(size, slot * whole)
            places[column, name] = (top - (room - size) / 2, size)
            top -= room + slot * whole / 4
    return Places(places, whole)


def band_ends(table: pd.DataFrame, places: Places, order: Sequence[str], n: int) -> Iterator[tuple[Any, float, float]]:
    """Each row of a flow with the top of its band at both ends; bands at a bar lie in the order of the bars."""
    rank = {name: number for number, name in enumerate(order)}
    used: dict[tuple[str, int, str], float] = {}
    rows = sorted(table.itertuples(), key=lambda row: (row.step, rank[row.from_touchpoint], rank[row.to_touchpoint]))
    for row in rows:
        out, into = ("out", row.step - 1, row.from_touchpoint), ("in", row.step, row.to_touchpoint)
        yield row, places.at[out[1:]][0] - used.get(out, 0.0), places.at[into[1:]][0] - used.get(into, 0.0)
        used[out], used[into] = used.get(out, 0.0) + row.n / n, used.get(into, 0.0) + row.n / n


def short(name: str, letters: int) -> str:
    """The name, cut where it would run into the next step.

    Examples
    --------
    >>> short("registration form", 9), short("home", 9)
    ('registra…', 'home')
    """
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"
