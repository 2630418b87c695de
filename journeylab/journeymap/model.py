"""The journey map: stages across, lanes down, every cell with its n, interval and source."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.joint import display, mean_valence, mentions
from journeylab.joint.said import asked_by_stage
from journeylab.journeymap.goals import measure_goals, write_value
from journeylab.results import Result
from journeylab.study import Study

STRONG, SOME, NONE = "strong", "some", "none"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One lane at one stage.

    Attributes
    ----------
    lines : tuple of str
        What is written in the cell; empty where there is nothing to say.
    reason : str
        Why the cell is empty.
    n : int
        How many customers or people stand behind it.
    evidence : str
        ``strong`` (n of 30 or more), ``some`` (5 or more) or ``none``.
    value, low, high : float
        The number that a curve is drawn from, with its interval; NaN where there is none.
    flag : str
        ``bad``, ``good`` or empty.
    source : str
        Where it comes from.
    """

    lines: tuple[str, ...]
    reason: str = ""
    n: int = 0
    evidence: str = NONE
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    flag: str = ""
    source: str = ""


@dataclasses.dataclass(frozen=True)
class Lane:
    """One row of the map, a cell a stage."""

    kind: str
    title: str
    cells: tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class JourneyMap(Result):
    """A journey map.

    Attributes
    ----------
    table : DataFrame
        One row a lane and stage: lane, stage, text, n, evidence, value, ci_low, ci_high, reason, source.
    """

    title: str
    stages: tuple[str, ...]
    lanes: tuple[Lane, ...] = dataclasses.field(repr=False)

    def summary(self) -> str:
        """Say where trouble is largest and where feeling is lowest."""
        parts = []
        trouble = self._lane("trouble")
        if trouble is not None:
            known = [
                (cell.value, stage, cell) for stage, cell in zip(self.stages, trouble.cells, strict=True) if cell.n
            ]
            known = [item for item in known if not np.isnan(item[0])]
            if known:
                value, stage, cell = max(known, key=lambda item: item[0])
                ends = text.interval(cell.low, cell.high)
                parts.append(f"Most trouble is at '{stage}': {text.percent(value)} ({ends}) of {cell.n:,} customers")
        feeling = self._lane("feeling")
        if feeling is not None:
            known = [(cell.value, stage, cell) for stage, cell in zip(self.stages, feeling.cells, strict=True)]
            known = [item for item in known if not np.isnan(item[0])]
            if known:
                value, stage, cell = min(known, key=lambda item: item[0])
                parts.append(f"feeling is lowest at '{stage}': {text.signed(value)} on −1 to +1 (n = {cell.n} people)")
        return (
            "; ".join(parts) + "." if parts else "The study has neither events nor coded interviews to draw a map from."
        )

    def to_html(self) -> str:
        """Draw the map as an accessible HTML table with an SVG curve."""
        from journeylab.journeymap.drawing import draw_html

        return draw_html(self)

    def _repr_html_(self) -> str:
        """Show the map in JupyterLab."""
        return self.to_html()

    def to_json(self) -> str:
        """Write the map as JSON: title, stages, lanes with their cells."""
        base = json.loads(super().to_json())
        base["stages"] = list(self.stages)
        return json.dumps(base, ensure_ascii=False)

    def _lane(self, kind: str) -> Lane | None:
        return next((lane for lane in self.lanes if lane.kind == kind), None)


