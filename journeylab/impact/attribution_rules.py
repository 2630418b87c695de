"""Who gets the credit by a rule of thumb: the first, the last, all alike, the ends, the latest?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from journeylab.errors import StudyError
from journeylab.impact.attribution_paths import DAY, Floats, Paths, span

RULES = {
    "first": "First touch",
    "last": "Last touch",
    "linear": "Linear",
    "position": "Position 40/20/40",
    "time_decay": "Time decay",
}
"""The rules, and how they are written."""


def rule_credit(paths: Paths, rule: str, half_life: str = "7d") -> Callable[[Floats, Floats], Floats]:
    """Make the function from counts (conversions, nulls) to credit, shape (n_touchpoints, 1).

    Raises
    ------
    StudyError
        For time decay without times.
    """
    weight = _event_weights(paths, rule, half_life)
    # only paths that convert have anything to share out
    converting = paths.conversions > 0
    row = np.cumsum(converting)[paths.row] - 1
    held = converting[paths.row]
    size = len(paths.touchpoints)
    cell = row[held] * size + paths.codes[held]
    parts = np.bincount(cell, weights=weight[held], minlength=int(converting.sum()) * size).reshape(-1, size)
    return lambda conversions, nulls: (conversions[converting] @ parts)[:, None]


def _event_weights(paths: Paths, rule: str, half_life: str) -> Floats:
    """The part of its path's conversion that each event gets; they sum to 1 within a path."""
    first, last, length = paths.offsets[:-1], paths.offsets[1:] - 1, np.repeat(paths.lengths, paths.lengths)
    weight = np.zeros(len(paths.codes))
    if rule == "first":
        weight[first] = 1
    elif rule == "last":
        weight[last] = 1
    elif rule == "linear":
        weight = 1 / length
    elif rule == "position":
        weight = 0.2 / np.maximum(length - 2, 1)
        weight[first] = weight[last] = 0.4
        weight[length == 2] = 0.5
        weight[length == 1] = 1
    else:
        if paths.age is None:
            raise StudyError(
                "time decay needs the times of events: give journeys (journeys.build), not a table of paths."
            )
        # ages count from the latest event, so that long silences leave no zero to divide by
        age = paths.age - np.repeat(paths.age[last], paths.lengths)
        decay = 0.5 ** (age / (span(half_life, "half_life") / DAY))
        weight = decay / np.repeat(np.add.reduceat(decay, first), paths.lengths)
    return weight
