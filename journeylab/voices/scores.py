"""Survey scores, each with the interval that fits it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from journeylab import text
from journeylab.intervals import mean, normal_quantile, wilson
from journeylab.results import Result


@dataclasses.dataclass(frozen=True)
class Score:
    """One score.

    Attributes
    ----------
    value, ci_low, ci_high : float
        NaN where there is no number.
    n : int
        Answers.
    method, unit, reason : str
        The estimator; ``points``, ``share`` or ``mean``; why there is no number.
    """

    value: float
    ci_low: float
    ci_high: float
    n: int
    method: str
    unit: str
    reason: str = ""

    def summary(self) -> str:
        """Write the score with its interval and n."""
        if np.isnan(self.value):
            return f"No score: {self.reason}."
        style = "percent" if self.unit == "share" else "number"
        value = (
            text.percent(self.value)
            if self.unit == "share"
            else text.number(self.value, 1 if self.unit == "points" else 2)
        )
        return f"{value} ({text.interval(self.ci_low, self.ci_high, style)}, n = {self.n:,}; {self.method})"


def nps(scores: ArrayLike) -> Score:
    """Net promoter score: promoters (9, 10) less detractors (0 to 6), in points from -100 to 100.

    Notes
    -----
    The interval is the adjusted Wald one: three answers are added, three quarters of one to each tail, and the ends are
    clipped. The point estimate is the plain one.

    References
    ----------
    Rocks (2016), The American Statistician 70:365; Lewis and Sauro (2021).

    Examples
    --------
    >>> result = nps([10] * 10 + [8] * 5 + [3] * 5)
    >>> result.value, round(result.ci_low, 1), round(result.ci_high, 1)
    (25.0, -11.7, 55.2)
    """
    values = _known(scores)
    method = "NPS with adjusted Wald interval"
    if not len(values):
        return Score(np.nan, np.nan, np.nan, 0, method, "points", "no answers")
    if ((values < 0) | (values > 10) | (values % 1 != 0)).any():
        return Score(np.nan, np.nan, np.nan, len(values), method, "points", "NPS needs whole answers from 0 to 10")
    n, up, down = len(values), float((values >= 9).sum()), float((values <= 6).sum())
    size = n + 3
    p, d = (up + 0.75) / size, (down + 0.75) / size
    half = normal_quantile() * np.sqrt((p + d - (p - d) ** 2) / size)
    low, high = (float(np.clip(100 * (p - d + sign * half), -100, 100)) for sign in (-1, 1))
    return Score(100 * (up - down) / n, low, high, n, method, "points")


def csat(scores: ArrayLike, scale_max: float = 5) -> Score:
    """Share of answers among the top two of the scale, with its Wilson interval.

    Examples
    --------
    >>> round(csat([5, 4, 3, 5]).value, 2)
    0.75
    """
    values = _known(scores)
    method = "CSAT, share of the top two answers, with Wilson interval"
    if not len(values):
        return Score(np.nan, np.nan, np.nan, 0, method, "share", "no answers")
    value, low, high = wilson(int((values >= scale_max - 1).sum()), len(values))
    return Score(float(value), float(low), float(high), len(values), method, "share")


def ces(scores: ArrayLike, higher_is_better: bool = True) -> Score:
    """Mean customer effort score with its t interval; CES 2.0 asks for agreement that it was easy, so higher is better."""
    polarity = "higher is easier" if higher_is_better else "higher is harder"
    return _mean(scores, f"CES, mean with t interval ({polarity})")


def sus(items: ArrayLike) -> Score:
    """System usability scale, 0 to 100, from answers 1 to 5 to its ten items.

    Parameters
    ----------
    items : array_like, shape (n_people, 10)
        People with a missing answer are left out.

    References
    ----------
    Brooke (1996), SUS: a quick and dirty usability scale.
    """
    table = np.asarray(items, dtype=float)
    method = "SUS, mean with t interval"
    if table.ndim != 2 or table.shape[1] != 10:
        return Score(np.nan, np.nan, np.nan, 0, method, "mean", "SUS needs ten items a person")
    table = table[~np.isnan(table).any(axis=1)]
    return _mean(2.5 * ((table[:, 0::2] - 1).sum(axis=1) + (5 - table[:, 1::2]).sum(axis=1)), method)


@dataclasses.dataclass(frozen=True)
class Scores(Result):
    """Scores of several instruments.

    Attributes
    ----------
    table : DataFrame
        instrument, group, value, ci_low, ci_high, n, unit, scale, reason.
    """

    @property
    def shown(self) -> pd.DataFrame:
        """The table with every number written in its unit."""
        rows = []
        for row in self.table.itertuples():
            share = row.unit == "share"
            value = text.percent(row.value) if share else text.number(row.value, 1 if row.unit == "points" else 2)
            ends = text.interval(row.ci_low, row.ci_high, "percent" if share else "number")
            rows.append((row.instrument, row.group, value, ends, row.n, row.scale, row.reason))
        return pd.DataFrame(rows, columns=["instrument", "about", "score", "95 % interval", "n", "scale", "reason"])

    def summary(self) -> str:
        """Write each instrument's score."""
        whole = self.table[self.table["group"] == "all"] if (self.table["group"] == "all").any() else self.table
        parts = []
        for row in whole.itertuples():
            parts.append(
                f"{row.instrument} {Score(row.value, row.ci_low, row.ci_high, row.n, row.scale, row.unit, row.reason).summary()}"
            )
        return "; ".join(parts) + "." if parts else "There are no answers."


