"""How long until customers reach the outcome, when some lapse first and others are still on the way?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError
from journeylab.impact.incidence import Incidence, cumulative_incidence, restricted_mean
from journeylab.impact.spells import CONVERTED, LAPSED, Spells, outcome_spells, span, within_reach
from journeylab.intervals import CONFIDENCE, normal_quantile
from journeylab.journeys.model import Journeys
from journeylab.journeys.observation import DAY, Moment
from journeylab.journeys.survival import Survival, kaplan_meier
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "all"
FIRST_TOUCHPOINT = "first touchpoint"
HORIZONS = ("1d", "7d", "30d", "90d")
FEWEST = 30
"""Groups of fewer customers are put together as `others`."""

OTHERS = "others"
VISIBLE = 0.02
"""Curves that lie closer than that cannot be told apart in the picture."""

DRAWN = 400
"""A curve keeps at most so many of its steps to be drawn."""


@dataclasses.dataclass(frozen=True)
class TimeToOutcome(Result):
    """Time to an outcome, with lapsing as the other way to end.

    Attributes
    ----------
    table : DataFrame
        One row a group and horizon: group, horizon_days, n, at_risk (still followed then), converted, lapsed (so far),
        share (converted by then), ci_low, ci_high, lapsed_share, lapsed_ci_low, lapsed_ci_high, complement (1 less
        Kaplan and Meier's curve, which takes who lapsed for merely unseen), reason (why a number is missing).
    times : DataFrame
        One row a group: group, n, converted, lapsed, still (when the data end), returned (after lapsing),
        median_seconds (by which half of all have converted) with ci_low, ci_high, half_seconds (by which half of those had
        converted who do by the longest horizon), mean_days (of the days up to the longest horizon, how many pass before the
        outcome; who never converts counts all) with mean_ci_low, mean_ci_high, difference_days (from the first group) with
        difference_ci_low, difference_ci_high, reason.
    tests : DataFrame
        Of no difference between groups: test, chi2, df, p_value, reason; empty without groups.
    curves : DataFrame
        To be drawn: group, days, share, ci_low, ci_high, lapsed, complement.
    outcome, start, lapse : str
    at_once : int
        Customers left out, whose first event is the outcome.
    """

    times: pd.DataFrame
    tests: pd.DataFrame
    curves: pd.DataFrame = dataclasses.field(repr=False)
    outcome: str
    start: str
    lapse: str
    at_once: int

    @property
    def columns(self) -> dict[str, str]:
        """The columns of the table that a report shows."""
        head = {} if self.table["group"].eq(ALL).all() else {"group": "Customers"}
        shown = head | {
            "horizon_days": "Days",
            "n": "Number" if head else "Customers",
            "share": "Reached it",
            "ci": f"{text.fixed(100 * CONFIDENCE, 0)} % interval",
            "lapsed_share": "Lapsed",
            "at_risk": "Still on the way",
            "complement": "If lapsing were ignored",
        }
        return shown if self.table["reason"].eq("").all() else shown | {"reason": "Remark"}

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {
            "share": "percent",
            "lapsed_share": "percent",
            "complement": "percent",
            "horizon_days": "number",
            "p_value": "p",
        }

    def summary(self) -> str:
        """Say which share has the outcome by the longest horizon, how soon, and how many lapse."""
        if len(self.times) > 1:
            return self._by_group()
        whole = self.times.iloc[0]
        known = self.table.dropna(subset=["share"])
        if not whole["n"]:
            return f"No customer can be followed to '{self.outcome}': {whole['reason']}."
        if known.empty:
            return f"Nothing can be said of the way to '{self.outcome}': {self.table['reason'].iloc[0]}."
        last = known.iloc[-1]
        words = (
            f"{text.percent(last['share'])} ({text.interval(last['ci_low'], last['ci_high'])}) of "
            f"{text.count(whole['n'])} customers "
            f"reach '{self.outcome}' within {_days(last['horizon_days'])} of {self.start}"
        )
        if not np.isnan(whole["half_seconds"]):
            words += f", half of them within {text.duration(whole['half_seconds'])}"
        if len(known) > 1 and whole["converted"]:
            before = known.iloc[-2]
            words += f"; {text.percent(before['share'])} had done so after {_days(before['horizon_days'])}"
        if self.lapse:
            words += f". {text.percent(last['lapsed_share'])} lapse by then (nothing for {_span(self.lapse)})"
            if last["complement"] - last["share"] >= 0.005:
                words += f"; counting them as merely unseen would make it {text.percent(last['complement'])}"
        return words + "."

    def _by_group(self) -> str:
        """The fastest and the slowest group at the longest horizon, and whether they differ."""
        known = self.table.dropna(subset=["share"])
        if known.empty:
            return f"Nothing can be said of the way to '{self.outcome}': {self.table['reason'].iloc[0]}."
        last = known[known["horizon_days"] == known["horizon_days"].max()].sort_values("share")
        ends = [
            f"{text.percent(row.share)} ({text.interval(row.ci_low, row.ci_high)}) of {text.count(row.n)} in '{row.group}'"
            for row in (last.iloc[[-1, 0]] if len(last) > 1 else last).itertuples()
        ]
        p_value = self.tests["p_value"].iloc[0]
        differ = "the shares differ by group" if p_value < 0.05 else "no clear difference of shares between groups"
        said = "" if np.isnan(p_value) else f" ({differ}: p {_p(p_value)})"
        return (
            f"Within {_days(last['horizon_days'].iloc[0])} of {self.start}, '{self.outcome}' is reached by "
            f"{', and by '.join(ends)}{said}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share that has converted over time with its band; beside it what ignoring lapses would say."""
        ax = figures.new_axes(ax, width=8.5, height=4.6)
        frame = self.curves
        if frame.empty:
            ax.text(0.5, 0.5, self.summary(), ha="center", va="center", wrap=True, transform=ax.transAxes)
            ax.set_axis_off()
            return figures.describe(ax, f"Empty picture of the time to {self.outcome}. {self.summary()}")
        most, single = float(frame["days"].max()), frame["group"].nunique() == 1
        ends, top = [], 0.0
        for place, (group, part) in enumerate(frame.groupby("group", sort=False)):
            colour = figures.PALETTE[place % len(figures.PALETTE)]
            ax.fill_between(
                part["days"], 100 * part["ci_low"], 100 * part["ci_high"], step="post", color=colour, alpha=0.16, lw=0
            )
            style = "-" if single else ("-", "--", "-.", ":")[place % 4]
            ax.step(part["days"], 100 * part["share"], where="post", color=colour, lw=1.9, ls=style)
            height = 100 * float(part["share"].iloc[-1])
            ends.append(
                (
                    height,
                    f"reached it\n{text.fixed(height, 0)} %" if single else f"{group}\n{text.fixed(height, 0)} %",
                    colour,
                )
            )
            top = max(top, 100 * float(part[["share", "ci_high"]].max().max()))
            if single and self.lapse:
                for column, label, line in (
                    ("lapsed", "lapsed", "--"),
                    ("complement", "if lapsing\nwere ignored", ":"),
                ):
                    if column == "complement" and (part[column] - part["share"]).max() < VISIBLE:
                        continue
                    ax.step(part["days"], 100 * part[column], where="post", color=figures.MUTED, lw=1.4, ls=line)
                    height = 100 * float(part[column].iloc[-1])
                    ends.append((height, f"{label}\n{text.fixed(height, 0)} %", figures.MUTED))
                    top = max(top, height)
        top = min(100.0, max(5.0, 1.12 * top))
        for height, label, colour in figures.spread(ends, 0.125 * top, top):
            ax.annotate(
                label,
                (most, height),
                xytext=(7, 0),
                textcoords="offset points",
                color=colour,
                va="center",
                fontsize=9.5,
                annotation_clip=False,
            )
        ax.set_xlim(0, most)
        ax.set_ylim(0, top)
        ax.yaxis.set_major_formatter("{x:.0f} %")
        ax.set_xlabel(f"days since {self.start}")
        what = f"with 95 % {'band' if single else 'bands'}" + (
            f"; lapsed: nothing for {_span(self.lapse)}" if self.lapse else ""
        )
        figures.subtitle(
            ax,
            f"How long until '{self.outcome}'",
            f"share of {text.count(self.times['n'].sum())} customers by then, {what}",
        )
        named = self.table.assign(days=[text.number(days) for days in self.table["horizon_days"]])
        series = {"reached it": ("share", "ci_low", "ci_high"), "lapsed": ("lapsed_share",)}
        draws = figures.drawn(named, ["group", "days"] if not single else "days", series, more=True)
        return figures.describe(
            ax, f"Rising curves of the share that has reached {self.outcome}. {self.summary()}", draws
        )


def time_to_outcome(
    events: pd.DataFrame | Journeys,
    *,
    outcome: str,
    start: str | None = None,
    lapse: str | None = "60d",
    by: pd.Series | str | None = None,
    horizons: Sequence[str] = HORIZONS,
    gap: str = "30min",
    until_time: Moment | None = None,
) -> TimeToOutcome:
    """Estimate the share of customers who reach an outcome by each time, with lapsing as the other way to end.

    Parameters
    ----------
    events : DataFrame or Journeys
        Contract events, or journeys made of them.
    outcome : str
        Touchpoint; the first after the start.
    start : str, optional
        The clock starts at the customer's first meeting with it; the first event where not given.
    lapse : str or None
        A customer without any event for so long has lapsed, at the end of that time; a later outcome counts as none. None:
        nobody lapses, and the curve is 1 less Kaplan and Meier's.
    by : Series or str, optional
        Group of each customer (index customer_id; others are left out), or ``"first touchpoint"``. It must be known
        when the clock starts. Groups of fewer than 30 customers are put together.
    horizons : sequence of str
        Times at which shares are given; those longer than anybody was followed are left out. Where all are, shares are given
        by the time for which half of the customers were followed.
    gap : str
        Of visits, where `events` is no Journeys.
    until_time : str, datetime or datetime64, optional
        When observation ended, UTC; the last event where not given.

    Raises
    ------
    StudyError
        For an unknown touchpoint, or a span or moment that is not understood.
    DataError
        When `by` holds no customer of the events.

    Notes
    -----
    Shares are Aalen and Johansen's, see `journeylab.impact.incidence`. Customers whose first event is the outcome are left
    out: nothing is seen of their way. Groups are compared in two ways. The shares: since it is known for how long each
    customer could have been followed, who lapsed stays in the set at risk until the data end, and the log-rank test of
    these times is Fine and Gray's for censoring-complete data, asking what Gray's test asks. The pace: the log-rank test
    with lapsing as censoring compares the rates of converting among those still on the way.

    References
    ----------
    Gray (1988), Annals of Statistics 16:1141; Fine and Gray (1999), JASA 94:496, sec. 3.1; Andersen et al. (2012),
    International Journal of Epidemiology 41:861, on why 1 - KM overstates.
    """
    limits = sorted({span(words, "horizons") for words in horizons})
    j, spells, at_once = outcome_spells(events, outcome, start=start, lapse=lapse, gap=gap, until_time=until_time)
    group, names = _groups(j, spells, by)
    followed = spells.followed[group >= 0]
    reach = {within_reach(limit, followed) for limit in limits}
    limits = [limit for limit in limits if limit in reach] or sorted(reach)
    why = _why_not(spells, group >= 0, at_once)
    table, times, curves = [], [], []
    for code, name in enumerate(names):
        mine = group == code
        time, status = spells.time[mine], spells.status[mine]
        reason = why or ("nobody of this group reaches the outcome" if not (status == CONVERTED).any() else "")
        empty = bool(why) or not len(time)
        reached, lapsed = cumulative_incidence(time, status), cumulative_incidence(time, status, 2)
        only = kaplan_meier(time, status == CONVERTED)
        table += [
            {"group": name, **_at(limit, time, status, reached, lapsed, only, "" if not empty else reason, empty)}
            for limit in limits
        ]
        times.append({"group": name, **_times(spells, mine, reached, limits[-1], reason, empty)})
        if not empty:
            curves.append(_curve(reached, lapsed, only, limits[-1]).assign(group=name))
    frame = pd.DataFrame(times)
    frame = frame.assign(**_differences(frame)).drop(columns="mean_error")
    ended = (
        f"A customer without any event for {lapse} has lapsed: a rule, not a fact; an outcome after it does not count."
    )
    return TimeToOutcome(
        pd.DataFrame(table),
        "Cumulative incidence with competing risks (Aalen-Johansen), log-log intervals"
        if lapse
        else "Kaplan-Meier, log-log intervals",
        (
            ended if lapse else "Nobody is taken to have lapsed: whoever has not converted still could.",
            "Customers who come late in the data, and are followed for less long, would do as the earlier ones did.",
            "Each customer counts once; customers are independent.",
            "The clock starts with the first event in the data; an earlier one would make the time longer."
            if start is None
            else f"The clock starts at the first meeting with '{start}'.",
            *(
                ("Groups are known when the clock starts; one made of later behaviour is a description only.",)
                if by is not None
                else ()
            ),
        ),
        frame,
        _tests(spells, group, len(names)) if by is not None else _no_tests(),
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=["group", "days", "share"]),
        outcome,
        "the first event" if start is None else f"'{start}'",
        lapse or "",
        at_once,
    )


