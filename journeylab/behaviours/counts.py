"""What a Markov model needs to know of each journey: where it starts, which steps it takes, where it ends."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError, did_you_mean, listing

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from journeylab.journeys import Journeys


@dataclasses.dataclass(frozen=True)
class Counts:
    """Sufficient statistics of first-order chains, with equal journeys merged.

    Attributes
    ----------
    matrix : csr_matrix
        Counts, shape (n_rows, n_columns); only columns that occur are kept.
    columns : ndarray of int64
        What each column counts, shape (n_columns,): ``s`` a start in state s, ``S + a * S + b`` a step from
        a to b, ``S + S * S + a`` an end in state a; S is `n_states`.
    group : ndarray of int64
        Shape (n_columns,): the distribution that a column belongs to, 0 for starts, ``1 + a`` for what
        follows state a.
    weights : ndarray of float64
        Journeys merged into each row, shape (n_rows,).
    row : ndarray of int64
        The row of each journey, shape (n_journeys,); -1 for a journey without events.
    customer : ndarray of int64
        The customer of each journey, shape (n_journeys,).
    n_states : int
        Size of the vocabulary of touchpoints.
    """

    matrix: csr_matrix
    columns: NDArray[np.int64]
    group: NDArray[np.int64]
    weights: NDArray[np.float64]
    row: NDArray[np.int64]
    customer: NDArray[np.int64]
    n_states: int

    @property
    def n_journeys(self) -> int:
        """Journeys with at least one event, or the sum of the weights."""
        return round(float(self.weights.sum()))

    @property
    def n_free(self) -> int:
        """Free parameters of one chain: observed columns, less one a distribution."""
        return len(self.columns) - len(np.unique(self.group))

    def reweighted(self, times: NDArray[np.int64]) -> Counts:
        """Return the same rows with each journey counted `times`, shape (n_journeys,)."""
        known = self.row >= 0
        weights = np.bincount(self.row[known], weights=times[known], minlength=len(self.weights))
        return dataclasses.replace(self, weights=weights.astype(float))


@dataclasses.dataclass(frozen=True)
class Paths:
    """Flat journeys, cut and thinned as the caller asked.

    Attributes
    ----------
    codes : ndarray of int64
        Touchpoints of all journeys, shape (n_events,).
    offsets : ndarray of int64
        Shape (n_journeys + 1,): journey i is ``codes[offsets[i]:offsets[i + 1]]``.
    ended : ndarray of bool
        Shape (n_journeys,): False where the journey was cut, so that how it ends is not known.
    customer : ndarray of int64
        Shape (n_journeys,).
    n_states : int
        Size of the vocabulary.
    """

    codes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    ended: NDArray[np.bool_]
    customer: NDArray[np.int64]
    n_states: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events in each journey, shape (n_journeys,)."""
        return np.diff(self.offsets)

    def take(self, chosen: NDArray[np.int64]) -> Paths:
        """Return the journeys at the positions `chosen`, in that order."""
        lengths = self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        codes = self.codes[np.repeat(self.offsets[:-1][chosen], lengths) + within]
        return Paths(codes, offsets, self.ended[chosen], self.customer[chosen], self.n_states)


def paths(j: Journeys, *, until: str | None = None, collapse: bool = False) -> Paths:
    """Take the paths out of journeys.

    Parameters
    ----------
    j : Journeys
    until : str, optional
        Cut each journey before its first event of this touchpoint. What is left carries no end: the cut is
        the outcome's, not the customer's.
    collapse : bool
        Count repeats of a touchpoint directly after itself once.

    Raises
    ------
    DataError
        When `until` is not a touchpoint of the journeys.
    """
    codes = np.asarray(j.codes, dtype=np.int64)
    offsets = np.asarray(j.offsets, dtype=np.int64)
    n = len(offsets) - 1
    owner = np.repeat(np.arange(n), np.diff(offsets))
    keep = np.ones(len(codes), dtype=bool)
    ended = np.ones(n, dtype=bool)
    if until is not None:
        target = touchpoint_code(j, until, "until")
        first = np.full(n, len(codes), dtype=np.int64)
        hits = np.flatnonzero(codes == target)
        np.minimum.at(first, owner[hits], hits)
        keep = np.arange(len(codes)) < first[owner]
        ended = first == len(codes)
    if collapse and len(codes):
        repeats = np.concatenate([[False], (codes[1:] == codes[:-1]) & (owner[1:] == owner[:-1])])
        keep &= ~repeats
    lengths = np.bincount(owner[keep], minlength=n)
    return Paths(
        codes[keep],
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        ended,
        np.asarray(j.customer, dtype=np.int64),
        len(j.touchpoints),
    )


def count(found: Paths) -> Counts:
    """Count starts, steps and ends of each journey, and merge journeys with equal counts.

    Notes
    -----
    Rows are compared by two random 64-bit sums of their counts; that two different rows agree in both has a
    probability of about 2**-128 a pair.
    """
    from scipy.sparse import csr_matrix

    size = found.n_states
    owner, column = _occurrences(found)
    used, compact = np.unique(column, return_inverse=True)
    n = len(found.offsets) - 1
    full = csr_matrix((np.ones(len(owner)), (owner, compact)), shape=(n, len(used)))
    full.sum_duplicates()
    row = np.full(n, -1, dtype=np.int64)
    known = np.flatnonzero(np.diff(full.indptr) > 0)
    first, inverse, weights = _merge(full[known])
    row[known] = inverse
    steps = used - size
    group = np.where(used < size, 0, 1 + np.where(steps < size * size, steps // max(size, 1), steps - size * size))
    return Counts(full[known][first], used, group, weights, row, found.customer, size)


def touchpoint_code(j: Journeys, name: str, option: str) -> int:
    """Return the code of a touchpoint, or say which there are."""
    if name not in j.touchpoints:
        raise DataError(
            f"{option}={name!r} is not a touchpoint of these journeys; there are {listing(j.touchpoints)}."
            f"{did_you_mean(name, j.touchpoints)}"
        )
    return j.touchpoints.index(name)


def _occurrences(found: Paths) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every counted occurrence as (journey, column)."""
    size, codes, lengths = found.n_states, found.codes, found.lengths
    journeys = np.flatnonzero(lengths > 0)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    same = owner[1:] == owner[:-1]
    first = codes[found.offsets[:-1][journeys]]
    ending = journeys[found.ended[journeys]]
    last = codes[found.offsets[1:][ending] - 1]
    rows = np.concatenate([journeys, owner[1:][same], ending])
    columns = np.concatenate([first, size + codes[:-1][same] * size + codes[1:][same], size + size * size + last])
    return rows, columns


def _merge(matrix: csr_matrix) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """First occurrence, inverse and size of each distinct row."""
    keys = np.random.default_rng(20_211).integers(1, 2**63, size=(2, matrix.shape[1]), dtype=np.uint64)
    amounts = matrix.data.astype(np.uint64)
    sums = [
        np.add.reduceat(amounts * key[matrix.indices], matrix.indptr[:-1]) if matrix.nnz else np.zeros(0, np.uint64)
        for key in keys
    ]
    grouped = pd.DataFrame({"one": sums[0], "two": sums[1]}).groupby(["one", "two"], sort=False)
    inverse = grouped.ngroup().to_numpy(dtype=np.int64)
    first = np.unique(inverse, return_index=True)[1]
    return first, inverse, np.bincount(inverse, minlength=len(first)).astype(float)
