"""Which parts of the experience go with overall satisfaction, and how good are they?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import figures, text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE, mean
from journeylab.results import Result
from journeylab.voices.importance import MOST, correlations, shapley_of, weights_of
from journeylab.voices.questionnaires import by_person

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOT_CAUSAL = (
    "Importance is how much an item goes with the outcome among those who answered. It is not causal: to raise the item need "
    "not raise the outcome (evidence grade D, which makes no verdict)."
)


@dataclasses.dataclass(frozen=True)
class Drivers(Result):
    """Key drivers.

    Attributes
    ----------
    table : DataFrame
        Most important first: driver, importance (Johnson's relative weight, a part of R squared), ci_low, ci_high (bootstrap),
        shapley, shapley_low, shapley_high (LMG), share (of R squared), share_low, share_high (bootstrap of the share),
        performance (mean, from 0 worst to 100 best), performance_low, performance_high (t), n, grade (``D``).
    outcome : str
    r2 : float
    n, left_out : int
        People who answered everything, and who did not.
    """

    outcome: str
    r2: float
    n: int
    left_out: int

    def summary(self) -> str:
        """Name the most important driver, and the one that is important and weak."""
        if self.table["importance"].isna().all():
            return "No key drivers: an item, or the outcome, has the same answer from everybody."
        first = self.table.iloc[0]
        sentence = (
            f"Of all items '{first['driver']}' goes most with '{self.outcome}': {text.percent(first['share'], 0)} (95 % interval "
            f"{text.interval(first['share_low'], first['share_high'])}) of what the items explain together, which is "
            f"{text.percent(self.r2, 0)} of the differences between answers (R², n = {text.count(self.n)})"
        )
        weak = self.weak
        if weak:
            sentence += f"; above the mean in importance and below it in performance: {text.sentence_list(weak)}"
        return f"{sentence}. This is association, not cause."

    @property
    def weak(self) -> list[str]:
        """Drivers of more than mean importance and less than mean performance."""
        important = self.table["importance"] > self.table["importance"].mean()
        poor = self.table["performance"] < self.table["performance"].mean()
        return [f"'{name}'" for name in self.table.loc[important & poor, "driver"]]

    @property
    def shown(self) -> pd.DataFrame:
        """The table with every interval written out."""
        rows = [
            (row.driver, f"{text.number(row.importance, 3)} ({_ends(row.ci_low, row.ci_high)})",
             f"{text.number(row.shapley, 3)} ({_ends(row.shapley_low, row.shapley_high)})",
             f"{text.percent(row.share, 0)} ({text.interval(row.share_low, row.share_high)})",
             f"{text.number(row.performance, 1)} ({_ends(row.performance_low, row.performance_high, 1)})")
            for row in self.table.itertuples()
        ]  # fmt: skip
        columns = ["driver", "relative weight (95 % interval)", "Shapley share (95 % interval)", "part of R²",
                   "performance, 0 to 100 (95 % interval)"]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw importance against performance, both with intervals, cut at their means."""
        ax = figures.new_axes(ax, height=4.8)
        table = self.table
        across = np.abs(np.vstack([table["performance"] - table["performance_low"],
                                   table["performance_high"] - table["performance"]]))  # fmt: skip
        up = 100 * np.abs(np.vstack([table["share"] - table["share_low"], table["share_high"] - table["share"]]))
        middle = float(table["performance"].mean()), 100 * float(table["share"].mean())
        ax.axvline(middle[0], color=figures.MUTED, linewidth=1, linestyle="--")
        ax.axhline(middle[1], color=figures.MUTED, linewidth=1, linestyle="--")
        ax.errorbar(
            table["performance"], 100 * table["share"], xerr=across, yerr=up, fmt="o", color=figures.BLUE, capsize=3
        )
        for row in table.itertuples():
            ax.annotate(row.driver, (row.performance, 100 * row.share), xytext=(7, 5), textcoords="offset points")
        ax.set_ylim(bottom=0)
        for place, words, side in (
            ((0.01, 0.98), "important, weak", "left"),
            ((0.99, 0.98), "important, strong", "right"),
        ):
            ax.annotate(words, place, xycoords="axes fraction", color=figures.MUTED, fontsize=9.5, ha=side, va="top")
        ax.set_xlabel("performance: mean answer, 0 worst to 100 best")
        ax.set_ylabel("importance: part of R², %")
        figures.subtitle(
            ax,
            f"What goes with '{self.outcome}'",
            f"n = {text.count(self.n)}; R² = {text.fixed(self.r2, 2)}; bars are 95 % intervals, dashes the means; "
            "association, not cause",
        )
        series = {"part of R²": ("share", "share_low", "share_high")}
        draws = figures.drawn(table, "driver", series, also=["performance", "performance_low", "performance_high"])
        said = f"Scatter of importance against performance of {len(table)} drivers. {self.summary()}"
        return figures.describe(ax, said, draws)


def key_drivers(
    responses: pd.DataFrame,
    *,
    instrument: str,
    outcome: str,
    drivers: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Drivers:
    """Share out what the items of a survey explain of one of them.

    Parameters
    ----------
    responses : DataFrame
        Contract responses.
    instrument : str
        The survey.
    outcome : str
        The item to be explained, such as overall satisfaction.
    drivers : sequence of str, optional
        The items that explain it; else all others.
    draws : int
        Bootstrap draws of people.

    Raises
    ------
    DataError
        For an unknown survey or item, or too few answers.

    Notes
    -----
    Regression weights of items that go together are unstable and may change sign; relative weights (Johnson) and Shapley
    shares (LMG) divide R squared without remainder, and mostly agree. Only people who answered every item are used. Intervals
    are percentiles of the bootstrap over people. Since no share can be negative, an interval off zero is no test: a column of
    noise gets a share too.

    References
    ----------
    Johnson (2000), Multivariate Behavioral Research 35:1; Groemping (2006), Journal of Statistical Software 17(1); Martilla and
    James (1977), Journal of Marketing 41:77, on importance and performance.
    """
    answers = _of(responses, instrument)
    table = by_person(answers)
    items = [str(name) for name in table]
    chosen = [name for name in items if name != outcome] if drivers is None else list(drivers)
    for name in (outcome, *chosen):
        if name not in items:
            raise DataError(
                f"key drivers: '{instrument}' has no item '{name}'; it has {listing(items)}.{did_you_mean(name, items)}"
            )
    if len(chosen) < 2:
        raise DataError(f"key drivers: '{instrument}' needs two items or more beside '{outcome}'.")
    complete = table[[*chosen, outcome]].dropna()
    values = complete.to_numpy(dtype=float)
    whole = correlations(values[:, :-1], values[:, -1])[None]
    rng = np.random.default_rng(seed)
    drawn = np.array([_resampled(values, rng) for _ in range(draws)])
    weights, shapley = weights_of(whole)[0], shapley_of(whole)[0]
    r2 = float(weights.sum())
    low, high = _middle(weights_of(drawn))
    shapley_low, shapley_high = _middle(shapley_of(drawn))
    parts = weights_of(drawn)
    share_low, share_high = _middle(parts / parts.sum(axis=1, keepdims=True))
    performance = [_performance(complete[name], answers[answers["item"] == name]) for name in chosen]
    found = pd.DataFrame(
        {
            "driver": chosen, "importance": weights, "ci_low": low, "ci_high": high, "shapley": shapley,
            "shapley_low": shapley_low, "shapley_high": shapley_high, "share": weights / r2 if r2 else np.nan,
            "share_low": share_low, "share_high": share_high, "performance": [row[0] for row in performance],
            "performance_low": [row[1] for row in performance], "performance_high": [row[2] for row in performance],
            "n": len(complete), "grade": "D",
        }
    )  # fmt: skip
    found = found.sort_values("importance", ascending=False, kind="stable", ignore_index=True)
    lines: tuple[str, ...] = (
        NOT_CAUSAL,
        "Effects are taken as linear, and the items as measured alike well.",
        "Shares cannot be negative: an item of pure noise gets one too, so read sizes, not whether they are over zero.",
    )
    if len(chosen) > MOST:
        lines += (f"Shapley shares look at every subset, and are left out for more than {MOST} items.",)
    method = f"Johnson's relative weights and Shapley (LMG) shares, bootstrap over people ({text.count(draws)} draws)"
    return Drivers(found, method, lines, outcome, r2, len(complete), len(table) - len(complete))


def _of(responses: pd.DataFrame, instrument: str) -> pd.DataFrame:
    answers = responses[responses["instrument"] == instrument]
    if answers.empty:
        names = sorted(responses["instrument"].unique())
        raise DataError(
            f"key drivers: no survey is called '{instrument}'; there are {listing(names)}.{did_you_mean(instrument, names)}"
        )
    return answers


def _resampled(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Correlations of as many people drawn with replacement."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.corrcoef(values[rng.integers(0, len(values), len(values))], rowvar=False))


def _middle(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle 95 % of each column; draws without a value are left out."""
    known = drawn[np.isfinite(drawn).all(axis=1)]
    if not len(known):
        return np.full((2, drawn.shape[1]), np.nan)
    tail = (1 - CONFIDENCE) / 2
    return np.stack([np.quantile(known, end, axis=0) for end in (tail, 1 - tail)])


def _performance(scores: pd.Series, answers: pd.DataFrame) -> tuple[float, float, float]:
    """The mean answer from 0 (worst) to 100 (best), with its t interval."""
    low, high = float(answers["scale_min"].iloc[0]), float(answers["scale_max"].iloc[0])
    worst, best = (low, high) if bool(answers["higher_is_better"].iloc[0]) else (high, low)
    value, down, up = mean(100 * (scores - worst) / (best - worst))
    return value, down, up


def _ends(low: float, high: float, digits: int = 2) -> str:
    return text.MISSING if np.isnan(low) else f"{text.number(low, digits)} to {text.number(high, digits)}"