def _groups(j: Journeys, spells: Spells, by: pd.Series | str | None) -> tuple[NDArray[np.int64], list[str]]:
    """Group of each spell (-1: none) and their names, the largest first."""
    if by is None:
        return np.zeros(len(spells.journey), dtype=np.int64), [ALL]
    if isinstance(by, str):
        if by != FIRST_TOUCHPOINT:
            raise DataError(f"by='{by}' is neither a Series by customer_id nor '{FIRST_TOUCHPOINT}'.")
        first = j.codes[j.offsets[:-1][spells.journey]]
        labels = pd.Series(np.array(j.touchpoints, dtype=object)[first])
    else:
        labels = by[~by.index.duplicated()].reindex(j.ids[spells.journey]).reset_index(drop=True)
    labels = labels.astype("object").map(str, na_action="ignore")
    counts = labels.value_counts()
    if (counts >= FEWEST).any():
        labels = labels.where(labels.isna() | labels.map(counts).ge(FEWEST), OTHERS)
        counts = labels.value_counts()
    if counts.empty:
        raise DataError("by: holds no customer of these events; its index must be customer_id.")
    names = sorted(counts.index, key=lambda name: (name == OTHERS, -counts[name], name))
    place = {name: code for code, name in enumerate(names)}
    return np.array([place.get(label, -1) for label in labels], dtype=np.int64), names


