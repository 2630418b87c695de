"""Coefficients of agreement as functions of sums over units, ready to be resampled.

Every measure is one minus observed over expected disagreement, and both are functions of sums over units. A resample of
units or documents is then a product of matrices, whatever the measure.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from journeylab.errors import DataError, did_you_mean, listing

Array = NDArray[np.float64]
LEVELS = ("nominal", "ordinal", "interval", "ratio")
LABELS = {
    "alpha": "Krippendorff's alpha",
    "percent": "mean pairwise agreement",
    "holsti": "Holsti's coefficient",
    "cohen": "Cohen's kappa",
    "cohen_linear": "Cohen's kappa with linear weights",
    "cohen_quadratic": "Cohen's kappa with quadratic weights",
    "scott": "Scott's pi",
    "fleiss": "Fleiss' kappa",
    "conger": "Conger's kappa",
    "ac1": "Gwet's AC1",
    "ac2_linear": "Gwet's AC2 with linear weights",
    "ac2_quadratic": "Gwet's AC2 with quadratic weights",
    "brennan_prediger": "Brennan-Prediger",
}
MEASURES = tuple(LABELS)
FOR_TWO = ("cohen", "cohen_linear", "cohen_quadratic", "scott")
UNCORRECTED = ("percent", "holsti")
"""Measures without a correction for chance: they exist where nothing varies."""


class Parts(NamedTuple):
    """Observed and expected disagreement, each of shape (n_samples,)."""

    observed: Array
    expected: Array

    @property
    def value(self) -> Array:
        """One minus their ratio; NaN where no disagreement is to be expected."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.expected > 1e-12, 1 - self.observed / self.expected, np.nan)


@dataclasses.dataclass(frozen=True)
class Sums:
    """A measure, ready to be resampled.

    Attributes
    ----------
    each : ndarray, shape (n_clusters, p)
        What each cluster of units adds to the sums.
    parts : callable
        From sums of shape (n_samples, p) to `Parts`.
    """

    each: Array
    parts: Callable[[Array], Parts]

    @property
    def total(self) -> Parts:
        """Both parts over all clusters, each of shape (1,)."""
        return self.parts(self.each.sum(axis=0)[None])

    def weighted(self, weights: Array) -> Array:
        """The value under several weightings of the clusters: (n_samples, n_clusters) to (n_samples,)."""
        return self.parts(weights @ self.each).value


def counts_of(matrix: ArrayLike) -> tuple[Array, Array]:
    """Turn coders x units into units x categories counts, with the sorted categories."""
    values = np.asarray(matrix, dtype=float)
    if values.ndim != 2:
        raise DataError(f"a matrix of coders x units has 2 dimensions; found {values.ndim}.")
    categories = np.unique(values[~np.isnan(values)])
    counts = np.zeros((values.shape[1], len(categories)))
    for place, category in enumerate(categories):
        counts[:, place] = (values == category).sum(axis=0)
    return counts, categories


def distances(categories: Array, totals: Array, level: str) -> Array:
    """Squared differences between categories.

    Parameters
    ----------
    categories : ndarray, shape (q,)
    totals : ndarray, shape (..., q)
        Frequencies of pairable ratings; the ordinal distance depends on them.

    Returns
    -------
    ndarray, shape (q, q), or (..., q, q) at the ordinal level
    """
    if level not in LEVELS:
        raise DataError(f"level '{level}' is none of {listing(LEVELS)}.{did_you_mean(level, LEVELS)}")
    a, b = categories[:, None], categories[None, :]
    if level == "nominal":
        return (a != b).astype(float)
    if level == "interval":
        return (a - b) ** 2
    if level == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(((a - b) / (a + b)) ** 2)
    middle = np.cumsum(totals, axis=-1) - totals / 2
    return (middle[..., :, None] - middle[..., None, :]) ** 2


