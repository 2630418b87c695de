"""Where do journeys begin and where do they end? By session: the entry and exit pages."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.journeys.groups import distinct, in_blocks
from journeylab.journeys.model import Journeys
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class EntriesAndExits(Result):
    """First and last touchpoints of journeys.

    Attributes
    ----------
    table : DataFrame
        touchpoint, n (journeys that meet it), entries (journeys that begin with it), entry_share (of all journeys),
        entry_ci_low, entry_ci_high, exits (journeys that end with it), exit_share (of all journeys), exit_ci_low,
        exit_ci_high, exit_rate (exits of the journeys that meet it), rate_ci_low, rate_ci_high (all Wilson); most entries
        and exits first.
    n : int
        Journeys.
    by : str
        ``"customer"`` or ``"session"``: what one journey is.
    """

    n: int
    by: str

    def summary(self) -> str:
        """Name the most frequent beginning and end."""
        if self.n == 0:
            return "There are no journeys."
        entry = self.table.loc[self.table["entries"].idxmax()]
        end = self.table.loc[self.table["exits"].idxmax()]
        return (
            f"Of {text.count(self.n)} {'visits' if self.by == 'session' else 'journeys'} {text.percent(entry['entry_share'])} "
            f"({text.interval(entry['entry_ci_low'], entry['entry_ci_high'])}) begin with '{entry['touchpoint']}' and "
            f"{text.percent(end['exit_share'])} ({text.interval(end['exit_ci_low'], end['exit_ci_high'])}) end with "
            f"'{end['touchpoint']}'."
        )

    def plot(self, ax: Axes | None = None, *, most: int = 16) -> Axes:
        """Draw the shares that begin and end with each touchpoint, with intervals."""
        frame = self.table.head(most).iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        rows = np.arange(len(frame))
        for shift, kind, colour, marker, label in (
            (0.12, "entry", figures.GREEN, "D", "begin with it"),
            (-0.12, "exit", figures.ORANGE, "s", "end with it"),
        ):
            share = frame[f"{kind}_share"]
            reach = 100 * np.vstack([share - frame[f"{kind}_ci_low"], frame[f"{kind}_ci_high"] - share])
            ax.errorbar(100 * share, rows + shift, xerr=np.abs(reach), fmt=marker, color=colour, capsize=3, label=label)
        ax.set_yticks(rows, frame["touchpoint"])
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlim(left=0)
        ax.legend(frameon=False, loc="lower right")
        what = "visits" if self.by == "session" else "journeys"
        figures.subtitle(
            ax, f"Where {what} begin and end", f"share of {text.count(self.n)} {what}, with 95 % intervals"
        )
        series = {
            "begin with it": ("entry_share", "entry_ci_low", "entry_ci_high"),
            "end with it": ("exit_share", "exit_ci_low", "exit_ci_high"),
        }
        draws = figures.drawn(frame[::-1], "touchpoint", series)
        said = f"Dot plot of beginnings and ends at {len(frame)} touchpoints. {self.summary()}"
        return figures.describe(ax, said, draws)


def entries_and_exits(j: Journeys) -> EntriesAndExits:
    """Count for each touchpoint the journeys that begin and that end with it.

    Parameters
    ----------
    j : Journeys
        Built by session, these are the entry and exit pages of visits; by customer, the first and last touchpoint seen.

    Notes
    -----
    A share of all journeys says where most begin or end; the exit rate says how often meeting the touchpoint goes with
    ending there, so a touchpoint that few meet can have a high one. Journeys without events do not count.
    """
    size = len(j.touchpoints)
    held = j.lengths > 0
    n = int(held.sum())
    journeys = np.zeros(size, dtype=np.int64)
    for met in in_blocks(j, lambda part: distinct(part.event_journey * size + part.codes)[0] % size):
        journeys += np.bincount(met, minlength=size)
    entries = np.bincount(j.codes[j.offsets[:-1][held]], minlength=size)
    exits = np.bincount(j.codes[j.offsets[1:][held] - 1], minlength=size)
    entry_share, entry_low, entry_high = wilson(entries, np.full(size, n))
    exit_share, exit_low, exit_high = wilson(exits, np.full(size, n))
    rate, rate_low, rate_high = wilson(exits, journeys)
    table = pd.DataFrame(
        {
            "touchpoint": list(j.touchpoints),
            "n": journeys,
            "entries": entries,
            "entry_share": entry_share,
            "entry_ci_low": entry_low,
            "entry_ci_high": entry_high,
            "exits": exits,
            "exit_share": exit_share,
            "exit_ci_low": exit_low,
            "exit_ci_high": exit_high,
            "exit_rate": rate,
            "rate_ci_low": rate_low,
            "rate_ci_high": rate_high,
        }
    )
    order = np.argsort(-(entries + exits), kind="stable")
    return EntriesAndExits(
        table.iloc[order[journeys[order] > 0]].reset_index(drop=True),
        "Counts of first and last touchpoints, with Wilson intervals",
        (
            "Journeys are independent; the visits of one customer may not be, and then the intervals are too narrow.",
            "A journey begins with its first event in the data, and may not be over when they end.",
        ),
        n,
        j.by,
    )
