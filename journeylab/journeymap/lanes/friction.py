"""Where customers leave, go round, and take more steps than are needed."""

from __future__ import annotations

import dataclasses

import numpy as np

from journeylab import text
from journeylab.intervals import wilson
from journeylab.journeymap.material import NOBODY_HERE, TOO_FEW, Material
from journeylab.journeymap.model import Cell, Lane, empty
from journeylab.journeymap.walks import Walks
from journeylab.journeys import Efficiency, efficiency, keep_events

ON = "(goes on)"


def friction_lane(material: Material) -> Lane:
    """Drop-off, loops and excess steps of each stage.

    Notes
    -----
    *Leave here* is the leaving of the lane of trouble. *Come back*: customers who go round in the stage, as in
    `journeymap.moves`; this is the cell's number. The cell is bad where its Wilson interval lies above the average stage, good
    where it lies below; leaving is judged in the lane of trouble, and not once more here. *Steps*: see `stage_steps`.
    """
    stages, walks = material.study.stages, material.walks
    loops = [0 if walks is None else int(_loopers(walks, place).sum()) for place in range(len(stages))]
    reached = [material.n_customers(stage) for stage in stages]
    usual = sum(loops) / max(sum(reached), 1)
    cells = []
    for place, stage in enumerate(stages):
        if walks is None or material.unreached(stage):
            cells.append(empty(material.unreached(stage) or NOBODY_HERE))
        else:
            cells.append(_cell(material, walks, place, loops[place], usual))
    return Lane("friction", "Friction: leaving, going round, extra steps", tuple(cells))


def _cell(material: Material, walks: Walks, place: int, loops: int, usual: float) -> Cell:
    stage = material.study.stages[place]
    row, n = material.evidence.loc[stage], material.n_customers(stage)
    lines = []
    if not np.isnan(row["left"]) and not material.few(row["left"] * n):
        left, low, high = wilson(round(row["left"] * n), n)
        lines.append(f"leave here: {text.percent(left)} ({text.interval(low, high)})")
    share, low, high = wilson(loops, n)
    most = _most_often(walks, place, material.minimum)
    if material.few(loops):
        share = low = high = np.nan
    else:
        lines.append(f"come back round: {text.percent(share)} ({text.interval(low, high)}){most}")
    steps = stage_steps(walks, place)
    if steps is not None and len(steps.table):
        taken, needed = steps.table["value"].iloc[0] - 1, steps.table["value"].iloc[1] - 1
        lines.append(
            f"steps: half take {text.number(taken)} or more, {text.number(needed)} would do "
            f"(n = {text.count(int(steps.table['n'].iloc[0]))} who go on)"
        )
    flag = "bad" if low > usual else "good" if high < usual else ""
    if not lines:
        return empty(TOO_FEW)
    return material.counted(stage, lines, n, value=share, low=low, high=high, flag=flag)


def _loopers(walks: Walks, place: int) -> np.ndarray:
    """Whether each customer comes back, within one stay on the stage, to a touchpoint met before."""
    found = np.zeros(walks.staged.n_journeys, dtype=bool)
    found[walks.customer[walks.returns() & (walks.stage == place)]] = True
    return found


def _most_often(walks: Walks, place: int, minimum: int) -> str:
    """The touchpoint that most customers come back to."""
    here = walks.returns() & (walks.stage == place)
    size = len(walks.staged.touchpoints)
    pairs = np.unique(walks.customer[here] * size + walks.staged.codes[here])
    counts = np.bincount(pairs % size, minlength=size)
    top = int(counts.argmax())
    return f", most to '{walks.staged.touchpoints[top]}'" if counts[top] >= max(minimum, 1) else ""


def stage_steps(walks: Walks, place: int) -> Efficiency | None:
    """Steps on a stage before going on, and how many the shortest way has; None where nobody goes on.

    Notes
    -----
    Of customers who meet a later stage after this one: their events of this stage until then (a touchpoint several times in a
    row is one step), in the middle; and the shortest way from a touchpoint that at least 5 begin with, along steps that at least
    5 took, to a later stage, see `journeylab.journeys.efficiency`. The step that goes on is counted by both.
    """
    cut = walks.goes_on(place)
    if not (cut >= 0).any():
        return None
    staged = walks.staged
    index = np.arange(staged.n_events)
    until = np.repeat(cut, staged.lengths)
    kept = (until >= 0) & (((walks.stage == place) & (index < until)) | (index == until))
    codes = np.where(walks.stage > place, len(staged.touchpoints), staged.codes).astype(staged.codes.dtype)
    marked = dataclasses.replace(staged, codes=codes, touchpoints=(*staged.touchpoints, ON))
    return efficiency(keep_events(marked, kept), ON)
