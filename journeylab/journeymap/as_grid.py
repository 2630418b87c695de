"""The texts of a map as a CSV grid, stages across and lanes down; no numbers and no words of the team."""

from __future__ import annotations

import csv
import io
import re

from journeylab.errors import DataError
from journeylab.journeymap.model import Cell, JourneyMap, Lane, assemble
from journeylab.journeymap.plain_text import join_lines, protect, restore, split_lines

RISKY = ("=", "+", "-", "@", "\t", "'", "(")
"""A text that begins so is written behind an apostrophe: no program takes it for a formula, nor for a reason."""


def write_grid(journey: JourneyMap) -> str:
    """Write the grid: a header of stages, a row a lane; an empty cell holds its reason in brackets."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["lane", "kind", *(_guard(protect(stage)) for stage in journey.stages)])
    for lane in journey.lanes:
        cells = [_guard(join_lines(cell.lines)) if cell.lines else f"({protect(cell.reason)})" for cell in lane.cells]
        writer.writerow([_guard(protect(lane.title)), _guard(protect(lane.kind)), *cells])
    return stream.getvalue()


def read_grid(text: str, where: str) -> JourneyMap:
    """Read a grid, also one that was made by hand: the first column names the lanes, the others are stages.

    Raises
    ------
    DataError
        When it is no such grid.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(row)]
    except csv.Error as error:
        raise DataError(f"{where}: is no sound CSV file ({error}); save it again as CSV with commas, UTF-8.") from None
    if len(rows) < 2 or len(rows[0]) < 2:
        raise DataError(
            f"{where}: is no journey map: expected JSON, a workbook, CJML, or a CSV grid with a header of stages behind "
            "'lane' and a row a lane, parted by commas."
        )
    known = len(rows[0]) > 2 and rows[0][1].strip().lower() == "kind"
    first = 2 if known else 1
    stages = tuple(restore(_unguard(name)) for name in rows[0][first:])
    for position, name in enumerate(stages):
        if not name.strip() or name in stages[:position]:
            raise DataError(
                f"{where}: row 1, column {position + first + 1}: the stage '{name}' is blank or there twice; name each once."
            )
    lanes: list[Lane] = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise DataError(
                f"{where}: row {number}: has {len(row)} cells, the header has {len(rows[0])}; fill them up."
            )
        title = restore(_unguard(row[0]))
        kind = restore(_unguard(row[1])) if known else ""
        kind = kind or re.sub(r"\W+", "_", title.lower()).strip("_") or f"lane_{number - 1}"
        if kind in {lane.kind for lane in lanes}:
            raise DataError(f"{where}: row {number}: the lane '{kind}' is there twice; keep one.")
        lanes.append(Lane(kind, title, tuple(map(_cell, row[first:]))))
    return assemble("", stages, tuple(lanes))


def _cell(text: str) -> Cell:
    if not text:
        return Cell((), "nothing in the file")
    if text.startswith("(") and text.endswith(")"):
        return Cell((), restore(text[1:-1]))
    return Cell(split_lines(_unguard(text)))


def _guard(text: str) -> str:
    return f"'{text}" if text.startswith(RISKY) else text


def _unguard(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(RISKY) else text
