"""What it costs to turn one sequence into another, for many pairs at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Rows = Iterator[tuple[int, slice, NDArray[np.float64]]]

BLOCK = 4096
"""At most so many columns at once: short enough for the processor's cache, long enough for numpy."""
BLOCK_BYTES = 48 * 2**20
SHARED = 32
"""So many rows are kept, so that a sequence that begins like the one before it need not be aligned from its start."""
TRIM = 256
"""Of a triangle so many columns are left out at once."""
ROUNDING = 5e-7
"""Costs become integers where that changes no distance by more than this; else they stay floating."""


def optimal(
    left: Sequence[Codes], right: Sequence[Codes], substitution: NDArray[np.float64], indel: NDArray[np.float64], *,
    triangle: bool = False,
) -> Rows:  # fmt: skip
    """Optimal matching: the least sum of substitutions, insertions and deletions.

    Parameters
    ----------
    left, right : sequences of arrays of codes
        `right` sorted by length; `left` quickest when sequences that begin alike follow each other.
    substitution : ndarray, shape (A, A)
    indel : ndarray, shape (A,)
    triangle : bool
        `left` is `right`, and each pair is wanted once.

    Yields
    ------
    int, slice, ndarray
        A row of `left`, columns of `right`, and the costs between them.

    Notes
    -----
    With ``E[i, j] = D[i, j] - indels of x[:i] - indels of y[:j]`` the recurrence of Needleman and Wunsch (1970) becomes
    ``E[i, j] = min(E[i - 1, j], E[i, j - 1], E[i - 1, j - 1] + g)`` with ``g = min(0, s(x_i, y_j) - indel(x_i) -
    indel(y_j))``: two whole-array operations and one running minimum a row. E never rises, so the last cell of a padded
    column is the cell where its sequence ends.
    """
    states = len(indel)
    deepest = max((len(x) for x in left), default=0)
    gain, scale = _fixed(
        np.minimum(substitution - indel[:, None] - indel[None, :], 0.0),
        min(deepest, max((len(y) for y in right), default=0)),
    )
    gain = np.pad(gain, ((0, 0), (0, 1)))  # the padding never gains
    depth = min(deepest, SHARED)
    shared = _shared_beginnings(left)
    alone = [float(indel[x].sum()) for x in left]
    for columns in _blocks(right, (depth + 4) * gain.itemsize):
        codes = _padded(right[columns], states)
        length, width = codes.shape
        table: Sequence[NDArray[np.generic]] | None = None
        if states * codes.size * gain.itemsize <= BLOCK_BYTES:
            table = [line[codes] for line in gain]
        both = np.array([float(indel[y].sum()) for y in right[columns]])
        whole = np.zeros((depth + 3, length + 1, width), dtype=gain.dtype)
        room = np.empty((length, width), dtype=gain.dtype)
        begin = -1
        for number in range(columns.stop if triangle else len(left)):
            trimmed = max(0, (number - columns.start) // TRIM * TRIM) if triangle else 0
            if trimmed != begin:  # columns before the diagonal are not wanted any more
                begin = trimmed
                rows, spare = whole[:, :, begin:], room[:, begin:]
                cells, spared = [list(row) for row in rows], list(spare)
            x = left[number]
            for i in range(min(shared[number], depth), len(x)):
                above, here = rows[_slot(i, depth)], cells[_slot(i + 1, depth)]
                line = gain[x[i]][codes[:, begin:]] if table is None else table[x[i]][:, begin:]
                np.add(above[:-1], line, out=spare)
                np.minimum(spare, above[1:], out=spare)
                for before, cell, after in zip(here, spared, here[1:], strict=False):
                    np.minimum(before, cell, out=after)
            found = cells[_slot(len(x), depth)][-1] / scale + (both[begin:] + alone[number])
            found[found < ROUNDING] = 0.0  # what is left of a sum that is nothing
            yield number, slice(columns.start + begin, columns.stop), found


def common(left: Sequence[Codes], right: Sequence[Codes], states: int, *, triangle: bool = False) -> Rows:
    """Length of the longest common subsequence, at most 64 codes on the right; arguments and yields as `optimal`.

    Notes
    -----
    One machine word a pair and four operations a code.

    References
    ----------
    Hyyrö (2004), Bit-parallel LCS-length computation revisited, AWOCA 2004.
    """
    longest = max((len(y) for y in right), default=0)
    if longest > 64:
        raise ValueError("a word holds 64 codes")
    word = np.uint32 if longest <= 32 else np.uint64
    depth = max((len(x) for x in left), default=0)
    shared = _shared_beginnings(left)
    for columns in _blocks(right, 8):
        codes = _padded(right[columns], states)
        masks = np.zeros((states + 1, codes.shape[1]), dtype=word)
        for place, line in enumerate(codes):
            masks[line, np.arange(len(line))] |= word(1) << word(place)
        whole = np.full((depth + 1, codes.shape[1]), ~word(0), dtype=word)
        begin = -1
        for number in range(columns.stop if triangle else len(left)):
            trimmed = max(0, (number - columns.start) // TRIM * TRIM) if triangle else 0
            if trimmed != begin:
                begin = trimmed
                rows, mask = list(whole[:, begin:]), list(masks[:, begin:])
                met, left_out = np.empty_like(rows[0]), np.empty_like(rows[0])
            x = left[number].tolist()
            for i in range(shared[number], len(x)):
                np.bitwise_and(rows[i], mask[x[i]], out=met)
                np.subtract(rows[i], met, out=left_out)
                np.add(rows[i], met, out=met)
                np.bitwise_or(met, left_out, out=rows[i + 1])
            yield number, slice(columns.start + begin, columns.stop), np.bitwise_count(~rows[len(x)]).astype(float)


def in_step(
    left: Sequence[Codes], right: Sequence[Codes], costs: NDArray[np.float64], *, triangle: bool = False
) -> Rows:
    """Sum of the substitutions place by place, for sequences of one length; `costs` has shape (places, A, A)."""
    places = np.arange(len(costs))
    for columns in _blocks(right, 8 * max(1, costs.shape[1])):
        codes = _padded(right[columns], 0)
        table = np.stack([costs[place][:, line] for place, line in enumerate(codes)]) if len(codes) else None
        for number in range(columns.stop if triangle else len(left)):
            if table is None:
                yield number, columns, np.zeros(columns.stop - columns.start)
            else:
                yield number, columns, table[places, left[number]].sum(axis=0)


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


def _blocks(right: Sequence[Codes], bytes_a_cell: int) -> Iterator[slice]:
    """Runs of columns whose work fits into `BLOCK_BYTES`."""
    start = 0
    while start < len(right):
        size = min(BLOCK, len(right) - start)
        while size > 16 and size * (len(right[start + size - 1]) + 1) * bytes_a_cell > BLOCK_BYTES:
            size //= 2
        yield slice(start, start + size)
        start += size


def _padded(sequences: Sequence[Codes], fill: int) -> NDArray[np.int64]:
    """Sequences as columns, shape (longest, n)."""
    codes = np.full((max((len(y) for y in sequences), default=0), len(sequences)), fill, dtype=np.int64)
    for number, y in enumerate(sequences):
        codes[: len(y), number] = y
    return codes


def _shared_beginnings(sequences: Sequence[Codes]) -> list[int]:
    """How many codes each sequence has in common with the beginning of the one before it."""
    shared = [0] * len(sequences)
    for number in range(1, len(sequences)):
        one, two = sequences[number - 1], sequences[number]
        size = min(len(one), len(two))
        differs = np.flatnonzero(one[:size] != two[:size])
        shared[number] = int(differs[0]) if len(differs) else size
    return shared
