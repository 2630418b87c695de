"""What customers want, what the firm wants, and how words and behaviour fit."""

from __future__ import annotations

import pandas as pd

from journeylab.journeymap.goals import measure_goals, write_value
from journeylab.journeymap.model import Cell, Lane, empty, grade
from journeylab.study import Study


def goals_lane(study: Study) -> Lane | None:
    """What the customer wants on each stage, as study.toml says; None where it says nothing."""
    goals = {stage.name: stage.goal for stage in study.config.stages}
    if not any(goals.values()):
        return None
    cells = [Cell((goal,), source="study.toml") if goal else empty("not written down") for goal in goals.values()]
    return Lane("goal", "What the customer wants", tuple(cells))


def kpi_lane(study: Study) -> Lane | None:
    """The KPIs of each stage against their goals; None without goals."""
    goals = measure_goals(study).table
    if goals.empty:
        return None
    cells = []
    for stage in study.stages:
        rows = goals[(goals["stage"] == stage) & (goals["status"] != "unknown")]
        if rows.empty:
            cells.append(empty("no goal set here"))
            continue
        lines = []
        for row in rows.itertuples():
            value, target = write_value(row.value, row.unit), write_value(row.target, row.unit)
            lines += [f"{row.goal}: {value}, goal {target}, {row.status}"]
        flag = "bad" if (rows["status"] == "missed").any() else "good" if (rows["status"] == "met").all() else ""
        n = int(rows["n"].min())
        cells.append(Cell(tuple(lines), n=n, evidence=grade(n), flag=flag, source="events or surveys"))
    return Lane("kpi", "KPI against goal", tuple(cells))


def fit_lane(study: Study, evidence: pd.DataFrame) -> Lane:
    """How words and behaviour fit on each stage, by the joint display."""
    cells = []
    for stage in study.stages:
        row = evidence.loc[stage]
        cells.append(Cell((row["fit"], row["meaning"].partition(": ")[2]), source="joint display"))
    return Lane("fit", "Words and behaviour", tuple(cells))
