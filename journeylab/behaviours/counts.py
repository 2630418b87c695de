"""What a Markov model needs to know of each journey: where it starts, which steps it takes and how soon, where it ends."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.journeys.cuts import microseconds

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from journeylab.journeys import Journeys
    from journeylab.journeys.cuts import Span

BLOCK = 16_384
"""Distinct journeys that are worked on at once; it sets the order of sums, and so their last digits."""

Block: TypeAlias = "tuple[csr_matrix, NDArray[np.float64]]"


@dataclasses.dataclass(frozen=True)
class Counts:
    """Sufficient statistics of first-order chains, with equal journeys merged.

    Attributes
    ----------
    matrix : csr_matrix
        Counts, shape (n_rows, n_columns); only columns that occur are kept.
    columns : ndarray of int64
        What each column counts, shape (n_columns,): ``s`` a start in state s, ``S + a * S + b`` a step from
        a to b, ``S + S * S + a`` an end in state a, ``2 * S + S * S + c`` a step in the category c of time; S is
        `n_states`.
    group : ndarray of int64
        Shape (n_columns,): the distribution that a column belongs to, 0 for starts, ``1 + a`` for what
        follows state a, ``1 + S`` for the time until a step.
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

    @functools.cached_property
    def blocks(self) -> list[Block]:
        """Stretches of rows with their weights: what works on them a stretch at a time holds little else."""
        size = max(BLOCK, self.matrix.shape[1])
        begins = range(0, len(self.weights), size)
        return [(self.matrix[begin : begin + size], self.weights[begin : begin + size]) for begin in begins]

    @property
    def n_journeys(self) -> int:
        """Journeys with at least one event, or the sum of the weights."""
        return round(float(self.weights.sum()))

    @property
    def n_free(self) -> int:
        """Free parameters of one chain: observed columns, less one a distribution."""
        return len(self.columns) - len(np.unique(self.group))


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
    waits : ndarray of int8 or None
        Shape (n_events,): the category of the time since the event before in the journey; -1 where there is none, or no
        time lies between. None where times do not count.
    """

    codes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    ended: NDArray[np.bool_]
    customer: NDArray[np.int64]
    n_states: int
    waits: NDArray[np.int8] | None = None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Events in each journey, shape (n_journeys,)."""
        return np.diff(self.offsets)

    def take(self, chosen: NDArray[np.int64]) -> Paths:
        """Return the journeys at the positions `chosen`, in that order."""
        lengths = self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        events = np.repeat(self.offsets[:-1][chosen], lengths) + within
        waits = None if self.waits is None else self.waits[events]
        return Paths(self.codes[events], offsets, self.ended[chosen], self.customer[chosen], self.n_states, waits)


def paths(j: Journeys, *, until: str | None = None, collapse: bool = False, waits: Sequence[Span] = ()) -> Paths:
    """Take the paths out of journeys.

    Parameters
    ----------
    j : Journeys
    until : str, optional
        Cut each journey before its first event of this touchpoint. What is left carries no end: the cut is
        the outcome's, not the customer's.
    collapse : bool
        Count repeats of a touchpoint directly after itself once.
    waits : sequence of str or timedelta
        Rising cut points of the time until a step, such as ``("1min", "1d")``: up to a minute, up to a day, longer.

    Raises
    ------
    DataError
        When `until` is not a touchpoint of the journeys.
    StudyError
        When `waits` are no spans of time, or do not rise.
    """
    cuts = cut_points(waits)
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
    edges = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Paths(
        codes[keep],
        edges,
        ended,
        np.asarray(j.customer, dtype=np.int64),
        len(j.touchpoints),
        _categories(j.times[keep], edges, cuts) if len(cuts) else None,
    )


def cut_points(waits: Sequence[Span]) -> NDArray[np.int64]:
    """Cut points of the time until a step, in microseconds.

    Raises
    ------
    StudyError
        When they are no spans of time, do not rise, or are more than a hundred.
    """
    if isinstance(waits, str):
        raise StudyError(f"waits={waits!r} is one text, write a list of cut points such as ['1min', '1d'].")
    cuts = np.array([microseconds(span, "waits") for span in waits], dtype=np.int64)
    if (np.diff(cuts) <= 0).any() or len(cuts) > 100:
        raise StudyError(f"waits={list(waits)}: cut points rise from each to the next, and are at most a hundred.")
    return cuts


