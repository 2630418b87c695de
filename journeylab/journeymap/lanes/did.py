"""What customers do: who comes, in which order they take the stage, what they meet by channel, where they meet trouble."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.intervals import wilson
from journeylab.journeymap.material import NOBODY_HERE, TOO_FEW, Material
from journeylab.journeymap.model import Lane, empty
from journeylab.journeymap.walks import Walks
from journeylab.journeys.groups import runs

MOST_WAYS, MOST_STEPS = 3, 5
MOST_CHANNELS, MOST_EACH = 6, 4
NO_CHANNEL = "no channel of its own"


def customers_lane(material: Material) -> Lane:
    """How many customers come to each stage."""
    study = material.study
    total = 0 if study.events is None else study.events["customer_id"].nunique()
    cells = []
    for stage in study.stages:
        if why := material.unreached(stage):
            cells.append(empty(why))
            continue
        n = material.n_customers(stage)
        value, low, high = wilson(n, total)
        lines = [
            f"{text.count(n)} customers",
            f"{text.percent(value)} ({text.interval(low, high)}) of {text.count(total)}",
        ]
        cells.append(material.counted(stage, lines, n, value=value, low=low, high=high))
    return Lane("customers", "Customers who come here", tuple(cells))


def actions_lane(material: Material) -> Lane:
    """The most usual ways through each stage: its touchpoints in the order in which a customer first meets them."""
    cells = []
    for place, stage in enumerate(material.study.stages):
        walks = material.walks
        if walks is None or material.unreached(stage):
            cells.append(empty(material.unreached(stage) or NOBODY_HERE))
            continue
        ways, n = _ways(walks, place)
        shown = [(way, k) for way, k in ways[:MOST_WAYS] if k >= material.minimum]
        if not shown:
            cells.append(empty(TOO_FEW))
            continue
        lines = [f"{_written(walks, way)}: {text.count(k)} of {text.count(n)}" for way, k in shown]
        value, low, high = wilson(shown[0][1], n)
        lines[0] += f", {text.percent(value, 0)} ({text.interval(low, high)})"
        cells.append(material.counted(stage, lines, n, value=value, low=low, high=high))
    return Lane("actions", "What they do here, most usual ways", tuple(cells))


def _ways(walks: Walks, place: int) -> tuple[list[tuple[tuple[int, ...], int]], int]:
    """Ways through a stage with how many customers take each, the most usual first; and all customers of the stage."""
    here = walks.stage == place
    owner, codes = walks.customer[here], walks.staged.codes[here]
    _, first = np.unique(owner * len(walks.staged.touchpoints) + codes, return_index=True)
    first.sort()
    owner, codes = owner[first], codes[first]
    begins = runs(owner)
    # Customers with as many touchpoints are counted together: rows of one length can be told apart at once.
    lengths = np.diff(begins, append=len(owner))
    found: list[tuple[tuple[int, ...], int]] = []
    for length in np.unique(lengths):
        rows = codes[begins[lengths == length][:, None] + np.arange(length)]
        ways, counts = np.unique(rows, axis=0, return_counts=True)
        found += [(tuple(way), int(k)) for way, k in zip(ways.tolist(), counts, strict=True)]
    return sorted(found, key=lambda item: (-item[1], len(item[0]), item[0])), len(begins)


def _written(walks: Walks, way: tuple[int, ...]) -> str:
    names = [walks.staged.touchpoints[code] for code in way]
    if len(names) == 1:
        return f"{names[0]} only"
    rest = len(names) - MOST_STEPS
    return " → ".join(names[:MOST_STEPS]) + (f" → {rest} more" if rest > 0 else "")


def touchpoints_lane(material: Material) -> Lane:
    """The touchpoints of each stage by channel, with how many customers each reaches."""
    known = material.study.touchpoints
    cells = []
    for stage in material.study.stages:
        if why := material.unreached(stage):
            cells.append(empty(why))
            continue
        here = known[known["stage"] == stage]
        here = here.assign(reach=here["touchpoint"].map(material.reach).fillna(0).astype(int))
        here = here[here["reach"] >= material.minimum].sort_values("reach", ascending=False, kind="stable")
        lines = _by_channel(here, any_channel=known["channel"].notna().any())
        cells.append(material.counted(stage, lines, material.n_customers(stage)) if lines else empty(TOO_FEW))
    return Lane("touchpoints", "Touchpoints by channel, customers reached", tuple(cells))


def _by_channel(here: pd.DataFrame, *, any_channel: bool) -> list[str]:
    """A line a channel, the one that reaches most first; without channels a line a touchpoint."""
    words = [
        f"{row.touchpoint} {text.count(row.reach)}{'' if row.planned else ' (unplanned)'}" for row in here.itertuples()
    ]
    if not any_channel:
        rest = len(words) - MOST_CHANNELS
        return words[:MOST_CHANNELS] + ([f"and {rest} more"] if rest > 0 else [])
    lines = []
    channels = here["channel"].where(here["channel"].notna(), NO_CHANNEL)
    groups = pd.Series(words, index=here.index).groupby(channels, sort=False)
    for channel, names in list(groups)[:MOST_CHANNELS]:
        rest = len(names) - MOST_EACH
        lines.append(f"{channel}: {', '.join(names[:MOST_EACH])}{f', and {rest} more' if rest > 0 else ''}")
    rest = len(groups) - MOST_CHANNELS
    return lines + ([f"and {rest} more channels"] if rest > 0 else [])


def trouble_lane(material: Material) -> Lane:
    """The share of each stage's customers who leave there or meet something unplanned."""
    cells = []
    for stage in material.study.stages:
        row = material.evidence.loc[stage]
        if np.isnan(row["trouble"]):
            cells.append(empty(material.unreached(stage) or _uncounted(material, stage)))
            continue
        n = int(row["n_customers"])
        if material.few(row["n_trouble"]):
            cells.append(empty(TOO_FEW))
            continue
        lines = [f"{text.percent(row['trouble'])} ({text.interval(row['trouble_low'], row['trouble_high'])})"]
        if row["left"] > 0 and not material.few(row["left"] * n):
            lines.append(f"{text.percent(row['left'])} leave here")
        if row["unplanned"] > 0 and not material.few(row["unplanned"] * n):
            lines.append(f"{text.percent(row['unplanned'])} meet something unplanned")
        flag = {"friction": "bad", "fine": "good"}.get(row["behaviour_says"], "")
        ends = {"value": row["trouble"], "low": row["trouble_low"], "high": row["trouble_high"]}
        cells.append(material.counted(stage, lines, n, flag=flag, **ends))
    return Lane("trouble", "Trouble met, share of customers", tuple(cells))


def _uncounted(material: Material, stage: str) -> str:
    """Why leaving is not counted on a stage on which nobody met anything unplanned."""
    study = material.study
    goal = study.stage_of.get(study.outcome) if study.outcome is not None else None
    if stage == goal:
        steps = study.touchpoints.loc[study.touchpoints["stage"] == stage, "touchpoint"]
        if (steps != study.outcome).any():
            return "holds the outcome: leaving between its steps is not counted here"
        return "is the outcome: who comes here has reached it"
    if goal is not None and study.stages.index(stage) > study.stages.index(goal):
        return "comes after the outcome: leaving is not counted here"
    return "the last stage: leaving is not counted here, and nothing unplanned was met"
