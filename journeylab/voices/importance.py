"""How much of an outcome's variance belongs to each of several predictors that go together?"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from journeylab.errors import DataError

MOST = 12
"""Predictors at most for Shapley shares, which look at every subset."""


def relative_weights(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Johnson's relative weights: a part of R squared for each predictor.

    Parameters
    ----------
    x : array_like, shape (n, predictors)
    y : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (predictors,)
        They sum to R squared; NaN where a column does not vary.

    Notes
    -----
    With R the correlations of the predictors and r those with the outcome, ``(R^1/2)^2 (R^-1/2 r)^2``, squares by element:
    the predictors are replaced by the nearest uncorrelated ones, and what these explain is given back.

    References
    ----------
    Johnson (2000), Multivariate Behavioral Research 35:1; as "genizi" in Groemping (2006), relaimpo.
    """
    return weights_of(correlations(x, y)[None])[0]


def shapley_shares(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Shapley (LMG) shares: what R squared gains by a predictor, averaged over all orders in which predictors can enter.

    Parameters
    ----------
    x : array_like, shape (n, predictors)
        At most 12 predictors.
    y : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (predictors,)
        They sum to R squared; NaN where a column does not vary.

    References
    ----------
    Lindeman, Merenda and Gold (1980); Groemping (2006), Journal of Statistical Software 17(1).
    """
    return shapley_of(correlations(x, y)[None])[0]


def correlations(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Correlations of the predictors and, last, the outcome; NaN where one does not vary.

    Raises
    ------
    DataError
        When lengths differ or there are fewer rows than predictors plus two.
    """
    table, outcome = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if table.ndim != 2 or len(table) != len(outcome):
        raise DataError(f"key drivers: predictors {table.shape} and outcome {outcome.shape} do not belong together.")
    if len(table) < table.shape[1] + 2:
        raise DataError(f"key drivers: {len(table)} complete answers are too few for {table.shape[1]} predictors.")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.corrcoef(np.column_stack([table, outcome]), rowvar=False)


def weights_of(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Relative weights of many correlation matrices, shape (draws, predictors + 1, predictors + 1)."""
    known = np.isfinite(correlation).all(axis=(1, 2))
    found = np.full((len(correlation), correlation.shape[1] - 1), np.nan)
    matrix, r = correlation[known, :-1, :-1], correlation[known, :-1, -1]
    value, vector = np.linalg.eigh(matrix)
    value = np.maximum(value, 0)
    # A direction without variance explains nothing: its inverse root is zero.
    root = np.sqrt(value)
    inverse = np.divide(1, root, out=np.zeros_like(root), where=value > 1e-10)
    half = (vector * root[:, None, :]) @ vector.swapaxes(1, 2)
    back = (vector * inverse[:, None, :]) @ vector.swapaxes(1, 2)
    beta = (back @ r[:, :, None])[:, :, 0]
    found[known] = np.einsum("dij,dj->di", half**2, beta**2)
    return found


def shapley_of(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley shares of many correlation matrices, shape (draws, predictors + 1, predictors + 1)."""
    draws, size = len(correlation), correlation.shape[1] - 1
    if size > MOST:
        return np.full((draws, size), np.nan)
    known = np.isfinite(correlation).all(axis=(1, 2))
    matrix, r = correlation[known, :-1, :-1], correlation[known, :-1, -1]
    explained: dict[tuple[int, ...], NDArray[np.float64]] = {(): np.zeros(len(r))}
    for count in range(1, size + 1):
        for chosen in combinations(range(size), count):
            part = matrix[:, chosen][:, :, chosen]
            right = r[:, chosen]
            # The generalised inverse also serves predictors that say the same.
            beta = (np.linalg.pinv(part, rcond=1e-10, hermitian=True) @ right[:, :, None])[:, :, 0]
            explained[chosen] = (beta * right).sum(axis=1)
    shares = np.zeros((len(r), size))
    weight = _order_weights(size)
    for chosen, value in explained.items():
        for member in range(size):
            if member not in chosen:
                larger = tuple(sorted((*chosen, member)))
                shares[:, member] += weight[len(chosen)] * (explained[larger] - value)
    found = np.full((draws, size), np.nan)
    found[known] = shares
    return found


def _order_weights(size: int) -> list[float]:
    """The share of orders in which a given set of so many predictors comes before one more."""
    from math import comb

    return [1 / (size * comb(size - 1, before)) for before in range(size)]