def _why_not(spells: Spells, used: NDArray[np.bool_], at_once: int) -> str:
    """Why nothing can be said of anybody; empty where something can."""
    n = int(used.sum())
    if not n:
        return "every customer's first event is the outcome" if at_once else "nobody meets the start"
    if n == 1:
        return "there is one customer only"
    if not (spells.followed[used] > 0).any() or (spells.time[used] == 0).all():
        return "nobody is followed for longer than a moment"
    return ""


def _at(
    limit: int,
    time: NDArray[np.int64],
    status: NDArray[np.int8],
    reached: Incidence,
    lapsed: Incidence,
    only: Survival,
    reason: str,
    empty: bool,
) -> dict[str, object]:
    """The row of one horizon."""
    nothing = (np.nan, np.nan, np.nan)
    share, other = (nothing, nothing) if empty else (reached.by(limit), lapsed.by(limit))
    if not empty and np.isnan(share[0]):
        reason = "nobody is followed for so long"
    elif not empty and not (status == CONVERTED).any():
        reason = "nobody reaches the outcome while observed"
    return {
        "horizon_days": limit / DAY,
        "n": len(time),
        "at_risk": reached.at_risk(limit),
        "converted": int(((status == CONVERTED) & (time <= limit)).sum()),
        "lapsed": int(((status == LAPSED) & (time <= limit)).sum()),
        "share": share[0],
        "ci_low": share[1],
        "ci_high": share[2],
        "lapsed_share": other[0],
        "lapsed_ci_low": other[1],
        "lapsed_ci_high": other[2],
        "complement": np.nan if empty else only.reached_by(limit).value,
        "reason": reason,
    }


