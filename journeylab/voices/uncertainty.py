"""How sure a measure of agreement is, when documents or participants differ."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE
from journeylab.voices.measures import Array, Sums, alpha, counts_of, distances, prepare

OF_CLUSTERS = ("jackknife", "percentile")
HOW = (*OF_CLUSTERS, "pairs")
TENTATIVE, SOLID = 0.667, 0.8
"""Krippendorff's bars: under the first a code is not usable, from the second on it is solid."""


@dataclasses.dataclass(frozen=True)
class Uncertainty:
    """An interval, and how far the data speak for a value under each bar.

    Attributes
    ----------
    low, high : float
        NaN where they cannot be had.
    below_667, below_800 : float
        Probability (in the sense of the interval) that the value lies under 0.667 and 0.8.
    reason : str
        Why there is no interval; else empty.
    """

    low: float
    high: float
    below_667: float
    below_800: float
    reason: str = ""


def unknown(reason: str) -> Uncertainty:
    """No interval, and why."""
    return Uncertainty(np.nan, np.nan, np.nan, np.nan, reason)


def jackknife(sums: Sums, what: str = "document", *, least: float = -1.0, shares: bool = True) -> Uncertainty:
    """Interval of a measure from leaving out one cluster after another.

    Parameters
    ----------
    sums : Sums
        One row a cluster.
    what : str
        What a cluster is, for the reason.
    least : float
        The least that the measure can be: -1, or 0 without a correction for chance.
    shares : bool
        Whether the observed disagreement is a share of pairs, which bounds it where no coder disagreed at all.

    Notes
    -----
    On the scale of log((value - least) / (1 - value)), twice Fisher's z where the least is -1, the value is taken as
    t-distributed with one degree of freedom less than there are clusters, with the jackknife's standard error. So the interval
    stays within what the measure can be, and is longer towards the middle, as the estimate's distribution is. Percentiles of
    resampled clusters hold the true value too seldom where clusters are few: docs/03_voices.md has both.

    Where no two coders disagreed in any of C clusters neither jackknife nor bootstrap sees a spread. Then the interval ends at
    the disagreement that still has a chance of 2.5 % not to be seen in C independent trials, 1 - 0.025 ** (1 / C), as if each
    cluster were one unit.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 11; Cameron, Gelbach and Miller (2008), Review of
    Economics and Statistics 90:414, on t with C - 1 degrees of freedom.
    """
    from scipy import stats

    each = sums.each[sums.each.any(axis=1)]
    n = len(each)
    if n < 2:
        return unknown(f"all of it lies in one {what}: how much {what}s differ cannot be known")
    observed, expected = (float(part[0]) for part in sums.total)
    value = 1 - observed / expected
    tail = (1 - CONFIDENCE) / 2
    if observed <= 1e-12:
        if not shares:
            return unknown("the coders never disagreed, and the size of a disagreement has no bound")
        unseen = 1 - tail ** (1 / n)
        below, below_solid = (float(max(0.0, 1 - (1 - bar) * expected) ** n) for bar in (TENTATIVE, SOLID))
        return Uncertainty(max(least, 1 - unseen / expected), 1.0, below, below_solid)
    left_out = sums.parts(each.sum(axis=0) - each).value
    if np.isnan(left_out).any():
        return unknown(f"only one {what} shows any variation: how much {what}s differ cannot be known")
    error = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    if error <= 1e-12:
        return unknown(f"every {what} shows the same disagreement: how much {what}s differ cannot be known")
    if value <= least:
        return unknown("the coders disagree as much as they can")
    place = np.log((value - least) / (1 - value))
    error *= 1 / (value - least) + 1 / (1 - value)
    ends = 1 / (1 + np.exp(-(place + np.array([-1, 1]) * stats.t.ppf(1 - tail, n - 1) * error)))
    low, high = least + (1 - least) * ends
    below, below_solid = (
        float(stats.t.cdf((np.log((bar - least) / (1 - bar)) - place) / error, n - 1)) for bar in (TENTATIVE, SOLID)
    )
    return Uncertainty(float(low), float(high), below, below_solid)


def percentile(sums: Sums, *, resamples: int = 2000, seed: int = 0, what: str = "document") -> Uncertainty:
    """Interval of a measure from clusters drawn anew with replacement.

    Notes
    -----
    With few clusters it is too narrow, and where no coder disagreed it has no width at all: see `jackknife`.
    """
    each = sums.each[sums.each.any(axis=1)]
    n = len(each)
    if n < 2:
        return unknown(f"all of it lies in one {what}: how much {what}s differ cannot be known")
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    values = sums.parts(times.astype(float) @ each).value
    return of_samples(values[~np.isnan(values)])


def drawn_pairs(
    matrix: ArrayLike, level: str = "nominal", *, resamples: int = 10_000, seed: int = 0, n_pairs: int | None = None
) -> Array:
    """Alpha as the KALPHA macro resamples it: pairs of ratings drawn anew. A habit not to trust.

    Parameters
    ----------
    matrix : array_like, shape (n_coders, n_units)
    n_pairs : int, optional
        How many pairs are drawn; all pairs within units where not given.

    Returns
    -------
    ndarray, shape (resamples,)
        Empty where alpha has no value.

    Notes
    -----
    Each draw takes pairs from the observed coincidences, with the expected disagreement held fixed. The pairs of one unit are
    taken for independent, though each rating is in several of them, and so are units of one document: the interval is far
    too narrow. On the 5 x 40 example of Hayes and Krippendorff it is .71 to .81, where units drawn anew give .62 to .84.

    References
    ----------
    Hayes and Krippendorff (2007), Communication Methods and Measures 1:77.
    """
    counts, categories = counts_of(matrix)
    m = counts.sum(axis=1)
    sums = prepare("alpha", matrix, level=level).each.sum(axis=0)
    q = len(categories)
    coincidences = sums.reshape(q, q)
    if np.isnan(alpha(matrix, level)):
        return np.empty(0)
    drawn = n_pairs or int((m * (m - 1) / 2).sum())
    totals = coincidences.sum(axis=1)
    delta = distances(categories, totals, level).ravel()
    n = totals.sum()
    expected = (np.outer(totals, totals).ravel() * delta).sum() / (n * (n - 1))
    times = np.random.default_rng(seed).multinomial(drawn, np.maximum(sums, 0) / sums.sum(), size=resamples)
    return 1 - times @ delta / drawn / expected


def measure_uncertainty(
    how: str, sums: Sums, *, what: str, least: float = -1.0, shares: bool = True, resamples: int = 2000, seed: int = 0
) -> Uncertainty:
    """The interval of the asked kind over clusters.

    Raises
    ------
    DataError
        For an unknown kind.
    """
    if how not in HOW:
        raise DataError(f"interval '{how}' is none of {listing(HOW)}.{did_you_mean(how, HOW)}")
    if how == "percentile":
        return percentile(sums, resamples=resamples, seed=seed, what=what)
    return jackknife(sums, what, least=least, shares=shares)


def of_samples(values: Array) -> Uncertainty:
    """An interval from resampled values: their percentiles, and their shares under the bars."""
    if len(values) < 20:
        return unknown("too few resamples have a value")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Uncertainty(float(low), float(high), float((values < TENTATIVE).mean()), float((values < SOLID).mean()))
