"""Stretches of journeys, each written as a number, and who has them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.journeys.groups import DENSE, LARGEST, blocks, distinct, in_turn, number, runs
from journeylab.journeys.model import Journeys, keep_events, select

Stretches = Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]
"""Length of stretches, the number that stands for each (its touchpoints are the digits, in base of the vocabulary), in the
order of journeys, and how many stand at each event."""

ROWS = 1 << 20
"""Stretches with gaps of a block."""

TOGETHER = 1 << 22
"""Counts of so many stretches wait before those of several blocks are added up."""

SHORT = 1 << 16
"""Keys below this fit 16 bits, which are sorted in two passes without comparing."""

PRODUCTS = ("bb", "ab", "aa", "bc", "ac", "bm", "am")
"""Sums over customers of products: of their journeys with the stretch (b), with it and the outcome (a), with the outcome
(c), and of all their journeys (m)."""


def adjoining(j: Journeys, max_length: int) -> Stretches:
    """Every stretch whose touchpoints follow directly on each other, as often as it occurs; it stands at its first event."""
    left = np.repeat(j.offsets[1:], j.lengths) - np.arange(j.n_events)
    at, key = np.arange(j.n_events), j.codes.astype(np.int64)
    for length in range(2, max_length + 1):
        more = left[at] > 1
        at = at[more] + 1
        key = key[more] * len(j.touchpoints) + j.codes[at]
        yield length, key, (left >= length).astype(np.int64)


def gapped(j: Journeys, max_length: int) -> Stretches:
    """Every way to meet 2, and 3 where `max_length` is 3, touchpoints in order, once a journey; it stands at its second.

    Notes
    -----
    A journey has a before b when b is met after the first a; the first such b leaves most room for a c after it, and c
    comes after it when the last c does. So the work is that of writing down what there is: no more than d² pairs and d³
    threes in a journey with d distinct touchpoints, however long it is.

    In a list of the first meetings of all journeys, in order, those a that have this b as their first one after them
    stand in one row: from the last b before it (or the start of the journey) up to it. In a list of the last meetings
    those c that come after b stand in one row as well: from there to the end of the journey.
    """
    size, n = len(j.touchpoints), j.n_events
    if not n:
        return
    owner, codes, events = j.event_journey, j.codes.astype(np.int64), np.arange(n)
    packed = np.sort((owner * size + codes) * n + events)
    meeting = packed // n
    at = packed - meeting * n
    starts = runs(meeting)
    start = j.offsets[owner]  # of the row of firsts: the last event of this touchpoint before, or the first of all
    start[at[1:]] = np.where(meeting[1:] == meeting[:-1], at[:-1], start[at[1:]])
    is_first, is_last = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    is_first[at[starts]] = True
    is_last[at[np.append(starts[1:], n) - 1]] = True
    firsts = np.cumsum(is_first) - is_first  # first meetings before each event
    lasts = np.cumsum(is_last)  # last meetings up to each event
    before = firsts - firsts[start]
    pair = codes[is_first][_rows(firsts[start], before)] * size + np.repeat(codes, before)
    yield 2, pair, before
    if max_length > 2:
        after = lasts[j.offsets[owner + 1] - 1] - lasts
        each = np.repeat(after, before)
        three = np.repeat(pair * size, each)
        three += codes[is_last][_rows(np.repeat(lasts, before), each)]
        yield 3, three, before * after


def _rows(begin: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places begin, begin + 1, ... of each row, as many as count says, one row after the other."""
    place = np.repeat(begin - (np.cumsum(count) - count), count)
    place += np.arange(len(place))
    return place


def most_met(j: Journeys, most: int) -> tuple[Journeys, tuple[str, ...]]:
    """Keep the events of the touchpoints that most journeys meet, and name the touchpoints that were left out.

    Journeys stay, also those that this empties.
    """
    size = len(j.touchpoints)
    if size <= most:
        return j, ()
    met = np.zeros(size, dtype=np.int64)
    for part in blocks(j):
        once, _ = distinct(part.event_journey * size + part.codes)
        met += np.bincount(once % size, minlength=size)
    order = np.argsort(-met, kind="stable")
    kept, others = np.sort(order[:most]), order[most:]
    recoded = np.full(size, -1, dtype=np.int32)
    recoded[kept] = np.arange(most)
    fewer = keep_events(j, recoded[j.codes] >= 0, drop_empty=False)
    names = tuple(j.touchpoints[code] for code in kept)
    return dataclasses.replace(fewer, codes=recoded[fewer.codes], touchpoints=names), tuple(
        j.touchpoints[code] for code in others if met[code]
    )


def count_stretches(j: Journeys, max_length: int, converted: NDArray[np.bool_] | None, with_gaps: bool) -> pd.DataFrame:
    """Count every stretch.

    Returns
    -------
    DataFrame
        length, key, n (occurrences), journeys, customers; where it is known which journeys converted, also converting,
        and, where customers have several journeys, PRODUCTS.

    Notes
    -----
    Block by block of whole customers, so that one sort of a stretch packed with its journey brings its occurrences
    together. With gaps it occurs once a journey; where that is once a customer as well nothing need be sorted.
    """
    size, several = len(j.touchpoints), j.n_customers < j.n_journeys
    columns = ["n", "journeys", "customers"]
    if converted is not None:
        columns += ["converting", *(PRODUCTS if several else ())]
    if with_gaps and not several and size**max_length <= DENSE:
        counts = _count_once(j, max_length, converted)
    else:
        counts = _count_all(j, max_length, converted, with_gaps)
    tables = [
        pd.DataFrame({"length": length, "key": key, **dict(zip(columns, rows, strict=False))})
        for length, (key, *rows) in counts
    ]
    if not tables:
        return pd.DataFrame({name: np.empty(0, dtype=np.int64) for name in ["length", "key", *columns]})
    return pd.concat(tables, ignore_index=True)


