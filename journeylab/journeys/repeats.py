"""Do customers do it again: a second, a third time, and how soon?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.journeys.model import Journeys
from journeylab.journeys.observation import DAY, Moment, observed, occurrences
from journeylab.journeys.survival import Survival, kaplan_meier
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HORIZONS = (30, 60, 90, 180)


@dataclasses.dataclass(frozen=True)
class Repeat(Result):
    """Second, third and further times of an outcome.

    Attributes
    ----------
    table : DataFrame
        occurrence (2 and on), n (customers with the one before), repeated (of them, while observed), share, ci_low, ci_high
        (Wilson, of those who have repeated so far), median_days (by which half have repeated, Kaplan-Meier),
        median_ci_low, median_ci_high, days_between (median of those who have repeated), reason (why a median is missing).
    horizons : DataFrame
        occurrence, within_days, n, repeated (within that time), at_risk (observed so long without it), share
        (Kaplan-Meier), ci_low, ci_high, reason.
    curves : DataFrame
        occurrence, time (days), at_risk, reached, share, ci_low, ci_high.
    outcome : str
    n : int
        Customers, with the outcome or without.
    """

    horizons: pd.DataFrame
    curves: pd.DataFrame = dataclasses.field(repr=False)
    outcome: str
    n: int

    def summary(self) -> str:
        """Say how many repeat within the longest time that was observed."""
        if self.table.empty:
            return f"None of {text.count(self.n)} customers has '{self.outcome}'."
        second = self.table.iloc[0]
        known = self.horizons[self.horizons["occurrence"] == 2].dropna(subset=["share"])
        so_far = f"{text.share_of(int(second['repeated']), int(second['n']))} have repeated '{self.outcome}' so far"
        if known.empty:
            return f"{so_far}; nobody was observed long enough to say more."
        row = known.iloc[-1]
        return (
            f"Of the {text.count(second['n'])} customers with '{self.outcome}' {text.percent(row['share'])} "
            f"({text.interval(row['ci_low'], row['ci_high'])}) repeat it within {text.short(row['within_days'])} days; {so_far}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share that has repeated over the days since the time before, a curve an occurrence."""
        ax = figures.new_axes(ax, height=4.4)
        most = float(self.horizons["within_days"].max()) if len(self.horizons) else 1.0
        ends: list[tuple[float, str, str]] = []
        highest = 0.0
        for place, (occurrence, frame) in enumerate(self.curves.groupby("occurrence")):
            colour = figures.PALETTE[place % len(figures.PALETTE)]
            shown = frame[frame["time"] <= most]
            if shown.empty:
                continue
            time = np.concatenate(([0.0], shown["time"], [min(most, frame["time"].iloc[-1])]))
            share = 100 * np.concatenate(([0.0], shown["share"], [shown["share"].iloc[-1]]))
            ax.step(time, share, where="post", color=colour, linewidth=1.8)
            rows = self.horizons[self.horizons["occurrence"] == occurrence].dropna(subset=["share"])
            shift = (place - 1.5) * most / 110
            reach = 100 * np.vstack([rows["share"] - rows["ci_low"], rows["ci_high"] - rows["share"]])
            ax.errorbar(
                rows["within_days"] + shift, 100 * rows["share"], yerr=np.abs(reach), color=colour, capsize=3,
                fmt=figures.MARKERS[place % len(figures.MARKERS)],
            )  # fmt: skip
            highest = max(highest, share[-1], 100 * float(rows["ci_high"].max()) if len(rows) else 0.0)
            ends.append(
                (float(share[-1]), f"{_ordinal(int(occurrence))} (n {text.count(frame['at_risk'].iloc[0])})", colour)
            )
        top = min(100.0, max(5.0, 1.12 * highest))
        for height, label, colour in figures.spread(ends, 0.065 * top, top):
            ax.text(1.05 * most, height, label, color=colour, va="center")
        ax.set_xlim(0, 1.04 * most)
        ax.set_ylim(0, top)
        ax.yaxis.set_major_formatter("{x:.0f} %")
        ax.set_xticks([0, *sorted(set(self.horizons["within_days"]))] if len(self.horizons) else [0, 1])
        ax.set_xlabel("days since the time before")
        figures.subtitle(
            ax, f"How soon '{self.outcome}' is repeated", "share of those with the time before it, with 95 % intervals"
        )
        named = self.table.assign(time=[str(number) for number in self.table["occurrence"]])
        draws = figures.drawn(named, "time", {"repeated so far": ("share", "ci_low", "ci_high")}, more=True)
        return figures.describe(ax, f"Rising curves of the share that repeats {self.outcome}. {self.summary()}", draws)


