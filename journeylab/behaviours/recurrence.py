"""Does one find the same behaviours again: in other draws of the customers, and in the other half of them?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
Labels = NDArray[np.int64]
Regroup = Callable[[Weights, int, list[int]], Labels]
"""Groups the rows that weigh something, into k groups, by a seed; and labels all rows, the others by what was found."""

RESAMPLES = 10
SPLITS = 5
STEADY = 0.75
"""Mean Jaccard similarity from which a behaviour is called stable (Hennig 2007)."""
STRONG = 0.8
"""Prediction strength from which a number of behaviours is borne out (Tibshirani and Walther 2005)."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """A few customers, whose journeys are rows of something that can be grouped.

    Attributes
    ----------
    row : ndarray of int64
        Of each journey, shape (n_journeys,).
    owner : ndarray of int64
        The customer of each journey, from 0, shape (n_journeys,).
    n_rows : int
    """

    row: NDArray[np.int64]
    owner: NDArray[np.int64]
    n_rows: int

    @property
    def n_customers(self) -> int:
        """How many customers."""
        return int(self.owner.max(initial=-1)) + 1

    def weights(self, times: NDArray[np.int64]) -> Weights:
        """Weight of each row where each customer counts so many times, shape (n_rows,)."""
        return np.bincount(self.row, weights=times[self.owner], minlength=self.n_rows).astype(float)


def stability(sample: Sample, labels: Labels, k: int, regroup: Regroup, *, seed: int) -> NDArray[np.float64]:
    """How well each behaviour is found again when customers are drawn anew, shape (k,).

    Parameters
    ----------
    labels : ndarray of int64
        The behaviour of each row, found in all customers.

    Returns
    -------
    ndarray
        Mean over ten resamples of the largest Jaccard similarity between the behaviour's members and those of any
        behaviour of a fit from scratch; NaN for an empty one.

    Notes
    -----
    Customers, not journeys, are drawn, with replacement.

    References
    ----------
    Hennig (2007), Computational Statistics & Data Analysis 52:258: above 0.85 very stable, 0.75 stable, 0.6 a
    pattern without sharp borders, below not to be trusted.
    """
    if k == 1:
        return np.ones(1)
    rng = np.random.default_rng([seed, 55])
    n = sample.n_customers
    similar = np.full((RESAMPLES, k), np.nan)
    for number in range(RESAMPLES):
        weights = sample.weights(np.bincount(rng.integers(n, size=n), minlength=n))
        if np.count_nonzero(weights) < k:
            continue
        both = _crossed(labels, regroup(weights, k, [seed, k, number]), weights, k)
        union = both.sum(axis=1)[:, None] + both.sum(axis=0) - both
        jaccard = np.divide(both, union, out=np.zeros_like(both), where=union > 0)
        similar[number] = np.where(both.sum(axis=1) > 0, jaccard.max(axis=1), np.nan)
    counted = (~np.isnan(similar)).sum(axis=0)
    return np.where(counted > 0, np.nansum(similar, axis=0) / np.maximum(counted, 1), np.nan)


def prediction_strength(sample: Sample, k: int, regroup: Regroup, *, seed: int) -> float:
    """Do two halves of the customers tell the same journeys apart?

    Returns
    -------
    float
        Mean over five splits, each read both ways. Both halves are grouped; of the pairs of journeys that one half puts
        together, the share that the other half's groups put together too, in the behaviour where it is lowest. NaN with
        fewer than two customers a behaviour in a half.

    Notes
    -----
    A behaviour with fewer than two journeys has no pair, and counts as not found: 0.

    References
    ----------
    Tibshirani and Walther (2005), Journal of Computational and Graphical Statistics 14:511: the largest number whose
    strength is at least 0.8 to 0.9.
    """
    if k == 1:
        return 1.0
    rng = np.random.default_rng([seed, 56])
    n = sample.n_customers
    if n < 4 * k:
        return float("nan")
    found = []
    for number in range(SPLITS):
        first = rng.permutation(n) < n // 2
        halves = [sample.weights(half.astype(np.int64)) for half in (first, ~first)]
        if min(np.count_nonzero(half) for half in halves) < k:
            continue
        labels = [regroup(half, k, [seed, k, number, side]) for side, half in enumerate(halves)]
        for own, other, half in ((0, 1, halves[0]), (1, 0, halves[1])):
            found.append(_least_together(_crossed(labels[own], labels[other], half, k)))
    return float(np.mean(found)) if found else float("nan")


def _crossed(one: Labels, two: Labels, weights: Weights, k: int) -> NDArray[np.float64]:
    """Weight of each pair of labels, shape (k, k)."""
    return np.bincount(one * k + two, weights=weights, minlength=k * k).reshape(k, k).astype(float)


def _least_together(both: NDArray[np.float64]) -> float:
    """Of the pairs within a row the share within a cell, in the row where it is lowest."""
    size = both.sum(axis=1)
    pairs = size * (size - 1)
    kept = np.maximum(both * (both - 1), 0.0).sum(axis=1)
    return float(np.divide(kept, pairs, out=np.zeros_like(pairs), where=pairs > 0).min())
