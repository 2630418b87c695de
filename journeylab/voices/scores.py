"""Survey scores of one question each, with the interval that fits them."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from journeylab import text
from journeylab.intervals import Interval, agresti_coull, mean, normal_quantile, wilson

SMALL_SAMPLE = 25
"""Fewer task times than this: the geometric mean; else the median."""


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
        The estimator; ``points`` (of a scale of about 100), ``share``, ``mean`` or ``seconds``; why there is no number.
    higher_is_better : bool
        The polarity: of PSSUQ, effort and time the lower is the better.
    """

    value: float
    ci_low: float
    ci_high: float
    n: int
    method: str
    unit: str
    reason: str = ""
    higher_is_better: bool = True

    def summary(self) -> str:
        """Write the score with its interval and n."""
        if np.isnan(self.value):
            return f"No score: {self.reason}."
        return f"{self.written} ({self.written_interval}, n = {text.count(self.n)}; {self.method})"

    @property
    def written(self) -> str:
        """The value in its unit."""
        if self.unit == "share":
            return text.percent(self.value)
        if self.unit == "seconds":
            return text.duration(self.value)
        return text.number(self.value, 1 if self.unit == "points" else 2)

    @property
    def written_interval(self) -> str:
        """The two ends in their unit."""
        if self.unit == "points" and not np.isnan(self.ci_low):
            return f"{text.number(self.ci_low, 1)} to {text.number(self.ci_high, 1)}"
        style = {"share": "percent", "seconds": "duration"}.get(self.unit, "number")
        return text.interval(self.ci_low, self.ci_high, style)


def no_score(method: str, unit: str, reason: str, n: int = 0, higher_is_better: bool = True) -> Score:
    """A score that cannot be computed, and why."""
    return Score(np.nan, np.nan, np.nan, n, method, unit, reason, higher_is_better)


def nps(scores: ArrayLike) -> Score:
    """Net promoter score: promoters (9, 10) less detractors (0 to 6), in points from -100 to 100.

    Notes
    -----
    The interval is the adjusted Wald one, see `nps_interval`; its ends are clipped. The point estimate is the plain one.

    References
    ----------
    Rocks (2016), The American Statistician 70:365; Lewis and Sauro (2021).

    Examples
    --------
    >>> result = nps([10] * 10 + [8] * 5 + [3] * 5)
    >>> result.value, round(result.ci_low, 1), round(result.ci_high, 1)
    (25.0, -11.7, 55.2)
    """
    values = known(scores)
    method = "NPS with adjusted Wald interval"
    if not len(values):
        return no_score(method, "points", "no answers")
    if ((values < 0) | (values > 10) | (values % 1 != 0)).any():
        return no_score(method, "points", "NPS needs whole answers from 0 to 10", len(values))
    up, _, down = nps_counts(values)
    value, low, high = nps_interval(up, down, len(values))
    return Score(float(value), float(low), float(high), len(values), method, "points")


def nps_counts(values: ArrayLike) -> NDArray[np.int64]:
    """Promoters, passives and detractors among whole answers from 0 to 10."""
    answers = np.asarray(values, dtype=float)
    return np.array([(answers >= 9).sum(), ((answers > 6) & (answers < 9)).sum(), (answers <= 6).sum()])


def nps_interval(promoters: ArrayLike, detractors: ArrayLike, n: ArrayLike, *, added: float = 3.0) -> Interval:
    """Net promoter score of counts, with its interval, in points; counts are broadcast together.

    Parameters
    ----------
    promoters, detractors, n : array_like
        Of n answers.
    added : float
        Answers that are added before the variance is taken, a quarter of them to each end of the scale. 3 is the adjusted
        Wald interval; 0 the plain one, which is too narrow where nearly all answers are alike.

    Notes
    -----
    The variance of a difference of two shares of one multinomial: ``(p + d - (p - d) ** 2) / n``.
    """
    up, down, n = np.broadcast_arrays(*(np.asarray(count, dtype=float) for count in (promoters, detractors, n)))
    size = n + added
    with np.errstate(divide="ignore", invalid="ignore"):
        p, d = (up + added / 4) / size, (down + added / 4) / size
        half = normal_quantile() * np.sqrt((p + d - (p - d) ** 2) / size)
        value = 100 * (up - down) / n
    low, high = (np.clip(100 * (p - d + sign * half), -100, 100) for sign in (-1, 1))
    return Interval(value, np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan))


def csat(scores: ArrayLike, scale_max: float = 5, *, scale_min: float = 1, higher_is_better: bool = True) -> Score:
    """Share of answers among the best two of the scale, with its Wilson interval.

    Examples
    --------
    >>> round(csat([5, 4, 3, 5]).value, 2)
    0.75
    """
    values = known(scores)
    method = "CSAT, share of the top two answers, with Wilson interval"
    best = values >= scale_max - 1 if higher_is_better else values <= scale_min + 1
    return _share(int(best.sum()), len(values), method)


