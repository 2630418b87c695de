"""What the team said of the map, brought onto the next one: marked as a person's word, and never lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from journeylab.errors import DataError
from journeylab.journeymap.model import TEAM, Cell, Lane
from journeylab.journeymap.reading import read
from journeylab.journeymap.words import Edit, Word
from journeylab.study import Study

TEAM_LANES = {"opportunities": ("Opportunities", "opportunity"), "owner": ("Owner", "owner")}
"""Lanes that are made of what the team said: by kind, their title and the field that they show."""


def study_edits(study: Study) -> tuple[Edit, ...]:
    """Read the edits that ``[journey_map] edits`` names; none where study.toml names no file.

    Raises
    ------
    DataError
        When the file is not sound, or a CSV grid, which holds no edits.
    """
    file = study.files.get("journey_map.edits")
    if file is None:
        return ()
    if file.suffix.lower() == ".csv":
        raise DataError(f"{file}: a CSV grid holds no edits; export map.xlsx, map.json or map.cjml.xml and edit that.")
    return read(file).edits


def apply_edits(
    lanes: tuple[Lane, ...], stages: tuple[str, ...], edits: Iterable[Edit]
) -> tuple[tuple[Lane, ...], tuple[Edit, ...]]:
    """Put edits on the cells that they are meant for.

    Returns
    -------
    lanes : tuple of Lane
        With the words of the team, and lanes of opportunities and owners where anybody named one. What the data say
        stays as it is.
    unplaced : tuple of Edit
        Those whose lane or stage is not there any more, and why.
    """
    placed: dict[tuple[str, str], Word] = {}
    unplaced = []
    kinds = {lane.kind for lane in lanes} | set(TEAM_LANES)
    for edit in edits:
        why = (
            f"the map has no lane '{edit.lane}' now"
            if edit.lane not in kinds
            else f"the study has no stage '{edit.stage}' now"
            if edit.stage not in stages
            else "the cell has another word already"
            if (edit.lane, edit.stage) in placed
            else ""
        )
        if why:
            unplaced.append(dataclasses.replace(edit, why=why))
        else:
            placed[edit.lane, edit.stage] = edit.word
    marked = tuple(
        dataclasses.replace(lane, cells=tuple(
            dataclasses.replace(cell, said=placed.get((lane.kind, stage)))
            for stage, cell in zip(stages, lane.cells, strict=True)
        ))
        for lane in lanes
    )  # fmt: skip
    said = (_team_lane(kind, marked, stages, placed) for kind in TEAM_LANES)
    return (*marked, *(lane for lane in said if lane is not None)), tuple(unplaced)


def _team_lane(
    kind: str, lanes: tuple[Lane, ...], stages: tuple[str, ...], placed: dict[tuple[str, str], Word]
) -> Lane | None:
    """The lane of owners or opportunities; None where nobody named one."""
    title, field = TEAM_LANES[kind]
    titles = {**{lane.kind: lane.title for lane in lanes}, **dict.fromkeys(TEAM_LANES, "")}
    cells = []
    for stage in stages:
        lines = []
        for lane, where in titles.items():
            word = placed.get((lane, stage))
            if word is not None and getattr(word, field):
                lines.append(f"{getattr(word, field)}{f' ({where})' if where else ''}")
        source = "the team's edits" if lines else ""
        reason = "" if lines else "nobody named one"
        cells.append(
            Cell(tuple(lines), reason, source=source, by=TEAM if lines else "data", said=placed.get((kind, stage)))
        )
    if not any(cell.lines or cell.said for cell in cells):
        return None
    return Lane(kind, title, tuple(cells))
