"""Numbers in groups: counted, numbered and ranked by plain sorts of packed integers.

A sort of 64-bit integers by value runs in vector instructions, several times faster than one that must tell where each
value was (``np.argsort``) or a table of hashes (``np.unique``). So a group and a value within it are packed into one
integer, sorted, and read off where the group changes.
"""

from __future__ import annotations

import dataclasses
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from journeylab.journeys.model import Journeys

DENSE = 1 << 24
"""Keys below this are counted in an array with one place a key, others by sorting."""

EVENTS = 1 << 18
"""Events of a block: so many integers are sorted within the cache of a processor."""

Found = TypeVar("Found")

THREADS = min(4, os.cpu_count() or 1)

LARGEST = np.iinfo(np.int64).max


def blocks(j: Journeys, most: int | None = None, work: NDArray[np.int64] | None = None) -> Iterator[Journeys]:
    """Cut journeys into blocks of whole customers with at most `most` events (EVENTS); the arrays of events are views.

    Parameters
    ----------
    work : ndarray of int64, shape (n_journeys,), optional
        What each journey adds to its block, where that is not its number of events.

    Notes
    -----
    What is counted within a customer or a journey may be counted block by block and added up, which keeps memory small
    and sorts quick. A customer with more has a block to himself.
    """
    ends = np.append(np.flatnonzero(j.customer[1:] != j.customer[:-1]) + 1, j.n_journeys)
    total = j.offsets if work is None else np.concatenate(([0], np.cumsum(work)))
    reached, most, first = total[ends], most or EVENTS, 0
    while first < j.n_journeys:
        fits = np.searchsorted(reached, total[first] + most, side="right") - 1
        last = int(ends[max(fits, np.searchsorted(ends, first, side="right"))])
        yield stretch_of(j, first, last)
        first = last


def stretch_of(j: Journeys, first: int, last: int) -> Journeys:
    """The journeys from one to before another; the arrays of events are views."""
    part = slice(j.offsets[first], j.offsets[last])
    return dataclasses.replace(
        j,
        ids=j.ids[first:last],
        customer=j.customer[first:last],
        offsets=j.offsets[first : last + 1] - j.offsets[first],
        codes=j.codes[part],
        times=j.times[part],
        session=j.session[part],
    )


def in_turn(count: Callable[..., Found], *each: Iterable[Any]) -> Iterator[Found]:
    """Call a function as `map` does, some calls at a time, and yield what they found in their order.

    Notes
    -----
    numpy lets other threads run while it works on an array, so threads share the processors; as the order stays, sums are
    the same for any number of them.
    """
    waiting: deque[Future[Found]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for given in zip(*each, strict=True):
            waiting.append(pool.submit(count, *given))
            if len(waiting) > 2 * THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def in_blocks(j: Journeys, count: Callable[[Journeys], Found]) -> Iterator[Found]:
    """Count something in each block, see `in_turn`."""
    return in_turn(count, blocks(j))


def runs(ordered: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each run of equal values begins."""
    begins = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def distinct(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorted distinct values, and how often each occurs."""
    ordered = np.sort(key)
    starts = runs(ordered)
    return ordered[starts], np.diff(starts, append=len(ordered))


def number(key: NDArray[np.int64], bound: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Number the distinct values of keys from 0 to below `bound`.

    Returns
    -------
    used, place, n : ndarray of int64
        The distinct values, sorted; where each key stands among them; how often each occurs.
    """
    if bound > DENSE:
        return np.unique(key, return_inverse=True, return_counts=True)
    counts = np.bincount(key, minlength=bound)
    used = np.flatnonzero(counts)
    return used, key if len(used) == bound else (np.cumsum(counts > 0) - 1)[key], counts[used]


def quantiles(
    group: NDArray[np.int64], value: NDArray[np.int64], n_groups: int, at: tuple[float, ...] = (0.5,)
) -> NDArray[np.float64]:
    """Quantiles of whole numbers within groups, shape (len(at), n_groups); NaN where a group is empty.

    Notes
    -----
    Between two order statistics the quantile lies on the straight line: definition 7 of Hyndman and Fan, as in numpy.

    References
    ----------
    Hyndman and Fan (1996), The American Statistician 50:361.
    """
    found = np.full((len(at), n_groups), np.nan)
    if not len(value):
        return found
    counts = np.bincount(group, minlength=n_groups)
    held = np.flatnonzero(counts)
    begin = np.cumsum(counts)[held] - counts[held]
    lowest = int(value.min())
    span = int(value.max()) - lowest + 1
    if n_groups * span <= LARGEST:
        ordered = group * np.int64(span)
        ordered += value
        ordered -= lowest
        ordered.sort()
        base = held * span - lowest
    else:
        ordered, base = value[np.lexsort((value, group))], np.zeros(len(held), dtype=np.int64)
    for row, share in enumerate(at):
        place = share * (counts[held] - 1)
        low = np.floor(place).astype(np.int64)
        below = (ordered[begin + low] - base).astype(float)
        above = (ordered[begin + np.ceil(place).astype(np.int64)] - base).astype(float)
        found[row, held] = below + (above - below) * (place - low)
    return found
