"""What moved where it was changed? Units that changed, at one date or several, beside units that did not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.impact import shuffling, staggered
from journeylab.impact.cohorts import (
    LEADS,
    Cohorts,
    cell_table,
    clustered_events,
    no_cells,
    no_events,
    shuffled_events,
    square,
)
from journeylab.impact.doubts import CLEAR, PRE_TREND, weigh
from journeylab.impact.interrupted import places
from journeylab.impact.weekly import naive
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 6
"""With fewer changed units than this, standard errors clustered by unit are too small, and units are shuffled instead."""

COLUMNS = [
    "description", "series", "control", "changed_at", "measure", "estimate", "ci_low", "ci_high", "p_value", "pre_trend_p",
    "n_changed", "n_units", "n_excluded", "n_before", "n_after", "inference", "design", "grade", "verdict", "reason",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class ChangedUnits(Result):
    """Units that changed, beside units that did not.

    Attributes
    ----------
    table : DataFrame
        One row: description, series, control, changed_at (the first), measure, estimate (average effect on changed units
        after their change), ci_low, ci_high, p_value, pre_trend_p (of all leads being zero), n_changed, n_units,
        n_excluded (units without a value in every period, or changed from the start), n_before (periods before the
        first change), n_after, inference (clustered or shuffled), design, grade, verdict, reason.
    events : DataFrame
        since (periods since the change; 0 the first after), estimate, ci_low, ci_high, band_low, band_high (for all
        periods together), n_changed.
    group_times : DataFrame
        changed_at, time, estimate, ci_low, ci_high, n_changed: the effect on each cohort at each time.
    period : str
    share : bool
    """

    events: pd.DataFrame = dataclasses.field(repr=False)
    group_times: pd.DataFrame = dataclasses.field(repr=False)
    period: str
    share: bool

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "description": "Change",
            "series": "Series",
            "estimate": "Average effect",
            "ci": "95 % interval",
            "pre_trend_p": "Same trends before, p",
            "n_changed": "Units changed",
            "n_units": "Units",
            "grade": "Grade",
            "reason": "Verdict",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"estimate": "points" if self.share else "number", "pre_trend_p": "p"}

    @property
    def checks(self) -> list[dict[str, Any]]:
        """The tables that stand beside the result, as `show.table` takes them."""
        if not len(self.events):
            return []
        style = "points" if self.share else "number"
        names = {
            "since": f"{text.sentence(self.period)}s since",
            "estimate": "Effect",
            "ci": "95 % interval",
            "n_changed": "Units",
        }
        caption = "Effect by time since the change; before it, it should be zero"
        return [
            {"frame": self.events, "caption": caption, "columns": names, "formats": {"estimate": style}, "folded": True}
        ]

    def summary(self) -> str:
        """Say how the changed units moved against the others."""
        row = self.table.iloc[0]
        if np.isnan(row["estimate"]):
            return f"'{row['description']}': cannot be told, {row['reason']}."
        moved = text.points(row["estimate"]) if self.share else text.signed(row["estimate"], 2)
        if np.isinf(row["ci_low"]) or np.isinf(row["ci_high"]):
            ends = "no 95 % interval, the units are too few"
        else:
            ends = f"95 % interval {text.interval(row['ci_low'], row['ci_high'], 'points' if self.share else 'number')}"
        return (
            f"After '{row['description']}' {row['series']} moved by {moved} in the {row['n_changed']} units that changed, "
            f"held against those that had not ({ends}; {row['n_units']} units): {row['reason']}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the effect by time since the change; what lies before it should be zero."""
        ax = figures.new_axes(ax, height=3.6)
        frame, unit = self.events, 100 if self.share else 1
        ax.axhline(0, color=figures.INK, linewidth=1)
        ax.axvline(-0.5, color=figures.ORANGE, linewidth=1.5)
        for part, colour in ((frame[frame["since"] < 0], figures.MUTED), (frame[frame["since"] >= 0], figures.BLUE)):
            ax.vlines(part["since"], unit * part["band_low"], unit * part["band_high"], color=colour, linewidth=1)
            ax.vlines(part["since"], unit * part["ci_low"], unit * part["ci_high"], color=colour, linewidth=3)
            ax.plot(part["since"], unit * part["estimate"], "o", color=colour, markersize=5)
        if self.share:
            ax.yaxis.set_major_formatter("{x:.0f} points")
        ax.set_xlabel(f"{self.period}s since the change")
        row = self.table.iloc[0]
        figures.subtitle(
            ax,
            f"{text.sentence(row['series'])}: changed units less others",
            f"thick: 95 % interval of each {self.period}, thin: of all together; left of the line nothing had changed",
        )
        return figures.describe(ax, f"Effect by {self.period}s since the change. {self.summary()}")