def prepare(measure: str, matrix: ArrayLike, *, level: str = "nominal", clusters: ArrayLike | None = None) -> Sums:
    """Reduce ratings to the sums that a measure is made of.

    Parameters
    ----------
    measure : str
        One of `MEASURES`.
    matrix : array_like, shape (n_coders, n_units)
        Ratings; NaN where a coder did not rate a unit.
    level : str
        Of Krippendorff's alpha.
    clusters : array_like of int, shape (n_units,), optional
        Which units are drawn together, from 0; each alone where not given.

    Raises
    ------
    DataError
        For an unknown measure or level, a matrix that has not two dimensions, negative ratings at the ratio level, or a
        measure of two coders with another number of them.
    """
    if measure not in MEASURES:
        raise DataError(f"measure '{measure}' is none of {listing(MEASURES)}.{did_you_mean(measure, MEASURES)}")
    values = np.asarray(matrix, dtype=float)
    counts, categories = counts_of(values)
    group = np.arange(values.shape[1]) if clusters is None else np.asarray(clusters, dtype=np.int64)
    if measure == "alpha":
        return _alpha(counts, categories, level, group)
    if measure in FOR_TWO:
        return _two_coders(measure, values, categories, group)
    values = values[~np.isnan(values).all(axis=1)]  # who rated nothing is no coder
    if measure == "holsti":
        return _holsti(values, group)
    return _many_coders(measure, values, counts, categories, group)


