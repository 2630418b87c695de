"""The planned journey against the one that customers take: what is missing, extra, repeated and out of order."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.intervals import wilson
from journeylab.journeymap.material import NOBODY_HERE, Material
from journeylab.journeymap.model import Cell, Lane, empty
from journeylab.journeymap.walks import Walks
from journeylab.journeys import conformance

RARE = 0.05
"""A planned touchpoint is hardly met, or a step is skipped, repeated or out of order by some, by clearly less or more than this."""

MOST = 2
AS_PLANNED = "as planned: nothing missing, extra, repeated or out of order by more than one in twenty"


def planned_lane(material: Material) -> Lane:
    """What differs from the plan on each stage.

    Notes
    -----
    *Missing*: a ``required`` touchpoint that customers of the stage who go on did not meet, where the Wilson interval of their
    share lies over 5 %; or a planned touchpoint that clearly less than 5 % of the stage's customers meet. *Extra*: what is
    not planned and met. *Repeated* (met more than once) and *out of order* (first met before the first meeting of a planned
    touchpoint of an earlier stage; of a required one, where any is required): as `journeylab.journeys.conformance` counts
    them, of those who meet the touchpoint; the one with the largest share, where the interval lies over 5 %. The number of
    the cell is the share of the stage's customers who meet something extra,
    where the stage has such a touchpoint.
    """
    stages, walks = material.study.stages, material.walks
    known = material.study.touchpoints
    plan = known[known["planned"].astype(bool) & known["stage"].isin(stages)]
    if walks is None or plan.empty:
        why = "" if walks is None else "no touchpoint of the study is planned"
        return _lane([empty(why or material.unreached(stage) or NOBODY_HERE) for stage in stages])
    needed = plan[plan["required"].astype(bool)]
    again = _counts(walks, plan, "repeated")
    early = _counts(walks, plan if needed.empty else needed, "out_of_order")
    cells = []
    for place, stage in enumerate(stages):
        if why := material.unreached(stage):
            cells.append(empty(why))
            continue
        n = material.n_customers(stage)
        here = set(plan.loc[plan["stage"] == stage, "touchpoint"])
        lines = [
            *_missing(material, walks, place, plan[plan["stage"] == stage]),
            *_extra(material, stage, n),
            *_fault("repeated", again[again["touchpoint"].isin(here)], material.minimum),
            *_fault("out of order", early[early["touchpoint"].isin(here)], material.minimum),
        ]
        extra = known.loc[(known["stage"] == stage) & ~known["planned"].astype(bool)]
        met = round(material.evidence.loc[stage, "unplanned"] * n)
        value, low, high = wilson(met, n) if len(extra) and not material.few(met) else (np.nan, np.nan, np.nan)
        cells.append(material.counted(stage, lines or [AS_PLANNED], n, value=value, low=low, high=high))
    return _lane(cells)


def _lane(cells: list[Cell]) -> Lane:
    return Lane("planned", "Planned against actual", tuple(cells))


def _missing(material: Material, walks: Walks, place: int, plan: pd.DataFrame) -> list[str]:
    """Required touchpoints that those who go on did not meet, and planned ones that hardly anybody meets."""
    on = walks.goes_on(place) >= 0
    skipped, rare = [], []
    n_here, n_on = int(walks.here(place).sum()), int(on.sum())
    for row in plan.itertuples():
        met = walks.met(row.touchpoint)
        missed = int((on & ~met).sum())
        if row.required and missed >= max(material.minimum, 1) and wilson(missed, n_on).low > RARE:
            skipped.append((missed / n_on, row.touchpoint, f"skipped by {_share(missed, n_on)} of those who go on"))
        k = int((met & walks.here(place)).sum())
        if (k == 0 or k >= material.minimum) and wilson(k, n_here).high < RARE:
            rare.append((1 - k / n_here, row.touchpoint, f"met by {_share(k, n_here)}"))
    return _largest("missing", skipped) + _largest("hardly met", rare)


def _extra(material: Material, stage: str, n: int) -> list[str]:
    """What is met though it is not planned."""
    known = material.study.touchpoints
    names = known.loc[(known["stage"] == stage) & ~known["planned"].astype(bool), "touchpoint"]
    met = [(material.reach.get(name, 0), name) for name in names]
    return _largest(
        "extra", ((k / n, name, f"met by {_share(k, n)}") for k, name in met if k >= max(material.minimum, 1))
    )


def _counts(walks: Walks, plan: pd.DataFrame, fault: str) -> pd.DataFrame:
    """How many meet each planned touchpoint, and of how many of them the fault is true."""
    table = conformance(walks.whole, plan).table
    return table[["touchpoint", "n"]].assign(k=(table[fault] * walks.whole.n_journeys).round().astype(int))


def _fault(word: str, counted: pd.DataFrame, minimum: int) -> list[str]:
    """The touchpoint with the largest share of a fault, where it is clearly more than a few of those who meet it."""
    found = [(row.k / row.n, row.touchpoint, row.k, row.n) for row in counted.itertuples() if row.k >= max(minimum, 1)]
    found = [item for item in found if wilson(item[2], item[3]).low > RARE]
    if not found:
        return []
    _, name, k, n = max(found, key=lambda item: item[0])
    return [f"{word}: {name}, by {_share(k, n)} of those who meet it"]


def _largest(word: str, found: Iterable[tuple[float, str, str]]) -> list[str]:
    """A line a deviation, the largest first."""
    ordered = sorted(found, key=lambda item: (-item[0], item[1]))
    lines = [f"{word}: {name}, {words}" for _, name, words in ordered[:MOST]]
    rest = len(ordered) - MOST
    return lines + ([f"{word}: {rest} more"] if rest > 0 else [])


def _share(k: int, n: int) -> str:
    value, low, high = wilson(k, n)
    return f"{text.percent(value)} ({text.interval(low, high)})"
