"""How sure a number is: the intervals and corrections that every room shares."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95
"""The one level of confidence used for every interval in tables, figures and prose."""

FALSE_DISCOVERY_RATE = 0.10
"""The q-value under which a finding among many is named one."""


class Interval(NamedTuple):
    """An estimate with the two ends of its interval; scalars or arrays of one shape."""

    value: Any
    low: Any
    high: Any


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """Return the two-sided standard normal quantile, 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def wilson(k: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Score interval of a proportion ``k / n``.

    Parameters
    ----------
    k, n : array_like
        Successes and trials, broadcast together; ``n = 0`` gives NaN.

    Returns
    -------
    Interval
        Arrays of the broadcast shape (scalars for scalar input).

    References
    ----------
    Wilson (1927), JASA 22:209; Newcombe (1998), Statistics in Medicine 17:857, method 3.

    Examples
    --------
    >>> value, low, high = wilson(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    """
    k, n = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(n > 0, k / n, np.nan)
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    low = np.where(k == 0, np.where(n > 0, 0.0, np.nan), centre - half)
    high = np.where(k == n, np.where(n > 0, 1.0, np.nan), centre + half)
    return _scalars(share, low, high)


def agresti_coull(k: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Adjusted Wald interval of a proportion ``k / n``: z squared trials are added, half of them successes; ends are clipped.

    References
    ----------
    Agresti and Coull (1998), The American Statistician 52:119.

    Examples
    --------
    >>> value, low, high = agresti_coull(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.574, 1.0)
    """
    k, n = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    z = normal_quantile(confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(n > 0, k / n, np.nan)
    centre = (k + z**2 / 2) / (n + z**2)
    half = np.where(n > 0, z * np.sqrt(centre * (1 - centre) / (n + z**2)), np.nan)
    return _scalars(share, np.maximum(centre - half, 0), np.minimum(centre + half, 1))


def clopper_pearson(k: ArrayLike, n: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Exact interval of a proportion ``k / n``: never covers less than it says, and mostly more.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26:404.

    Examples
    --------
    >>> value, low, high = clopper_pearson(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.555, 0.997)
    """
    from scipy.special import betaincinv

    k, n = np.broadcast_arrays(np.asarray(k, dtype=float), np.asarray(n, dtype=float))
    tail = (1 - confidence) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(n > 0, k / n, np.nan)
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
    return _scalars(share, np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan))


def newcombe(k1: ArrayLike, n1: ArrayLike, k0: ArrayLike, n0: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Hybrid score interval of a difference of two independent proportions.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:873, method 10.

    Examples
    --------
    >>> value, low, high = newcombe(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    p1, l1, u1 = (np.asarray(x) for x in wilson(k1, n1, confidence))
    p0, l0, u0 = (np.asarray(x) for x in wilson(k0, n0, confidence))
    difference = p1 - p0
    low = difference - np.sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2)
    high = difference + np.sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2)
    return _scalars(difference, low, high)


def risk_ratio(k1: ArrayLike, n1: ArrayLike, k0: ArrayLike, n0: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Ratio of two independent proportions, ``(k1 / n1) / (k0 / n0)``, with its score interval.

    Returns
    -------
    Interval
        The lower end is 0 where ``k1 = 0``, the upper end infinite where ``k0 = 0``; NaN where a group is empty or nobody
        in either has it.

    Notes
    -----
    A ratio is in the interval when the score test (Pearson's chi-square, the shares estimated under that ratio) does not
    reject it. Ends are found by halving on the scale of the logarithm. At a ratio of 1 the test is the pooled z test.

    References
    ----------
    Koopman (1984), Biometrics 40:513.

    Examples
    --------
    >>> value, low, high = risk_ratio(36, 40, 16, 80)
    >>> round(value, 2), round(low, 2), round(high, 2)
    (4.5, 2.94, 7.15)
    """
    k1, n1, k0, n0 = np.broadcast_arrays(*(np.asarray(count, dtype=float) for count in (k1, n1, k0, n0)))
    known = (n1 > 0) & (n0 > 0) & (k1 + k0 > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(known, (k1 / n1) / (k0 / n0), np.nan)
        low = np.where(k1 == 0, 0.0, _least_ratio(k1, n1, k0, n0, normal_quantile(confidence)))
        high = np.where(k0 == 0, np.inf, 1 / _least_ratio(k0, n0, k1, n1, normal_quantile(confidence)))
    return _scalars(ratio, np.where(known, low, np.nan), np.where(known, high, np.nan))


def _least_ratio(
    k1: NDArray[np.float64], n1: NDArray[np.float64], k0: NDArray[np.float64], n0: NDArray[np.float64], z: float
) -> NDArray[np.float64]:
    """The ratio under the observed one whose score is z."""
    low, high = np.full(k1.shape, -30.0), np.full(k1.shape, 30.0)
    for _ in range(50):
        middle = (low + high) / 2
        ratio = np.exp(middle)
        b = ratio * (n1 + k0) + k1 + n0
        p0 = 2 * (k1 + k0) / (b + np.sqrt(np.maximum(b**2 - 4 * ratio * (n1 + n0) * (k1 + k0), 0)))
        p1 = np.minimum(ratio * p0, 1)
        score = (k1 - n1 * p1) ** 2 / (n1 * p1 * (1 - p1)), (k0 - n0 * p0) ** 2 / (n0 * p0 * (1 - p0))
        under = (k1 * n0 > ratio * k0 * n1) & (np.nan_to_num(score[0]) + np.nan_to_num(score[1]) > z**2)
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.exp((low + high) / 2)


def lift(k1: ArrayLike, n1: ArrayLike, k0: ArrayLike, n0: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """How many times as often one group has something as both groups together, ``(k1 / n1) / ((k1 + k0) / (n1 + n0))``.

    Returns
    -------
    Interval
        NaN ends where a group is empty or nobody in either has it.

    Notes
    -----
    With w the share of the first group in both, lift is ``1 / (w + (1 - w) / ratio)``, which rises with the risk ratio:
    the part shared by numerator and denominator is in w. The ends of the ratio's score interval and those of w's Wilson
    interval are put in one at a time, and the two distances from the estimate are squared and added (the method of
    variance estimates recovery: ratio and w are independent, in the limit, when the sizes of the groups are random too).

    References
    ----------
    Koopman (1984), Biometrics 40:513; Zou and Donner (2008), Statistics in Medicine 27:1693.

    Examples
    --------
    >>> value, low, high = lift(36, 40, 16, 80)
    >>> round(value, 2), round(low, 2), round(high, 2)
    (2.08, 1.69, 2.48)
    """
    k1, n1, k0, n0 = np.broadcast_arrays(*(np.asarray(count, dtype=float) for count in (k1, n1, k0, n0)))
    ratio, ratio_low, ratio_high = (np.asarray(end) for end in risk_ratio(k1, n1, k0, n0, confidence))
    share, share_low, share_high = (np.asarray(end) for end in wilson(n1, n1 + n0, confidence))

    def of(ratio: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 / (share + (1 - share) / ratio)

    with np.errstate(divide="ignore", invalid="ignore"):
        value = (k1 / n1) / ((k1 + k0) / (n1 + n0))
        others = of(ratio, share_low), of(ratio, share_high)
        below = np.hypot(value - of(ratio_low, share), value - np.minimum(*others))
        above = np.hypot(of(ratio_high, share) - value, np.maximum(*others) - value)
    return _scalars(value, np.maximum(value - below, 0), value + above)


def mean(values: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Mean of a sample with Student's t interval; NaN ends for fewer than two values.

    Examples
    --------
    >>> value, low, high = mean([1, 2, 3, 4, 5])
    >>> round(value, 2), round(low, 2), round(high, 2)
    (3.0, 1.04, 4.96)
    """
    from scipy.special import stdtrit

    sample = np.asarray(values, dtype=float)
    sample = sample[~np.isnan(sample)]
    n = len(sample)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan)
    centre = float(sample.mean())
    if n == 1:
        return Interval(centre, np.nan, np.nan)
    half = float(stdtrit(n - 1, 0.5 + confidence / 2) * sample.std(ddof=1) / np.sqrt(n))
    return Interval(centre, centre - half, centre + half)


def never_seen_upper(n: int, confidence: float = CONFIDENCE) -> float:
    """Upper bound of a share that was seen in none of `n`: ``1 - (1 - confidence) ** (1 / n)``.

    Notes
    -----
    The exact one-sided bound of Clopper and Pearson at zero events; the "rule of three", 3 / n, is its approximation for
    large n (of 12 people 25 %, exactly 22 %).

    Examples
    --------
    >>> round(never_seen_upper(12), 2)
    0.22
    """
    return float("nan") if n <= 0 else 1 - (1 - confidence) ** (1 / n)


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values (q) that bound the false discovery rate; NaN stays NaN and does not count.

    References
    ----------
    Benjamini and Hochberg (1995), JRSS B 57:289. Written out, since importing scipy.stats for it costs seconds a notebook.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.04, 0.04, nan]
    """
    p_values = np.asarray(p_values, dtype=float)
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    if len(known):
        order = known[np.argsort(p_values[known], kind="stable")]
        scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values that bound the chance of even one false finding; NaN stays NaN and does not count.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6:65.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    p_values = np.asarray(p_values, dtype=float)
    adjusted = np.full(p_values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    scaled = p_values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def _scalars(*arrays: NDArray[np.float64]) -> Interval:
    """Plain floats where the input was scalar."""
    return Interval(*(float(array) if np.ndim(array) == 0 else array for array in arrays))