def _categories(times: NDArray[np.datetime64], offsets: NDArray[np.int64], cuts: NDArray[np.int64]) -> NDArray[np.int8]:
    """Category of the time since the event before; -1 at the start of a journey and where no time is known to lie between."""
    found = np.full(len(times), -1, dtype=np.int8)
    passed = np.diff(times) / np.timedelta64(1, "us")
    timed = passed > 0  # not so for a missing time either
    found[1:][timed] = np.searchsorted(cuts, passed[timed], side="left")
    found[offsets[:-1][np.diff(offsets) > 0]] = -1
    return found


def count(found: Paths) -> Counts:
    """Count starts, steps and ends of each journey, with times where paths have them, and merge journeys with equal counts.

    Notes
    -----
    Rows are compared by two random 64-bit sums of their counts; that two different rows agree in both has a
    probability of about 2**-128 a pair.
    """
    from scipy.sparse import csr_matrix

    size, n = found.n_states, len(found.offsets) - 1
    indptr, column = _occurrences(found)
    used, compact = _compact(column)
    full = csr_matrix((np.ones(len(compact)), compact, indptr), shape=(n, len(used)))
    full.sum_duplicates()
    row = np.full(n, -1, dtype=np.int64)
    known = np.flatnonzero(np.diff(full.indptr) > 0)
    first, inverse, weights = _merge(full if len(known) == n else full[known])
    row[known] = inverse
    steps = used - size
    group = np.where(used < size, 0, 1 + np.where(steps < size * size, steps // max(size, 1), steps - size * size))
    group = np.minimum(group, 1 + size)  # times are one distribution
    return Counts(full[known[first]], used, group, weights, row, found.customer, size)


def touchpoint_code(j: Journeys, name: str, option: str) -> int:
    """Return the code of a touchpoint, or say which there are."""
    if name not in j.touchpoints:
        raise DataError(
            f"{option}={name!r} is not a touchpoint of these journeys; there are {listing(j.touchpoints)}."
            f"{did_you_mean(name, j.touchpoints)}"
        )
    return j.touchpoints.index(name)


def _occurrences(found: Paths) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every counted occurrence: where those of each journey begin, and their columns."""
    size, codes, lengths = found.n_states, found.codes, found.lengths
    seen = np.flatnonzero(lengths > 0)
    column = np.empty(len(codes), dtype=np.int64)
    column[1:] = size + codes[:-1] * size + codes[1:]
    first = found.offsets[:-1][seen]
    column[first] = codes[first]
    ends = np.zeros(len(lengths), dtype=np.int64)
    ends[seen] = found.ended[seen]
    last = found.offsets[1:][ends > 0]
    column = np.insert(column, last, size + size * size + codes[last - 1])
    indptr = np.concatenate([[0], np.cumsum(lengths + ends)])
    if found.waits is None:
        return indptr, column
    timed = np.flatnonzero(found.waits >= 0)
    earlier_ends = np.concatenate([[0], np.cumsum(ends)])
    owner = np.repeat(np.arange(len(lengths)), lengths)[timed]
    column = np.insert(
        column, timed + earlier_ends[owner], 2 * size + size * size + found.waits[timed].astype(np.int64)
    )
    return indptr + np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(lengths)))]), column


def _compact(column: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The columns that occur, and the place of each occurrence among them."""
    if column.max(initial=0) > 4 * len(column) + 1_000_000:  # a table of all columns would be larger than the journeys
        used, place = np.unique(column, return_inverse=True)
        return used, place.astype(np.int32)
    used = np.flatnonzero(np.bincount(column)).astype(np.int64)
    table = np.zeros(int(column.max(initial=0)) + 1, dtype=np.int32)
    table[used] = np.arange(len(used))
    return used, table[column]


def _merge(matrix: csr_matrix) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """First occurrence, inverse and size of each distinct row."""
    keys = np.random.default_rng(20_211).integers(1, 2**63, size=(2, matrix.shape[1]), dtype=np.uint64)
    amounts = matrix.data.astype(np.uint64)
    one, two = (
        np.add.reduceat(amounts * key[matrix.indices], matrix.indptr[:-1]) if matrix.nnz else np.zeros(0, np.uint64)
        for key in keys
    )
    inverse = pd.factorize(one)[0].astype(np.int64)
    first = np.unique(inverse, return_index=True)[1]
    if (two[first][inverse] != two).any():
        grouped = pd.DataFrame({"one": one, "two": two}).groupby(["one", "two"], sort=False)
        inverse = grouped.ngroup().to_numpy(dtype=np.int64)
        first = np.unique(inverse, return_index=True)[1]
    return first, inverse, np.bincount(inverse, minlength=len(first)).astype(float)
