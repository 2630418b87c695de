"""Do groups of customers differ in their net promoter score?"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from journeylab import figures, html, text
from journeylab.errors import DataError, listing
from journeylab.intervals import FALSE_DISCOVERY_RATE, Interval, benjamini_hochberg, normal_quantile
from journeylab.results import Result
from journeylab.voices.scores import known, nps_counts, nps_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class NpsByGroup(Result):
    """Net promoter scores of groups.

    Attributes
    ----------
    table : DataFrame
        group, n, nps, ci_low, ci_high (adjusted Wald), difference (to all other answers), difference_low, difference_high,
        p_value (permutation), q_value.
    by : str
        What the groups are of.
    """

    by: str

    def summary(self) -> str:
        """Name the group that differs most from the others."""
        row = self.table.sort_values(["p_value", "difference"], kind="stable").iloc[0]
        clear = (self.table["q_value"] <= FALSE_DISCOVERY_RATE).any()
        ends = f"{text.signed(row['difference_low'])} to {text.signed(row['difference_high'])}"
        return (
            f"NPS {'differs' if clear else 'does not differ clearly'} by {self.by}; "
            f"{'clearest' if clear else 'the largest gap'} is '{row['group']}' with {text.number(row['nps'], 1)} "
            f"(n = {text.count(row['n'])}), {text.signed(row['difference'])} points to all others "
            f"(95 % interval {ends}, q {text.p_value(row['q_value'])})."
        )

    @property
    def shown(self) -> pd.DataFrame:
        """The table for readers: differences and their intervals in NPS points."""
        ends = [
            text.MISSING if text.is_missing(row.difference_low) else
            f"{text.signed(row.difference_low)} to {text.signed(row.difference_high)}"
            for row in self.table.itertuples()
        ]  # fmt: skip
        columns = ["group", "n", "nps", "ci_low", "ci_high", "difference", "between", "p_value", "q_value"]
        return self.table.assign(between=ends)[columns]

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "group": "Group",
            "n": "n",
            "nps": "NPS",
            "ci": "95 % interval",
            "difference": "Less all others",
            "between": "95 % interval of that",
            "p_value": "p",
            "q_value": "q (false discovery)",
        }

    @property
    def formats(self) -> dict[str, html.Format]:
        """How their values are written."""
        return {"nps": "signed", "difference": "signed"}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the score of each group with its interval."""
        frame = self.table.iloc[::-1]
        ax = figures.new_axes(ax, height=figures.row_height(len(frame)))
        rows = np.arange(len(frame))
        reach = np.abs(np.vstack([frame["nps"] - frame["ci_low"], frame["ci_high"] - frame["nps"]]))
        ax.errorbar(frame["nps"], rows, xerr=reach, fmt="o", color=figures.BLUE, capsize=3)
        ax.set_yticks(rows, [f"{row.group} (n = {text.count(row.n)})" for row in frame.itertuples()])
        ax.set_ylim(-0.5, len(frame) - 0.5)
        ax.set_xlabel("net promoter score, with 95 % interval")
        ax.grid(axis="y", visible=False)
        figures.subtitle(ax, f"Net promoter score by {self.by}", "adjusted Wald interval")
        series = {"net promoter score": ("nps", "ci_low", "ci_high")}
        draws = figures.drawn(self.table, "group", series, unit="number", also=["n"])
        said = f"Dot plot of the net promoter score of {len(frame)} groups. {self.summary()}"
        return figures.describe(ax, said, draws)


def nps_difference(first: ArrayLike, second: ArrayLike) -> Interval:
    """Difference of two net promoter scores, first less second, with its interval, in points.

    Parameters
    ----------
    first, second : array_like
        Answers from 0 to 10 of other people each.

    Notes
    -----
    Each group gets the three answers of its adjusted Wald interval; the difference of the two centres has the sum of the two
    variances. The value is that of the plain scores.

    References
    ----------
    Rocks (2016), The American Statistician 70:365, for one score; independent variances add.

    Examples
    --------
    >>> value, low, high = nps_difference([10] * 60 + [8] * 25 + [3] * 15, [10] * 40 + [8] * 35 + [3] * 25)
    >>> round(value, 1), round(low, 1), round(high, 1)
    (30.0, 8.2, 50.1)
    """
    counts = [nps_counts(known(group)) for group in (first, second)]
    return _difference(counts[0], counts[1])


