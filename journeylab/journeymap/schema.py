"""What a map is in a file: the schema of map.json, which the other formats are read into as well."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from journeylab.errors import DataError, did_you_mean
from journeylab.journeymap.model import METHOD, Cell, JourneyMap, Lane, Move, Step, assemble
from journeylab.journeymap.words import FIELDS, Edit, Word, make_word

FORMAT, VERSION = "journeylab-map", 1
VALUE, SHARE = ("value", "low", "high"), ("share", "low", "high")
Whole = Annotated[int, Field(ge=0, le=10**15)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Part(BaseModel):
    """A part of the file; what it does not know is an error, so that nothing is lost unseen."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SaidPart(Part):
    """What the team says of a cell."""

    name: str = ""
    owner: str = ""
    opportunity: str = ""
    override: str = ""
    override_reason: str = ""


class CellPart(Part):
    """One lane at one stage."""

    lines: list[str]
    reason: str = ""
    n: Whole = 0
    evidence: Literal["strong", "some", "none"] = "none"
    value: Finite | None = None
    low: Finite | None = None
    high: Finite | None = None
    flag: Literal["bad", "good", ""] = ""
    source: str = ""
    by: Literal["data", "team"] = "data"
    unit: str = ""
    until: str = ""
    said: SaidPart | None = None


class LanePart(Part):
    """One lane, a cell a stage."""

    kind: Annotated[str, Field(min_length=1)]
    title: str
    cells: list[CellPart]


class StepPart(Part):
    """A touchpoint."""

    touchpoint: str
    stage: str = ""
    channel: str = ""
    planned: bool = True
    n: Whole = 0


class MovePart(Part):
    """Customers who go from one stage to another."""

    from_stage: str
    to_stage: str
    n: Whole = 0
    share: Finite | None = None
    low: Finite | None = None
    high: Finite | None = None


class EditPart(Part):
    """What the team said of a cell that is not on the map."""

    lane: str
    stage: str
    word: SaidPart
    why: str = ""


class MapFile(BaseModel):
    """A whole map; keys that are made from the others, such as ``table`` and ``summary``, are not read."""

    model_config = ConfigDict(extra="ignore", strict=True)

    format: Literal["journeylab-map"]
    version: Literal[1]
    title: str
    method: str = METHOD
    assumptions: list[str] = []
    data_until: str = ""
    stages: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1)]
    lanes: list[LanePart]
    steps: list[StepPart] = []
    unplaced: list[EditPart] = []
    moves: list[MovePart] = []
    behaviour: str = ""