def draw(study: Study, *, share: str = "internal") -> JourneyMap:
    """Draw the journey map of a study.

    Parameters
    ----------
    study : Study
        What it lacks leaves cells that say why they are empty.
    share : str
        ``public`` leaves out quotes without consent and cells of fewer than the study's minimum.
    """
    evidence = display(study, "stage").table.set_index("stage")
    minimum = study.minimum_cell if share == "public" else 1
    drafted = [
        _goals_lane(study),
        _customers_lane(study, evidence),
        _touchpoints_lane(study),
        _feeling_lane(study, minimum),
        _voices_lane(study, evidence, "pain", minimum),
        _voices_lane(study, evidence, "gain", minimum),
        _quotes_lane(study, share),
        _kpi_lane(study),
        _trouble_lane(study, evidence),
        _fit_lane(study, evidence),
    ]
    lanes = [lane for lane in drafted if lane is not None]
    rows = []
    for lane in lanes:
        for stage, cell in zip(study.stages, lane.cells, strict=True):
            drawn = (cell.n, cell.evidence, cell.value, cell.low, cell.high, cell.reason, cell.source)
            rows.append((lane.title, stage, " | ".join(cell.lines), *drawn))
    columns = ["lane", "stage", "text", "n", "evidence", "value", "ci_low", "ci_high", "reason", "source"]
    return JourneyMap(
        pd.DataFrame(rows, columns=columns),
        "Journey map with its evidence",
        (
            "Stages are those of study.toml; a customer is on a stage from the first event that belongs to it.",
            "Feeling is the mean valence of what people said there, each person counted once.",
        ),
        study.title,
        tuple(study.stages),
        tuple(lanes),
    )


def grade(n: int) -> str:
    """The strength of evidence by how many stand behind it."""
    return STRONG if n >= 30 else SOME if n >= 5 else NONE


def _empty(reason: str) -> Cell:
    return Cell((), reason)


def _goals_lane(study: Study) -> Lane | None:
    goals = {stage.name: stage.goal for stage in study.config.stages}
    if not any(goals.values()):
        return None
    cells = [Cell((goal,), source="study.toml") if goal else _empty("not written down") for goal in goals.values()]
    return Lane("goal", "What the customer wants", tuple(cells))


def _customers_lane(study: Study, evidence: pd.DataFrame) -> Lane:
    total = 0 if study.events is None else study.events["customer_id"].nunique()
    cells = []
    for stage in study.stages:
        n = int(evidence.loc[stage, "n_customers"])
        if n == 0:
            cells.append(_empty("no events on this stage"))
            continue
        lines = (f"{n:,} customers", f"{text.percent(n / total, 0)} of {total:,}")
        cells.append(Cell(lines, n=n, evidence=grade(n), value=n / total, source="events"))
    return Lane("customers", "Customers who come here", tuple(cells))


def _touchpoints_lane(study: Study) -> Lane:
    cells = []
    for stage in study.stages:
        if study.events is None:
            cells.append(_empty("no events in this study"))
            continue
        here = study.events[study.events["stage"] == stage]
        reach = here.groupby("touchpoint")["customer_id"].nunique().sort_values(ascending=False)
        if reach.empty:
            cells.append(_empty("no touchpoint on this stage"))
            continue
        known = study.touchpoints.set_index("touchpoint")
        lines = []
        for name, n in reach.head(5).items():
            channel = known.loc[name, "channel"]
            mark = "" if known.loc[name, "planned"] else ", unplanned"
            lines.append(f"{name}{f' ({channel})' if isinstance(channel, str) else ''}: {n:,}{mark}")
        if len(reach) > 5:
            lines.append(f"and {len(reach) - 5} more")
        cells.append(Cell(tuple(lines), n=int(reach.max()), evidence=grade(int(reach.max())), source="events"))
    return Lane("touchpoints", "Touchpoints, by customers reached", tuple(cells))


def _feeling_lane(study: Study, minimum: int) -> Lane:
    cells = []
    asked, guide = asked_by_stage(study)
    for row in mean_valence(study).itertuples():
        if row.n == 0:
            reason = (
                "not asked"
                if guide and not asked.get(row.stage)
                else "nobody spoke of it"
                if study.codes is not None
                else "no interviews"
            )
            cells.append(_empty(reason))
        elif row.n < minimum:
            cells.append(_empty("too few to show"))
        else:
            words = f"{text.signed(row.valence)}" + (
                f" ({text.interval(row.low, row.high, 'number')})" if row.n > 1 else ""
            )
            flag = "bad" if row.high < 0 else "good" if row.low > 0 else ""
            cells.append(
                Cell((words, f"{row.n:,} people"), n=row.n, evidence=grade(row.n), value=row.valence, low=row.low,
                     high=row.high, flag=flag, source="coded interviews")
            )  # fmt: skip
    return Lane("feeling", "Feeling, −1 to +1", tuple(cells))


