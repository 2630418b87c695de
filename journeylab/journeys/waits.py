"""How long until customers come from one touchpoint to another, when some are still on the way?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.journeys.model import Journeys, first_position, meetings
from journeylab.journeys.observation import Moment, observed
from journeylab.journeys.survival import kaplan_meier
from journeylab.privacy import in_steps_of_many
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST = "the first event"
SHARES = (0.25, 0.5, 0.75)
UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"), (1, "seconds"))


@dataclasses.dataclass(frozen=True)
class WaitingTimes(Result):
    """Time from one touchpoint to another.

    Attributes
    ----------
    table : DataFrame
        reached_share (0.25, 0.5, 0.75), n (customers who meet the start), reached (the goal), censored (not yet, when
        observation ends), wait_seconds (by which that share has reached the goal), ci_low, ci_high (seconds), reason (why
        a number is missing).
    curve : DataFrame
        time (seconds), at_risk, reached (so far), share (that has reached the goal by then), ci_low, ci_high.
    start, goal : str
    """

    curve: pd.DataFrame = dataclasses.field(repr=False)
    start: str
    goal: str

    @property
    def usual(self) -> float:
        """Seconds within which half of those got there who did while observed; NaN where nobody did.

        Whoever takes long is seen arriving less often, so this is no forecast; the percentiles of the table are.
        """
        reached = self.curve["reached"].to_numpy()
        if not len(reached):
            return float("nan")
        return float(self.curve["time"].iloc[int(np.searchsorted(reached, reached[-1] / 2))])

    def summary(self) -> str:
        """Say by when half have reached the goal, or how many have."""
        row = self.table.iloc[1]
        if not row["n"]:
            return f"No customer meets {self.start}."
        whom = "customers" if self.start == FIRST else f"customers who meet {self.start}"
        so_far = f"{text.share_of(int(row['reached']), int(row['n']))} have reached it when observation ends"
        if np.isnan(row["wait_seconds"]):
            if not row["reached"]:
                return f"None of the {text.count(row['n'])} {whom} reaches {self.goal} while observed."
            last = self.curve.iloc[-1]
            return (
                f"{text.percent(last['share'])} ({text.interval(last['ci_low'], last['ci_high'])}) of the {whom} "
                f"reach {self.goal} within {text.duration(last['time'])}, the longest wait observed; it is not "
                f"known when half would. {so_far}; half of these took {text.duration(self.usual)} or less."
            )
        ends = text.interval(row["ci_low"], row["ci_high"], "duration")
        if np.isnan(row["ci_high"]):
            ends = "too few for an interval" if np.isnan(row["ci_low"]) else f"{text.duration(row['ci_low'])} or more"
        return (
            f"Half of the {text.count(row['n'])} {whom} reach {self.goal} within "
            f"{text.duration(row['wait_seconds'])} ({ends}); {so_far}; half of these took {text.duration(self.usual)} or less."
        )

    def plot(self, ax: Axes | None = None, *, minimum: int = 1) -> Axes:
        """Draw the share that has reached the goal over time, with its band and the percentiles.

        Parameters
        ----------
        minimum : int
            Let each step of the curve stand for so many customers or more, for a public report.
        """
        ax = figures.new_axes(ax, height=4.6)
        frame = self.curve if minimum < 2 else in_steps_of_many(self.curve, minimum)
        n = int(self.table["n"].iloc[0])
        if frame.empty:
            ax.text(0.5, 0.5, self.summary(), ha="center", va="center", wrap=True, transform=ax.transAxes)
            return figures.describe(ax, f"Empty picture of waiting times. {self.summary()}")
        share = frame["share"].to_numpy()
        most = frame["time"].to_numpy()[np.searchsorted(share, 0.98 * share[-1])] * 1.15
        size, unit = next(((size, unit) for size, unit in UNITS if most >= 2 * size), UNITS[-1])
        most = max(most / size, 1.0)
        time, rise = np.append(0.0, frame["time"] / size), 100 * np.append(0.0, share)
        low, high = (100 * np.append(0.0, frame[end]) for end in ("ci_low", "ci_high"))
        ax.fill_between(time, low, high, step="post", color=figures.BLUE, alpha=0.18, linewidth=0)
        ax.step(time, rise, where="post", color=figures.BLUE, linewidth=1.8)
        for row in self.table.dropna(subset=["wait_seconds"]).itertuples():
            at = row.wait_seconds / size
            if at > most:
                continue
            right = at < 0.5 * most
            ax.plot(at, 100 * row.reached_share, "o", color=figures.INK, zorder=3)
            ax.annotate(
                f"{text.percent(row.reached_share, 0)} within {text.duration(row.wait_seconds)}",
                (at, 100 * row.reached_share),
                xytext=(14, -4) if right else (-14, 4),
                textcoords="offset points",
                ha="left" if right else "right",
                va="top" if right else "bottom",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
            )
        ax.set_xlim(0, most)
        ax.set_ylim(0, min(100.0, max(5.0, 1.25 * float(np.nanmax(high[time <= most])))))
        ax.yaxis.set_major_formatter("{x:.0f} %")
        ticks = [tick for tick in ax.get_xticks() if 0 <= tick <= most]
        left = np.append(frame["at_risk"], 0)[np.searchsorted(frame["time"], np.array(ticks) * size)]
        told = [text.count(count) if count >= minimum else "" for count in left]
        ax.set_xticks(ticks, [f"{text.short(tick)}\n{count}" for tick, count in zip(ticks, told, strict=True)])
        ax.set_xlabel(f"{unit} since the start; below: customers still waiting and observed")
        figures.subtitle(
            ax,
            f"From {self.start} to {self.goal}",
            f"share of {text.count(n)} customers who have reached it, with 95 % band",
        )
        draws = figures.at_least(minimum) if minimum > 1 else figures.PEOPLE  # else a step is a person
        return figures.describe(ax, f"Rising curve of the share that has reached {self.goal}. {self.summary()}", draws)


def waiting_times(j: Journeys, start: str | None, goal: str, *, until_time: Moment | None = None) -> WaitingTimes:
    """Estimate how long customers take from their first meeting with one touchpoint to the next with another.

    Parameters
    ----------
    j : Journeys
        Visits are joined to customers: who leaves a visit may come back and reach the goal in another.
    start : str or None
        Counted from the customer's first meeting with it; None counts from the first event.
    goal : str
        The first meeting after the start; those before it do not count. It may be `start` itself, coming again.
    until_time : str, datetime or datetime64, optional
        When observation ended, UTC; later events do not count. Default: the last event of `j`. Give it where `j` was
        selected or cut, since its last event may then lie before the end of the data.

    Returns
    -------
    WaitingTimes
        One row a percentile, of all who meet the start, not only of those who reach the goal.

    Raises
    ------
    StudyError
        When a touchpoint is unknown or `until_time` is no moment.

    Notes
    -----
    Customers who have not reached the goal by the end of observation have waited at least until then: they are censored,
    and the curve is Kaplan and Meier's with log-log intervals; see `journeylab.journeys.survival`. Leaving them out, or
    counting them as never coming, would make the wait too short or the share too small.
    """
    j, end = observed(j, until_time)
    begin = first_position(j, start) if start is not None else np.where(j.lengths > 0, j.offsets[:-1], -1)
    hits = meetings(j, goal)
    begun = np.flatnonzero(begin >= 0)
    after = np.append(hits, j.n_events)[np.searchsorted(hits, begin[begun], side="right")]
    reached = after < j.offsets[1:][begun]
    began = j.times[begin[begun]]
    ended = np.full(len(begun), end)
    ended[reached] = j.times[after[reached]]
    waited = (ended - began).astype("timedelta64[us]").view(np.int64)
    found = kaplan_meier(waited, reached)
    rows = []
    for share in SHARES:
        wait, low, high = (value / 1e6 for value in found.quantile(share))
        rows.append((share, len(begun), int(reached.sum()), int((~reached).sum()), wait, low, high))
    columns = ["reached_share", "n", "reached", "censored", "wait_seconds", "ci_low", "ci_high"]
    table = pd.DataFrame(rows, columns=columns)
    source = FIRST if start is None else f"'{start}'"
    table["reason"] = [_reason(row, source, f"'{goal}'") for row in table.itertuples()]
    return WaitingTimes(
        table,
        "Kaplan-Meier waiting times, with log-log intervals",
        (
            "Customers who come late in the data, and are watched for less long, would take as long as the earlier ones.",
            "Whoever has not reached the goal when observation ends could still do so; a customer who can never do so counts "
            "as waiting.",
            f"Observation ends at {text.date(pd.Timestamp(end))} {pd.Timestamp(end):%H:%M:%S} UTC for everybody."
            if not np.isnat(end)
            else "There are no events.",
            "The start is the first in the data; an earlier one would make the wait longer.",
        ),
        found.curve(1e6),
        source,
        f"'{goal}'",
    )


def _reason(row: object, start: str, goal: str) -> str:
    """Why a percentile or an end of its interval is missing."""
    share = text.percent(row.reached_share, 0)  # type: ignore[attr-defined]
    if not row.n:  # type: ignore[attr-defined]
        return f"no customer meets {start}"
    if np.isnan(row.wait_seconds):  # type: ignore[attr-defined]
        return f"fewer than {share} reach {goal} within the time observed"
    if np.isnan(row.ci_low) or np.isnan(row.ci_high):  # type: ignore[attr-defined]
        return f"too few are observed for long enough to bound when {share} reach {goal}"
    return ""
