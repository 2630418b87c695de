"""Two segments of journeys counted side by side, block by block of the same customers."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from journeylab.journeys import groups
from journeylab.journeys.groups import number, stretch_of
from journeylab.journeys.model import Journeys
from journeylab.journeys.tallies import Counts, Overlap, Tally, Whole, meetings_of, steps_of

Pair = tuple[Tally, Tally, Overlap]


def same_terms(a: Journeys, b: Journeys) -> tuple[Journeys, Journeys]:
    """Give two segments one vocabulary and one list of customers."""
    if a.touchpoints != b.touchpoints:
        names = tuple(sorted({*a.touchpoints, *b.touchpoints}))
        place = {name: code for code, name in enumerate(names)}
        a, b = (
            dataclasses.replace(
                j, codes=np.array([place[name] for name in j.touchpoints], dtype=np.int32)[j.codes], touchpoints=names
            )
            for j in (a, b)
        )
    if a.customer_ids is not b.customer_ids:
        ids = pd.Index(a.customer_ids).union(pd.Index(b.customer_ids))  # sorted, as each of the two is
        a, b = (
            dataclasses.replace(j, customer=ids.get_indexer(j.customer_ids)[j.customer], customer_ids=ids.to_numpy())
            for j in (a, b)
        )
    return a, b


def meetings_in(a: Journeys, b: Journeys) -> Pair:
    """Count the journeys that meet each touchpoint; a cell is a touchpoint, and its base is every journey."""
    cells = np.zeros(len(a.touchpoints), dtype=np.int64)
    pair = Tally.empty(cells, 1), Tally.empty(cells, 1), Overlap.empty(cells, 1)
    for part_a, part_b, first in _blocks(a, b):
        _add(pair, meetings_of(part_a, first), meetings_of(part_b, first))
    return pair


def steps_in(a: Journeys, b: Journeys) -> tuple[Whole, Pair]:
    """Count steps between touchpoints; a cell is a pair that occurs, and its base the steps away from the first.

    Returns
    -------
    pairs : ndarray of int64, shape (n_cells,)
        Code of the first touchpoint times their number, and code of the second.
    """
    size = len(a.touchpoints)
    taken = []
    for j in (a, b):
        inside = j.has_next[:-1]
        taken.append(number(j.codes[:-1][inside].astype(np.int64) * size + j.codes[1:][inside], size * size))
    pairs = np.union1d(taken[0][0], taken[1][0])
    cell_a, cell_b = (np.searchsorted(pairs, used)[place] for used, place, _ in taken)
    origin = pairs // max(size, 1)
    pair = Tally.empty(origin, size), Tally.empty(origin, size), Overlap.empty(origin, size)
    begin_a = begin_b = 0
    for part_a, part_b, first in _blocks(a, b):
        end_a, end_b = begin_a + _n_steps(part_a), begin_b + _n_steps(part_b)
        _add(
            pair,
            steps_of(part_a, cell_a[begin_a:end_a], origin, size, first),
            steps_of(part_b, cell_b[begin_b:end_b], origin, size, first),
        )
        begin_a, begin_b = end_a, end_b
    return pairs, pair


def _n_steps(j: Journeys) -> int:
    """Events that another of their journey follows."""
    return int(np.maximum(j.lengths - 1, 0).sum())


def _add(pair: Pair, a: Counts, b: Counts) -> None:
    """Count one more block of both."""
    pair[0].add(a)
    pair[1].add(b)
    pair[2].add(a, b)


def _blocks(a: Journeys, b: Journeys) -> Iterator[tuple[Journeys, Journeys, int]]:
    """Cut two segments at the same customers, so that each block has about as many events as sort quickly."""
    n = len(a.customer_ids)
    events = sum(np.bincount(j.customer, weights=j.lengths, minlength=n) for j in (a, b))
    block = np.cumsum(events) // groups.EVENTS
    cuts = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), n]
    for first, last in itertools.pairwise(cuts):
        yield _customers(a, first, last), _customers(b, first, last), first


def _customers(j: Journeys, first: int, last: int) -> Journeys:
    """The journeys of customers from one to before another; the arrays of events are views."""
    begin, end = np.searchsorted(j.customer, [first, last])
    return stretch_of(j, int(begin), int(end))
