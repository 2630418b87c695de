"""What customers want, what the firm wants in the short and the long term, and how words and behaviour fit."""

from __future__ import annotations

from typing import Any

from journeylab import text
from journeylab.journeymap.goals import write_value
from journeylab.journeymap.material import NO_INTERVIEWS, Material
from journeylab.journeymap.model import TEAM, Cell, Lane, empty, grade
from journeylab.journeymap.origins import WRITTEN, Origin

HORIZONS = {
    "short": ("kpi", "KPI against goal, short term"),
    "long": ("kpi_long", "KPI against goal, long term"),
}
"""Kind and title of the lane of each horizon."""


def goals_lane(material: Material) -> Lane | None:
    """What the customer wants on each stage, as study.toml says; None where it says nothing."""
    goals = {stage.name: stage.goal for stage in material.study.config.stages}
    if not any(goals.values()):
        return None
    cells = [Cell((goal,), source=WRITTEN, by=TEAM) if goal else empty("not written down") for goal in goals.values()]
    return Lane("goal", "What the customer wants", tuple(cells))


def kpi_lane(material: Material, horizon: str) -> Lane | None:
    """The KPIs of each stage against their goals of a horizon; None without such goals."""
    goals = material.goals.table
    goals = goals[goals["horizon"] == horizon]
    if goals.empty:
        return None
    kind, title = HORIZONS[horizon]
    cells = []
    for stage in material.study.stages:
        here = goals[goals["stage"] == stage]
        known = here[here["status"] != "unknown"]
        unknown = [f"{row.goal}: not known, {row.reason}" for row in here.itertuples() if row.status == "unknown"]
        if known.empty:
            cells.append(empty("; ".join(unknown) or "no goal set here"))
            continue
        lines = [*map(_written, known.itertuples()), *unknown]
        flag = (
            "bad"
            if known["status"].isin(["missed", "behind"]).any()
            else "good"
            if (known["status"] == "met").all()
            else ""
        )
        one = known.iloc[0]
        ends = {"value": one["value"], "low": one["ci_low"], "high": one["ci_high"]} if len(known) == 1 else {}
        units = {"customers" if unit else "answers" for unit in known["survey"] == ""}
        n = int(known["n"].min())
        origin = _origin(material, stage, list(known["survey"]))
        cells.append(
            Cell(tuple(lines), n=n, unit=units.pop() if len(units) == 1 else "", evidence=grade(n), flag=flag,
                 **origin.of_cell, **ends)
        )  # fmt: skip
    return Lane(kind, title, tuple(cells))


def _written(row: Any) -> str:
    """One KPI with its interval, its goal and by when."""
    value, target = write_value(row.value, row.unit), write_value(row.target, row.unit)
    ends = text.interval(row.ci_low, row.ci_high, "percent" if row.unit == "share" else "number")
    by = f" by {text.date(row.by)}" if row.by is not None else ""
    return f"{row.goal}: {value} ({ends}), goal {target}{by}, {row.status}"


def _origin(material: Material, stage: str, surveys: list[str]) -> Origin:
    """Where the KPIs of a stage come from."""
    events = material.origins.by_stage.get(stage, material.origins.events)
    found = dict.fromkeys(material.origins.surveys.get(name, Origin()) if name else events for name in surveys)
    days = [origin.until for origin in found if origin.until]
    return Origin(", ".join(origin.source for origin in found if origin.source), max(days, default=""))


def fit_lane(material: Material) -> Lane:
    """How words and behaviour fit on each stage, by the joint display."""
    cells = []
    for stage in material.study.stages:
        row = material.evidence.loc[stage]
        asked, customers = int(row["n_asked"]), int(row["n_customers"])
        if not asked and not customers:
            cells.append(empty(material.unreached(stage) or NO_INTERVIEWS))
            continue
        if material.unplaced:
            cells.append(empty(material.unplaced))
            continue
        lines: tuple[str, ...] = (row["fit"], row["meaning"].partition(": ")[2])
        if material.few(row["n_pain"]) or material.few(row["n_gain"]):
            lines = lines[:1]
        n, unit = (asked, "people") if asked else (customers, "customers")
        events = material.origins.by_stage.get(stage, material.origins.events)
        both = [origin for origin, there in ((events, customers), (material.origins.interviews, asked)) if there]
        source = ", ".join(origin.source for origin in both)
        until = max((origin.until for origin in both), default="")
        cells.append(Cell(lines, n=n, unit=unit, evidence=grade(n), source=source, until=until))
    return Lane("fit", "Words and behaviour", tuple(cells))
