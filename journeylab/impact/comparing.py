"""How far apart are two arms, and how sure is that: shares, means, and ratios of sums."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from journeylab.intervals import CONFIDENCE, newcombe, normal_quantile, risk_ratio

Values = NDArray[np.float64]

KEEP = 0.999
"""Means are taken once more with values above this quantile set down to it."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """An arm against its control.

    Attributes
    ----------
    control, arm : float
        The share, mean or rate of each.
    estimate, low, high : float
        The difference, arm less control, with its interval.
    p_value, error : float
        Of the difference.
    ratio, ratio_low, ratio_high : float
        Arm over control.
    """

    control: float
    arm: float
    estimate: float
    low: float
    high: float
    p_value: float
    error: float
    ratio: float
    ratio_low: float
    ratio_high: float


UNKNOWN = Comparison(*[float("nan")] * 10)


def compare(y1: Values, x1: Values, y0: Values, x0: Values, measure: str, per: str | None) -> Comparison:
    """Compare what customers of an arm (1) and of its control (0) did, each customer counted once."""
    if min(len(y1), len(y0)) < 2:
        return UNKNOWN
    if measure == "share" and per is None:
        return compare_shares(int(y1.sum()), len(y1), int(y0.sum()), len(y0))
    return compare_rates(y1, x1, y0, x0)


def compare_shares(k1: int, n1: int, k0: int, n0: int) -> Comparison:
    """Difference of two shares with Newcombe's interval, their ratio with Koopman's, and the pooled z test.

    Examples
    --------
    >>> found = compare_shares(56, 70, 48, 80)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    from scipy.special import ndtr

    difference, low, high = newcombe(k1, n1, k0, n0)
    pooled = (k1 + k0) / (n1 + n0)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
    p_value = float(2 * ndtr(-abs(difference) / spread)) if spread > 0 else 1.0
    return Comparison(
        k0 / n0, k1 / n1, difference, low, high, p_value, share_error(k1, n1, k0, n0), *risk_ratio(k1, n1, k0, n0)
    )


def share_error(k1: int, n1: int, k0: int, n0: int) -> float:
    """Standard error of a difference of shares, each arm with one more success and one more failure.

    Notes
    -----
    An arm without any outcome would else seem to be known exactly (Agresti and Caffo 2000, American Statistician 54:280).
    """
    p1, p0 = (k1 + 1) / (n1 + 2), (k0 + 1) / (n0 + 2)
    return float(np.sqrt(p1 * (1 - p1) / (n1 + 2) + p0 * (1 - p0) / (n0 + 2)))


def compare_rates(y1: Values, x1: Values, y0: Values, x0: Values) -> Comparison:
    """Difference and ratio of two ratios of sums, ``sum(y) / sum(x)``; where every x is 1, of means by Welch.

    Notes
    -----
    Customers were randomised, so customers are what varies: each counts by ``(y - R x) / mean(x)``, its part in the ratio R
    (delta method), and Welch's t is taken of these. The ratio's interval is that of its logarithm.

    References
    ----------
    Welch (1947), Biometrika 34:28; Deng, Knoblich and Lu (2018), KDD, 233.
    """
    from scipy.special import stdtr, stdtrit

    if not (x1.sum() > 0 and x0.sum() > 0):
        return UNKNOWN
    r1, v1 = _rate(y1, x1)
    r0, v0 = _rate(y0, x0)
    difference, error = r1 - r0, float(np.sqrt(v1 + v0))
    if not error > 0:
        return dataclasses.replace(UNKNOWN, control=r0, arm=r1, estimate=difference)
    freedom = (v1 + v0) ** 2 / (v1**2 / (len(y1) - 1) + v0**2 / (len(y0) - 1))
    half = float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * error
    p_value = float(2 * stdtr(freedom, -abs(difference) / error))
    ratio = (float("nan"),) * 3
    if r1 > 0 and r0 > 0:
        width = float(np.exp(normal_quantile() * np.sqrt(v1 / r1**2 + v0 / r0**2)))
        ratio = (r1 / r0, r1 / r0 / width, r1 / r0 * width)
    return Comparison(r0, r1, difference, difference - half, difference + half, p_value, error, *ratio)


def winsorise(y1: Values, y0: Values) -> tuple[Values, Values]:
    """Both arms with what lies above their common 99.9 % quantile set down to it."""
    top = np.quantile(np.concatenate([y1, y0]), KEEP)
    return np.minimum(y1, top), np.minimum(y0, top)


def _rate(y: Values, x: Values) -> tuple[float, float]:
    """A ratio of sums over customers, and its variance."""
    rate = float(y.sum() / x.sum())
    return rate, float(np.var((y - rate * x) / x.mean(), ddof=1) / len(y))
