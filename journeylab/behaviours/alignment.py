"""What it costs to turn one sequence into another, for many pairs at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Kernel = Callable[..., None]

BLOCK = 4096
"""At most so many columns at once in numpy: short enough for the processor's cache, long enough for numpy."""
BLOCK_BYTES = 32 * 2**20
SMALL = 20_000_000
"""Up to so many cells numpy is done before numba is loaded; it finds the same."""
SHARED = 32
"""So many rows are kept, so that a sequence that begins like the one before it need not be aligned from its start."""
ROUNDING = 5e-7
"""Costs become integers where that changes no distance by more than this; else they stay floating."""


def optimal(
    left: Sequence[Codes], right: Sequence[Codes], substitution: NDArray[np.float64], indel: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Optimal matching: the least sum of substitutions, insertions and deletions, shape (left, right).

    Parameters
    ----------
    left, right : sequences of arrays of codes
        Quickest when sequences of one length, and on the left those that begin alike, follow each other.
    substitution : ndarray, shape (A, A)
    indel : ndarray, shape (A,)

    Notes
    -----
    With ``E[i, j] = D[i, j] - indels of x[:i] - indels of y[:j]`` the recurrence of Needleman and Wunsch (1970) becomes
    ``E[i, j] = min(E[i - 1, j], E[i, j - 1], E[i - 1, j - 1] + g)`` with ``g = min(0, s(x_i, y_j) - indel(x_i) -
    indel(y_j))``: one addition and two minima a cell, for many columns at once. E never rises, so the last cell of a
    padded column is the cell where its sequence ends.
    """
    states = len(indel)
    rows, columns = _padded(left, states), _padded(right, states)
    with_padding = np.append(indel, 0.0)
    found = with_padding[rows].sum(axis=1)[:, None] + with_padding[columns].sum(axis=1)
    met, rows = np.unique(rows, return_inverse=True)
    gain, scale = _fixed(np.minimum(substitution - indel[:, None] - indel, 0.0), min(rows.shape[1], columns.shape[1]))
    gain = np.pad(gain, (0, 1))[met]  # the padding never gains
    ends = np.empty(found.shape, dtype=gain.dtype)
    lengths = np.array([len(x) for x in left], dtype=np.int64)
    shared = _shared_beginnings(rows, lengths)
    align = in_numpy if rows.size * columns.size <= SMALL else kernel()
    align(rows, lengths, shared, np.ascontiguousarray(columns.T), gain, ends, SHARED)
    for row, end in zip(found, ends, strict=True):
        row += end / scale
        row[row < ROUNDING] = 0.0  # what is left of a sum that is nothing
    return found


@functools.cache
def kernel() -> Kernel:
    """The compiled alignment where numba is installed (``pip install journeylab[fast]``), else numpy's."""
    try:
        from journeylab.behaviours.compiled import align
    except ImportError:
        return in_numpy
    return align  # type: ignore[no-any-return]


def in_numpy(
    rows: Codes, lengths: Codes, shared: Codes, columns: Codes, gain: NDArray[np.generic], ends: NDArray[np.generic],
    kept: int,
) -> None:  # fmt: skip
    """Fill `ends` with the last cells of the alignments.

    Parameters
    ----------
    rows : ndarray, shape (left, longest)
    lengths, shared : ndarrays, shape (left,)
        Codes of each row, and how many of them are the same as in the row before.
    columns : ndarray, shape (longest, right)
    gain : ndarray, shape (codes of rows, codes of columns)
    ends : ndarray, shape (left, right)
    kept : int
        So many rows of an alignment stay for the sequence that follows; the others take turns.
    """
    depth = min(rows.shape[1], kept)
    length = len(columns)
    width = BLOCK
    while width > 16 and width * (length + 1) * (depth + 4) * gain.itemsize > BLOCK_BYTES:
        width //= 2
    for start in range(0, columns.shape[1], width):
        codes = columns[:, start : start + width]
        table: Sequence[NDArray[np.generic]] | None = None
        if len(gain) * codes.size * gain.itemsize <= BLOCK_BYTES:
            table = [line[codes] for line in gain]
        whole = np.zeros((depth + 3, length + 1, codes.shape[1]), dtype=gain.dtype)
        cells = [list(row) for row in whole]
        spare = np.empty(codes.shape, dtype=gain.dtype)
        spared = list(spare)
        for number, (x, known, last) in enumerate(zip(rows.tolist(), shared.tolist(), lengths.tolist(), strict=True)):
            for i in range(min(known, depth), last):
                above, here = whole[_slot(i, depth)], cells[_slot(i + 1, depth)]
                np.add(above[:-1], gain[x[i]][codes] if table is None else table[x[i]], out=spare)
                np.minimum(spare, above[1:], out=spare)
                for before, cell, after in zip(here, spared, here[1:], strict=False):
                    np.minimum(before, cell, out=after)
            ends[number, start : start + width] = cells[_slot(last, depth)][-1]


def in_step(left: Sequence[Codes], right: Sequence[Codes], costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the substitutions place by place, for sequences of one length; `costs` has shape (places, A, A)."""
    found = np.zeros((len(left), len(right)))
    if len(costs):
        table = np.stack([costs[place][:, line] for place, line in enumerate(np.stack(right).T)])
        places = np.arange(len(costs))
        for number, x in enumerate(left):
            table[places, x].sum(axis=0, out=found[number])
    return found


def _fixed(gain: NDArray[np.float64], longest: int) -> tuple[NDArray[np.generic], float]:
    """Costs as the smallest integers that keep distances exact, or to `ROUNDING`; and what one unit is."""
    span = max(-float(gain.min(initial=0.0)) * longest, 1e-12)
    for scale in (1.0, 2.0, 4.0, 10.0, 20.0, 100.0):
        if np.array_equal(np.round(gain * scale) / scale, gain):
            for kind in (np.int16, np.int32):
                if span * scale < np.iinfo(kind).max:
                    return np.round(gain * scale).astype(kind), scale
    scale = (np.iinfo(np.int32).max - longest - 1) / span
    if longest / (2 * scale) <= ROUNDING:
        return np.round(gain * scale).astype(np.int32), scale
    return gain, 1.0


def _slot(row: int, depth: int) -> int:
    """Where a row of the alignment is kept: the first ones stay, the others take turns."""
    return row if row <= depth else depth + 1 + row % 2


def _padded(sequences: Sequence[Codes], fill: int) -> Codes:
    """Sequences as rows, shape (n, longest)."""
    lengths = np.array([len(x) for x in sequences])
    codes = np.full((len(sequences), lengths.max(initial=0)), fill, dtype=np.int64)
    if codes.size:
        codes[np.arange(codes.shape[1]) < lengths[:, None]] = np.concatenate(sequences)
    return codes


def _shared_beginnings(rows: Codes, lengths: Codes) -> Codes:
    """How many codes each sequence has in common with the beginning of the one before it."""
    same = (rows[1:] == rows[:-1]).cumprod(axis=1).sum(axis=1)
    return np.minimum(np.append(0, same), np.minimum(lengths, np.append(0, lengths[:-1])))
