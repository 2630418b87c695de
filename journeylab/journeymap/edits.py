"""What the team said of the map, brought onto the next one: marked as a person's word, and never lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from journeylab.errors import DataError
from journeylab.journeymap.model import TEAM, Cell, Lane
from journeylab.journeymap.origins import WRITTEN
from journeylab.journeymap.reading import read
from journeylab.journeymap.words import Edit, Word
from journeylab.study import Study

TEAM_LANES = {"opportunities": ("Opportunities", "opportunity"), "owner": ("Owner", "owner")}
"""Lanes in which stands what the team said, wherever it said it: by kind, their title and the field that they show."""

NOBODY = "nobody is named"


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


def named_owners(study: Study) -> dict[str, tuple[str, ...]]:
    """Who sees to each stage and its touchpoints, as ``owner`` of [[stages]] and [[touchpoints]] in study.toml says."""
    found: dict[str, list[str]] = {}
    for stage in study.config.stages:
        if stage.owner:
            found.setdefault(stage.name, []).append(f"{stage.owner} (the stage)")
    known = study.touchpoints
    for (stage, owner), rows in known[known["owner"] != ""].groupby(["stage", "owner"], sort=False):
        found.setdefault(str(stage), []).append(f"{owner} ({', '.join(rows['touchpoint'])})")
    return {stage: tuple(lines) for stage, lines in found.items()}


def apply_edits(
    lanes: tuple[Lane, ...],
    stages: tuple[str, ...],
    edits: Iterable[Edit],
    owners: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[tuple[Lane, ...], tuple[Edit, ...]]:
    """Put edits on the cells that they are meant for.

    Parameters
    ----------
    owners : mapping, optional
        Of each stage, as study.toml names them.

    Returns
    -------
    lanes : tuple of Lane
        With the words of the team; its opportunities stand before those of the data, and the lane of owners is last. What
        the data say stays as it is.
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
    titles = {lane.kind: lane.title for lane in lanes}
    drafted = {lane.kind: lane for lane in lanes}
    for kind, (title, _) in TEAM_LANES.items():
        reason = {"owner": NOBODY, "opportunities": "nobody named one"}[kind]
        drafted.setdefault(kind, Lane(kind, title, tuple(Cell((), reason) for _ in stages)))
    found = []
    for kind, lane in drafted.items():
        given = owners or {} if kind == "owner" else {}
        cells = [
            dataclasses.replace(
                _with_team(cell, given.get(stage, ()), _named(kind, stage, titles, placed)),
                said=placed.get((kind, stage)),
            )
            for stage, cell in zip(stages, lane.cells, strict=True)
        ]
        found.append(dataclasses.replace(lane, cells=tuple(cells)))
    return tuple(found), tuple(unplaced)


def _named(kind: str, stage: str, titles: dict[str, str], placed: dict[tuple[str, str], Word]) -> list[str]:
    """The owners or opportunities that the team named in any lane of a stage."""
    if kind not in TEAM_LANES:
        return []
    field = TEAM_LANES[kind][1]
    where = {**titles, **dict.fromkeys(TEAM_LANES, "")}
    lines = []
    for lane, title in where.items():
        word = placed.get((lane, stage))
        if word is not None and getattr(word, field):
            lines.append(f"{getattr(word, field)}{f' ({title})' if title else ''}")
    return lines


def _with_team(cell: Cell, given: tuple[str, ...], named: list[str]) -> Cell:
    """A cell with what the team says, in study.toml and in its edits, before what the data say."""
    lines = (*given, *named)
    if not lines:
        return cell
    source = " and ".join(name for name, there in ((WRITTEN, given), ("the team's edits", named)) if there)
    if not cell.lines:
        return dataclasses.replace(cell, lines=lines, reason="", source=source, by=TEAM)
    marked = tuple(f"{line}, says the team" for line in lines)
    return dataclasses.replace(cell, lines=(*marked, *cell.lines), source=f"{cell.source}; {source}")
