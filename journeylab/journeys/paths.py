"""Distinct journeys with their weights: the table on which path statistics scale."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.journeys.model import Journeys, has, until
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
            f"{self.n:,} journeys take {len(self.table):,} distinct paths; the most frequent is "
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
    raw = cut.codes.astype(np.int32).tobytes()
    width = np.dtype(np.int32).itemsize
    keys = [raw[start * width : end * width] for start, end in zip(cut.offsets[:-1], cut.offsets[1:], strict=True)]
    codes, distinct = pd.factorize(pd.Series(keys, dtype=object))
    table = pd.DataFrame(
        {
            "path": [tuple(cut.touchpoints[code] for code in np.frombuffer(key, dtype=np.int32)) for key in distinct],
            "n": np.bincount(codes, minlength=len(distinct)),
        }
    )
    if reached is not None:
        table["converted"] = np.bincount(codes, weights=reached, minlength=len(distinct)).astype(int)
    return PathTable(
        table.sort_values("n", ascending=False, kind="stable", ignore_index=True),
        "Counts of distinct paths",
        ("Two journeys are the same path when their touchpoints are, in order; times do not count.",),
        j.n_journeys,
    )
