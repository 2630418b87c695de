"""The alignment of `journeylab.behaviours.alignment`, compiled by numba."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

LANES = 128
"""So many columns side by side: an instruction does several at once, and all their cells stay in the processor's cache."""
MOST_BYTES = 16 * 2**20
"""Where that many columns would need more, there are fewer."""


def _compiled(function: Any) -> Any:
    """Compile when first called, and keep what was compiled where there is a place to write."""
    try:
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)


@_compiled
def align(
    rows: NDArray[Any], lengths: NDArray[Any], shared: NDArray[Any], columns: NDArray[Any], gain: NDArray[Any],
    ends: NDArray[Any], kept: int,
) -> None:  # fmt: skip
    """Fill `ends` with the last cells; arguments as those of `alignment.in_numpy`."""
    length, many = columns.shape
    depth = min(rows.shape[1], kept)
    width = LANES
    while width > 8 and max(len(gain), depth + 3) * length * width * gain.itemsize > MOST_BYTES:
        width //= 2
    table = np.empty((len(gain), length, width), gain.dtype)
    cells = np.zeros((depth + 3, length + 1, width), gain.dtype)
    best = np.empty(width, gain.dtype)
    for start in range(0, many, width):
        wide = min(width, many - start)
        for state in range(len(gain)):
            for place in range(length):
                for lane in range(wide):
                    table[state, place, lane] = gain[state, columns[place, start + lane]]
        for number in range(len(rows)):
            for i in range(min(shared[number], depth), lengths[number]):
                above = cells[i if i <= depth else depth + 1 + i % 2]
                here = cells[i + 1 if i < depth else depth + 1 + (i + 1) % 2]
                gains = table[rows[number, i]]
                best[:] = 0
                for place in range(length):
                    # rows of one array may overlap for all the compiler knows: the running minimum in its own lets it go wide
                    before, up, after, line = above[place], above[place + 1], here[place + 1], gains[place]
                    for lane in range(wide):
                        cell = min(gain.dtype.type(before[lane] + line[lane]), up[lane])
                        cell = min(cell, best[lane])
                        best[lane] = cell
                        after[lane] = cell
            last = cells[lengths[number] if lengths[number] <= depth else depth + 1 + lengths[number] % 2, length]
            for lane in range(wide):
                ends[number, start + lane] = last[lane]