def _alpha(counts: Array, categories: Array, level: str, group: NDArray[np.int64]) -> Sums:
    """Krippendorff's alpha from the coincidences of each cluster; units with one rating drop out."""
    q = len(categories)
    distances(categories, np.zeros(q), level)
    if level == "ratio" and (categories < 0).any():
        raise DataError(f"level 'ratio' needs ratings from 0 up; found {categories.min():g}. Use level='interval'.")
    m = counts.sum(axis=1)
    counts, group, m = counts[m >= 2], group[m >= 2], m[m >= 2]
    each = np.zeros((group.max(initial=-1) + 1, q, q))
    scaled = counts / (m - 1)[:, None]
    order = np.argsort(group, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []:
        each[group[part[0]]] = scaled[part].T @ counts[part] - np.diag(scaled[part].sum(axis=0))

    def parts(sums: Array) -> Parts:
        coincidences = sums.reshape(len(sums), q, q)
        totals = coincidences.sum(axis=2)
        n = totals.sum(axis=1)
        delta = distances(categories, totals, level)
        with np.errstate(divide="ignore", invalid="ignore"):
            observed = (coincidences * delta).sum(axis=(1, 2)) / n
            expected = (totals[:, :, None] * totals[:, None, :] * delta).sum(axis=(1, 2)) / (n * (n - 1))
        return Parts(observed, expected)

    return Sums(each.reshape(len(each), q * q), parts)


def _two_coders(measure: str, values: Array, categories: Array, group: NDArray[np.int64]) -> Sums:
    """Cohen's kappa and Scott's pi from the table of both coders' ratings."""
    if len(values) != 2:
        raise DataError(f"{LABELS[measure]} is for two coders; found {len(values)}.")
    q = len(categories)
    v = _disagreement(categories, measure)
    both = ~np.isnan(values).any(axis=0)
    cell = np.searchsorted(categories, values[0, both]) * q + np.searchsorted(categories, values[1, both])
    each = np.zeros((group.max(initial=-1) + 1, q * q))
    np.add.at(each, (group[both], cell), 1.0)

    def parts(sums: Array) -> Parts:
        with np.errstate(divide="ignore", invalid="ignore"):
            table = (sums / sums.sum(axis=1, keepdims=True)).reshape(len(sums), q, q)
        first, second = table.sum(axis=2), table.sum(axis=1)
        if measure == "scott":
            first = second = (first + second) / 2
        return Parts((table * v).sum(axis=(1, 2)), np.einsum("sk,kl,sl->s", first, v, second))

    return Sums(each, parts)


def _holsti(values: Array, group: NDArray[np.int64]) -> Sums:
    """Twice the units on which two coders agree over all that either rated; the mean over pairs of coders."""
    pairs = list(itertools.combinations(range(len(values)), 2))
    columns = [values[a] == values[b] for a, b in pairs] + [~np.isnan(row) for row in values]
    each = _by_cluster(np.stack(columns, axis=1).astype(float) if columns else np.zeros((len(group), 0)), group)

    def parts(sums: Array) -> Parts:
        agreed, rated = sums[:, : len(pairs)], sums[:, len(pairs) :]
        both = np.stack([rated[:, a] + rated[:, b] for a, b in pairs], axis=1) if pairs else np.zeros((len(sums), 0))
        n = (both > 0).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.nansum(2 * agreed / both, axis=1) / n
        return Parts(1 - share, np.where(n > 0, 1.0, 0.0))

    return Sums(each, parts)


def _many_coders(measure: str, values: Array, counts: Array, categories: Array, group: NDArray[np.int64]) -> Sums:
    """Measures of any number of coders: observed disagreement within units, against each measure's idea of chance."""
    q, r = len(categories), len(values)
    v = _disagreement(categories, measure)
    m = counts.sum(axis=1)
    pairable, rated = m >= 2, m >= 1
    with np.errstate(divide="ignore", invalid="ignore"):
        within = np.where(pairable, np.einsum("uk,kl,ul->u", counts, v, counts) / (m * (m - 1)), 0.0)
        share = np.where(rated[:, None], counts / m[:, None], 0.0)
    columns = [within[:, None], pairable[:, None].astype(float), share, rated[:, None].astype(float)]
    if measure == "conger":
        columns += [(row[:, None] == categories).astype(float) for row in values]
    each = _by_cluster(np.concatenate(columns, axis=1), group)

    def parts(sums: Array) -> Parts:
        with np.errstate(divide="ignore", invalid="ignore"):
            observed = sums[:, 0] / sums[:, 1]
            pi = sums[:, 2 : 2 + q] / sums[:, 2 + q, None]
            if measure == "percent":
                expected = np.ones(len(sums))
            elif measure == "fleiss":
                expected = np.einsum("sk,kl,sl->s", pi, v, pi)
            elif measure == "brennan_prediger":
                expected = np.full(len(sums), v.sum() / q**2 if q else 0.0)
            elif measure == "conger" and r < 2:
                expected = np.zeros(len(sums))
            elif measure == "conger":
                own = sums[:, 3 + q :].reshape(len(sums), r, q)
                own = own / own.sum(axis=2, keepdims=True)
                mean = own.mean(axis=1)
                spread = np.einsum("srk,kl,srl->s", own, v, own) / r
                chance = np.einsum("sk,kl,sl->s", mean, v, mean)
                expected = chance + (chance - spread) / (r - 1)
            else:
                agreeing = (1 - v).sum() if q else 0.0
                expected = 1 - agreeing * (pi * (1 - pi)).sum(axis=1) / (q * (q - 1)) if q > 1 else np.zeros(len(sums))
        return Parts(observed, expected)

    return Sums(each, parts)


def _by_cluster(columns: Array, group: NDArray[np.int64]) -> Array:
    """Sum rows by cluster."""
    each = np.zeros((group.max(initial=-1) + 1, columns.shape[1]))
    np.add.at(each, group, columns)
    return each


def _disagreement(categories: Array, measure: str) -> Array:
    """Weights of disagreement, from 0 to 1: of category values for weighted measures, else one for any difference."""
    gap = np.abs(categories[:, None] - categories[None, :])
    if measure.endswith("_linear"):
        return gap / max(gap.max(initial=0.0), 1e-300)
    if measure.endswith("_quadratic"):
        return (gap / max(gap.max(initial=0.0), 1e-300)) ** 2
    return (gap > 0).astype(float)


def usual_ratings(counts: Array) -> NDArray[np.bool_]:
    """Which units have the most frequent number of ratings, shape (n_units,)."""
    m = counts.sum(axis=1)
    if not len(m):
        return np.zeros(0, dtype=bool)
    return m == np.bincount(m.astype(int)).argmax()
