"""What customers do: who comes, what they meet, where they meet trouble."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.journeymap.model import Cell, Lane, empty, grade
from journeylab.study import Study


def customers_lane(study: Study, evidence: pd.DataFrame) -> Lane:
    """How many customers come to each stage."""
    total = 0 if study.events is None else study.events["customer_id"].nunique()
    cells = []
    for stage in study.stages:
        n = int(evidence.loc[stage, "n_customers"])
        if n == 0:
            cells.append(empty("no events on this stage"))
            continue
        lines = (f"{text.count(n)} customers", f"{text.percent(n / total, 0)} of {text.count(total)}")
        cells.append(Cell(lines, n=n, evidence=grade(n), value=n / total, source="events"))
    return Lane("customers", "Customers who come here", tuple(cells))


def touchpoints_lane(study: Study) -> Lane:
    """The touchpoints that most customers of each stage meet, with their channels."""
    cells = []
    for stage in study.stages:
        if study.events is None:
            cells.append(empty("no events in this study"))
            continue
        here = study.events[study.events["stage"] == stage]
        reach = here.groupby("touchpoint")["customer_id"].nunique().sort_values(ascending=False)
        if reach.empty:
            cells.append(empty("no touchpoint on this stage"))
            continue
        known = study.touchpoints.set_index("touchpoint")
        lines = []
        for name, n in reach.head(5).items():
            channel = known.loc[name, "channel"]
            mark = "" if known.loc[name, "planned"] else ", unplanned"
            lines.append(f"{name}{f' ({channel})' if isinstance(channel, str) else ''}: {text.count(n)}{mark}")
        if len(reach) > 5:
            lines.append(f"and {len(reach) - 5} more")
        cells.append(Cell(tuple(lines), n=int(reach.max()), evidence=grade(int(reach.max())), source="events"))
    return Lane("touchpoints", "Touchpoints, by customers reached", tuple(cells))


def trouble_lane(study: Study, evidence: pd.DataFrame) -> Lane:
    """The share of each stage's customers who leave there or meet something unplanned."""
    cells = []
    for stage in study.stages:
        row = evidence.loc[stage]
        if np.isnan(row["trouble"]):
            cells.append(empty("no measure of trouble here" if row["n_customers"] else "no events on this stage"))
            continue
        lines = [f"{text.percent(row['trouble'])} ({text.interval(row['trouble_low'], row['trouble_high'])})"]
        if row["left"] > 0:
            lines.append(f"{text.percent(row['left'])} leave here")
        if row["unplanned"] > 0:
            lines.append(f"{text.percent(row['unplanned'])} meet something unplanned")
        n = int(row["n_customers"])
        flag = {"friction": "bad", "fine": "good"}.get(row["behaviour_says"], "")
        cells.append(
            Cell(tuple(lines), n=n, evidence=grade(n), value=row["trouble"], low=row["trouble_low"],
                 high=row["trouble_high"], flag=flag, source="events")
        )  # fmt: skip
    return Lane("trouble", "Trouble met, share of customers", tuple(cells))
