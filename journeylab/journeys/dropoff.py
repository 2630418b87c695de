"""Where do customers leave: stage by stage, and at which last touchpoint?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.intervals import wilson
from journeylab.journeys.friction import before_goal
from journeylab.journeys.model import Journeys, first_position, meetings, select
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Dropoff(Result):
    """Drop-off by stage.

    Attributes
    ----------
    table : DataFrame
        stage, n (journeys that reach it), left (that meet no later stage afterwards), left_share, ci_low, ci_high (Wilson),
        counts (whether staying there is leaving: only before the goal's stage).
    """

    def summary(self) -> str:
        """Name the stage where the largest share goes no further."""
        frame = self.table[self.table["counts"]]
        if frame.empty:
            return "There are fewer than two stages with events."
        worst = frame.loc[frame["left_share"].idxmax()]
        return (
            f"The largest share stays behind at '{worst['stage']}': {text.percent(worst['left_share'])} "
            f"({text.interval(worst['ci_low'], worst['ci_high'])}) of the {text.count(worst['n'])} who come there go no further."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share that goes no further, a bar a stage."""
        frame = self.table[self.table["counts"]].iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.5))
        rows, share = np.arange(len(frame)), 100 * frame["left_share"].to_numpy(dtype=float)
        reach = 100 * np.vstack([frame["left_share"] - frame["ci_low"], frame["ci_high"] - frame["left_share"]])
        ax.barh(rows, share, color=figures.ORANGE, alpha=0.8, height=0.6)
        ax.errorbar(share, rows, xerr=np.abs(reach), fmt="none", ecolor=figures.INK, capsize=3)
        ends = 100 * frame["ci_high"].fillna(0)
        for row, value, end, n in zip(rows, share, ends, frame["n"], strict=True):
            ax.text(end + 2, float(row), f"{text.fixed(value, 0)} % of {text.count(n)}", va="center")
        ax.set_yticks(rows, frame["stage"])
        ax.set_xlim(0, max(40.0, float(ends.max() if len(ends) else 0) * 1.35))
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, "Who goes no further", "share of those who reach the stage, with 95 % intervals")
        draws = figures.drawn(frame[::-1], "stage", {"go no further": ("left_share", "ci_low", "ci_high")}, also=["n"])
        return figures.describe(ax, f"Bar chart of drop-off by stage. {self.summary()}", draws)


def stage_dropoff(j: Journeys, stages: Sequence[str], goal: str | None = None) -> Dropoff:
    """Count for each stage who reaches it and who meets no later stage afterwards.

    Parameters
    ----------
    j : Journeys
        Relabelled to stages.
    stages : sequence of str
        In order; one without events is reached by none.
    goal : str, optional
        The stage of the main outcome: who stays there or later has not left. Without it, the last stage.
    """
    columns = ["stage", "n", "left", "left_share", "ci_low", "ci_high", "counts"]
    end = stages.index(goal) if goal in stages else len(stages) - 1
    rows = []
    for place, stage in enumerate(stages):
        first = first_position(j, stage) if stage in j.touchpoints else np.full(j.n_journeys, -1)
        here = first >= 0
        later = [name for name in stages[place + 1 :] if name in j.touchpoints]
        left = here & (_last_position(j, later) < first)
        n = int(here.sum())
        rows.append((stage, n, int(left.sum()), *wilson(int(left.sum()), n), place < end))
    table = pd.DataFrame(rows, columns=columns).astype({"counts": bool})
    return Dropoff(
        table,
        "Share without any later stage, with Wilson intervals",
        (
            "Who went no further may still be on the way when the data end.",
            "A stage counts as reached from its first event; staying on the outcome's stage or a later one is not leaving.",
        ),
    )