def score_table(responses: pd.DataFrame, by: str | None = None) -> Scores:
    """Score every instrument, over all answers and by group.

    Parameters
    ----------
    responses : DataFrame
        Contract responses.
    by : str, optional
        ``touchpoint`` or ``stage``.
    """
    rows = []
    for instrument, answers in responses.groupby("instrument", sort=False):
        groups: list[tuple[str, pd.DataFrame]] = [("all", answers)]
        if by is not None and by in answers and answers[by].nunique() > 1:
            groups += [(str(name), part) for name, part in answers.groupby(by, sort=True)]
        for name, part in groups:
            score = _score(str(instrument), part)
            scale = f"{part['scale_min'].iloc[0]:g} to {part['scale_max'].iloc[0]:g}"
            rows.append(
                (instrument, name, score.value, score.ci_low, score.ci_high, score.n, score.unit, scale, score.reason)
            )
    columns = ["instrument", "group", "value", "ci_low", "ci_high", "n", "unit", "scale", "reason"]
    return Scores(
        pd.DataFrame(rows, columns=columns),
        "NPS (adjusted Wald), CSAT (top two, Wilson), others mean (t)",
        ("Those who answered stand for those who did not; respondents are seldom a random sample.",),
    )


def _score(instrument: str, answers: pd.DataFrame) -> Score:
    kind, scores = instrument.lower(), answers["score"]
    better = bool(answers["higher_is_better"].iloc[0])
    if kind == "nps":
        return nps(scores)
    if kind == "csat":
        return csat(scores, float(answers["scale_max"].iloc[0]))
    if kind == "ces":
        return ces(scores, better)
    if kind == "sus" and answers["item"].nunique() == 10:
        return sus(answers.pivot_table(index="respondent_id", columns="item", values="score").to_numpy())
    return _mean(scores, "mean with t interval")


def _mean(scores: ArrayLike, method: str) -> Score:
    values = _known(scores)
    if not len(values):
        return Score(np.nan, np.nan, np.nan, 0, method, "mean", "no answers")
    value, low, high = mean(values)
    return Score(float(value), float(low), float(high), len(values), method, "mean")


def _known(scores: ArrayLike) -> np.ndarray:
    values = np.asarray(scores, dtype=float).ravel()
    return values[~np.isnan(values)]
