"""How far do customers get? Funnels with a stated rule and an interval on every step."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.journeys.model import Journeys, has, meetings
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEVER = np.iinfo(np.int64).max


@dataclasses.dataclass(frozen=True)
class Funnel(Result):
    """Journeys that came at least to each step.

    Attributes
    ----------
    table : DataFrame
        step, n, share_of_previous, ci_low, ci_high (Wilson, of share_of_previous), share_of_first, first_ci_low,
        first_ci_high, median_seconds (from the step before; NaN where order does not count).
    """

    def summary(self) -> str:
        """Say how many begin and end, and where most are lost."""
        if self.table.empty or self.table["n"].iloc[0] == 0:
            return "No journey begins this funnel."
        first, last = self.table.iloc[0], self.table.iloc[-1]
        sentence = (
            f"Of {text.count(first['n'])} who reach '{first['step']}', {text.count(last['n'])} "
            f"({text.percent(last['share_of_first'])}, "
            f"{text.interval(last['first_ci_low'], last['first_ci_high'])}) reach '{last['step']}'."
        )
        later = self.table.iloc[1:].dropna(subset=["share_of_previous"])
        if len(later):
            worst = later.loc[later["share_of_previous"].idxmin()]
            onward = text.percent(worst["share_of_previous"])
            sentence += f" The largest share is lost before '{worst['step']}': {onward} go on to it."
        return sentence

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a bar a step with its interval."""
        frame = self.table.iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.55))
        rows = np.arange(len(frame))
        share = 100 * frame["share_of_first"].to_numpy(dtype=float)
        reach = 100 * np.vstack(
            [frame["share_of_first"] - frame["first_ci_low"], frame["first_ci_high"] - frame["share_of_first"]]
        )
        ax.barh(rows, share, color=figures.BLUE, alpha=0.85, height=0.6)
        ax.errorbar(share, rows, xerr=np.abs(reach), fmt="none", ecolor=figures.INK, capsize=3)
        for row, value, n in zip(rows, share, frame["n"], strict=True):
            ax.text(min(value + 3, 103), float(row), f"{text.fixed(value, 0)} %  ({text.count(n)})", va="center")
        ax.set_yticks(rows, frame["step"])
        ax.set_xlim(0, 125)
        ax.set_xticks(range(0, 101, 20), [f"{tick} %" for tick in range(0, 101, 20)])
        ax.grid(axis="y", visible=False)
        figures.subtitle(
            ax, "How far customers get", f"share of the {text.count(self.table['n'].iloc[0])} who reach the first step"
        )
        series = {"of those on the first step": ("share_of_first", "first_ci_low", "first_ci_high")}
        draws = figures.drawn(self.table, "step", series, also=["n"])
        return figures.describe(ax, f"Bar chart of a funnel with {len(frame)} steps. {self.summary()}", draws)


def funnel(
    j: Journeys, steps: Sequence[str | Sequence[str]], ordered: bool = True, within: str | None = None
) -> Funnel:
    """Count the journeys that reach each step.

    Parameters
    ----------
    steps : sequence of str or of sequences of str
        Touchpoints; a list of several counts any of them as the step.
    ordered : bool
        True: step k counts when it comes after the first completion of the steps before it (a later event; others may lie
        between). False: a journey is at step k when it meets step k or any later step, at any time.
    within : str, optional
        Ordered only: step k must come within this time of the first step, such as ``"7d"``.

    Raises
    ------
    StudyError
        For no steps, an unknown touchpoint, or a time that is not understood.
    """
    groups, limit = read_steps(steps, ordered, within)
    if ordered:
        reached, waits = _ordered(j, groups, limit)
    else:
        at_all = np.array([has(j, group) for group in groups])
        reached, waits = np.logical_or.accumulate(at_all[::-1], axis=0)[::-1], None
    return describe_funnel(groups, reached.sum(axis=1), waits, ordered, within)


def read_steps(
    steps: Sequence[str | Sequence[str]], ordered: bool, within: str | None
) -> tuple[list[list[str]], int | None]:
    """Return the touchpoints of each step, and the longest time from the first, in microseconds.

    Raises
    ------
    StudyError
        For no steps, a time that is not understood, or a time where order does not count.
    """
    if not len(steps):
        raise StudyError("funnel: needs at least one step.")
    groups = [[step] if isinstance(step, str) else list(step) for step in steps]
    if within is None:
        return groups, None
    if not ordered:
        raise StudyError("funnel: 'within' needs ordered=True.")
    try:
        return groups, pd.Timedelta(within).value // 1_000
    except ValueError:
        raise StudyError(f"within='{within}' is no span of time, write one such as '7d'.") from None


def describe_funnel(
    groups: list[list[str]], n: np.ndarray, waits: list[float] | None, ordered: bool, within: str | None
) -> Funnel:
    """Make the result of the number of journeys at each step and, where order counts, the median waits in seconds."""
    rule = "a step counts when it comes later than the first completion of all steps before it"
    if not ordered:
        rule = "a journey is at a step when it meets that step or any later one, in any order"
    if within is not None:
        rule += f", within {within} of the first step"
    previous, low, high = wilson(n[1:], n[:-1])
    first, first_low, first_high = wilson(n, np.full(len(n), n[0]))
    table = pd.DataFrame(
        {
            "step": [" or ".join(group) for group in groups],
            "n": n,
            "share_of_previous": np.append(np.nan, previous),
            "ci_low": np.append(np.nan, low),
            "ci_high": np.append(np.nan, high),
            "share_of_first": first,
            "first_ci_low": first_low,
            "first_ci_high": first_high,
            "median_seconds": np.nan if waits is None else waits,
        }
    )
    return Funnel(
        table,
        "Funnel with Wilson intervals",
        (f"The rule: {rule}.", "Each journey counts once; journeys are independent."),
    )


def _ordered(j: Journeys, groups: list[list[str]], limit: int | None) -> tuple[np.ndarray, list[float]]:
    """Which journeys complete each step in order, and the median wait from the step before."""
    reached, waits = [], [np.nan]
    after = j.offsets[:-1] - 1
    alive = np.ones(j.n_journeys, dtype=bool)
    first_time = before = j.first_times
    for number, group in enumerate(groups):
        hits = meetings(j, group)
        nth = np.searchsorted(hits, after, side="right")
        position = np.where(
            nth < len(hits), hits[np.minimum(nth, max(len(hits) - 1, 0))] if len(hits) else NEVER, NEVER
        )
        alive &= position < j.offsets[1:]
        times = j.times[np.minimum(position, max(j.n_events - 1, 0))] if j.n_events else j.first_times
        if number == 0:
            first_time = times
        elif limit is not None:
            alive &= times - first_time <= np.timedelta64(limit, "us")
        if number:
            gaps = (times - before)[alive] / np.timedelta64(1, "s")
            waits.append(float(np.median(gaps)) if len(gaps) else np.nan)
        before = times
        reached.append(alive.copy())
        after = np.where(alive, position, after)
    return np.array(reached), waits
