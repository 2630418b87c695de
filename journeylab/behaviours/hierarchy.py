"""Which journeys join first, which last? A tree over distinct journeys, each as often as it occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LINKAGES = ("ward", "average")


def tree(
    square: NDArray[Any], weights: NDArray[np.float64], *, linkage: str = "ward"
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Join the two nearest groups until one is left.

    Parameters
    ----------
    square : ndarray, shape (n, n)
        Distances of distinct journeys.
    weights : ndarray, shape (n,)
        How often each occurs, above 0.
    linkage : str
        ``ward`` or ``average``.

    Returns
    -------
    ndarray, shape (n - 1, 2)
        A row of each of the two groups that join, lowest join first.
    ndarray, shape (n - 1,)
        Heights, on the scale of scipy's ``linkage`` of all journeys.

    Notes
    -----
    Lance and Williams' update with the weights as sizes, by chains of nearest neighbours: equal journeys are one leaf,
    which is what they would be after joining at height 0.

    References
    ----------
    Murtagh and Legendre (2014), Journal of Classification 31:274; Müllner (2011), arXiv:1109.2378.
    """
    n = len(square)
    size = weights.astype(float).copy()
    apart = square.astype(float).copy()
    if linkage == "ward":
        apart *= apart
        apart *= 2 * size[:, None] * size / (size[:, None] + size)
    np.fill_diagonal(apart, np.inf)
    alive = np.ones(n, dtype=bool)
    joins, heights = np.zeros((max(n - 1, 0), 2), dtype=np.int64), np.zeros(max(n - 1, 0))
    chain: list[int] = []
    for number in range(n - 1):
        if not chain:
            chain = [int(np.flatnonzero(alive)[0])]
        while True:
            top = chain[-1]
            near = int(apart[top].argmin())
            if len(chain) > 1 and apart[top, chain[-2]] <= apart[top, near]:
                near = chain[-2]
                break
            chain.append(near)
        chain = chain[:-2]
        joins[number], heights[number] = (top, near), apart[top, near]
        a, b, others = size[top], size[near], size
        if linkage == "ward":
            total = a + b + others
            line = ((a + others) * apart[top] + (b + others) * apart[near] - others * apart[top, near]) / total
        else:
            line = (a * apart[top] + b * apart[near]) / (a + b)
        alive[near] = False
        line[~alive] = np.inf
        line[top] = np.inf
        apart[top], apart[:, top] = line, line
        apart[near], apart[:, near] = np.inf, np.inf
        size[top] = a + b
    order = np.argsort(heights, kind="stable")
    return joins[order], np.sqrt(np.maximum(heights[order], 0.0)) if linkage == "ward" else heights[order]


def cut(joins: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Labels from 0 of the k groups before the last k - 1 joins, shape (n,)."""
    n = len(joins) + 1
    parent = np.arange(n)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    for one, two in joins[: n - k]:
        parent[root(int(two))] = root(int(one))
    return np.unique([root(row) for row in range(n)], return_inverse=True)[1].astype(np.int64)
