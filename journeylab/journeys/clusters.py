"""How sure are shares, percentiles and differences of what customers do several times? Each customer is one draw."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from journeylab.intervals import CONFIDENCE, Interval, wilson
from journeylab.journeys.tallies import NOTHING


def share(count: NDArray[Any], base: NDArray[Any]) -> Interval:
    """Share of a total, such as steps of a kind among all steps, with an interval clustered by customer.

    Parameters
    ----------
    count, base : ndarray, shape (n_customers,)
        Each customer's part of the numerator and of the denominator.

    Notes
    -----
    The variance is that of a ratio estimator (linearisation), drawn as a Wilson interval with the effective sample size.
    Where all or none of the base counts, customers stand for it.

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 6; Dean and Pagano (2015), Stat. Med. 34:2637.
    """
    total, customers = float(base.sum()), int(np.count_nonzero(base))
    if not total:
        return Interval(np.nan, np.nan, np.nan)
    value = float(count.sum()) / total
    variance = float(((count - value * base) ** 2).sum()) / total**2
    alone = value * (1 - value)
    effective = alone / variance if variance > NOTHING * alone else customers
    effective = min(max(effective, 1.0), total)
    return Interval(value, *wilson(value * effective, effective)[1:])


def quantile(value: NDArray[np.int64], owner: NDArray[np.int64], at: float) -> Interval:
    """Quantile of what customers have several of, such as gaps, with an interval clustered by customer.

    Parameters
    ----------
    value, owner : ndarray, shape (n,)
        `owner` never falls.

    Notes
    -----
    The share of values up to the quantile has a standard error clustered by customer; the quantiles so much lower and
    higher as Student's t makes of it are the ends of the interval. One customer alone gives none.

    References
    ----------
    Woodruff (1952), JASA 47:635.
    """
    from scipy.special import stdtrit

    if not len(value):
        return Interval(np.nan, np.nan, np.nan)
    ordered = np.sort(value)
    found = _at(ordered, at)
    first = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1))
    under = np.add.reduceat((value <= found).astype(float), first)
    each = np.diff(first, append=len(owner)).astype(float)
    customers = len(first)
    if customers < 2:
        return Interval(found, np.nan, np.nan)
    spread = ((under - under.sum() / len(value) * each) ** 2).sum() * customers / (customers - 1)
    reach = stdtrit(customers - 1, 0.5 + CONFIDENCE / 2) * np.sqrt(spread) / len(value)
    return Interval(found, _at(ordered, max(at - reach, 0.0)), _at(ordered, min(at + reach, 1.0)))


def difference(first: Interval, second: Interval, correlation: NDArray[np.float64]) -> Interval:
    """Interval of the difference of two estimates from their own intervals and their correlation; arrays of one shape.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27:1693; for Wilson intervals it is method 10 of Newcombe (1998),
    Statistics in Medicine 17:873 and, with a correlation, 17:2635.
    """
    value = first.value - second.value
    down, up = first.value - first.low, first.high - first.value
    other_down, other_up = second.value - second.low, second.high - second.value
    low = value - np.sqrt(np.maximum(down**2 + other_up**2 - 2 * correlation * down * other_up, 0.0))
    high = value + np.sqrt(np.maximum(up**2 + other_down**2 - 2 * correlation * up * other_down, 0.0))
    return Interval(value, low, high)


def _at(ordered: NDArray[np.int64], share: float) -> float:
    """Quantile of sorted values, on the straight line between two of them."""
    place = share * (len(ordered) - 1)
    low, high = float(ordered[int(place)]), float(ordered[int(np.ceil(place))])
    return low + (high - low) * (place - int(place))
