"""Draw a journey map as one HTML table with SVG in it: readable without scripts, without colours, and on a phone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from journeylab.html import escape
from journeylab.journeymap.drawing import curve
from journeylab.journeymap.drawing.cell import classes, content, source
from journeylab.journeymap.drawing.moves import LEAST, arcs, moves_table, strip
from journeylab.journeymap.drawing.style import style
from journeylab.text import percent

if TYPE_CHECKING:
    from journeylab.journeymap.model import Cell, JourneyMap, Lane

GROUPS = {
    "What customers do": ("goal", "customers", "actions", "touchpoints", "planned", "trouble", "friction"),
    "What they say": ("feeling", "pains", "gains", "quotes", "fit"),
    "How it stands to our goals": ("kpi", "kpi_long"),
    "What to do": ("moments", "opportunities", "owner"),
}
"""Lanes by their kind, under the headings that they stand under."""

OTHER = "What else there is"
FITS = 5
"""So many stages need no scrolling on a wide screen; their heads stay in sight."""


def draw_html(
    journey: JourneyMap, *, notes: Mapping[tuple[str, str], str] | None = None, alone: bool = True, name: str = ""
) -> str:
    """Return the map as an HTML fragment with its own style; all text is escaped.

    Parameters
    ----------
    notes : mapping, optional
        By kind of lane and stage, HTML that is put under the text of the cell.
    alone : bool
        Whether the map brings its style and lets a reader choose a stage; a gallery does so for all its maps.
    name : str
        What tells it from another map of the page; made of its content where not given.
    """
    n, truths = len(journey.stages), _truths(journey)
    heads = "".join(
        f'<th role="columnheader" scope="col">{escape(stage.capitalize())}{GEM if place in truths else ""}</th>'
        for place, stage in enumerate(journey.stages)
    )
    parts = [_group(heading, lanes, journey.stages, truths, notes or {}) for heading, lanes in grouped(journey)]
    whose = f" of behaviour {journey.behaviour}" if journey.behaviour else ""
    title = f"Journey map{whose}: {journey.title}"
    top = f"<style>{style(n)}</style>{picker(journey.stages, name or _name(journey))}" if alone else ""
    hint = "" if n <= FITS else f'<p class="key hint">All {n} stages: scroll to the right, or choose one.</p>'
    return (
        f'<div class="journey-map">{top}{hint}'
        f'<div class="scroll{" fits" if n <= FITS else ""}" role="region" aria-label="{escape(title)}" tabindex="0">'
        f'<table class="map" role="table"><caption><strong>{escape(title)}.</strong> {escape(journey.summary())}</caption>'
        f'<colgroup><col class="lane">{"<col class=stage>" * n}</colgroup>'
        f'<thead role="rowgroup"><tr role="row"><td role="cell"></td>{heads}</tr></thead>'
        f"{strip(journey)}{''.join(parts)}</table></div>{moves_table(journey)}{_key(journey)}{_unplaced(journey)}</div>"
    )


GEM = '<span class="gem"><span aria-hidden="true">◆</span> moment of truth</span>'


def _truths(journey: JourneyMap) -> set[int]:
    """Places of the stages that are moments of truth."""
    lane = journey.lane("moments")
    return set() if lane is None else {place for place, cell in enumerate(lane.cells) if cell.lines}


def _name(journey: JourneyMap) -> str:
    """The same for the same map, and another for another."""
    whole = "\n".join((journey.title, journey.behaviour, journey.data_until, *journey.stages))
    return f"map-{hashlib.sha256(whole.encode('utf-8', 'replace')).hexdigest()[:8]}"


def picker(stages: tuple[str, ...], name: str) -> str:
    """A choice of one stage, by the style alone; nothing where there is only one."""
    if len(stages) < 2:
        return ""
    options = "".join(
        f'<label><input type="radio" name="{escape(name)}-stage" class="s{place}"{"" if place else " checked"}>'
        f"{escape(word)}</label>"
        for place, word in enumerate(("all", *stages))
    )
    return f'<fieldset class="pick"><legend>Stage</legend>{options}</fieldset>'


def grouped(journey: JourneyMap) -> list[tuple[str, list[Lane]]]:
    """The lanes under their headings, in the order of the map; without a heading where none is known."""
    found = [(heading, [lane for lane in journey.lanes if lane.kind in kinds]) for heading, kinds in GROUPS.items()]
    found = [(heading, lanes) for heading, lanes in found if lanes]
    known = {kind for kinds in GROUPS.values() for kind in kinds}
    rest = [lane for lane in journey.lanes if lane.kind not in known]
    return [*found, (OTHER if found else "", rest)] if rest else found


def _group(
    heading: str,
    lanes: list[Lane],
    stages: tuple[str, ...],
    truths: set[int],
    notes: Mapping[tuple[str, str], str],
) -> str:
    """The lanes under one heading, which folds them."""
    head = (
        f'<tr role="row" class="group"><th role="rowheader" scope="row" colspan="{len(stages) + 1}"><label>'
        f'<input type="checkbox" checked aria-label="Show: {escape(heading)}">{escape(heading)}</label></th></tr>'
        if heading
        else ""
    )
    return f'<tbody role="rowgroup">{head}{"".join(_lane(lane, stages, truths, notes) for lane in lanes)}</tbody>'


def _lane(lane: Lane, stages: tuple[str, ...], truths: set[int], notes: Mapping[tuple[str, str], str]) -> str:
    """One lane as a row; a source that all its cells share stands under its title."""
    drawn = lane.kind == "feeling" and any(curve.known(cell) for cell in lane.cells)
    filled = [cell for cell in lane.cells if cell.lines]
    sources = {source(cell) for cell in filled}
    shared = next(iter(sources)) if len(sources) == 1 else ""
    written = len(filled) > 1 and all(cell.by == "team" and cell.said is None for cell in filled)
    if written:
        shared = f"said by the team{f', {shared}' if shared else ''}"
    of = f'<span class="of">{escape(shared)}</span>' if shared else ""
    title = f'<span class="name">{escape(lane.title)}</span>{of}'
    head = (
        f'<th role="rowheader" scope="row" class="scaled" data-value="{escape(lane.title)}">{title}{AXIS}</th>'
        if drawn
        else f'<th role="rowheader" scope="row">{title}</th>'
    )
    cells = "".join(
        _cell(lane, place, place in truths, notes.get((lane.kind, stage), ""), drawn)
        for place, stage in enumerate(stages)
    )
    marks = " ".join(name for name, true in (("same", len(sources) == 1), ("written", written)) if true)
    return f'<tr role="row" class="{marks}">{head}{cells}</tr>'


AXIS = (
    f'<svg class="axis" aria-hidden="true" focusable="false"><text x="100%" y="{curve.y(1) + 4:g}">good +1</text>'
    f'<text x="100%" y="{curve.y(0) + 4:g}">0</text><text x="100%" y="{curve.y(-1) + 4:g}">bad −1</text></svg>'
)


def _cell(lane: Lane, place: int, truth: bool, note: str, drawn: bool) -> str:
    cell: Cell = lane.cells[place]
    inside = f"{content(cell, lane.kind)}{note}"
    before = lane.cells[place - 1] if place else None
    again = before is not None and not cell.lines and not before.lines and cell.reason == before.reason
    kind = f"{classes(cell)}{' truth' if truth else ''}{' again' if again and not drawn else ''}"
    if drawn:
        kind, inside = f"{kind} curve", f'{curve.piece(lane.cells, place)}<div class="text">{inside}</div>'
    hover = (
        f' title="{escape(cell.reason)}"' if again and not drawn and cell.reason else ""
    )  # the eye has it one cell before
    return f'<td role="cell" class="{kind}" data-label="{escape(lane.title)}"{hover}>{inside}</td>'


def _key(journey: JourneyMap) -> str:
    """How the map is read."""
    lines = [
        "A solid edge and a full tint: 30 or more people or customers stand behind the cell; a broken edge and a pale tint: 5 to "
        "29; a hairline: fewer, or nothing is counted there. Hatched cells are empty and say why. Ranges are 95 % intervals."
    ]
    feeling = journey.lane("feeling")
    if feeling is not None and any(curve.known(cell) for cell in feeling.cells):
        lines.append(
            "Feeling: the dot is the mean, the bar its interval. Between two stages line and band only lead the eye; a dotted "
            "line leads over stages of which nobody spoke."
        )
    if arcs(journey):
        lines.append(
            "Moves: shares of the customers of the stage that they leave, the wider the more; one customer may go several "
            "ways, so they "
            "add up to more than all; arcs are drawn from "
            f"{percent(LEAST, 0)} on. Who goes round meets a touchpoint of the stage again."
        )  # fmt: skip
    if _truths(journey):
        lines.append("◆ and the yellow column: a moment of truth.")
    if journey.edits:
        lines.append("A double frame marks the word of a person, not of the data.")
    return f'<p class="key">{" ".join(map(escape, lines))}</p>'


def _unplaced(journey: JourneyMap) -> str:
    """What the team said of cells that this map has not."""
    if not journey.notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in journey.notes)
    return f'<div class="key"><p>Said by the team of what is not on this map:</p><ul>{items}</ul></div>'