def plain_map(journey: JourneyMap) -> dict[str, Any]:
    """Give a map as plain lists and dictionaries, as `MapFile` describes them."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": journey.title,
        "method": journey.method,
        "assumptions": list(journey.assumptions),
        "data_until": journey.data_until,
        "stages": list(journey.stages),
        "lanes": [
            {"kind": lane.kind, "title": lane.title, "cells": [_plain_cell(cell) for cell in lane.cells]}
            for lane in journey.lanes
        ],
        "steps": [
            {"touchpoint": step.touchpoint, "stage": step.stage, "channel": step.channel, "planned": bool(step.planned),
             "n": int(step.n)}
            for step in journey.steps
        ],
        "unplaced": [
            {"lane": edit.lane, "stage": edit.stage, "word": _plain_word(edit.word), "why": edit.why}
            for edit in journey.unplaced
        ],
        "moves": [
            {"from_stage": move.from_stage, "to_stage": move.to_stage, "n": int(move.n), **_numbers(move, SHARE)}
            for move in journey.moves
        ],
        "behaviour": journey.behaviour,
    }  # fmt: skip


def _plain_cell(cell: Cell) -> dict[str, Any]:
    return {
        "lines": [str(line) for line in cell.lines],
        "reason": cell.reason,
        "n": int(cell.n),
        "evidence": cell.evidence,
        **_numbers(cell, VALUE),
        "flag": cell.flag,
        "source": cell.source,
        "by": cell.by,
        "unit": cell.unit,
        "until": cell.until,
        "said": None if cell.said is None else _plain_word(cell.said),
    }


def _numbers(part: Cell | Move, names: tuple[str, ...]) -> dict[str, float | None]:
    """Numbers by name, None where there is none."""
    return {name: None if math.isnan(getattr(part, name)) else float(getattr(part, name)) for name in names}


def _plain_word(word: object) -> dict[str, str]:
    return {field: getattr(word, field) for field in FIELDS}


def build_map(plain: Any, where: str) -> JourneyMap:
    """Make a map of what `plain_map` gives.

    Parameters
    ----------
    plain : dict
    where : str
        The file, for messages.

    Raises
    ------
    DataError
        When anything is not as `MapFile` says: the message names the key.
    """
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        found = plain.get("format") if isinstance(plain, dict) else type(plain).__name__
        raise DataError(f"{where}: is no journey map (format: found {str(found)[:40]!r}, expected '{FORMAT}').")
    version = plain.get("version")
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        cure = "update journeylab" if newer else "export the map again"
        raise DataError(f"{where}: version: found {str(version)[:40]!r}, expected {VERSION}; {cure}.")
    try:
        file = MapFile.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        hint = did_you_mean(str(first["loc"][-1]), CellPart.model_fields) if first["type"] == "extra_forbidden" else ""
        raise DataError(f"{where}: {key}: {first['msg']} ({len(error.errors())} such mistakes).{hint}") from None
    _require_sound(file, where)
    lanes = []
    for lane in file.lanes:
        cells = zip(file.stages, lane.cells, strict=True)
        made = [_cell(cell, f"{where}: lane '{lane.kind}', stage '{stage}'") for stage, cell in cells]
        lanes.append(Lane(lane.kind, lane.title, tuple(made)))
    unplaced = []
    for edit in file.unplaced:
        word = _word(edit.word, f"{where}: unplaced '{edit.lane}', stage '{edit.stage}'")
        if word is not None:
            unplaced.append(Edit(edit.lane, edit.stage, word, edit.why))
    return assemble(
        file.title,
        tuple(file.stages),
        tuple(lanes),
        method=file.method,
        assumptions=tuple(file.assumptions),
        data_until=file.data_until,
        steps=tuple(Step(**step.model_dump()) for step in file.steps),
        unplaced=tuple(unplaced),
        moves=tuple(_move(move) for move in file.moves),
        behaviour=file.behaviour,
    )


def _require_sound(file: MapFile, where: str) -> None:
    """Refuse what no single key shows."""
    for names, what in ((file.stages, "stage"), ([lane.kind for lane in file.lanes], "lane")):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DataError(f"{where}: the {what} '{twice[0]}' is there twice; keep one.")
    for lane in file.lanes:
        if len(lane.cells) != len(file.stages):
            raise DataError(
                f"{where}: lane '{lane.kind}' has {len(lane.cells)} cells, but there are {len(file.stages)} stages; give "
                "one a stage."
            )


def _cell(part: CellPart, place: str) -> Cell:
    value, low, high = (math.nan if number is None else number for number in (part.value, part.low, part.high))
    said = None if part.said is None else _word(part.said, place)
    return Cell(
        tuple(part.lines),
        part.reason,
        part.n,
        part.evidence,
        value,
        low,
        high,
        part.flag,
        part.source,
        part.by,
        said,
        part.unit,
        part.until,
    )


def _move(part: MovePart) -> Move:
    numbers = (math.nan if number is None else number for number in (part.share, part.low, part.high))
    return Move(part.from_stage, part.to_stage, part.n, *numbers)


def _word(part: SaidPart, place: str) -> Word | None:
    return make_word(part.model_dump(), lambda field: f"{place}, {field}")
