"""How sure is a share or a mean of journeys, where a customer has several?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeylab.intervals import CONFIDENCE, Interval, wilson
from journeylab.journeys.groups import runs
from journeylab.journeys.model import Journeys


class Clusters(NamedTuple):
    """Whose journeys there are.

    Attributes
    ----------
    customer : ndarray of int64, shape (n_journeys,)
        The customer of each journey, from 0.
    journeys : ndarray of int64, shape (n_customers,)
        How many each has.
    """

    customer: NDArray[np.int64]
    journeys: NDArray[np.int64]


def clusters(j: Journeys) -> Clusters:
    """Number the customers who have journeys."""
    starts = runs(j.customer)
    journeys = np.diff(starts, append=j.n_journeys)
    return Clusters(np.repeat(np.arange(len(starts)), journeys), journeys)


def share_of_journeys(of: Clusters, which: NDArray[np.int64]) -> Interval:
    """Share of journeys with its interval, clustered by customer.

    Parameters
    ----------
    which : ndarray of int64
        The journeys that count, in order, each once.

    Notes
    -----
    The share is a ratio of two totals over customers, with the variance of a ratio estimator; the interval is Wilson's,
    with the number of independent journeys that have this variance, which is never more than there are. Where it is none
    or all of them, nothing is seen of the variance, and customers are counted.

    References
    ----------
    Cochran (1977), Sampling Techniques, ch. 6; Dean and Pagano (2015), Stat. Med. 34:2637, on effective sample size.
    """
    n, customers = len(of.customer), len(of.journeys)
    if customers == n or len(which) in (0, n):
        _, low, high = wilson(0 if not len(which) else customers * len(which) / n, customers)
        return Interval(len(which) / n if n else np.nan, low, high)
    share = len(which) / n
    who = of.customer[which]
    starts = runs(who)
    own, all_of_theirs = np.diff(starts, append=len(who)), of.journeys[who[starts]]
    squares = (own**2).sum() - 2 * share * (own * all_of_theirs).sum() + share**2 * (of.journeys**2).sum()
    variance = squares / n**2 * customers / max(customers - 1, 1)
    effective = np.clip(share * (1 - share) / variance, 1, n) if variance > 0 else n
    return wilson(share * effective, effective)._replace(value=share)


def mean_of_journeys(of: Clusters, values: NDArray[np.float64]) -> Interval:
    """Mean over journeys with Student's t interval, clustered by customer; NaN ends for fewer than two customers.

    Notes
    -----
    With one journey a customer this is `journeylab.intervals.mean`.
    """
    from scipy.special import stdtrit

    n, customers = len(of.customer), len(of.journeys)
    if n == 0:
        return Interval(np.nan, np.nan, np.nan)
    centre = float(values.mean())
    if customers < 2:
        return Interval(centre, np.nan, np.nan)
    off = np.bincount(of.customer, weights=values - centre, minlength=customers)
    deviation = np.sqrt((off**2).sum() * customers / (customers - 1)) / n
    half = float(stdtrit(customers - 1, 0.5 + CONFIDENCE / 2) * deviation)
    return Interval(centre, centre - half, centre + half)
