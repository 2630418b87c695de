"""Would a single pattern, in which the last two steps count, explain the journeys as well as several?"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from journeylab.behaviours.counts import Paths

Ints = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Occurrences:
    """What follows which two steps, one element a step or end of a journey.

    Attributes
    ----------
    before, last, following : ndarray of int64
        States; S is the end, S + 1 what was before the start.
    firsts : ndarray of int64
        Where journeys start, one element a journey.
    """

    before: Ints
    last: Ints
    following: Ints
    firsts: Ints


def bic(found: Paths) -> float:
    """Bayesian information criterion of one second-order chain, to be held against that of `Mixture.bic`.

    Notes
    -----
    Free parameters are counted as for mixtures: what was seen to follow a step may follow it whatever came before. Times until
    a step, where they count, have one distribution for all.

    References
    ----------
    Katz (1981), Technometrics 23:243 (the order of a Markov chain by BIC).
    """
    seen = _occurrences(found)
    size = found.n_states + 2
    pair = seen.before * size + seen.last
    contexts = np.unique(pair)
    log_likelihood = _entropy(seen.firsts) + _entropy(pair * size + seen.following) - _entropy(pair)
    kinds = np.unique(seen.last * size + seen.following) // size
    branches = np.bincount(kinds, minlength=size)[contexts % size]
    parameters = len(np.unique(seen.firsts)) - 1 + int((branches - 1).sum())
    # A journey starts once: the sum over firsts lacks their total, the other two share theirs
    n = len(seen.firsts)
    waits = _timed(found)
    if len(waits):
        log_likelihood += _entropy(waits) - len(waits) * np.log(len(waits))
        parameters += len(np.unique(waits)) - 1
    return float(-2 * (log_likelihood - n * np.log(n)) + parameters * np.log(n))


def simulate(found: Paths, rng: np.random.Generator) -> Paths:
    """Draw journeys from one second-order chain, each as long as the journey it stands for.

    Notes
    -----
    What follows two steps is drawn from what followed them; where nothing did, from what followed the last one, and else as
    a start. Times until steps are shuffled among all.
    """
    seen = _occurrences(found)
    size = found.n_states + 2
    on = seen.following < found.n_states
    before, last, following = seen.before[on], seen.last[on], seen.following[on]
    by_two, by_one = _Drawer(before * size + last, following, size * size), _Drawer(last, following, size)
    lengths = found.lengths
    codes = np.zeros(len(found.codes), dtype=np.int64)
    active = np.flatnonzero(lengths > 0)
    older = np.full(len(active), size - 1)
    state = rng.choice(seen.firsts, size=len(active)) if len(active) else active
    step = 0
    while len(active):
        codes[found.offsets[:-1][active] + step] = state
        step += 1
        goes_on = lengths[active] > step
        active, older, state = active[goes_on], older[goes_on], state[goes_on]
        if len(active):
            drawn = by_two.draw(older * size + state, rng)
            drawn = np.where(drawn >= 0, drawn, by_one.draw(state, rng))
            older, state = state, np.where(drawn >= 0, drawn, rng.choice(seen.firsts, size=len(active)))
    waits = found.waits
    if waits is not None:
        waits = waits.copy()
        waits[waits >= 0] = rng.permutation(waits[waits >= 0])
    return dataclasses.replace(found, codes=codes, waits=waits)


class _Drawer:
    """Draws what followed a key, each time that it did with the same chance; -1 where nothing did."""

    def __init__(self, keys: Ints, values: Ints, n_keys: int) -> None:
        self.values = np.append(values[np.argsort(keys, kind="stable")], -1)
        self.times = np.bincount(keys, minlength=n_keys)
        self.first = np.cumsum(self.times) - self.times

    def draw(self, keys: Ints, rng: np.random.Generator) -> Ints:
        """One value a key."""
        times = self.times[keys]
        place = self.first[keys] + (rng.random(len(keys)) * times).astype(np.int64)
        return np.asarray(np.where(times > 0, self.values[place], -1))


def _occurrences(found: Paths) -> Occurrences:
    lengths, size = found.lengths, found.n_states
    journeys = np.flatnonzero(lengths > 0)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    before = np.full(len(found.codes), size + 1)
    within = owner[1:] == owner[:-1]
    before[1:][within] = found.codes[:-1][within]
    following = np.full(len(found.codes), -1)
    following[:-1][within] = found.codes[1:][within]
    last = found.offsets[1:][journeys] - 1
    following[last] = np.where(found.ended[journeys], size, -1)
    known = following >= 0
    return Occurrences(before[known], found.codes[known], following[known], found.codes[found.offsets[:-1][journeys]])


def _timed(found: Paths) -> Ints:
    """The categories of the times that are known."""
    return np.zeros(0, dtype=np.int64) if found.waits is None else found.waits[found.waits >= 0].astype(np.int64)


def _entropy(keys: Ints) -> float:
    """Sum of n log n over how often each key occurs."""
    times = np.unique(keys, return_counts=True)[1].astype(float)
    return float((times * np.log(times)).sum())
