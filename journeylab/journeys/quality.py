"""Are the events sound? Duplicates, ties, clock problems, days without data, and visitors who are no people."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, identity, text
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DENSE = 0.2
"""A day is dense when it has at least this share of the median day's events."""

ORDER = {"problem": 0, "look": 1, "ok": 2}

FEW_DAYS = 7
"""So many days are named one by one below the figure."""

MOST_DAYS = 400
"""More days make a table of weeks."""


@dataclasses.dataclass(frozen=True)
class Quality(Result):
    """Checks of an event table.

    Attributes
    ----------
    table : DataFrame
        check, severity (``problem``, ``look``, ``ok``), n, share (of events, customers or days), example, what_to_do.
    daily : DataFrame
        source, day, n: events a day.
    bots : tuple of str
        Customers who look like robots.
    """

    daily: pd.DataFrame = dataclasses.field(repr=False)
    bots: tuple[str, ...]

    def summary(self) -> str:
        """Name the checks that found something."""
        found = self.table[self.table["severity"] != "ok"]
        if found.empty:
            return f"All {len(self.table)} checks of the events are in order."
        parts = [f"{row.check} ({text.count(row.n)})" for row in found.itertuples()]
        return f"{len(found)} of {len(self.table)} checks deserve a look: {text.sentence_list(parts)}."

    @property
    def by_day(self) -> pd.DataFrame:
        """What the figure draws: day, then events a source; of more than 400 days the sums of weeks, by their first day."""
        days = self.daily["day"]
        weekly = days.nunique() > MOST_DAYS
        first = days - pd.to_timedelta(days.dt.weekday, unit="D") if weekly else days
        sums = self.daily.assign(first=first).groupby(["first", "source"], sort=False)["n"].sum()
        wide = sums.unstack("source", fill_value=0).sort_index().reset_index().rename_axis(columns=None)
        return wide.rename(columns={"first": "week of" if weekly else "day"})

    def _drawn(self) -> figures.Drawn | str:
        """The days as the table has them; nothing where it puts them together to weeks."""
        if len(self.by_day) != self.daily["day"].nunique() or "day" not in self.by_day:
            return ""
        frame = self.by_day.assign(day=[text.date(day) for day in self.by_day["day"]])
        return figures.drawn(frame, "day", {}, unit="number", also=[name for name in frame if name != "day"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw events a day, a line a source, with empty days marked."""
        ax = figures.new_axes(ax, height=3.6)
        days = self.daily["day"].drop_duplicates()
        few = len(days) <= FEW_DAYS
        ends = []
        for number, (source, part) in enumerate(self.daily.groupby("source", sort=False)):
            colour = figures.PALETTE[number % len(figures.PALETTE)]
            ax.plot(part["day"], part["n"], "o-" if few else "-", color=colour, linewidth=1.2)
            ends.append((float(part["n"].tail(14).mean()), str(source), colour))
            empty = _holes(part)
            ax.plot(empty["day"], empty["n"], "x", color=figures.ORANGE, markersize=9, markeredgewidth=2)
        ax.margins(x=0.12)
        ax.set_ylim(bottom=0)
        top = ax.get_ylim()[1]
        for height, name, colour in figures.spread(ends, 0.075 * top, top):
            ax.annotate(f" {name}", (days.iloc[-1], height), color=colour, va="center", fontsize=9.5)
        ax.set_ylabel("events a day")
        if few:
            ax.set_xticks(days, [text.date(day, "%-d %b %Y") for day in days])
        figures.subtitle(ax, "Events a day, by source", "crosses mark days whose silence chance does not explain")
        gaps = self.table.loc[self.table["check"] == "days without events", "n"]
        return figures.describe(
            ax,
            f"Line chart of events a day for {self.daily['source'].nunique()} sources; "
            f"{int(gaps.sum())} days have no event. {self.summary()}",
            self._drawn(),
        )


def quality(
    events: pd.DataFrame,
    *,
    now: str | None = None,
    gap: str = "30min",
    robots_left_out: bool = False,
    repeats_left_out: bool = False,
) -> Quality:
    """Check a contract table of events.

    Parameters
    ----------
    events : DataFrame
        customer_id, event_time, touchpoint, source?.
    now : str, optional
        The day of the export; later events lie in the future. Without it: the last day with at least a fifth of the
        median day's events.
    gap : str
        The session gap, to count customers with a single visit.

    robots_left_out, repeats_left_out : bool
        Whether the study leaves them out already (`leave_out_robots`, `drop_repeats`), so that nobody is told to.

    Notes
    -----
    A day without events of a source is unlikely when the source has lambda events a day (Poisson, exp(-lambda)); it is
    called a problem where that is under 0.1 %. A customer with 100 or more events within one hour is taken for a robot.
    Ids that many people may share are those of `journeylab.identity.RULE`.
    """
    time, n = events["event_time"], len(events)
    source = events["source"] if "source" in events else pd.Series("events", index=events.index)
    daily, first, last = _daily(time, source)
    end = pd.Timestamp(now, tz="UTC") + pd.Timedelta(days=1) if now else last + pd.Timedelta(days=1)
    future, early = time >= end, time < first
    same = events.duplicated(["customer_id", "event_time", "touchpoint"])
    tied = events.duplicated(["customer_id", "event_time"], keep=False) & ~events.duplicated(
        ["customer_id", "event_time", "touchpoint"], keep=False
    )
    midnight = time.dt.normalize() == time
    bots = identity.robots(events)
    holes = _holes(daily)
    counts = events["customer_id"].value_counts()
    shared = [name for name in identity.crowds(identity.activity(counts)) if name not in set(bots)]
    rows = [
        _row("exact repetitions", same, n, events, "look",
             "They stand in several sources, so drop_repeats keeps them; read these events from one source only."
             if repeats_left_out else "Set drop_repeats = true under [study], if one event was sent twice."),
        _row("events in the future", future, n, events, "problem", "A clock or a zone is wrong; check the source's timezone.")
        if now
        else _row("events after the last dense day", future, n, events, "look",
                  "The data thin out before them: late events of earlier customers, or a wrong clock. Say the day of the export."),
        _row("events before the launch", early, n, events, "look", "Test data or a wrong clock; leave them out with where."),
        _days(holes, len(daily)),
        _customers("robots", bots, len(counts), "problem",
                   "Set leave_out_robots = true under [study], if they are no customers. Until then they count.")
        if not robots_left_out else {**_customers("robots", bots, len(counts), "ok", "", least=2.0), "what_to_do": "Left out of "
             "every other notebook by leave_out_robots, and counted below." if bots else ""},
        _customers("ids that many people may share", shared, len(counts), "look",
                   "If an id is no person's, leave it out with [[leave_out]] on customer_id."),
        _row("ties in time", tied, n, events, "look", "Events of a tie stand as in their file; map a column order if you know it."),
        _row("times without an hour", midnight, n, events, "look", "Dates only: the order within a day is not known.", least=0.05),
        _customers("customers with a single event", counts.index[counts == 1], len(counts), "look",
                   "Many single events may mean that ids are lost between visits.", least=0.5),
    ]  # fmt: skip
    table = pd.DataFrame(rows).sort_values(
        "severity", key=lambda column: column.map(ORDER), kind="stable", ignore_index=True
    )
    return Quality(
        table,
        "Counts of suspicious events, days and customers",
        (
            "The checks look at all recorded events and remove nothing; what study.toml leaves out is counted below.",
            f"A robot is a customer with {identity.ROBOTIC_EVENTS} or more events within one hour.",
            f"An id may be shared by many with {identity.RULE}.",
            f"The data are taken to begin and end on the first and last day with {DENSE:.0%} of a median day's events.",
        ),
        daily,
        tuple(bots),
    )


def _daily(time: pd.Series, source: pd.Series) -> tuple[pd.DataFrame, pd.Timestamp, pd.Timestamp]:
    """Events a day and source between the first and last dense day."""
    day = time.dt.normalize()
    total = day.value_counts().sort_index()
    dense = total[total >= DENSE * total.median()]
    first, last = dense.index[0], dense.index[-1]
    days = pd.date_range(first, last, freq="D")
    parts = []
    for name, part in day.groupby(source, sort=False):
        counts = part.value_counts().reindex(days, fill_value=0)
        parts.append(pd.DataFrame({"source": name, "day": days, "n": counts.to_numpy()}))
    return pd.concat(parts, ignore_index=True), first, last


def _holes(daily: pd.DataFrame) -> pd.DataFrame:
    """Days without events that chance does not explain."""
    usual = daily.groupby("source")["n"].transform("median")
    return daily[(daily["n"] == 0) & (np.exp(-usual) < 0.001)]


def _row(
    check: str, mask: pd.Series, n: int, events: pd.DataFrame, severity: str, advice: str, least: float = 0.0
) -> dict[str, object]:
    found = int(mask.sum())
    example = ""
    if found:
        row = events[mask].iloc[0]
        example = f"{row['touchpoint']} of {row['customer_id']} at {text.moment(row['event_time'])}"
    bad = found > 0 and found / n >= least
    return {"check": check, "severity": severity if bad else "ok", "n": found, "share": found / n if n else np.nan,
            "example": example, "what_to_do": advice if bad else ""}  # fmt: skip


def _days(holes: pd.DataFrame, n: int) -> dict[str, object]:
    example = f"{holes.iloc[0]['source']} on {text.date(holes.iloc[0]['day'])}" if len(holes) else ""
    return {"check": "days without events", "severity": "problem" if len(holes) else "ok", "n": len(holes),
            "share": len(holes) / n if n else np.nan, "example": example,
            "what_to_do": "Tracking was down: what customers did on these days is missing." if len(holes) else ""}  # fmt: skip


def _customers(check: str, who: object, n: int, severity: str, advice: str, least: float = 0.0) -> dict[str, object]:
    names = list(who)  # type: ignore[call-overload]
    bad = len(names) > 0 and len(names) / n >= least
    return {"check": check, "severity": severity if bad else "ok", "n": len(names), "share": len(names) / n if n else np.nan,
            "example": str(names[0]) if names else "", "what_to_do": advice if bad else ""}  # fmt: skip
