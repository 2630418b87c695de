"""Measures of agreement on a matrix of coders by units; NaN is a missing rating."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from journeylab.errors import DataError, did_you_mean, listing

LEVELS = ("nominal", "ordinal", "interval", "ratio")
MEASURES = ("alpha", "cohen", "fleiss", "ac1", "brennan_prediger", "percent")


def counts_of(matrix: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn coders x units into units x categories counts, with the sorted categories."""
    values = np.asarray(matrix, dtype=float)
    if values.ndim != 2:
        raise DataError(f"a matrix of coders x units has 2 dimensions; found {values.ndim}.")
    categories = np.unique(values[~np.isnan(values)])
    counts = np.stack([(values == category).sum(axis=0) for category in categories], axis=1) if len(categories) else (
        np.zeros((values.shape[1], 0))
    )  # fmt: skip
    return counts.astype(float), categories


def distances(categories: NDArray[np.float64], totals: NDArray[np.float64], level: str) -> NDArray[np.float64]:
    """Squared differences between categories, shape (q, q); `totals` are their pairable frequencies."""
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
    running = np.cumsum(totals)
    place = np.arange(len(totals))
    low, high = np.minimum.outer(place, place), np.maximum.outer(place, place)
    between = running[high] - running[low] + totals[low]
    return (between - (totals[low] + totals[high]) / 2) ** 2 * (low != high)


def alpha(matrix: ArrayLike, level: str = "nominal") -> float:
    """Krippendorff's alpha.

    Parameters
    ----------
    matrix : array_like, shape (n_coders, n_units)
        Ratings; NaN where a coder did not rate a unit.
    level : str
        ``nominal``, ``ordinal``, ``interval`` or ``ratio``.

    Returns
    -------
    float
        NaN when no unit has two ratings, or all ratings are the same.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.

    Examples
    --------
    >>> round(alpha([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]), 3)
    0.095
    """
    counts, categories = counts_of(matrix)
    return float(alpha_from_counts(counts[None], categories, level)[0])


def alpha_from_counts(
    counts: NDArray[np.float64], categories: NDArray[np.float64], level: str = "nominal",
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:  # fmt: skip
    """Alpha for several weightings of the same units at once.

    Parameters
    ----------
    counts : ndarray, shape (1, n_units, q)
    weights : ndarray, shape (n_samples, n_units), optional
        How often each unit counts; once where not given.
    """
    table = counts[0]
    pairable = table.sum(axis=1) >= 2
    table = table[pairable]
    weights = np.ones((1, len(table))) if weights is None else weights[:, pairable]
    if not table.size:
        return np.full(len(weights), np.nan)
    m = table.sum(axis=1)
    totals = weights @ table
    n = totals.sum(axis=1)
    results = np.full(len(weights), np.nan)
    per_pair = table[:, :, None] * table[:, None, :]
    index = np.arange(table.shape[1])
    per_pair[:, index, index] -= table
    per_pair /= (m - 1)[:, None, None]
    coincidences = np.tensordot(weights, per_pair, axes=1)
    for sample, total in enumerate(totals):
        delta = distances(categories, total, level)
        expected = (np.outer(total, total) * delta).sum() / (n[sample] - 1) if n[sample] > 1 else 0.0
        if expected > 0:
            results[sample] = 1 - (coincidences[sample] * delta).sum() / expected
    return results


def usual_ratings(counts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which units have the most frequent number of ratings, shape (n_units,)."""
    m = counts.sum(axis=1)
    if not len(m):
        return np.zeros(0, dtype=bool)
    return m == np.bincount(m.astype(int)).argmax()


def percent(matrix: ArrayLike) -> float:
    """Mean over units of the share of agreeing pairs of coders."""
    counts, _ = counts_of(matrix)
    m = counts.sum(axis=1)
    counts, m = counts[m >= 2], m[m >= 2]
    return float(((counts * (counts - 1)).sum(axis=1) / (m * (m - 1))).mean()) if len(m) else float("nan")


def fleiss(matrix: ArrayLike) -> float:
    """Fleiss' kappa on the units that have the usual number of ratings (all coders, or the most frequent number).

    References
    ----------
    Fleiss (1971), Psychological Bulletin 76:378.
    """
    counts, _ = counts_of(matrix)
    counts = counts[usual_ratings(counts)]
    if not len(counts) or counts.sum(axis=1)[0] < 2:
        return float("nan")
    m = counts.sum(axis=1)[0]
    observed = ((counts**2).sum(axis=1) - m).mean() / (m * (m - 1))
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return float("nan") if chance == 1 else float((observed - chance) / (1 - chance))


def cohen(matrix: ArrayLike) -> float:
    """Cohen's kappa of two coders; NaN for another number of coders or without variation.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20:37.
    """
    values = np.asarray(matrix, dtype=float)
    if len(values) != 2:
        return float("nan")
    values = values[:, ~np.isnan(values).any(axis=0)]
    if not values.shape[1]:
        return float("nan")
    categories = np.unique(values)
    first, second = ((values[coder][:, None] == categories).mean(axis=0) for coder in (0, 1))
    chance = float(first @ second)
    return float("nan") if chance == 1 else float(((values[0] == values[1]).mean() - chance) / (1 - chance))


def ac1(matrix: ArrayLike) -> float:
    """Gwet's AC1; units with a single rating count towards the prevalence of categories.

    References
    ----------
    Gwet (2008), British Journal of Mathematical and Statistical Psychology 61:29.
    """
    counts, categories = counts_of(matrix)
    q = len(categories)
    rated = counts[counts.sum(axis=1) > 0]
    if q < 2 or not len(rated):
        return float("nan")
    share = (rated / rated.sum(axis=1, keepdims=True)).mean(axis=0)
    chance = float((share * (1 - share)).sum() / (q - 1))
    return (percent(matrix) - chance) / (1 - chance)


def brennan_prediger(matrix: ArrayLike) -> float:
    """Brennan and Prediger's coefficient: chance is one over the number of categories used.

    References
    ----------
    Brennan and Prediger (1981), Educational and Psychological Measurement 41:687.
    """
    _, categories = counts_of(matrix)
    if len(categories) < 2:
        return float("nan")
    chance = 1 / len(categories)
    return (percent(matrix) - chance) / (1 - chance)