def _difference(first: NDArray[np.int64], second: NDArray[np.int64]) -> Interval:
    """The difference of two groups by their counts of promoters, passives and detractors."""
    if not first.sum() or not second.sum():
        return Interval(np.nan, np.nan, np.nan)
    centre, variance, value = [], 0.0, []
    for up, middle, down in (first, second):
        n = up + middle + down
        size = n + 3
        p, d = (up + 0.75) / size, (down + 0.75) / size
        centre.append(p - d)
        value.append((up - down) / n)
        variance += (p + d - (p - d) ** 2) / size
    half = normal_quantile() * np.sqrt(variance)
    gap = centre[0] - centre[1]
    ends = [float(np.clip(100 * (gap + sign * half), -200, 200)) for sign in (-1, 1)]
    return Interval(float(100 * (value[0] - value[1])), *ends)


def compare_nps(
    responses: pd.DataFrame, groups: pd.Series, *, instrument: str = "nps", draws: int = 10_000, seed: int = 0
) -> NpsByGroup:
    """Compare the net promoter scores of groups of respondents.

    Parameters
    ----------
    responses : DataFrame
        Contract responses.
    groups : Series
        A group for each respondent_id (the index), such as ``study.attribute("device")``.
    instrument : str
        Which answers are meant.
    draws : int
        Permutations.

    Raises
    ------
    DataError
        When nobody answered this instrument, or fewer than two groups answered.

    Notes
    -----
    Each group is held against all other answers: the interval is `nps_difference`'s; p is the share of permutations of the
    answers over the groups with a difference as large. Scores of parts are never averaged.
    """
    answers = responses[responses["instrument"].str.lower() == instrument.lower()]
    if answers.empty:
        raise DataError(
            f"compare_nps: nobody answered '{instrument}'; there are {listing(responses['instrument'].unique())}."
        )
    group = answers["respondent_id"].map(groups.dropna().astype("str"))
    names = sorted(group.dropna().unique())
    if len(names) < 2:
        raise DataError(f"compare_nps: needs answers of two groups; there are answers of {listing(names) or 'none'}.")
    whole = nps_counts(answers.loc[group.notna(), "score"])
    rng = np.random.default_rng(seed)
    rows = []
    for name in names:
        inside = nps_counts(answers.loc[group == name, "score"])
        score = nps_interval(inside[0], inside[2], inside.sum())
        gap = _difference(inside, whole - inside)
        rows.append((name, int(inside.sum()), *map(float, score), *gap, _permuted(inside, whole, draws, rng)))
    columns = ["group", "n", "nps", "ci_low", "ci_high", "difference", "difference_low", "difference_high", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    table["q_value"] = benjamini_hochberg(table["p_value"])
    without = int(group.isna().sum())
    assumptions: tuple[str, ...] = (
        "Those who answered stand for those who did not.",
        "Groups may differ in more than their name.",
    )
    if without:
        assumptions += (f"{text.count(without)} answers of people without a group are left out.",)
    return NpsByGroup(
        table,
        f"NPS by group, adjusted Wald, {text.count(draws)} permutations of answers",
        assumptions,
        str(groups.name or "group"),
    )


def _permuted(inside: NDArray[np.int64], whole: NDArray[np.int64], draws: int, rng: np.random.Generator) -> float:
    """The p-value of a difference when answers are dealt to the group and the others anew."""
    n, rest = inside.sum(), (whole - inside).sum()
    if not n or not rest:
        return float("nan")

    def gap(part: NDArray[np.int64]) -> NDArray[np.float64]:
        other = whole - part
        return np.abs((part[..., 0] - part[..., 2]) / n - (other[..., 0] - other[..., 2]) / rest)

    drawn = rng.multivariate_hypergeometric(whole, int(n), size=draws)
    return float((1 + (gap(drawn) >= gap(inside) - 1e-12).sum()) / (1 + draws))