def changed_units(
    panel: pd.DataFrame,
    *,
    name: str = "rate",
    label: str = "the change",
    lower_is_better: bool | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> ChangedUnits:
    """Difference in differences of units that changed, at one date or at several.

    Parameters
    ----------
    panel : DataFrame
        unit, time (evenly spaced), value, changed_at (NaT for units that never changed). The period that a change falls
        into counts as after it.
    name, label : str
        Of the series and the change, for readers.
    lower_is_better : bool, optional
        Whether the value should fall; without it no verdict is drawn.
    draws : int
        Of the multiplier bootstrap of the simultaneous bands.
    seed : int
        Of draws and of sampled assignments.

    Notes
    -----
    One date, and units that never changed: mean after less mean before of changed units, less that of the others, which is
    the regression with effects of unit and period. Several dates: group-time effects against units not yet changed
    (`staggered.group_time`), averaged for each unit over its periods after and then over units; two-way fixed effects
    would hold changed units against units that changed before them, and be biased where effects grow.

    Every estimate is a sum over cohorts of mean scores of units, so its variance, clustered by unit, is the sum of the
    cohorts' variances (CR2 of Bell and McCaffrey 2002), with their degrees of freedom (Satterthwaite). Bands that hold for all
    periods together use the largest of the studentised draws of a multiplier bootstrap. With fewer than six changed units, or a
    single one in a cohort, units are shuffled instead (`shuffling`): exact where assignments are few. The test of
    trends before shuffles units always: squared leads, each against its spread under shuffling. Grade B when its p is 0.05 or more
    over at least three leads and two units serve as controls, else D.

    References
    ----------
    Callaway and Sant'Anna (2021), Journal of Econometrics 225:200; Bell and McCaffrey (2002), Survey Methodology 28:169;
    Goodman-Bacon (2021), Journal of Econometrics 225:254; Conley and Taber (2011), Review of Economics and Statistics 93:113.

    Raises
    ------
    DataError
        When a column is missing, a unit has two values at a time or two dates, or none has a value at every time.
    """
    values, start, times, excluded = square(panel)
    share = bool(((values >= 0) & (values <= 1)).all())
    _, period = places(pd.Series(times))
    changed = np.isfinite(start)
    first = int(start[changed].min()) if changed.any() else len(times)
    row: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    row |= {
        "description": label,
        "series": name,
        "control": "units that changed later" if changed.all() else "units that did not change",
        "changed_at": naive(panel["changed_at"].min()),
        "measure": "difference",
        "n_changed": int(changed.sum()),
        "n_units": len(values),
        "n_excluded": excluded,
        "n_before": first,
        "n_after": len(times) - first,
        "inference": "",
        "design": f"difference in differences of {len(values)} units, {int(changed.sum())} of them changed",
        "grade": "",
        "verdict": "not known",
    }
    starts, labels = np.unique(start, return_inverse=True)
    sizes = np.bincount(labels)
    cells = staggered.group_time(starts, sizes, len(times))
    effect = staggered.overall(cells, starts, sizes)
    several = int(np.isfinite(starts).sum()) > 1
    method = (
        "Group-time effects (Callaway and Sant'Anna)"
        if several
        else "Difference in differences, unit and period effects"
    )
    assumptions = (
        "Without the change, changed units would have moved as the others did (parallel trends).",
        "Units did not react before their change, and a change in one does not reach another.",
        "Units are independent of each other."
        if not several
        else "Units that change later are fit to stand for those that changed earlier, and units are independent of each other.",
    )
    if effect is None:
        row["reason"] = "no unit changed" if not changed.any() else "no unit is left that had not changed yet"
        table = pd.DataFrame([row], columns=COLUMNS)
        return ChangedUnits(table, method, assumptions, no_events(), no_cells(), period, share)
    rng = np.random.default_rng(seed)
    given = shuffling.assignments(labels, rng)
    since = staggered.by_time_since(cells, starts, sizes)
    few = int(changed.sum()) < FEW or bool((sizes < 2).any())
    cohorts = Cohorts(values, labels, sizes)
    if few:
        overall = cohorts.shuffled(effect, given, (np.arange(len(times)) >= start[:, None]).astype(float))
        events = shuffled_events(cohorts, since, given, start, several)
    else:
        overall = cohorts.clustered(effect)
        events = clustered_events(cohorts, since, draws, rng)
    leads = [entry for when, (entry, _) in since.items() if when < -1]
    row |= {"estimate": overall.estimate, "ci_low": overall.low, "ci_high": overall.high, "p_value": overall.p_value,
            "inference": "shuffled" if few else "clustered", "pre_trend_p": cohorts.trend(leads, given)}  # fmt: skip
    row |= _judge(row, len(leads), len(values) - int(sizes[0]), lower_is_better)
    table = pd.DataFrame([row], columns=COLUMNS)
    how = f"{text.count(len(given))} ways to choose the units" if few else "variance clustered by unit"
    by_cohort = cell_table(cohorts, cells, starts, times, few)
    return ChangedUnits(table, f"{method}, {how}", assumptions, events, by_cohort, period, share)


def _judge(row: dict, leads: int, controls: int, lower_is_better: bool | None) -> dict[str, object]:
    """Grade, verdict and reason."""
    clear = row["p_value"] <= CLEAR
    what = ("rose" if row["estimate"] > 0 else "fell") if clear else "no clear effect"
    doubts = []
    if leads < LEADS:
        doubts.append(f"{leads + 1} periods before the first change are too few to compare trends")
    elif row["pre_trend_p"] < PRE_TREND:
        doubts.append(f"changed units moved otherwise before the change too (p {text.p_value(row['pre_trend_p'])})")
    if controls < 2:
        doubts.append("fewer than two units serve as controls")
    if np.isinf(row["ci_low"]):
        doubts.append("so few units could have been chosen that no effect can be excluded")
    return weigh(what, doubts, clear, row["estimate"], lower_is_better)
