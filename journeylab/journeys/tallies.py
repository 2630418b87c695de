"""Shares among customers who do things several times: counts, and the sums over customers that their variances need.

A cell is something that can be done, such as a step from a to b; its base is when it could have been, such as every step
away from a. Counts are made block by block of whole customers, as in `journeylab.journeys.groups`.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from journeylab.journeys.groups import distinct, runs
from journeylab.journeys.model import Journeys

NOTHING = 1e-12
"""A variance of less than this times that of a single draw is 0, but for rounding."""

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


class Counts(NamedTuple):
    """How often the customers of a block did what they did, and how often they could have.

    Attributes
    ----------
    who, cell, times, among : ndarray of int64
        One row a customer and cell that he did, in this order: how often, and out of how many.
    base_who, base, base_times : ndarray of int64
        One row a customer and base that he had: how often.
    """

    who: Whole
    cell: Whole
    times: Whole
    among: Whole
    base_who: Whole
    base: Whole
    base_times: Whole


def steps_of(part: Journeys, cell: Whole, origin: Whole, size: int, first: int) -> Counts:
    """Count the steps of each customer by cell, among all steps away from its origin.

    Parameters
    ----------
    cell : ndarray of int64, shape (n_steps,)
        The cell of each step; cells are sorted by origin.
    origin : ndarray of int64, shape (n_cells,)
        Below `size`.
    first : int
        Customers are numbered from this one.
    """
    n = len(origin)
    key, times = distinct(np.repeat(part.customer - first, np.maximum(part.lengths - 1, 0)) * n + cell)
    who = key // max(n, 1)
    row = key - who * n
    starts = runs(who * size + origin[row])
    left = np.add.reduceat(times, starts) if len(times) else times
    among = np.repeat(left, np.diff(starts, append=len(times)))
    return Counts(who, row, times, among, who[starts], origin[row[starts]], left)


def meetings_of(part: Journeys, first: int) -> Counts:
    """Count the journeys of each customer that meet each touchpoint, among all of the customer's journeys."""
    size = len(part.touchpoints)
    met = np.sort(part.event_journey * size + part.codes)
    met = met[runs(met)]
    customer = part.customer - first
    journey = met // max(size, 1)
    key, times = distinct(customer[journey] * size + (met - journey * size))
    who = key // max(size, 1)
    journeys = np.bincount(customer)
    there = np.flatnonzero(journeys)
    return Counts(who, key - who * size, times, journeys[who], there, np.zeros_like(there), journeys[there])


