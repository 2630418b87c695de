"""How much of a plan does each journey take in order?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from journeylab.journeys.groups import in_blocks
from journeylab.journeys.model import Journeys, collapse_repeats, keep_events, select
from journeylab.journeys.paths import same_path


def longest_series(j: Journeys, places: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Length of the longest series of events that is in the planned order, each step once.

    Parameters
    ----------
    places : sequence of sequences of str
        The steps of each place of the plan; those of one place come in any order.

    Returns
    -------
    ndarray of int64, shape (n_journeys,)

    Notes
    -----
    Place by place, the earliest event with which a series of so many steps can end: the next meetings with the steps of a
    place after it, sorted, are the ends of series with one, two, ... steps more. It is worked out once for each distinct
    path of planned steps, at a cost that depends on the plan and not on the lengths of journeys.

    References
    ----------
    Fredman (1975), Discrete Math. 11:29, on longest increasing subsequences, which these are with one step a place.
    """
    steps = tuple(step for place in places for step in place)
    known = {step: number for number, step in enumerate(steps)}
    recoded = np.array([known.get(name, -1) for name in j.touchpoints], dtype=np.int32)
    inside = recoded[j.codes] >= 0 if j.n_events else np.zeros(0, dtype=bool)
    kept = keep_events(j, inside, drop_empty=False)
    kept = collapse_repeats(dataclasses.replace(kept, codes=recoded[kept.codes], touchpoints=steps))
    first, path = same_path(kept)
    chosen = np.zeros(kept.n_journeys, dtype=bool)
    chosen[first] = True
    sizes = [len(place) for place in places]
    found = in_blocks(select(kept, chosen), lambda part: _series(part, sizes))
    return np.concatenate([np.empty(0, dtype=np.int64), *found])[path]


def _series(j: Journeys, sizes: list[int]) -> NDArray[np.int64]:
    """The longest series of each journey, whose codes are the steps of the plan in order, so many of them at each place."""
    never = j.n_events
    end = np.full((sum(sizes) + 1, j.n_journeys), never)  # where a series of so many steps can end, at the earliest
    end[0] = j.offsets[:-1] - 1
    code = 0
    for place in sizes:
        hits = [np.append(np.flatnonzero(j.codes == step), never) for step in range(code, code + place)]
        before = end.copy()
        for taken in range(code + 1):
            possible = np.flatnonzero(before[taken] < never)
            if not len(possible):
                break
            ahead = np.sort(
                [each[np.searchsorted(each, before[taken, possible], side="right")] for each in hits], axis=0
            )
            ahead[ahead >= j.offsets[1:][possible]] = never
            for more, at in enumerate(ahead, start=1):
                end[taken + more, possible] = np.minimum(end[taken + more, possible], at)
        code += place
    return (end < never).sum(axis=0) - 1
