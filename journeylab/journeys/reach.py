"""Which touchpoints do customers meet, how many of them, and when?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.journeys.groups import blocks, quantiles, runs
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
            f"Of {text.count(self.n)} journeys most meet {text.sentence_list(top)}; "
            f"{text.percent(entry['first_share'], 0)} begin with "
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
        figures.subtitle(ax, "Touchpoints by reach", f"share of {text.count(self.n)} journeys")
        series = {"meet it": "share", "begin with it": "first_share", "end with it": "last_share"}
        draws = figures.drawn(frame[::-1], "touchpoint", series)
        return figures.describe(ax, f"Bars of the reach of {len(frame)} touchpoints. {self.summary()}", draws)


def reach(j: Journeys) -> Reach:
    """Count for each touchpoint the journeys that meet it, begin with it and end with it."""
    size, n = len(j.touchpoints), j.n_journeys
    code, wait = _first_meetings(j)
    count = np.bincount(code, minlength=size)
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
            "median_seconds_from_start": quantiles(code, wait, size)[0] / 1e6,
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


def _first_meetings(j: Journeys) -> tuple[np.ndarray, np.ndarray]:
    """Each touchpoint that each journey meets, and the microseconds from its start to the first meeting."""
    size, codes, waits = len(j.touchpoints), [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for part in blocks(j):
        if not part.n_events:
            continue
        events = np.arange(part.n_events)
        meeting = (
            part.event_journey * size + part.codes
        ) * part.n_events + events  # the first event of each sorts first
        meeting.sort()
        first = runs(meeting // part.n_events)
        at = meeting[first] % part.n_events
        codes.append(part.codes[at].astype(np.int64))
        waits.append((part.times - np.repeat(part.first_times, part.lengths))[at].view(np.int64))
    return np.concatenate(codes), np.concatenate(waits)