def _times(
    spells: Spells, mine: NDArray[np.bool_], reached: Incidence, until: int, reason: str, empty: bool
) -> dict[str, object]:
    """The row of a group's times."""
    status = spells.status[mine]
    median = (np.nan, np.nan, np.nan) if empty else tuple(end / 1e6 for end in reached.quantile(0.5))
    share = np.nan if empty else reached.by(until).value
    half = reached.quantile(share / 2).value / 1e6 if share > 0 else np.nan
    mean, error = restricted_mean(spells.staying[mine], status == CONVERTED, until) if not empty else (np.nan, np.nan)
    reach = normal_quantile() * error
    if not reason and np.isnan(median[0]):
        reason = "fewer than half convert within the time observed"
    return {
        "n": int(mine.sum()),
        "converted": int((status == CONVERTED).sum()),
        "lapsed": int((status == LAPSED).sum()),
        "still": int((status == 0).sum()),
        "returned": int(spells.returned[mine].sum()),
        "median_seconds": median[0],
        "ci_low": median[1],
        "ci_high": median[2],
        "half_seconds": half,
        "mean_days": mean / DAY,
        "mean_ci_low": (mean - reach) / DAY,
        "mean_ci_high": (mean + reach) / DAY,
        "mean_error": error / DAY,
        "reason": reason,
    }


