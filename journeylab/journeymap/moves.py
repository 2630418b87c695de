"""How customers go between stages: on, past a stage, back, and round in one."""

from __future__ import annotations

import numpy as np

from journeylab.intervals import wilson
from journeylab.journeymap.model import Move
from journeylab.journeymap.walks import Walks


def stage_moves(walks: Walks | None, stages: list[str], minimum: int = 1) -> tuple[Move, ...]:
    """Count the customers who go from stage to stage at least once.

    Parameters
    ----------
    walks : Walks
        None gives no moves.
    minimum : int
        Moves of fewer customers are left out.

    Notes
    -----
    A customer goes from one stage to another where an event of the one is followed by an event of the other, touchpoints
    without a stage left out. They go *round* (the same stage twice) where, within one uninterrupted stay on the stage, they
    come back to a touchpoint that they met earlier in this stay, with another touchpoint in between; leaving the stage and
    coming back to it is a move back, and not counted as going round. Shares are of the customers who come to the first
    stage, with Wilson's interval.
    """
    if walks is None:
        return ()
    size = len(stages)
    stage, owner = walks.stage, walks.customer
    change = np.flatnonzero((owner[1:] == owner[:-1]) & (stage[1:] != stage[:-1]))
    again = walks.returns()
    pair = np.concatenate([stage[change] * size + stage[change + 1], stage[again] * (size + 1)])
    who = np.concatenate([owner[change], owner[again]])
    counts = np.bincount(np.unique(who * size**2 + pair) % size**2, minlength=size**2)
    reached = [int(walks.here(place).sum()) for place in range(size)]
    found = []
    for key in np.flatnonzero(counts >= max(minimum, 1)):
        begin, end = divmod(int(key), size)
        n = int(counts[key])
        found.append(Move(stages[begin], stages[end], n, *wilson(n, reached[begin])))
    return tuple(found)
