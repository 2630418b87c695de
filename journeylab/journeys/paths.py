"""Distinct journeys with their weights: the table on which path statistics scale."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.journeys.model import Journeys, has, select, until
from journeylab.results import Result


@dataclasses.dataclass(frozen=True)
class PathTable(Result):
    """Distinct paths.

    Attributes
    ----------
    table : DataFrame
        path (tuple), n (journeys), and converted (journeys of it that reach the outcome) where one was named; most
        frequent first.
    n : int
        Journeys.
    """

    n: int

    def summary(self) -> str:
        """Say how many paths there are and which is most frequent."""
        if self.table.empty:
            return "There are no journeys."
        top = self.table.iloc[0]
        return (
            f"{text.count(self.n)} journeys take {text.count(len(self.table))} distinct paths; the most frequent is "
            f"{' → '.join(top['path'])} ({text.percent(top['n'] / self.n)})."
        )


def path_table(j: Journeys, outcome: str | None = None) -> PathTable:
    """Merge equal journeys.

    Parameters
    ----------
    outcome : str, optional
        Cut journeys after its first event, and count those that reach it.
    """
    reached = has(j, outcome) if outcome is not None else None
    cut = until(j, outcome) if outcome is not None else j
    first, path = same_path(cut)
    n = np.bincount(path, minlength=len(first))
    table = pd.DataFrame({"path": _paths(cut, first), "n": n})
    if reached is not None:
        table["converted"] = np.bincount(path, weights=reached, minlength=len(first)).astype(int)
    return describe_paths(table)


def describe_paths(table: pd.DataFrame) -> PathTable:
    """Make the result of a table of distinct paths (path, n and perhaps converted), most frequent first."""
    return PathTable(
        table.sort_values("n", ascending=False, kind="stable", ignore_index=True),
        "Counts of distinct paths",
        ("Two journeys are the same path when their touchpoints are, in order; times do not count.",),
        int(table["n"].sum()),
    )


def same_path(j: Journeys) -> tuple[np.ndarray, np.ndarray]:
    """The first journey of each distinct path, in the order of journeys, and which of these each journey takes.

    Notes
    -----
    Journeys are grouped by a 64-bit hash of their codes and places; then every journey is compared, event by event, with
    the first of its group. Should two paths share a hash, another is drawn, so the grouping is exact.

    References
    ----------
    Carter and Wegman (1979), J. Comput. Syst. Sci. 18:143, on drawing a hash until it serves.
    """
    for seed in itertools.count():
        _, first, path = np.unique(_hash(j, seed), return_index=True, return_inverse=True)
        like = first[path]
        if (j.lengths == j.lengths[like]).all():
            shift = j.offsets[like] - j.offsets[:-1]
            if (j.codes == j.codes[np.arange(j.n_events) + np.repeat(shift, j.lengths)]).all():
                break
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[path]


def _hash(j: Journeys, seed: int) -> np.ndarray:
    """A sum over the events of each journey of random numbers drawn for the code, times odd ones drawn for the place."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(1 << 64, size=len(j.touchpoints), dtype=np.uint64)
    places = rng.integers(1 << 64, size=int(j.lengths.max(initial=0)), dtype=np.uint64) | np.uint64(1)
    drawn = np.cumsum(codes[j.codes] * places[j.position], dtype=np.uint64)
    total = np.concatenate(([np.uint64(0)], drawn))
    return total[j.offsets[1:]] - total[j.offsets[:-1]]


def _paths(j: Journeys, which: np.ndarray) -> list[tuple[str, ...]]:
    """The touchpoints of some journeys."""
    some = np.zeros(j.n_journeys, dtype=bool)
    some[which] = True
    kept = select(j, some)
    names = np.array(j.touchpoints, dtype=object)[kept.codes].tolist()
    return [tuple(names[start:end]) for start, end in itertools.pairwise(kept.offsets.tolist())]
