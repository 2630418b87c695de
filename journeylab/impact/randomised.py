"""What randomised tests showed: the result, its sentences and its pictures."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pandas as pd

from journeylab import figures, text
from journeylab.errors import StudyError
from journeylab.impact.power import Plan, plan_experiment
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = [
    "experiment", "arm", "control", "n_control", "n_arm", "share_control", "share_arm", "estimate", "ci_low", "ci_high",
    "p_value", "p_holm", "ratio", "ratio_low", "ratio_high", "adjusted", "adjusted_low", "adjusted_high", "adjusted_p",
    "variance_reduction", "n_covariates", "winsorised", "winsorised_low", "winsorised_high", "sequential_low",
    "sequential_high", "sequential_p", "srm_p", "minimum_detectable", "n_excluded", "per_week", "measure", "grade", "verdict",
    "reason",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Experiments(Result):
    """Randomised tests.

    Attributes
    ----------
    table : DataFrame
        One row an experiment and arm: experiment, arm, control, n_control, n_arm, share_control, share_arm (of customers with
        the outcome; or the mean or rate, see measure), estimate (their difference), ci_low, ci_high and p_value (what the
        verdict rests on: Newcombe or Welch; the sequence where the test was looked at while it ran; the adjusted difference
        where that was settled beforehand), p_holm (over the arms of the test), ratio with interval, adjusted (Lin) with
        interval and p, variance_reduction, n_covariates, winsorised with interval (means only), sequential_low,
        sequential_high, sequential_p (the confidence sequence at the last look), srm_p (sample-ratio check),
        minimum_detectable (difference found with 80 % power), n_excluded, per_week (customers assigned a week), measure,
        grade, verdict, reason.
    guards : DataFrame
        Guard rails, see `guards.check_guards`.
    looks : DataFrame
        experiment, arm and the columns of `sequential.look_daily`.
    cuts : DataFrame
        The sample-ratio check by day and device: experiment, cut, level, n, planned_share, share, p_value, p_holm.
    outcome, window, measure : str
    per : str or None
    peeking : bool
    """

    guards: pd.DataFrame = dataclasses.field(repr=False)
    looks: pd.DataFrame = dataclasses.field(repr=False)
    cuts: pd.DataFrame = dataclasses.field(repr=False)
    outcome: str
    window: str
    measure: str
    per: str | None
    peeking: bool

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "experiment": "Experiment",
            "arm": "Arm",
            "verdict": "Verdict",
            "estimate": "Difference",
            "ci": "95 % interval",
            "minimum_detectable": "Could have seen",
            "n_arm": "n, arm",
            "n_control": "n, control",
            "grade": "Grade",
            "reason": "Why",
        }

    @property
    def further(self) -> dict[str, str]:
        """The columns of the table of other ways to look at the same difference."""
        means = {"winsorised": "Without the largest 0.1 %"} if self.table["winsorised"].notna().any() else {}
        return {
            "experiment": "Experiment",
            "arm": "Arm",
            "srm_p": "Arm sizes as planned, p",
            "share_arm": "Outcome, arm",
            "share_control": "Outcome, control",
            "ratio": "Ratio",
            "ratio_low": "from",
            "ratio_high": "to",
            "adjusted": "Adjusted difference",
            "adjusted_low": "from ",
            "adjusted_high": "to ",
            "variance_reduction": "Variance taken away",
            **means,
            "sequential_low": "Whenever looked at: from",
            "sequential_high": "to  ",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        difference, level = ("points", "percent") if self.measure == "share" else ("signed", "number")
        names = (
            "estimate",
            "adjusted",
            "adjusted_low",
            "adjusted_high",
            "winsorised",
            "sequential_low",
            "sequential_high",
        )
        return {
            **dict.fromkeys(names, difference),
            "share_arm": level,
            "share_control": level,
            "minimum_detectable": difference,
            "ratio": "number",
            "variance_reduction": "percent",
            "srm_p": "p",
        }

    @property
    def guard_formats(self) -> dict[str, str]:
        """How the values of the guard rails are written."""
        return {"estimate": "points", "margin": "points", "p_holm": "p"}

    @property
    def sound(self) -> list[str]:
        """The tests that are not void."""
        return list(dict.fromkeys(self.table.loc[self.table["grade"] == "A", "experiment"]))

    @property
    def what(self) -> str:
        """What was compared, in words."""
        of = {
            "share": f"'{self.outcome}'",
            "count": f"number of '{self.outcome}'",
            "value": f"value of '{self.outcome}'",
        }
        each = f" per {self.per}" if self.per else " per customer" if self.measure != "share" else ""
        return f"{of[self.measure]}{each} within {self.window}"

    def summary(self) -> str:
        """Write each test's difference, or why it is void."""
        parts = []
        for row in self.table.itertuples():
            if row.grade != "A":
                parts.append(f"'{row.experiment}' ({row.arm}) is void: {row.reason}")
            else:
                value, ends = self.write(row.estimate), self._ends(row.ci_low, row.ci_high)
                parts.append(
                    f"'{row.experiment}' ({row.arm}): {value} on {self.what} ({ends}; "
                    f"n = {text.count(row.n_arm + row.n_control)}): {row.reason}"
                )
        return "; ".join(parts) + "." if parts else "There are no randomised tests."

    def adjusted_summary(self) -> str:
        """Say what the customers' own past changes in the differences, and how much surer it makes them."""
        parts = []
        for row in self.table[(self.table["grade"] == "A") & self.table["adjusted"].notna()].itertuples():
            parts.append(
                f"'{row.experiment}' ({row.arm}): {self.write(row.adjusted)} "
                f"({self._ends(row.adjusted_low, row.adjusted_high)}); {row.n_covariates} covariates from before the assignment "
                f"take away {text.percent(row.variance_reduction)} of the variance"
            )
        if self.per:
            return f"What is counted per {self.per} is not adjusted for customers' past."
        return (
            f"Adjusted for what was known before: {'; '.join(parts)}."
            if parts
            else "Nothing was known of customers before the assignment that could be adjusted for."
        )

    def next_tests(self, worth: float) -> dict[str, Plan]:
        """What it would take to settle each test of shares that is *not known*, at its own traffic.

        Parameters
        ----------
        worth : float
            The smallest difference of shares worth knowing; planned for it, its half and its double.
        """
        plans = {}
        open_tests = self.table[(self.table["verdict"] == "not known") & (self.table["measure"] == "share")]
        for row in open_tests.itertuples():
            effects = [size for size in (worth / 2, worth, 2 * worth) if 0 < row.share_control < 1 - size]
            if effects and not self.per:
                plans[f"{row.experiment}, {row.arm}"] = plan_experiment(
                    row.share_control, effects, per_week=row.per_week, window=self.window, peeking=self.peeking
                )
        return plans

    def cuts_summary(self) -> str:
        """Say where the arms are not of the planned sizes, by day and by device."""
        off = self.cuts[self.cuts["p_holm"] < 0.05].sort_values("p_value")
        if self.cuts.empty:
            return "No day or device has customers enough to check the sizes of the arms apart."
        named = [
            f"'{row.experiment}', {row.cut} {row.level} ({text.percent(row.share)} control)" for row in off.itertuples()
        ]
        found = (
            f"off at {text.sentence_list(named[:5])}"
            if named
            else "no single day or device stands out (Holm), also where the arms as a whole are off"
        )
        return f"Sizes of the arms by day and device, {text.count(len(self.cuts))} cuts: {found}."

    def guard_summary(self) -> str:
        """Say which guard rails got worse; that none shows harm is no proof that there is none."""
        sound = self.guards.merge(self.table.loc[self.table["grade"] == "A", ["experiment", "arm"]])
        if sound.empty:
            return "No guard rail was named." if self.guards.empty else "No sound test has guard rails."
        said = [
            f"'{row.outcome}' in '{row.experiment}' ({row.arm}): {row.state} ({text.points(row.estimate)}, "
            f"{text.interval(row.ci_low, row.ci_high, 'points')})"
            for row in sound.itertuples()
        ]
        return f"Guard rails: {'; '.join(said)}."

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the differences with intervals; void tests are hollow."""
        frame = self.table.dropna(subset=["estimate"]).iloc[::-1].reset_index(drop=True)
        ax = figures.new_axes(ax, height=figures.row_height(len(frame), each=0.6))
        scale = 100 if self.measure == "share" else 1
        for row, line in frame.iterrows():
            sound = line["grade"] == "A"
            colour = figures.BLUE if sound else figures.MUTED
            ends = [[scale * (line["estimate"] - line["ci_low"])], [scale * (line["ci_high"] - line["estimate"])]]
            ax.errorbar([scale * line["estimate"]], [row], xerr=ends, fmt="o", color=colour, capsize=4, markersize=8,
                        markerfacecolor=colour if sound else "none")  # fmt: skip
        ax.axvline(0, color=figures.INK, linewidth=1)
        labels = [
            f"{line.experiment}, {line.arm}{'' if line.grade == 'A' else ' (void)'}" for line in frame.itertuples()
        ]
        ax.set_yticks(frame.index, labels)
        ax.set_ylim(-0.6, len(frame) - 0.4)
        ax.set_xlabel(f"{'points on ' if scale == 100 else 'difference in '}{self.what}, with 95 % interval")
        figures.subtitle(ax, "Randomised tests\n")
        unit = "points" if self.measure == "share" else "number"
        series = {f"difference in {self.what}": ("estimate", "ci_low", "ci_high")}
        draws = figures.drawn(frame[::-1], ["experiment", "arm"], series, unit=unit)
        return figures.describe(ax, f"Dot plot of {len(frame)} randomised differences. {self.summary()}", draws)

    def plot_looks(self, experiment: str, arm: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw how one test's difference stood after each day, with the sequence and the interval of a single look.

        Raises
        ------
        StudyError
            When the test had too few outcomes to be looked at.
        """
        frame = self.looks[self.looks["experiment"] == experiment]
        arm = arm or (str(frame["arm"].iloc[0]) if len(frame) else "")
        frame = frame[frame["arm"] == arm]
        if frame.empty:
            raise StudyError(f"'{experiment}' {arm}: there were too few outcomes to look at day by day.")
        ax = figures.new_axes(ax, width=9)
        scale = 100 if self.measure == "share" else 1
        day = frame["day"].dt.tz_localize(None).to_numpy()
        ax.fill_between(
            day, scale * frame["ci_low"], scale * frame["ci_high"], color=figures.BLUE, alpha=0.18, linewidth=0
        )
        ax.plot(day, scale * frame["estimate"], color=figures.BLUE, linewidth=2)
        for end in ("fixed_low", "fixed_high"):
            ax.plot(day, scale * frame[end], color=figures.ORANGE, linestyle="--", linewidth=1.2)
        ax.axhline(0, color=figures.INK, linewidth=1)
        last = frame.iloc[-1]
        ends = [
            (scale * last["ci_high"], "holds at every look", figures.BLUE),
            (scale * last["fixed_high"], "if this were the only look", figures.ORANGE),
        ]
        # the first days would press all others flat
        later = frame[frame["n_arm"] + frame["n_control"] >= 0.1 * (last["n_arm"] + last["n_control"])]
        low, high = scale * min(later["ci_low"].min(), 0), scale * max(later["ci_high"].max(), 0)
        ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        for height, label, colour in figures.spread(ends, 0.07 * (high - low), high):
            ax.annotate(label, (day[-1], height), xytext=(6, 0), textcoords="offset points", color=colour, va="center")
        ax.margins(x=0.01)
        ax.figure.autofmt_xdate(rotation=0, ha="center")
        ax.set_ylabel(f"difference{', points' if scale == 100 else ''}")
        ax.set_xlabel(f"customers assigned up to this day (known {self.window} later)")
        n = int(last["n_control"] + last["n_arm"])
        figures.subtitle(
            ax, f"{experiment}, {arm}: looked at day by day", f"{self.what}; n = {text.count(n)} at the end"
        )
        return figures.describe(
            ax,
            f"Line chart of the difference day by day with a band that narrows. {self._looked(frame)}",
            figures.drawn(
                frame.assign(day=[text.moment(day) for day in frame["day"]]),
                ["experiment", "arm", "day"],
                {},
                also=["estimate", "ci_low", "ci_high", "fixed_low", "fixed_high"],
            ),
        )

    def looks_summary(self, experiment: str) -> str:
        """Say since when the sequence of a test's first arm leaves zero out, if it does."""
        frame = self.looks[self.looks["experiment"] == experiment]
        frame = frame[frame["arm"] == frame["arm"].iloc[0]] if len(frame) else frame
        if frame.empty:
            return f"'{experiment}': too few outcomes to be looked at day by day."
        return f"'{experiment}': {self._looked(frame)}"

    def _looked(self, frame: pd.DataFrame) -> str:
        clear = (frame["ci_low"] > 0) | (frame["ci_high"] < 0)
        naive = (frame["fixed_low"] > 0) | (frame["fixed_high"] < 0)
        last = frame.iloc[-1]
        held = (
            f"it leaves zero out for the first time on {text.date(frame.loc[clear, 'day'].iloc[0])}"
            if clear.any()
            else "it never leaves zero out"
        )
        return (
            f"At the last of {len(frame)} daily looks the sequence is {self._ends(last['ci_low'], last['ci_high'])}; {held}. "
            f"Intervals meant for one look leave it out on {int(naive.sum())} days."
        )

    def write(self, value: float) -> str:
        """Write a difference with its unit."""
        return text.points(value) if self.measure == "share" else f"{'+' if value > 0 else ''}{text.number(value)}"

    def _ends(self, low: float, high: float) -> str:
        if self.measure == "share":
            return text.interval(low, high, "points")
        return f"{self.write(low)} to {self.write(high)}"