def repeat(
    j: Journeys,
    outcome: str,
    *,
    horizons: Sequence[int] = HORIZONS,
    most: int = 5,
    until_time: Moment | None = None,
) -> Repeat:
    """Estimate how many customers have an outcome again, and after how long.

    Parameters
    ----------
    j : Journeys
        Visits are joined to customers.
    outcome : str
        Such as a purchase. Several at one moment, such as the lines of a basket, are one.
    horizons : sequence of int
        Days by which to repeat.
    most : int
        The last occurrence to look at.
    until_time : str, datetime or datetime64, optional
        When observation ended, UTC; default: the last event of `j`.

    Raises
    ------
    StudyError
        When the outcome is unknown, `most` under 2, a horizon not above 0, or `until_time` is no moment.

    Notes
    -----
    The share that has repeated so far mixes customers observed for long with those who have only just come. The share
    within 30 days and the median are Kaplan-Meier's: customers without a repeat count as waiting until observation ends.
    The median days of those who have repeated leave out all who are still waiting, and are too short.

    References
    ----------
    Kaplan and Meier (1958), JASA 53:457; Lin, Sun and Ying (1999), Biometrika 86:59, on gaps after the first.
    """
    if most < 2:
        raise StudyError(f"most={most}: the first repeat is occurrence 2.")
    if not len(horizons) or min(horizons) <= 0:
        raise StudyError(f"horizons={tuple(horizons)}: needs days above 0, such as (30, 90).")
    j, end = observed(j, until_time)
    at, owner, merged = occurrences(j, outcome)
    rank = np.arange(len(at)) - np.searchsorted(owner, owner)
    times = j.times[at]
    again = np.zeros(len(at), dtype=bool)
    again[:-1] = owner[1:] == owner[:-1]
    ended = np.full(len(at), end)
    ended[again] = times[1:][again[:-1]]
    wait = (ended - times).astype("timedelta64[us]").view(np.int64)
    found = {}
    for occurrence in range(2, most + 1):
        before = rank == occurrence - 2
        if not before.any():
            break
        found[occurrence] = (kaplan_meier(wait[before], again[before]), wait[before & again])
    within = [
        _within(occurrence, curve, done, days)
        for occurrence, (curve, done) in found.items()
        for days in sorted(horizons)
    ]
    return Repeat(
        pd.DataFrame([_row(occurrence, curve, done) for occurrence, (curve, done) in found.items()], columns=COLUMNS),
        "Kaplan-Meier share that repeats, with log-log intervals",
        (
            "Customers who come late in the data would repeat like the earlier ones.",
            "The first is the first in the data: an earlier one makes it the second or later.",
            f"{text.count(merged)} events of '{outcome}' at the same moment as another of the customer are one with it.",
            "Who repeats a second time has repeated before: later rows are of ever fewer, more faithful customers.",
            "From the third time on quick customers are watched for longer than slow ones; where quick ones stay quick, "
            "their shares come out too high.",
        ),
        pd.DataFrame(within, columns=["occurrence", "within_days", *COLUMNS[1:3], "at_risk", *COLUMNS[3:6], "reason"]),
        pd.concat(
            [curve.curve(DAY).assign(occurrence=occurrence) for occurrence, (curve, _) in found.items()],
            ignore_index=True,
        )
        if found
        else pd.DataFrame(columns=["occurrence", "time", "at_risk", "reached", "share", "ci_low", "ci_high"]),
        outcome,
        j.n_customers,
    )


COLUMNS = [
    "occurrence", "n", "repeated", "share", "ci_low", "ci_high", "median_days", "median_ci_low", "median_ci_high",
    "days_between", "reason",
]  # fmt: skip


def _row(occurrence: int, curve: Survival, done: np.ndarray) -> tuple[object, ...]:
    """Who has repeated so far, and when half have."""
    n = len(curve.waits)
    median = [value / DAY for value in curve.quantile(0.5)]
    reason = ""
    if np.isnan(median[0]):
        reason = "fewer than half repeat within the time observed"
    elif np.isnan(median).any():
        reason = "too few are observed for long enough to bound the median"
    between = float(np.median(done)) / DAY if len(done) else np.nan
    return occurrence, n, len(done), *wilson(len(done), n), *median, between, reason


def _within(occurrence: int, curve: Survival, done: np.ndarray, days: int) -> tuple[object, ...]:
    """Who has repeated within so many days."""
    share, low, high = curve.reached_by(days * DAY)
    reason = "no customer was observed for so long" if np.isnan(share) else ""
    n, waiting = len(curve.waits), curve.waiting(days * DAY)
    return occurrence, days, n, int((done <= days * DAY).sum()), waiting, share, low, high, reason


def _ordinal(number: int) -> str:
    return f"{number}{ {2: 'nd', 3: 'rd'}.get(number, 'th') }"
