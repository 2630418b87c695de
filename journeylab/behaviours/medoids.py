"""Which few journeys stand for all others?"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESTARTS = 4


@dataclasses.dataclass(frozen=True)
class Medoids:
    """Rows that stand for all.

    Attributes
    ----------
    rows : ndarray of int64, shape (k,)
    labels : ndarray of int64, shape (n,)
        The nearest of them.
    cost : float
        Weighted sum of the distances from the nearest.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    cost: float


def faster_pam(
    square: NDArray[Any], k: int, weights: NDArray[np.float64] | None = None, *, seed: int | list[int] = 0,
    restarts: int = RESTARTS,
) -> Medoids:  # fmt: skip
    """Find the k rows with the least weighted sum of distances from the nearest, up to single swaps.

    Parameters
    ----------
    square : ndarray, shape (n, n)
        Symmetric distances.
    k : int
        From 1 to n.
    weights : ndarray, shape (n,), optional
        How often each row occurs.
    seed : int or list of int
        Draws the starts (as in k-means++) and the order in which candidates are tried.
    restarts : int
        Starts; the cheapest end is kept.

    Notes
    -----
    A candidate replaces, at once, the medoid whose loss and the candidate's gain together lower the sum most; until all
    candidates in a row have failed.

    References
    ----------
    Schubert and Rousseeuw (2021), Information Systems 101:101804.
    """
    n = len(square)
    weights = np.ones(n) if weights is None else weights
    if not 1 <= k <= n:
        raise ValueError(f"k={k} medoids of {n} rows")
    if k == 1:
        # Row by row: a product with a matrix in single precision would copy it
        sums = np.array([float(line @ weights) for line in square])
        best = int(sums.argmin())
        return Medoids(np.array([best]), np.zeros(n, dtype=np.int64), float(sums[best]))
    rng = np.random.default_rng(seed)
    return min(
        (_swap(square, _spread(square, k, weights, rng), weights, rng) for _ in range(restarts)),
        key=lambda end: end.cost,
    )


def assign(rows: NDArray[np.int64], to_rows: NDArray[Any], weights: NDArray[np.float64]) -> Medoids:
    """Give each row to its nearest medoid; `to_rows` holds distances, shape (n, k)."""
    labels = to_rows.argmin(axis=1)
    return Medoids(rows, labels, float(weights @ to_rows[np.arange(len(labels)), labels]))


def silhouette(square: NDArray[Any], labels: NDArray[np.int64], weights: NDArray[np.float64]) -> float:
    """Average silhouette width, each row counted `weights` times; NaN with fewer than two groups.

    References
    ----------
    Rousseeuw (1987), Journal of Computational and Applied Mathematics 20:53.
    """
    k = int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels, weights=weights, minlength=k)
    if np.count_nonzero(sizes) < 2:
        return float("nan")
    sums = np.stack([square[:, labels == group] @ weights[labels == group] for group in range(k)], axis=1).astype(float)
    mine = (np.arange(len(labels)), labels)
    others = sizes[labels] - 1  # the row itself once: its repeats are others, at no distance
    own = sums[mine] / np.where(others > 0, others, 1.0)
    means = np.divide(sums, sizes, out=np.full_like(sums, np.inf), where=sizes > 0)
    means[mine] = np.inf
    near = means.min(axis=1)
    above = np.maximum(own, near)
    width = np.where((others > 0) & (above > 0), (near - own) / np.where(above > 0, above, 1.0), 0.0)
    return float(weights @ width / weights.sum())


def _spread(square: NDArray[Any], k: int, weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows far from each other, drawn by weight and squared distance; the rest at random where all others are equal."""
    chosen = [int(rng.choice(len(weights), p=weights / weights.sum()))]
    nearest = square[chosen[0]].astype(float)
    while len(chosen) < k:
        chance = weights * nearest**2
        chance[chosen] = 0.0
        if chance.sum() <= 0:
            chance = np.ones(len(weights))
            chance[chosen] = 0.0
        chosen.append(int(rng.choice(len(weights), p=chance / chance.sum())))
        nearest = np.minimum(nearest, square[chosen[-1]])
    return np.array(chosen, dtype=np.int64)


def _swap(
    square: NDArray[Any], rows: NDArray[np.int64], weights: NDArray[np.float64], rng: np.random.Generator
) -> Medoids:
    n, k = len(square), len(rows)
    near, first, second = _two_nearest(square, rows)
    cost = float(weights @ first)
    least = 1e-9 * max(cost, 1e-300)
    order = rng.permutation(n)
    failed, step = 0, 0
    while failed < n:
        candidate = order[step % n]
        step += 1
        failed += 1
        if candidate in rows:
            continue
        line = square[candidate]
        shared = weights @ np.minimum(line - first, 0.0)
        # Without its medoid a row falls to its second, or to the candidate
        without = np.bincount(near, weights=weights * (second - first), minlength=k)
        without += np.bincount(near, weights=weights * np.minimum(np.maximum(line, first) - second, 0.0), minlength=k)
        weakest = int(without.argmin())
        if shared + without[weakest] < -least:
            rows = rows.copy()
            rows[weakest] = candidate
            near, first, second = _two_nearest(square, rows)
            cost = float(weights @ first)
            failed = 0
    return Medoids(rows, near, cost)


def _two_nearest(
    square: NDArray[Any], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The nearest medoid of each row, and the distances from it and from the second."""
    to_rows = square[rows].T.astype(float)
    near = to_rows.argmin(axis=1)
    two = np.partition(to_rows, 1, axis=1)
    return near, two[:, 0], two[:, 1]