def _voices_lane(study: Study, evidence: pd.DataFrame, side: str, minimum: int) -> Lane:
    said = mentions(study)
    said = said[said["valence"] < 0] if side == "pain" else said[said["valence"] > 0]
    cells = []
    for stage in study.stages:
        row = evidence.loc[stage]
        n = int(row["n_asked"])
        if n == 0:
            cells.append(_empty("not asked" if study.has("documents") else "no interviews"))
            continue
        counts = (
            said[said["stage"] == stage].groupby("name")["person"].nunique().sort_values(ascending=False, kind="stable")
        )
        counts = counts[counts >= minimum]
        if counts.empty:
            cells.append(_empty("none named" if row[f"n_{side}"] == 0 else "too few to show"))
            continue
        lines = tuple(f"{name}: {k:,} of {n:,}" for name, k in counts.head(3).items())
        cells.append(
            Cell(lines, n=n, evidence=grade(n), value=row[side], low=row[f"{side}_low"], high=row[f"{side}_high"],
                 flag="bad" if side == "pain" else "good", source="coded interviews")
        )  # fmt: skip
    return Lane(f"{side}s", f"{side.capitalize()}s named, people of those asked", tuple(cells))


def _quotes_lane(study: Study, share: str) -> Lane | None:
    from journeylab import voices

    if not study.has("codings", "segments", "documents", "codes"):
        return None
    cells = []
    for stage in study.stages:
        found = voices.quotes(
            study.codings, study.quotable, study.documents, study.codes, study.crosswalk,
            stage=stage, per=1, share=share, names=study.config.privacy.names,
        )  # fmt: skip
        loudest = mentions(study)
        counts = loudest[loudest["stage"] == stage]["name"].value_counts()
        if len(found):
            rank = found["code"].map(counts).fillna(0)
            row = found.loc[rank.idxmax()]
            cells.append(
                Cell((f"“{row['quote']}”", f"{row['participant']}, on {row['code']}"), n=1, source="interview")
            )
        else:
            cells.append(_empty("no quote with consent" if len(counts) else "nobody spoke of it"))
    return Lane("quotes", "In their words", tuple(cells))


def _kpi_lane(study: Study) -> Lane | None:
    goals = measure_goals(study).table
    if goals.empty:
        return None
    cells = []
    for stage in study.stages:
        rows = goals[(goals["stage"] == stage) & (goals["status"] != "unknown")]
        if rows.empty:
            cells.append(_empty("no goal set here"))
            continue
        lines = []
        for row in rows.itertuples():
            value, target = write_value(row.value, row.unit), write_value(row.target, row.unit)
            lines += [f"{row.goal}: {value}, goal {target}, {row.status}"]
        flag = "bad" if (rows["status"] == "missed").any() else "good" if (rows["status"] == "met").all() else ""
        n = int(rows["n"].min())
        cells.append(Cell(tuple(lines), n=n, evidence=grade(n), flag=flag, source="events or surveys"))
    return Lane("kpi", "KPI against goal", tuple(cells))


def _trouble_lane(study: Study, evidence: pd.DataFrame) -> Lane:
    cells = []
    for stage in study.stages:
        row = evidence.loc[stage]
        if np.isnan(row["trouble"]):
            cells.append(_empty("no measure of trouble here" if row["n_customers"] else "no events on this stage"))
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


def _fit_lane(study: Study, evidence: pd.DataFrame) -> Lane:
    cells = []
    for stage in study.stages:
        row = evidence.loc[stage]
        cells.append(Cell((row["fit"], row["meaning"].partition(": ")[2]), source="joint display"))
    return Lane("fit", "Words and behaviour", tuple(cells))
