"""Do customers come back, period after period? Cohorts by when they came first."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import StudyError, did_you_mean
from journeylab.intervals import wilson
from journeylab.journeys.groups import blocks
from journeylab.journeys.model import Journeys, first_position, meetings
from journeylab.journeys.observation import DAY, MICROSECOND, Moment, observed
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MONDAY = np.datetime64("1970-01-05", "us")
"""Where the counting of periods begins: weeks begin on Mondays, and borders stay where they are when data are added."""

ALL = "all"
CLOCKS = ("calendar", "customer")
NAMES = {"1D": "day", "7D": "week", "month": "month"}


@dataclasses.dataclass(frozen=True)
class Retention(Result):
    """Shares of cohorts that are active in later periods.

    Attributes
    ----------
    table : DataFrame
        cohort (first day of the calendar period in which its customers came, or "all"), period (0 is the one they came
        in), n (customers), active, share, ci_low, ci_high (Wilson), reason (why there is no share). The rows of "all" add
        up the cohorts that were observed for the whole of that period, so n falls from period to period.
    n, cohorts : int
        Customers and cohorts.
    period : str
        What a period is, in words.
    """

    n: int
    cohorts: int
    period: str

    def summary(self) -> str:
        """Say how many are active in the first and in the last period observed."""
        if not self.n:
            return "There are no customers who start."
        overall = self.table[(self.table["cohort"] == ALL) & (self.table["period"] > 0)].dropna(subset=["share"])
        if overall.empty:
            return (
                f"No cohort of the {text.count(self.n)} customers was observed for a whole {self.period} after "
                "that of its start."
            )
        rows = [overall.iloc[0], overall.iloc[-1]] if len(overall) > 1 else [overall.iloc[0]]
        parts = [
            f"{text.percent(row['share'])} ({text.interval(row['ci_low'], row['ci_high'])}) of {text.count(row['n'])} "
            "are active in "
            f"{self.period} {row['period']}"
            for row in rows
        ]
        return f"Of the customers whose time was observed, {text.sentence_list(parts)} after their start."

    def plot(self, ax: Axes | None = None, *, most: int = 14) -> Axes:
        """Draw a heat map of shares: all cohorts together, and the latest ones."""
        wide = self.table.pivot(index="cohort", columns="period", values="share")
        size = self.table.groupby("cohort")["n"].max()
        names = [name for name in wide.index if name != ALL][-most:]
        rows = [ALL, *names]
        values = 100 * wide.reindex(rows).to_numpy(dtype=float)
        ax = figures.new_axes(
            ax, width=1.9 + 0.62 * values.shape[1], height=figures.row_height(len(rows), each=0.36) + 0.4
        )
        top = float(np.nanmax(values[:, 1:], initial=1.0)) if np.isfinite(values[:, 1:]).any() else 100.0
        ax.imshow(np.ma.masked_invalid(values), cmap="Blues", vmin=0, vmax=top, aspect="auto")
        for row, column in zip(*np.nonzero(np.isfinite(values)), strict=True):
            share = values[row, column]
            ax.text(column, row, text.fixed(share, 0 if share >= 10 or share == 0 else 1), ha="center", va="center", fontsize=9,
                    color="white" if share > 0.65 * top else figures.INK)  # fmt: skip
        ax.axhline(0.5, color="white", linewidth=4)
        ax.set_xticks(range(values.shape[1]), list(wide.columns))
        ax.set_yticks(
            range(len(rows)),
            [f"{name}  ({text.count(self.n if name == ALL else int(size[name]))})" for name in rows],
            fontsize=9.5,
        )
        ax.grid(visible=False)
        ax.set_xlabel(f"{self.period}s after the start")
        ax.set_ylabel("cohort (customers)")
        figures.subtitle(ax, "Who is still active", "per cent of the cohort; blank: not over when observation ends")
        part = self.table[self.table["cohort"].isin(rows)].dropna(subset=["share"])
        draws = figures.drawn(part, ["cohort", "period"], {"still active": "share"}, also=["n"])
        return figures.describe(ax, f"Heat map of retention of {len(names)} cohorts. {self.summary()}", draws)


def retention(
    j: Journeys,
    start: str | None = None,
    activity: str | None = None,
    period: str = "7D",
    periods: int = 8,
    *,
    clock: str = "calendar",
    until_time: Moment | None = None,
) -> Retention:
    """Follow cohorts of customers through the periods after they came.

    Parameters
    ----------
    j : Journeys
        Visits are joined to customers.
    start : str, optional
        The cohort is that of the customer's first meeting with it; default: of the first event.
    activity : str, optional
        What counts as active, from the start on; default: any event.
    period : str
        ``"1D"``, ``"7D"``, ``"30D"`` or another number of whole days, or ``"month"``. Days are UTC; weeks begin on Mondays.
    periods : int
        How many periods after that of the start.
    clock : str
        ``"calendar"``: period k is the k-th calendar period after the cohort's, the same days for all its customers.
        ``"customer"``: period k begins k whole periods after the customer's own start.
    until_time : str, datetime or datetime64, optional
        When observation ended, UTC. Default: the last event of `j`; the period in which it lies is then not over, so give
        it where the data are known to be whole, such as ``"2026-07-01"``.

    Raises
    ------
    StudyError
        When a touchpoint is unknown, or `period`, `periods`, `clock` or `until_time` is not understood.

    Notes
    -----
    A cohort's period counts only when it was over for all of the cohort's customers before observation ended; otherwise the
    share would fall for no other reason than that.
    """
    length = _length(period)
    if periods < 1:
        raise StudyError(f"periods={periods}: needs at least 1.")
    if clock not in CLOCKS or (clock == "customer" and length is None):
        raise StudyError(
            f"clock={clock!r} with period={period!r}: a clock is 'calendar' or 'customer', and that of the customer needs "
            f"periods of days, such as '30D'.{did_you_mean(clock, CLOCKS) if clock not in CLOCKS else ''}"
        )
    j, end = observed(j, until_time)
    begin = first_position(j, start) if start is not None else np.where(j.lengths > 0, j.offsets[:-1], -1)
    if activity is not None:
        j.code(activity)
    came = np.full(j.n_journeys, np.datetime64("NaT", "us"))
    came[begin >= 0] = j.times[begin[begin >= 0]]
    number = _number(came[begin >= 0], length)
    used, cohort = np.unique(number, return_inverse=True)
    place = np.full(j.n_journeys, -1, dtype=np.int64)
    place[begin >= 0] = cohort
    active = np.zeros(len(used) * (periods + 1), dtype=np.int64)
    first = events = 0
    for part in blocks(j):
        own = slice(first, first + part.n_journeys)
        at = np.arange(part.n_events) if activity is None else meetings(part, activity)
        owner = part.event_journey[at] + first
        after = (place[owner] >= 0) & (at + events >= begin[owner])
        at, owner = at[after], owner[after]
        if clock == "customer" and length is not None:
            later = (part.times[at] - came[owner]).view(np.int64) // length
        else:
            later = _number(part.times[at], length) - used[place[owner]]
        within = later <= periods
        key = owner[within] * (periods + 1) + later[within]  # never falls, since events are in order of time
        key = key[np.flatnonzero(np.diff(key, prepend=-1))]
        active += np.bincount(place[key // (periods + 1)] * (periods + 1) + key % (periods + 1), minlength=len(active))
        first, events = own.stop, events + part.n_events
    over = _over(used, came[begin >= 0], cohort, length, periods, clock, end)
    table = _table(used, np.bincount(cohort, minlength=len(used)), active.reshape(-1, periods + 1), over, length)
    return Retention(
        table,
        "Cohort retention with Wilson intervals",
        (
            "A period counts only for cohorts that were observed for the whole of it"
            + (f", up to {text.moment(pd.Timestamp(end))} UTC." if not np.isnat(end) else "."),
            "The start is the first in the data: customers from before the data begin look new in the first cohorts.",
            "Customers act independently of each other. The shares of one cohort come from the same customers.",
            "Whoever comes under a new id (another device, deleted cookies) looks gone, and new.",
        ),
        int((begin >= 0).sum()),
        len(used),
        NAMES.get(period, f"{period.removesuffix('D')}-day period"),
    )


def _length(period: str) -> int | None:
    """Microseconds of a period; None for calendar months."""
    if period == "month":
        return None
    try:
        length = pd.Timedelta(period).value // 1_000
    except ValueError:
        length = 0
    if length < DAY or length % DAY:
        raise StudyError(f"period={period!r} is no number of whole days, write '1D', '7D', '30D' or 'month'.")
    return length


def _number(times: NDArray[np.datetime64], length: int | None) -> NDArray[np.int64]:
    """The number of the calendar period in which each time lies."""
    if length is None:
        return times.astype("datetime64[M]").view(np.int64)
    return (times - MONDAY).view(np.int64) // length


def _begins(number: NDArray[np.int64], length: int | None) -> NDArray[np.datetime64]:
    """When calendar periods begin."""
    if length is None:
        return number.astype("datetime64[M]").astype("datetime64[us]")
    return MONDAY + number * length * MICROSECOND


def _over(
    used: NDArray[np.int64],
    came: NDArray[np.datetime64],
    cohort: NDArray[np.int64],
    length: int | None,
    periods: int,
    clock: str,
    end: np.datetime64,
) -> NDArray[np.bool_]:
    """Whether each period of each cohort was over for all its customers when observation ended."""
    after = np.arange(1, periods + 2)
    if clock == "calendar" or length is None:
        return _begins(used[:, None] + after, length) <= end
    latest = np.full(len(used), np.datetime64(0, "us"))
    np.maximum.at(latest, cohort, came)
    return latest[:, None] + after * length * MICROSECOND <= end


def _table(
    used: NDArray[np.int64],
    size: NDArray[np.int64],
    active: NDArray[np.int64],
    over: NDArray[np.bool_],
    length: int | None,
) -> pd.DataFrame:
    """One row a cohort and period, those of all cohorts first."""
    names = np.datetime_as_string(_begins(used, length), "M" if length is None else "D")
    n = np.vstack([(size[:, None] * over).sum(axis=0), np.broadcast_to(size[:, None], active.shape)])
    k = np.vstack([(active * over).sum(axis=0), active])
    known = np.vstack([over.any(axis=0) if len(over) else np.zeros(active.shape[1], dtype=bool), over])
    share, low, high = (np.where(known, value, np.nan) for value in wilson(k, n))
    table = pd.DataFrame(
        {
            "cohort": np.repeat(np.array([ALL, *names], dtype=object), n.shape[1]),
            "period": np.tile(np.arange(n.shape[1]), n.shape[0]),
            "n": n.ravel(),
            "active": k.ravel(),
            "share": share.ravel(),
            "ci_low": low.ravel(),
            "ci_high": high.ravel(),
        }
    )
    table["reason"] = np.where(known.ravel(), "", "not over when observation ends")
    return table