def _last_position(j: Journeys, touchpoints: Sequence[str]) -> np.ndarray:
    """Where each journey meets any of some touchpoints for the last time, in the arrays of events; -1 where it does not."""
    hits = meetings(j, touchpoints)
    after = np.searchsorted(hits, j.offsets[1:])
    last = np.full(j.n_journeys, -1, dtype=np.int64)
    held = after > np.searchsorted(hits, j.offsets[:-1])
    last[held] = hits[after[held] - 1]
    return last


@dataclasses.dataclass(frozen=True)
class Abandonment(Result):
    """Journeys that got close and did not make it, by their last touchpoint.

    Attributes
    ----------
    table : DataFrame
        last_touchpoint, n, share (of those who abandon), ci_low, ci_high (Wilson).
    n_close, n_abandoned : int
        Journeys that reach `after`, and those of them that never reach `goal` afterwards.
    goal, after : str
    """

    n_close: int
    n_abandoned: int
    goal: str
    after: str

    def summary(self) -> str:
        """Say how many abandon, and where they were last."""
        if not self.n_close:
            return f"No journey reaches '{self.after}'."
        share, low, high = wilson(self.n_abandoned, self.n_close)
        sentence = (
            f"Of {text.count(self.n_close)} who reach '{self.after}', {text.count(self.n_abandoned)} ({text.percent(share)}, "
            f"{text.interval(low, high)}) never reach '{self.goal}' after it."
        )
        if len(self.table):
            top = self.table.iloc[0]
            sentence += (
                f" The last thing seen was most often '{top['last_touchpoint']}' ({text.percent(top['share'])})."
            )
        return sentence

    def plot(self, ax: Axes | None = None, *, most: int = 10) -> Axes:
        """Draw the last touchpoints as bars with intervals."""
        frame = self.table.head(most).iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        rows, share = np.arange(len(frame)), 100 * frame["share"]
        ax.barh(rows, share, color=figures.ORANGE, alpha=0.8, height=0.6)
        reach = 100 * np.vstack([frame["share"] - frame["ci_low"], frame["ci_high"] - frame["share"]])
        ax.errorbar(share, rows, xerr=np.abs(reach), fmt="none", ecolor=figures.INK, capsize=3)
        ax.set_yticks(rows, frame["last_touchpoint"])
        ax.xaxis.set_major_formatter("{x:.0f} %")
        ax.grid(axis="y", visible=False)
        figures.subtitle(
            ax,
            f"Last seen, after '{self.after}' and without '{self.goal}'",
            f"n = {text.count(self.n_abandoned)} journeys",
        )
        draws = figures.drawn(frame[::-1], "last_touchpoint", {"last seen there": ("share", "ci_low", "ci_high")})
        return figures.describe(ax, f"Bar chart of last touchpoints before giving up. {self.summary()}", draws)


def abandonment(j: Journeys, goal: str, after: str) -> Abandonment:
    """Take the journeys that reach `after` and not `goal` afterwards, and count their last touchpoints."""
    close = first_position(j, after)
    reached, _ = before_goal(j, goal)
    gone = (close >= 0) & (_last_position(j, [goal]) < close) & ~reached
    left = select(j, gone)
    counts = (
        np.bincount(left.codes[left.offsets[1:] - 1], minlength=len(j.touchpoints)) if left.n_journeys else np.array([])
    )
    used = np.flatnonzero(counts)
    share, low, high = wilson(counts[used], np.full(len(used), max(left.n_journeys, 1)))
    table = pd.DataFrame(
        {
            "last_touchpoint": [j.touchpoints[code] for code in used],
            "n": counts[used],
            "share": share,
            "ci_low": low,
            "ci_high": high,
        }
    ).sort_values("n", ascending=False, kind="stable", ignore_index=True)
    n_close = int(((close >= 0) & (~reached | (first_position(j, goal) > close))).sum())
    return Abandonment(
        table,
        "Counts of last touchpoints, with Wilson intervals",
        ("Who has not reached the goal when the data end counts as having abandoned.",),
        n_close,
        left.n_journeys,
        goal,
        after,
    )