def ces(scores: ArrayLike, higher_is_better: bool = True) -> Score:
    """Mean customer effort score with its t interval.

    Parameters
    ----------
    scores : array_like
    higher_is_better : bool
        CES 2.0 asks for agreement, from 1 to 7, that it was easy: higher is easier. CES 1.0 asked for effort: lower is easier.
    """
    polarity = "higher is easier" if higher_is_better else "higher is harder"
    return mean_score(scores, f"CES, mean with t interval ({polarity})", higher_is_better)


def ces_agree(scores: ArrayLike) -> Score:
    """Share who agree that it was easy (5 to 7 of 7; CES 2.0), with its Wilson interval."""
    values = known(scores)
    return _share(int((values >= 5).sum()), len(values), "CES 2.0, share of answers 5 to 7, with Wilson interval")


def seq(scores: ArrayLike) -> Score:
    """Single ease question after a task, from 1 (very difficult) to 7 (very easy): mean with its t interval.

    References
    ----------
    Sauro and Dumas (2009), CHI '09, 1599.
    """
    return mean_score(scores, "SEQ, mean with t interval (1 very difficult, 7 very easy)")


def completion(done: ArrayLike) -> Score:
    """Share of tasks that were completed, with its adjusted Wald (Agresti-Coull) interval.

    Parameters
    ----------
    done : array_like of bool or of 0 and 1
        NaN where the task was not tried.

    References
    ----------
    Sauro and Lewis (2005), HFES 49:2100, who compare intervals for small samples of tasks.

    Examples
    --------
    >>> result = completion([1] * 9 + [0])
    >>> round(result.ci_low, 3), result.ci_high
    (0.574, 1.0)
    """
    values = known(done)
    method = "Task completion with adjusted Wald interval"
    if not len(values):
        return no_score(method, "share", "no tasks")
    if not np.isin(values, (0, 1)).all():
        return no_score(method, "share", "completion needs 0 or 1 for each task", len(values))
    value, low, high = agresti_coull(values.sum(), len(values))
    return Score(float(value), float(low), float(high), len(values), method, "share")


def task_time(seconds: ArrayLike) -> Score:
    """Typical time on a task: geometric mean of fewer than 25 times, else the median.

    Notes
    -----
    Geometric mean: mean and t interval of the logarithms, taken back. Median: order statistics whose ranks are the quantiles
    of a binomial with p = 1/2, so that the interval covers at least 95 %.

    References
    ----------
    Sauro and Lewis (2010), CHI '10, 2347.

    Examples
    --------
    >>> round(task_time([10, 20, 40]).value, 6)
    20.0
    """
    values = known(seconds)
    small = len(values) < SMALL_SAMPLE
    method = (
        "Task time, geometric mean with t interval of logarithms" if small else "Task time, median with exact interval"
    )
    if not len(values):
        return no_score(method, "seconds", "no times", higher_is_better=False)
    if (values <= 0).any():
        return no_score(method, "seconds", "times have to be over zero", len(values), higher_is_better=False)
    if small:
        value, low, high = np.exp(mean(np.log(values)))
    else:
        ordered, n = np.sort(values), len(values)
        rank = _median_rank(n)
        value, low, high = float(np.median(values)), ordered[rank - 1], ordered[n - rank]
    return Score(float(value), float(low), float(high), len(values), method, "seconds", "", False)


def mean_score(
    scores: ArrayLike, method: str = "mean with t interval", higher_is_better: bool = True, *, unit: str = "mean"
) -> Score:
    """Mean of the answers with Student's t interval."""
    values = known(scores)
    if not len(values):
        return no_score(method, unit, "no answers", higher_is_better=higher_is_better)
    value, low, high = mean(values)
    reason = "one answer has no interval" if len(values) == 1 else ""
    return Score(float(value), float(low), float(high), len(values), method, unit, reason, higher_is_better)


def known(scores: ArrayLike) -> NDArray[np.float64]:
    """The answers that are there, in one row."""
    values = np.asarray(scores, dtype=float).ravel()
    return values[~np.isnan(values)]


def _share(k: int, n: int, method: str) -> Score:
    if not n:
        return no_score(method, "share", "no answers")
    value, low, high = wilson(k, n)
    return Score(float(value), float(low), float(high), n, method, "share")


def _median_rank(n: int) -> int:
    """The largest rank r with P(fewer than r of n under the median) at most 2.5 %."""
    from scipy.special import bdtr

    ranks = np.arange(1, n // 2 + 1)
    covered = ranks[bdtr(ranks - 1, n, 0.5) <= 0.025]
    return int(covered[-1]) if len(covered) else 1
