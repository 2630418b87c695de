"""The journey map: stages across, lanes down, every cell with its n, interval and source."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import ReportError
from journeylab.journeymap.words import FIELDS, Edit, Word
from journeylab.results import Result

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
        How many stand behind it.
    unit : str
        Who they are: ``customers``, ``people`` (interviewed), ``answers``; empty where nobody is counted.
    evidence : str
        ``strong`` (n of 30 or more), ``some`` (5 or more) or ``none``.
    value, low, high : float
        The number that a curve is drawn from, with its interval; NaN where there is none.
    flag : str
        ``bad``, ``good`` or empty.
    source : str
        Where it comes from.
    until : str
        The last day of that source (ISO 8601); empty where it has none.
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
    unit: str = ""
    until: str = ""


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
class Move:
    """Customers who go from one stage to another: on, back, past a stage, or round in it.

    Attributes
    ----------
    from_stage, to_stage : str
        The same where they come back to a touchpoint of the stage that they met before.
    n : int
        Customers who do so at least once.
    share, low, high : float
        Of the customers of the first stage, with its interval (Wilson).
    """

    from_stage: str
    to_stage: str
    n: int
    share: float = np.nan
    low: float = np.nan
    high: float = np.nan


@dataclasses.dataclass(frozen=True)
class JourneyMap(Result):
    """A journey map.

    Attributes
    ----------
    table : DataFrame
        One row a lane and stage: lane, stage, text, n, unit, evidence, value, ci_low, ci_high, reason, source, until; by
        (``data``, or ``team`` where a person says it), and what the team says: name, owner, opportunity, override, override_reason.
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
    moves : tuple of Move
        How customers go between stages, the way back and the way round among them.
    behaviour : str
        Whose map it is; empty for everybody's.
    """

    title: str
    stages: tuple[str, ...]
    lanes: tuple[Lane, ...] = dataclasses.field(repr=False)
    data_until: str = ""
    steps: tuple[Step, ...] = dataclasses.field(default=(), repr=False)
    unplaced: tuple[Edit, ...] = dataclasses.field(default=(), repr=False)
    moves: tuple[Move, ...] = dataclasses.field(default=(), repr=False)
    behaviour: str = ""

    def summary(self) -> str:
        """Say where trouble is largest and where feeling is lowest."""
        parts = []
        trouble = self.lane("trouble")
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
        feeling = self.lane("feeling")
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

        return _write(path, "map.xlsx", lambda: write_xlsx(self))

    def to_png(self, path: str | Path, *, width: int = 1920, height: int = 1080) -> Path:
        """Draw the map as a slide, sizes in pixels; returns the path."""
        from journeylab.journeymap.drawing.picture import draw_png

        return _write(path, "map.png", lambda: draw_png(self, width=width, height=height))

    def to_cjml(self) -> str:
        """Write the map as CJML 2.0 (XML): planned and actual journey, and the lanes as an extension."""
        from journeylab.journeymap.as_cjml import write_cjml

        return write_cjml(self)

    def to_csv(self) -> str:
        """Write the texts of the map as a CSV grid: stages across, lanes down."""
        from journeylab.journeymap.as_grid import write_grid

        return write_grid(self)

    def lane(self, kind: str) -> Lane | None:
        """The lane of a kind; None where the map has none."""
        return next((lane for lane in self.lanes if lane.kind == kind), None)


def _write(path: str | Path, such: str, content: Callable[[], bytes]) -> Path:
    """Write a map to a file; what is no name of one is told before the map is drawn."""
    if not isinstance(path, (str, os.PathLike)) or not str(path):
        raise ReportError(f"Found {path!r}, expected the name of a file to write the map to, such as '{such}'.")
    try:
        Path(path).write_bytes(content())
    except OSError as error:
        raise ReportError(f"{path}: cannot be written: {error.strerror}.") from None
    return Path(path)


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
    moves: tuple[Move, ...] = (),
    behaviour: str = "",
) -> JourneyMap:
    """Make a map of its lanes, with the table that goes with them."""
    rows = []
    for lane in lanes:
        for stage, cell in zip(stages, lane.cells, strict=True):
            drawn = (
                cell.n,
                cell.unit,
                cell.evidence,
                cell.value,
                cell.low,
                cell.high,
                cell.reason,
                cell.source,
                cell.until,
            )
            said = cell.said or Word()
            by = TEAM if said.override else cell.by
            words = (getattr(said, field) for field in FIELDS)
            rows.append((lane.title, stage, " | ".join(cell.lines), *drawn, by, *words))
    columns = [
        "lane",
        "stage",
        "text",
        "n",
        "unit",
        "evidence",
        "value",
        "ci_low",
        "ci_high",
        "reason",
        "source",
        "until",
        "by",
        *FIELDS,
    ]
    table = pd.DataFrame(rows, columns=columns)
    return JourneyMap(table, method, assumptions, title, stages, lanes, data_until, steps, unplaced, moves, behaviour)


def grade(n: int) -> str:
    """The strength of evidence by how many stand behind it."""
    return STRONG if n >= 30 else SOME if n >= 5 else NONE


def empty(reason: str) -> Cell:
    """A cell in which nothing is written but why."""
    return Cell((), reason)
