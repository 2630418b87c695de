"""The data under the pictures of behaviours: how journeys begin, shares at each step, and where each touchpoint leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab.behaviours.pictures import LEAST, RARE, called, coloured_states, first_steps, steps_between

if TYPE_CHECKING:
    from journeylab.behaviours.find import Behaviours
    from journeylab.journeys import Journeys

OPENING = 5
"""Steps of an opening: more, and hardly two journeys are alike."""


def openings(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | None = None,
    order: Sequence[str] = (), most: int = 10, minimum: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Count how the journeys of `index_plot` begin: their first five steps, in the touchpoints that have a colour.

    Parameters
    ----------
    found, j, until, names, order
        Those of `index_plot`.
    most : int
        Openings a behaviour, the most frequent first.
    minimum : int
        Fewer journeys are not shown.

    Returns
    -------
    DataFrame
        behaviour, first_steps (tuple), n, share (of the behaviour's journeys).
    """
    cut, states, coloured = coloured_states(found, j, until, order)
    words, rows = [*coloured, "(another)"], []
    for label in found.table["behaviour"]:
        grid = first_steps(cut, states, found.labels.to_numpy() == label)[:, :OPENING]
        kinds, n = np.unique(grid, axis=0, return_counts=True) if len(grid) else (grid, np.array([], dtype=np.int64))
        for place in np.argsort(-n, kind="stable")[:most]:
            if n[place] >= max(minimum, 1):
                path = tuple(words[code] for code in kinds[place] if code >= 0)
                rows.append((called(names, label), path, int(n[place]), n[place] / len(grid)))
    return pd.DataFrame(rows, columns=["behaviour", "first_steps", "n", "share"])


def step_shares(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Shares of journeys at each touchpoint, step by step, as `distribution_plot` draws them; what lacks to one is over.

    Returns
    -------
    DataFrame
        behaviour, touchpoint, n (journeys of the behaviour), then a column a step, ``share at step 1`` to 20.
    """
    cut, states, coloured = coloured_states(found, j, until, order)
    parts = []
    for label in found.table["behaviour"]:
        grid = first_steps(cut, states, found.labels.to_numpy() == label)
        for code, touchpoint in enumerate([*coloured, "(all others)"]):
            shares = (grid == code).mean(axis=0) if len(grid) else np.zeros(grid.shape[1])
            at = {f"share at step {step + 1}": share for step, share in enumerate(shares)}
            parts.append({"behaviour": called(names, label), "touchpoint": touchpoint, "n": len(grid), **at})
    return pd.DataFrame(parts)


def leads(
    found: Behaviours, j: Journeys, *, until: str | None = None, names: Mapping[str, str] | None = None,
    order: Sequence[str] = (),
) -> pd.DataFrame:  # fmt: skip
    """Where each touchpoint leads, as `transition_maps` draws it: the steps that have a number there.

    Returns
    -------
    DataFrame
        behaviour, from_touchpoint, to_touchpoint, n (steps away from the first), share (of them).
    """
    cut, states, coloured = coloured_states(found, j, until, order)
    rows = []
    for label in found.table["behaviour"]:
        table = steps_between(cut, states, found.labels.to_numpy() == label, len(coloured))
        away = table.sum(axis=1)
        share = table / np.maximum(away, 1)[:, None]
        for row, column in zip(*np.nonzero((share >= RARE) & (away >= LEAST)[:, None]), strict=True):
            to = [*coloured, "(all others)"][column]
            rows.append((called(names, label), coloured[row], to, int(away[row]), share[row, column]))
    return pd.DataFrame(rows, columns=["behaviour", "from_touchpoint", "to_touchpoint", "n", "share"])