Counts = Iterator[tuple[int, NDArray[np.int64]]]
"""Length of stretches, and an array whose rows are: the stretch, and what is counted of it."""


def _count_once(j: Journeys, max_length: int, converted: NDArray[np.bool_] | None) -> Counts:
    """Stretches with gaps of customers who have one journey each."""
    size = len(j.touchpoints)
    n = {length: np.zeros((2, size**length), dtype=np.int64) for length in range(2, max_length + 1)}
    for kind, group in enumerate([j] if converted is None else [select(j, ~converted), select(j, converted)]):
        for counted in in_turn(lambda part: _met(part, max_length), blocks(group, ROWS, _work(group))):
            for length, counts in counted:
                n[length][kind] += counts
    for length, (others, converting) in n.items():
        all_of_them = others + converting
        key = np.flatnonzero(all_of_them)
        yield length, np.array([key, *[all_of_them[key]] * 3, converting[key]])


def _met(part: Journeys, max_length: int) -> list[tuple[int, NDArray[np.int64]]]:
    """How many journeys of a block have each stretch with gaps."""
    size = len(part.touchpoints)
    return [(length, np.bincount(key, minlength=size**length)) for length, key, _ in gapped(part, max_length)]


def _work(j: Journeys) -> NDArray[np.int64]:
    """No fewer than the stretches with gaps that each journey has, or its events."""
    size = len(j.touchpoints)
    length = np.minimum(j.lengths, 3 * size)  # so long a journey may have them all
    return np.minimum(length * (length - 1) * (length - 2) // 6, size**3) + j.lengths


def _count_all(j: Journeys, max_length: int, converted: NDArray[np.bool_] | None, with_gaps: bool) -> Counts:
    """Stretches of any journeys."""
    several, size = j.n_customers < j.n_journeys, len(j.touchpoints)
    found: list[list[np.ndarray]] = [[] for _ in range(max_length + 1)]
    parts = list(blocks(j, *((ROWS, _work(j)) if with_gaps else ())))
    ends = np.cumsum([0, *(part.n_journeys for part in parts)])
    own = [None if converted is None else converted[begin:end] for begin, end in itertools.pairwise(ends)]

    def count(part: Journeys, reached: NDArray[np.bool_] | None) -> list[tuple[int, np.ndarray]]:
        stretches = (gapped if with_gaps else adjoining)(part, max_length)
        return [
            (length, _count(part, key, np.repeat(part.event_journey, times), size**length, reached, several))
            for length, key, times in stretches
            if len(key)
        ]

    for counted in in_turn(count, parts, own):
        for length, counts in counted:
            found[length].append(counts)
            waiting = [each.shape[1] for each in found[length]]
            if sum(waiting) > TOGETHER + 2 * waiting[0]:  # the first are sums already: no sum is made too often
                found[length] = [_added(found[length], size**length)]
    for length, counts_of_blocks in enumerate(found):
        if counts_of_blocks:
            yield length, _added(counts_of_blocks, size**length)


def _added(parts: list[np.ndarray], bound: int) -> np.ndarray:
    """The counts of several blocks, those of one key together."""
    together = np.concatenate(parts, axis=1)
    key, place, _ = number(together[0], bound)
    sums = [np.bincount(place, weights=row).astype(np.int64) for row in together[1:]]
    return np.array([key, *sums])


def _count(
    part: Journeys, key: np.ndarray, owner: np.ndarray, bound: int, converted: NDArray[np.bool_] | None, several: bool
) -> np.ndarray:
    """Distinct keys of a block and, row by row, their occurrences, journeys, customers, converting journeys, products."""
    which, who = _grouped(key, owner, bound, part.n_journeys)
    new = np.ones(len(which), dtype=bool)
    new[1:] = which[1:] != which[:-1]
    changed = new.copy()
    changed[1:] |= who[1:] != who[:-1]
    each = np.flatnonzero(changed)
    which, who, first = which[each], who[each], np.flatnonzero(new[each])
    journeys = np.diff(first, append=len(which))
    rows = [which[first], np.diff(each[first], append=len(key)), journeys, journeys]
    if converted is not None:
        rows.append(np.add.reduceat(converted[who].astype(np.int64), first))
    if several:
        customer = part.customer[who] - part.customer[0]
        other = np.ones(len(who), dtype=bool)
        other[1:] = customer[1:] != customer[:-1]
        other[first] = True
        own = np.flatnonzero(other)
        first = np.searchsorted(own, first)
        rows[3] = np.diff(first, append=len(own))
        if converted is not None:
            everyone = part.customer - part.customer[0]
            counts = {
                "a": np.add.reduceat(converted[who].astype(np.int64), own),
                "b": np.diff(own, append=len(who)),
                "c": np.bincount(everyone, weights=converted).astype(np.int64)[customer[own]],
                "m": np.bincount(everyone)[customer[own]],
            }
            rows += [np.add.reduceat(counts[pair[0]] * counts[pair[1]], first) for pair in PRODUCTS]
    return np.array(rows)


def _grouped(key: np.ndarray, owner: np.ndarray, bound: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys and owners, sorted by both; owners come sorted."""
    if bound <= SHORT:
        order = np.argsort(key.astype(np.uint16), kind="stable")
        return key[order], owner[order]
    if bound * n > LARGEST:
        order = np.argsort(key, kind="stable")
        return key[order], owner[order]
    packed = np.sort(key * n + owner)
    which = packed // n
    return which, packed - which * n