@dataclasses.dataclass(frozen=True)
class Tally:
    """What the customers of one segment did.

    Attributes
    ----------
    base_of : ndarray of int64, shape (n_cells,)
        The base of each cell.
    count, customers, always, own, cross : ndarray of float64, shape (n_cells,)
        How often a cell was done, by how many customers, by how many whenever they could, and over customers the sums of the
        squared count and of the count times the base.
    bases, clusters, squares : ndarray of float64, shape (n_bases,)
        How often there was a base, for how many customers, and over customers the sum of its square.
    """

    base_of: Whole
    count: Real
    customers: Real
    always: Real
    own: Real
    cross: Real
    bases: Real
    clusters: Real
    squares: Real

    @classmethod
    def empty(cls, base_of: Whole, n_bases: int) -> Tally:
        """Nothing counted yet."""
        return cls(base_of, *(np.zeros(n) for n in (*[len(base_of)] * 5, *[n_bases] * 3)))

    def add(self, c: Counts) -> None:
        """Count one more block."""
        s = c.times.astype(float)
        base = c.base_times.astype(float)
        self.count[:] += np.bincount(c.cell, weights=s, minlength=len(self.count))
        self.customers[:] += np.bincount(c.cell, minlength=len(self.count))
        self.always[:] += np.bincount(c.cell[c.times == c.among], minlength=len(self.count))
        self.own[:] += np.bincount(c.cell, weights=s * s, minlength=len(self.count))
        self.cross[:] += np.bincount(c.cell, weights=s * c.among, minlength=len(self.count))
        self.bases[:] += np.bincount(c.base, weights=base, minlength=len(self.bases))
        self.clusters[:] += np.bincount(c.base, minlength=len(self.bases))
        self.squares[:] += np.bincount(c.base, weights=base * base, minlength=len(self.bases))

    @property
    def among(self) -> Real:
        """The base of each cell, shape (n_cells,)."""
        return self.bases[self.base_of]

    @property
    def share(self) -> Real:
        """Share of its base that each cell has; NaN without a base."""
        return _over(self.count, self.among)

    def variance(self, at: Real) -> Real:
        """Variance of each share, clustered by customer, if it were `at`.

        Notes
        -----
        The sum over customers of ``(s - at * l)**2`` over the square of the base, for s times out of l: that of a ratio
        estimator (linearisation), as in Cochran (1977), Sampling Techniques, ch. 6.
        """
        spread = self.own - 2 * at * self.cross + at**2 * self.squares[self.base_of]
        return _over(np.maximum(spread, 0.0), self.among**2)

    def effective(self, certain: Real) -> Real:
        """How many independent draws each share is worth, at most its base; `certain` where its variance is 0."""
        share = self.share
        alone, variance = share * (1 - share), self.variance(share)
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = np.where(variance > NOTHING * alone, alone / variance, certain)
        return np.clip(worth, 1.0, np.maximum(self.among, 1.0))


@dataclasses.dataclass(frozen=True)
class Overlap:
    """Sums over customers who are in both segments.

    Attributes
    ----------
    base_of : ndarray of int64, shape (n_cells,)
    both, first, second : ndarray of float64, shape (n_cells,)
        Of the two counts, of the first count and the second base, and of the second count and the first base.
    bases : ndarray of float64, shape (n_bases,)
        Of the two bases.
    """

    base_of: Whole
    both: Real
    first: Real
    second: Real
    bases: Real

    @classmethod
    def empty(cls, base_of: Whole, n_bases: int) -> Overlap:
        """Nothing counted yet."""
        return cls(base_of, *(np.zeros(n) for n in (len(base_of), len(base_of), len(base_of), n_bases)))

    def add(self, a: Counts, b: Counts) -> None:
        """Count one more block."""
        cells, bases = len(self.both), len(self.bases)
        base_a, base_b = a.base_who * bases + a.base, b.base_who * bases + b.base
        _, in_a, in_b = np.intersect1d(base_a, base_b, assume_unique=True, return_indices=True)
        if not len(in_a):
            return
        shared = a.base_times[in_a] * b.base_times[in_b].astype(float)
        self.bases[:] += np.bincount(a.base[in_a], weights=shared, minlength=bases)
        _, in_a, in_b = np.intersect1d(
            a.who * cells + a.cell, b.who * cells + b.cell, assume_unique=True, return_indices=True
        )
        shared = a.times[in_a] * b.times[in_b].astype(float)
        self.both[:] += np.bincount(a.cell[in_a], weights=shared, minlength=cells)
        for sums, one, key, times in ((self.first, a, base_b, b.base_times), (self.second, b, base_a, a.base_times)):
            wanted = one.who * bases + self.base_of[one.cell]
            at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
            weights = np.where(key[at] == wanted, one.times * times[at].astype(float), 0.0)
            sums[:] += np.bincount(one.cell, weights=weights, minlength=cells)

    def covariance(self, a: Tally, b: Tally, at_a: Real, at_b: Real) -> Real:
        """Covariance of the two shares, if they were `at_a` and `at_b`."""
        spread = self.both - at_b * self.first - at_a * self.second + at_a * at_b * self.bases[self.base_of]
        return _over(spread, a.among * b.among)


def _over(number: Real, base: Real) -> Real:
    """Divide; NaN where there is no base."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(base > 0, number / base, np.nan)
