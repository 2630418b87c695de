"""How sure a measure of agreement is, when documents or participants differ."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from journeylab.errors import DataError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE
from journeylab.voices.coefficients import Array, Sums, counts_of, distances, prepare

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


@dataclasses.dataclass(frozen=True)
class Stake:
    """What coders could have disagreed on, for the case that they never did.

    Attributes
    ----------
    share : float
        Of ratings (or text): those of the rarer answer; 1 where any unit could be disputed.
    n_clusters : int
        Clusters in which somebody gave it.
    """

    share: float
    n_clusters: int


def jackknife(
    sums: Sums, what: str = "document", *, least: float = -1.0, stake: Stake | None = None
) -> Uncertainty:  # fmt: skip
    """Interval of a measure from leaving out one cluster after another.

    Parameters
    ----------
    sums : Sums
        One row a cluster.
    what : str
        What a cluster is, for the reason.
    least : float
        The least that the measure can be: -1, or 0 without a correction for chance.
    stake : Stake, optional
        What bounds the disagreement where none was seen; without it there is no interval then.

    Notes
    -----
    On the scale of log((value - least) / (1 - value)), twice Fisher's z where the least is -1, the value is taken as
    t-distributed with one degree of freedom less than there are clusters, with the jackknife's standard error. So the interval
    stays within what the measure can be, and is longer towards the middle, as the estimate's distribution is. Percentiles of
    resampled clusters hold the true value too seldom where clusters are few: docs/03_voices.md has both.

    Where no two coders ever disagreed neither jackknife nor bootstrap sees a spread. With K clusters in which somebody gave
    the rarer answer, taken as one trial each, a share u = 1 - 0.025 ** (1 / K) of what was given could be in dispute and have a
    chance of 2.5 % not to be seen. The interval ends at that: of a share p of ratings, observed disagreement is
    p u / (1 - u / 2).

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 11; Cameron, Gelbach and Miller (2008), Review of
    Economics and Statistics 90:414, on t with C - 1 degrees of freedom.
    """
    from scipy import stats
    from scipy.special import expit

    each = sums.each[sums.each.any(axis=1)]
    n = len(each)
    if n < 2:
        return unknown(f"all of it lies in one {what}: how much {what}s differ cannot be known")
    observed, expected = (float(part[0]) for part in sums.total)
    value = 1 - observed / expected
    if observed <= 1e-12:
        return _unseen(stake, expected, least)
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
    reach = stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1) * error
    low, high = (least + (1 - least) * float(expit(place + side * reach)) for side in (-1, 1))
    bars = (np.log(np.array([TENTATIVE, SOLID]) - least) - np.log(1 - np.array([TENTATIVE, SOLID])) - place) / error
    below, below_solid = stats.t.cdf(bars, n - 1)
    return Uncertainty(low, high, float(below), float(below_solid))


def _unseen(stake: Stake | None, expected: float, least: float) -> Uncertainty:
    """What is known where coders never disagreed."""
    if stake is None or not stake.n_clusters:
        return unknown("the coders never disagreed, and nothing tells how much they could have")
    unseen = 1 - ((1 - CONFIDENCE) / 2) ** (1 / stake.n_clusters)
    worst = min(1.0, stake.share * unseen / (1 - unseen / 2))
    below = []
    for bar in (TENTATIVE, SOLID):
        enough = (1 - bar) * expected
        below.append(max(0.0, 1 - enough / (stake.share + enough / 2)) ** stake.n_clusters)
    return Uncertainty(max(least, 1 - worst / expected), 1.0, below[0], below[1])


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
    if sums.sum() <= 0:
        return np.empty(0)
    drawn = n_pairs or int((m * (m - 1) / 2).sum())
    totals = coincidences.sum(axis=1)
    delta = distances(categories, totals, level).ravel()
    n = totals.sum()
    expected = (np.outer(totals, totals).ravel() * delta).sum() / (n * (n - 1))
    if expected <= 0:
        return np.empty(0)
    times = np.random.default_rng(seed).multinomial(drawn, np.maximum(sums, 0) / sums.sum(), size=resamples)
    return 1 - times @ delta / drawn / expected


def measure_uncertainty(
    how: str,
    sums: Sums,
    *,
    what: str,
    least: float = -1.0,
    stake: Stake | None = None,
    resamples: int = 2000,
    seed: int = 0,
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
    return jackknife(sums, what, least=least, stake=stake)


def of_samples(values: Array) -> Uncertainty:
    """An interval from resampled values: their percentiles, and their shares under the bars."""
    if len(values) < 20:
        return unknown("too few resamples have a value")
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Uncertainty(float(low), float(high), float((values < TENTATIVE).mean()), float((values < SOLID).mean()))
