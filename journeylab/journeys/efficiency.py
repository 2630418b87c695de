"""How many steps do customers take, and how many has the shortest way?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.journeys.groups import distinct, in_blocks
from journeylab.journeys.model import Journeys, first_position
from journeylab.results import Result

LEAST = 5

UNITS = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


@dataclasses.dataclass(frozen=True)
class Efficiency(Result):
    """Steps to a goal.

    Attributes
    ----------
    table : DataFrame
        what, value, ci_low, ci_high (of medians, by order statistics), n.
    shortest : tuple of str
        The shortest way that at least 5 customers' steps make possible.
    goal : str
    """

    shortest: tuple[str, ...]
    goal: str

    def summary(self) -> str:
        """Say how many steps are taken and how many the shortest way has."""
        if self.table.empty:
            return f"No journey reaches '{self.goal}'."
        values = self.table.set_index("what")["value"]
        return (
            f"Half of those who reach '{self.goal}' take {text.fixed(values['steps taken, median'], 0)} steps or more; "
            f"the shortest way that customers' own steps make possible has {text.fixed(values['steps needed'], 0)} "
            f"({' → '.join(self.shortest)})."
        )


def efficiency(j: Journeys, goal: str, start: str | None = None) -> Efficiency:
    """Compare the steps of journeys that reach a goal with the shortest way there.

    Parameters
    ----------
    goal : str
    start : str, optional
        Count from the first meeting with it; else from the first event, and the shortest way may begin with any
        touchpoint that at least 5 journeys begin with.

    Notes
    -----
    The shortest way is found by breadth-first search on the steps that at least 5 customers took, so that one odd journey
    does not set the mark. The interval of a median is that of order statistics (binomial).
    """
    position = first_position(j, goal)
    begin = first_position(j, start) if start is not None else j.offsets[:-1]
    used = (position >= 0) & (begin >= 0) & (begin <= position)
    taken = (position - begin)[used] + 1
    way = _shortest(j, goal, start)
    assumptions = (
        f"The shortest way uses steps that at least {LEAST} customers took.",
        "Extra steps can be wanted (comparing, looking) as well as forced.",
    )
    columns = ["what", "value", "ci_low", "ci_high", "n"]
    if not len(taken) or not way:
        return Efficiency(pd.DataFrame(columns=columns), "Steps to the goal", assumptions, (), goal)
    seconds = _median((j.times[position[used]] - j.times[begin[used]]) / np.timedelta64(1, "s"))
    size, unit = next(((size, unit) for size, unit in UNITS if seconds[0] >= size), UNITS[-1])
    rows = [
        ("steps taken, median", *_median(taken), len(taken)),
        ("steps needed", len(way), np.nan, np.nan, len(taken)),
        ("steps taken for one needed", *(value / len(way) for value in _median(taken)), len(taken)),
        (f"{unit} to the goal, median", *(value / size for value in seconds), len(taken)),
    ]
    return Efficiency(pd.DataFrame(rows, columns=columns), "Steps to the goal", assumptions, way, goal)


def _median(values: np.ndarray) -> tuple[float, float, float]:
    """Median with its distribution-free interval."""
    from scipy.special import bdtrik

    ordered = np.sort(values.astype(float))
    n = len(ordered)
    low = int(np.ceil(bdtrik(0.025, n, 0.5)))
    high = min(int(np.ceil(bdtrik(0.975, n, 0.5))), n - 1)
    return float(np.median(ordered)), float(ordered[max(low - 1, 0)]), float(ordered[high])


def _steps_once(j: Journeys) -> np.ndarray:
    """The steps that each customer took, as from * touchpoints + to, each once a customer."""
    size, inside = len(j.touchpoints), j.has_next[:-1]
    pair = j.codes[:-1][inside].astype(np.int64) * size + j.codes[1:][inside]
    who = np.repeat(j.customer - j.customer[0], np.maximum(j.lengths - 1, 0))
    return distinct(who * size**2 + pair)[0] % size**2


def _shortest(j: Journeys, goal: str, start: str | None) -> tuple[str, ...]:
    """Breadth-first search over steps that enough customers took."""
    size = len(j.touchpoints)
    counts = np.zeros(size * size, dtype=np.int64)
    for pairs in in_blocks(j, _steps_once):
        counts += np.bincount(pairs, minlength=size**2)
    follow = counts.reshape(size, size) >= min(LEAST, max(1, j.n_journeys // 10))
    if start is not None:
        queue = [[j.code(start)]]
    else:
        begins = np.bincount(j.codes[j.offsets[:-1][j.lengths > 0]], minlength=size)
        queue = [[int(code)] for code in np.argsort(-begins, kind="stable") if begins[code] >= min(LEAST, begins.max())]
    seen = {way[0] for way in queue}
    target = j.code(goal)
    while queue:
        way = queue.pop(0)
        if way[-1] == target:
            return tuple(j.touchpoints[code] for code in way)
        for code in np.flatnonzero(follow[way[-1]]):
            if int(code) not in seen:
                seen.add(int(code))
                queue.append([*way, int(code)])
    return ()