def _differences(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Each group's mean days less those of the first, with intervals; NaN for the first."""
    value = (frame["mean_days"] - frame["mean_days"].iloc[0]).where(frame.index > 0)
    reach = normal_quantile() * np.hypot(frame["mean_error"], frame["mean_error"].iloc[0])
    return {"difference_days": value, "difference_ci_low": value - reach, "difference_ci_high": value + reach}


def _curve(reached: Incidence, lapsed: Incidence, only: Survival, until: int) -> pd.DataFrame:
    """The curves up to a time, thinned to what a picture can show."""
    last = min(until, int(reached.times[-1])) if len(reached.times) else until
    at = np.unique(np.concatenate([[0], reached.time[reached.time <= last], [last]]))
    at = at[np.unique(np.linspace(0, len(at) - 1, min(DRAWN, len(at))).astype(np.int64))]
    place = np.searchsorted(reached.time, at, side="right")
    gone = np.searchsorted(only.time, at, side="right")
    return pd.DataFrame(
        {
            "days": at / DAY,
            "share": np.append(0.0, reached.share)[place],
            "ci_low": np.append(np.nan, reached.low)[place],
            "ci_high": np.append(np.nan, reached.high)[place],
            "lapsed": np.append(0.0, lapsed.share)[place],
            "complement": 1 - np.append(1.0, only.share)[gone],
        }
    )


def _tests(spells: Spells, group: NDArray[np.int64], k: int) -> pd.DataFrame:
    """Whether the groups' shares, and their pace while still on the way, may be the same."""
    from statsmodels.duration.survfunc import survdiff

    used, converted = group >= 0, spells.status == CONVERTED
    rows = []
    for name, time in (
        ("shares: log-rank with the lapsed kept at risk (Fine-Gray)", spells.staying),
        ("pace while on the way: log-rank, lapsing as censoring", spells.time),
    ):
        row = {"test": name, "chi2": np.nan, "df": k - 1, "p_value": np.nan, "reason": ""}
        if k < 2:
            row["reason"] = "there is one group only"
        elif not (converted & used).any():
            row["reason"] = "nobody reaches the outcome while observed"
        else:
            try:
                row["chi2"], row["p_value"] = map(float, survdiff(time[used], converted[used].astype(int), group[used]))
            except np.linalg.LinAlgError:
                row["reason"] = "a group has nobody at risk when outcomes happen"
        rows.append(row)
    return pd.DataFrame(rows)


def _no_tests() -> pd.DataFrame:
    return pd.DataFrame(columns=["test", "chi2", "df", "p_value", "reason"])


def _days(days: float) -> str:
    """A horizon in words."""
    return "1 day" if days == 1 else f"{text.short(days)} days" if days >= 1 else text.duration(days * 86_400)


def _span(words: str) -> str:
    """A span of time in words."""
    return _days(pd.Timedelta(words).total_seconds() / 86_400) if words else ""


def _p(value: float) -> str:
    """A p-value after the letter p."""
    written = text.p_value(value)
    return written if written.startswith("<") else f"= {written}"
