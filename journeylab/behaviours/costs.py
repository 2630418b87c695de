"""What it costs to put one touchpoint in the place of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError, StudyError, did_you_mean, listing

SUBSTITUTIONS = ("constant", "trate")
CONSTANT = 2.0
"""A substitution costs as much as a deletion and an insertion."""


def substitution_costs(
    given: object, vocabulary: Sequence[Any], sequences: Sequence[NDArray[np.int64]], weights: NDArray[np.float64], *,
    constant: float = CONSTANT,
) -> NDArray[np.float64]:  # fmt: skip
    """Costs between touchpoints, shape (A, A).

    Parameters
    ----------
    given : str, float, array or DataFrame
        ``constant``; ``trate``: 2 less the rates of going from one to the other and back; a number for all; a symmetric
        array in the order of `vocabulary`, or a DataFrame with the touchpoints as rows and columns.

    References
    ----------
    Gabadinho, Ritschard, Müller and Studer (2011), Journal of Statistical Software 40(4).

    Raises
    ------
    StudyError
        For an unknown word.
    DataError
        For a matrix that is not one of costs, or that lacks touchpoints.
    """
    size = len(vocabulary)
    if isinstance(given, str):
        if given not in SUBSTITUTIONS:
            raise StudyError(
                f"substitution '{given}' is neither one of {SUBSTITUTIONS} nor a matrix.{did_you_mean(given, SUBSTITUTIONS)}"
            )
        if given == "constant":
            return constant * (1.0 - np.eye(size))
        rates = transition_rates(sequences, weights, size)
        costs = CONSTANT - rates - rates.T
        np.fill_diagonal(costs, 0.0)
        return costs
    if isinstance(given, (int, float)):
        if not np.isfinite(given) or given < 0:
            raise StudyError(f"substitution={given}: a cost is a number of at least 0.")
        return float(given) * (1.0 - np.eye(size))
    return _custom(given, vocabulary)


def transition_rates(
    sequences: Sequence[NDArray[np.int64]], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Share of the steps away from each state that go to each other, shape (A, A); a row of zeros where there are none."""
    counts = np.zeros(size * size)
    for codes, weight in zip(sequences, weights, strict=True):
        np.add.at(counts, codes[:-1] * size + codes[1:], weight)
    return _shares(counts.reshape(size, size))


def dynamic_costs(
    sequences: Sequence[NDArray[np.int64]], weights: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Costs of the dynamic Hamming distance at each place, shape (places, A, A).

    Notes
    -----
    4 less the transition rates into the place and out of it, both ways; at the first and the last place, which have one
    side only, that side counts twice.

    References
    ----------
    Lesnard (2010), Sociological Methods and Research 38:389.
    """
    codes = np.stack(sequences)
    places = codes.shape[1]
    into = np.zeros((places + 1, size, size))
    for place in range(1, places):
        counts = np.zeros((size, size))
        np.add.at(counts, (codes[:, place - 1], codes[:, place]), weights)
        rates = _shares(counts)
        into[place] = rates + rates.T
    costs = 4.0 - into[:-1] - into[1:]
    if not places:
        return np.zeros((0, size, size))
    costs[0] -= into[1]
    costs[-1] -= into[places - 1]
    costs = np.maximum(costs, 0.0)
    costs[:, np.arange(size), np.arange(size)] = 0.0
    return costs


def indel_cost(given: float | str, substitution: NDArray[np.float64]) -> float:
    """Cost of an insertion or deletion; ``auto`` is half the dearest substitution.

    Raises
    ------
    StudyError
        When it is neither ``auto`` nor a number of at least 0.
    """
    if given == "auto":
        return float(substitution.max(initial=0.0)) / 2
    if isinstance(given, str) or not np.isfinite(given) or given < 0:
        raise StudyError(f"indel={given!r} is neither 'auto' nor a number of at least 0.")
    return float(given)


def _shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


def _custom(given: object, vocabulary: Sequence[Any]) -> NDArray[np.float64]:
    """A given matrix, checked."""
    if isinstance(given, pd.DataFrame):
        missing = [name for name in vocabulary if name not in given.index or name not in given.columns]
        if missing:
            raise DataError(f"substitution: no costs for {listing(missing)}; add their rows and columns.")
        given = given.loc[list(vocabulary), list(vocabulary)]
    try:
        costs = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise StudyError(f"substitution={given!r} is neither one of {SUBSTITUTIONS} nor a matrix of costs.") from None
    size = len(vocabulary)
    if costs.shape != (size, size):
        raise DataError(
            f"substitution has shape {costs.shape}; {size} x {size} are needed, in the order {listing(map(str, vocabulary))}."
        )
    if not np.isfinite(costs).all() or (costs < 0).any():
        raise DataError("substitution holds costs that are missing, infinite or under 0.")
    if not np.allclose(costs, costs.T) or np.diag(costs).any():
        raise DataError("substitution must be symmetric, with 0 on its diagonal.")
    return costs
