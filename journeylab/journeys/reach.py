"""Which touchpoints do customers meet, how many of them, and when?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.journeys.model import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Reach(Result):
    """Reach of touchpoints.

    Attributes
    ----------
    table : DataFrame
        touchpoint, n (journeys that meet it), share, ci_low, ci_high (Wilson), events, median_seconds_from_start,
        first_share (of journeys that begin with it), last_share (of journeys that end with it).
    n : int
        Journeys.
    """

    n: int

    def summary(self) -> str:
        """Name the touchpoints most met, and the usual entry and end."""
        if self.table.empty:
            return "There are no journeys."
        top = [f"'{row.touchpoint}' ({text.percent(row.share, 0)})" for row in self.table.head(3).itertuples()]
        entry = self.table.loc[self.table["first_share"].idxmax()]
        last = self.table.loc[self.table["last_share"].idxmax()]
        return (
            f"Of {self.n:,} journeys most meet {text.sentence_list(top)}; {text.percent(entry['first_share'], 0)} begin with "
            f"'{entry['touchpoint']}' and {text.percent(last['last_share'], 0)} end with '{last['touchpoint']}'."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 20) -> Axes:
        """Draw reach with intervals, and where journeys begin and end."""
        frame = self.table.head(most).iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.3))
        rows = np.arange(len(frame))
        ax.barh(rows, 100 * frame["share"], color=figures.BLUE, alpha=0.35, height=0.6, label="meet it")
        ax.plot(100 * frame["first_share"], rows, "D", color=figures.GREEN, label="begin with it")
        ax.plot(100 * frame["last_share"], rows, "s", color=figures.ORANGE, label="end with it")
        ax.set_yticks(rows, frame["touchpoint"])
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlim(0, 100)
        ax.grid(axis="y", visible=False)
        ax.legend(frameon=False, loc="lower right")
        figures.subtitle(ax, "Touchpoints by reach", f"share of {self.n:,} journeys")
        return figures.describe(ax, f"Bars of the reach of {len(frame)} touchpoints. {self.summary()}")


def reach(j: Journeys) -> Reach:
    """Count for each touchpoint the journeys that meet it, begin with it and end with it."""
    size, n = len(j.touchpoints), j.n_journeys
    owner = j.event_journey
    pair, first_at = np.unique(j.codes.astype(np.int64) * max(n, 1) + owner, return_index=True)
    code = pair // max(n, 1)
    count = np.bincount(code, minlength=size)
    seconds = (
        (j.times[first_at] - j.first_times[owner[first_at]]) / np.timedelta64(1, "s") if j.n_events else np.empty(0)
    )
    parts = np.split(seconds, np.cumsum(count)[:-1]) if size else []
    held = j.lengths > 0
    share, low, high = wilson(count, np.full(size, n))
    table = pd.DataFrame(
        {
            "touchpoint": list(j.touchpoints),
            "n": count,
            "share": share,
            "ci_low": low,
            "ci_high": high,
            "events": np.bincount(j.codes, minlength=size),
            "median_seconds_from_start": [float(np.median(part)) if len(part) else np.nan for part in parts],
            "first_share": np.bincount(j.codes[j.offsets[:-1][held]], minlength=size) / max(n, 1),
            "last_share": np.bincount(j.codes[j.offsets[1:][held] - 1], minlength=size) / max(n, 1),
        }
    )
    return Reach(
        table.sort_values(["n", "touchpoint"], ascending=[False, True], ignore_index=True),
        "Share of journeys with Wilson intervals",
        ("Journeys are independent; a touchpoint that is not tracked is not counted.",),
        n,
    )
