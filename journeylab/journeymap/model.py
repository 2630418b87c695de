"""The journey map: stages across, lanes down, every cell with its n, interval and source."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import ReportError
from journeylab.joint import display, mean_valence, mentions
from journeylab.joint.said import asked_by_stage
from journeylab.journeymap.goals import measure_goals, write_value
from journeylab.journeymap.words import FIELDS, Edit, Word
from journeylab.results import Result
from journeylab.study import Study

STRONG, SOME, NONE = "strong", "some", "none"
DATA, TEAM = "data", "team"


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
    by : str
        Who says the lines: ``data`` or ``team``.
    said : Word or None
        What the team adds to the cell, or says instead; the lines stay what the data say.
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
    by: str = DATA
    said: Word | None = None


@dataclasses.dataclass(frozen=True)
class Lane:
    """One row of the map, a cell a stage."""

    kind: str
    title: str
    cells: tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class Step:
    """A touchpoint of the map, with how many customers it reached."""

    touchpoint: str
    stage: str = ""
    channel: str = ""
    planned: bool = True
    n: int = 0


@dataclasses.dataclass(frozen=True)
class JourneyMap(Result):
    """A journey map.

    Attributes
    ----------
    table : DataFrame
        One row a lane and stage: lane, stage, text, n, evidence, value, ci_low, ci_high, reason, source; by (``data``, or
        ``team`` where a person says it), and what the team says: name, owner, opportunity, override, override_reason.
    title : str
        Of the study.
    stages : tuple of str
    lanes : tuple of Lane
    data_until : str
        The last day of the events (ISO 8601); empty where there are none.
    steps : tuple of Step
        The touchpoints, in the order of the stages.
    unplaced : tuple of Edit
        What the team said of lanes or stages that are not on this map.
    """

    title: str
    stages: tuple[str, ...]
    lanes: tuple[Lane, ...] = dataclasses.field(repr=False)
    data_until: str = ""
    steps: tuple[Step, ...] = dataclasses.field(default=(), repr=False)
    unplaced: tuple[Edit, ...] = dataclasses.field(default=(), repr=False)

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
                parts.append(
                    f"Most trouble is at '{stage}': {text.percent(value)} ({ends}) of {text.count(cell.n)} customers"
                )
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

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Everything that the team said: of cells on the map, then what could not be placed."""
        placed = [
            Edit(lane.kind, stage, cell.said)
            for lane in self.lanes
            for stage, cell in zip(self.stages, lane.cells, strict=True)
            if cell.said is not None
        ]
        return (*placed, *self.unplaced)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the team said that is not on this map, and why."""
        return tuple(f"'{edit.lane}' at '{edit.stage}': {edit.word}; {edit.why}" for edit in self.unplaced)

    def to_json(self) -> str:
        """Write the map as JSON, see docs/journey-map-exchange.md."""
        from journeylab.journeymap.as_json import write_json

        return write_json(self, super().to_json())

    def to_xlsx(self, path: str | Path) -> Path:
        """Write the map as a workbook, a sheet a lane, in which the team can edit; returns the path."""
        from journeylab.journeymap.as_xlsx import write_xlsx

        try:
            Path(path).write_bytes(write_xlsx(self))
        except OSError as error:
            raise ReportError(f"{path}: cannot be written: {error.strerror}.") from None
        return Path(path)

    def to_cjml(self) -> str:
        """Write the map as CJML 2.0 (XML): planned and actual journey, and the lanes as an extension."""
        from journeylab.journeymap.as_cjml import write_cjml

        return write_cjml(self)

    def to_csv(self) -> str:
        """Write the texts of the map as a CSV grid: stages across, lanes down."""
        from journeylab.journeymap.as_grid import write_grid

        return write_grid(self)

    def _lane(self, kind: str) -> Lane | None:
        return next((lane for lane in self.lanes if lane.kind == kind), None)


def draw(study: Study, *, share: str = "internal") -> JourneyMap:
    """Draw the journey map of a study.

    Parameters
    ----------
    study : Study
        What it lacks leaves cells that say why they are empty; ``[journey_map] edits`` names what the team says of it.
    share : str
        ``public`` leaves out quotes without consent and cells of fewer than the study's minimum.

    Raises
    ------
    DataError
        When the file of edits is not sound.
    """
    from journeylab.journeymap.edits import apply_edits, study_edits

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
    lanes = tuple(lane for lane in drafted if lane is not None)
    lanes, unplaced = apply_edits(lanes, tuple(study.stages), study_edits(study))
    return assemble(
        study.title, tuple(study.stages), lanes, data_until=_last_day(study), steps=_steps(study), unplaced=unplaced
    )


METHOD = "Journey map with its evidence"
ASSUMPTIONS = (
    "Stages are those of study.toml; a customer is on a stage from the first event that belongs to it.",
    "Feeling is the mean valence of what people said there, each person counted once.",
)


def assemble(
    title: str,
    stages: tuple[str, ...],
    lanes: tuple[Lane, ...],
    *,
    method: str = METHOD,
    assumptions: tuple[str, ...] = ASSUMPTIONS,
    data_until: str = "",
    steps: tuple[Step, ...] = (),
    unplaced: tuple[Edit, ...] = (),
) -> JourneyMap:
    """Make a map of its lanes, with the table that goes with them."""
    rows = []
    for lane in lanes:
        for stage, cell in zip(stages, lane.cells, strict=True):
            drawn = (cell.n, cell.evidence, cell.value, cell.low, cell.high, cell.reason, cell.source)
            said = cell.said or Word()
            by = TEAM if said.override else cell.by
            words = (getattr(said, field) for field in FIELDS)
            rows.append((lane.title, stage, " | ".join(cell.lines), *drawn, by, *words))
    columns = [
        "lane",
        "stage",
        "text",
        "n",
        "evidence",
        "value",
        "ci_low",
        "ci_high",
        "reason",
        "source",
        "by",
        *FIELDS,
    ]
    table = pd.DataFrame(rows, columns=columns)
    return JourneyMap(table, method, assumptions, title, stages, lanes, data_until, steps, unplaced)


def _last_day(study: Study) -> str:
    if study.events is None or study.events.empty:
        return ""
    return str(study.events["event_time"].max().date().isoformat())


def _steps(study: Study) -> tuple[Step, ...]:
    if study.events is None:
        return ()
    reach = study.events.groupby("touchpoint")["customer_id"].nunique()
    return tuple(
        Step(
            row.touchpoint,
            row.stage if isinstance(row.stage, str) else "",
            row.channel if isinstance(row.channel, str) else "",
            bool(row.planned),
            int(reach[row.touchpoint]),
        )
        for row in study.touchpoints.itertuples()
        if row.touchpoint in reach.index
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
        lines = (f"{text.count(n)} customers", f"{text.percent(n / total, 0)} of {text.count(total)}")
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
            lines.append(f"{name}{f' ({channel})' if isinstance(channel, str) else ''}: {text.count(n)}{mark}")
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
                Cell((words, f"{text.count(row.n)} people"), n=row.n, evidence=grade(row.n), value=row.valence, low=row.low,
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
        lines = tuple(f"{name}: {text.count(k)} of {text.count(n)}" for name, k in counts.head(3).items())
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
