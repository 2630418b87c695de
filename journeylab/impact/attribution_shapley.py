"""What does a touchpoint add to coalitions of others, averaged over all orders in which they can join?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from journeylab.errors import DataError
from journeylab.impact.attribution_paths import Floats, Paths

MOST = 16
"""Touchpoints at most for going through all coalitions."""


def shapley_values(worth: ArrayLike) -> Floats:
    """Shapley values of a game.

    Parameters
    ----------
    worth : array_like, shape (2 ** players,)
        What each coalition is worth; coalition ``m`` has player ``i`` when bit ``i`` of ``m`` is set.

    Returns
    -------
    ndarray, shape (players,)
        They sum to the worth of all less that of nobody.

    Raises
    ------
    DataError
        When the number of coalitions is no power of two.

    Notes
    -----
    ``sum over S without j of |S|! (J - |S| - 1)! / J! (v(S with j) - v(S))``.

    References
    ----------
    Shapley (1953), Contributions to the Theory of Games II:307.

    Examples
    --------
    >>> shapley_values([0, 1, 2, 6]).tolist()
    [2.5, 3.5]
    """
    v = np.asarray(worth, dtype=float)
    players = len(v).bit_length() - 1
    if v.ndim != 1 or len(v) != 1 << players:
        raise DataError(
            f"Shapley values: {v.shape} is no list of the worth of all coalitions; there are 2, 4, 8, ... of them."
        )
    from scipy.special import gammaln

    size = np.bitwise_count(np.arange(len(v))).astype(float)
    order = np.exp(gammaln(size + 1) + gammaln(np.maximum(players - size, 1)) - gammaln(players + 1))
    found = np.empty(players)
    for player in range(players):
        pair = v.reshape(-1, 2, 1 << player)
        found[player] = (order.reshape(pair.shape)[:, 0] * (pair[:, 1] - pair[:, 0])).sum()
    return found


def shapley_credit(paths: Paths, worth: str, permutations: int, seed: int) -> Callable[[Floats, Floats], Floats]:
    """Make the function from counts (conversions, nulls) to credit and standard error of drawing, shape (n_touchpoints, 2)."""
    members = paths.members
    if worth == "conversions":
        parts = members / members.sum(axis=1, keepdims=True)
        return lambda conversions, nulls: np.column_stack([conversions @ parts, np.zeros(members.shape[1])])
    if members.shape[1] > MOST:
        return lambda conversions, nulls: _drawn(members, conversions, nulls, permutations, seed)
    coalition = members @ (1 << np.arange(members.shape[1]))

    def compute(conversions: Floats, nulls: Floats) -> Floats:
        return np.column_stack([_exact(coalition, members.shape[1], conversions, nulls), np.zeros(members.shape[1])])

    return compute


def _exact(coalition: NDArray[np.int64], players: int, conversions: Floats, nulls: Floats) -> Floats:
    """Shapley values of the rate: sums over subsets (one pass a touchpoint), then the values."""
    hits = np.bincount(coalition, weights=conversions, minlength=1 << players)
    everyone = np.bincount(coalition, weights=conversions + nulls, minlength=1 << players)
    for table in (hits, everyone):
        for player in range(players):
            pair = table.reshape(-1, 2, 1 << player)
            pair[:, 1] += pair[:, 0]
    rate = np.divide(hits, everyone, out=np.zeros_like(hits), where=everyone > 0)
    return shapley_values(rate) * everyone[-1]


def _drawn(members: NDArray[np.bool_], conversions: Floats, nulls: Floats, permutations: int, seed: int) -> Floats:
    """The same from drawn orders: a path counts for every coalition since the last of its touchpoints joined."""
    rng = np.random.default_rng(seed)
    packed = np.packbits(members, axis=1)
    _, first, like = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    sets = members[first]
    hits = np.bincount(like.ravel(), weights=conversions)
    everyone = np.bincount(like.ravel(), weights=conversions + nulls)
    players = members.shape[1]
    added = np.empty((permutations, players))
    for draw in range(permutations):
        order = rng.permutation(players)
        place = np.empty(players, dtype=np.int16)
        place[order] = np.arange(players)
        complete = np.where(sets, place, -1).max(axis=1)
        hit = np.bincount(complete, weights=hits, minlength=players).cumsum()
        seen = np.bincount(complete, weights=everyone, minlength=players).cumsum()
        rate = np.divide(hit, seen, out=np.zeros(players), where=seen > 0)
        added[draw, order] = np.diff(rate, prepend=0)
    scale = everyone.sum()
    error = added.std(axis=0, ddof=1) / np.sqrt(permutations)
    return np.column_stack([added.mean(axis=0) * scale, error * scale])
