"""How customers go between the stages: arcs on above, back below, rounds on the stage itself."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import pandas as pd

from journeylab import html, text
from journeylab.figures import Drawn
from journeylab.html import escape, in_single_quotes
from journeylab.journeymap.model import grade

if TYPE_CHECKING:
    from journeylab.journeymap.model import JourneyMap, Move

LEAST = 0.05
"""Arcs are drawn of this share of a stage's customers or more, rounds always; the table has all."""

NEAR, STEP = 52, 25
"""Height of an arc to the next stage, and how much higher each longer one is, in pixels."""

PILL, INSET = 34, 0.06
WIDEST = 11.0


@dataclasses.dataclass(frozen=True)
class Arc:
    """A move as it is drawn.

    Attributes
    ----------
    move : Move
    start, end : int
        Places of its stages.
    level : int
        0 where it goes to the next stage or the one before; longer ways are higher.
    """

    move: Move
    start: int
    end: int
    level: int = 0

    @property
    def height(self) -> int:
        """Of its top over the stages, in pixels."""
        return NEAR + STEP * self.level

    @property
    def width(self) -> float:
        """Of its line, in pixels."""
        return 1.5 + (WIDEST - 1.5) * min(1.0, max(0.0, self.move.share))


def arcs(journey: JourneyMap) -> list[Arc]:
    """The moves that are drawn as arcs, and the rounds, in the order of the stages."""
    places = {stage: place for place, stage in enumerate(journey.stages)}
    drawn = [
        Arc(move, places[move.from_stage], places[move.to_stage])
        for move in journey.moves
        if move.from_stage in places and move.to_stage in places and math.isfinite(move.share) and move.n > 0
        if move.share >= LEAST or move.from_stage == move.to_stage
    ]
    spans = {
        way: sorted({abs(arc.end - arc.start) for arc in drawn if _way(arc) == way} | {1}) for way in ("on", "back")
    }
    levelled = [
        dataclasses.replace(arc, level=spans[_way(arc)].index(abs(arc.end - arc.start)))
        if arc.start != arc.end
        else arc
        for arc in drawn
    ]
    return sorted(levelled, key=lambda arc: (-arc.level, arc.start, arc.end))


def _way(arc: Arc) -> str:
    return "on" if arc.end > arc.start else "back" if arc.end < arc.start else "round"


def words(move: Move, start: int, end: int) -> str:
    """Say a move in a label: how many go on, past a stage, back, or round."""
    verb = {-1: "go back", 0: "go round"}.get((end > start) - (end < start), "go on" if end == start + 1 else "skip on")
    return f"{text.percent(move.share, 0)} {verb}"


def of(move: Move) -> str:
    """How many that are, of those on the first stage."""
    return f"{text.count(move.n)} of {text.count(base(move))}"


def base(move: Move) -> int:
    """The customers of the first stage, of whom the move is a share."""
    return round(move.n / move.share) if math.isfinite(move.share) and move.share > 1e-12 else move.n


def mark(move: Move) -> str:
    """What a move's arc, labels and words tell, for the gate of releases; the table under the map has it."""
    drawn = Drawn(((move.from_stage, move.to_stage),), (), ((move.n, base(move), move.share, move.low, move.high),))
    return in_single_quotes("data-draws", drawn.mark())


def strip(journey: JourneyMap) -> str:
    """Draw the moves as a row of the map that spans its stages; nothing where none is known."""
    drawn, n = arcs(journey), len(journey.stages)
    if not drawn:
        return ""
    above = max((arc.height for arc in drawn if _way(arc) == "on"), default=0)
    below = max((arc.height for arc in drawn if _way(arc) == "back"), default=0)
    top = above + 12 if above else 4
    height = top + PILL + (below + 12 if below else 4)
    rounds = {arc.start: arc for arc in drawn if _way(arc) == "round"}
    shapes = [_arc(arc, n, top) for arc in drawn if _way(arc) != "round"]
    shapes += [_stage(place, n, top, rounds.get(place)) for place in range(n)]
    shapes += _labels(drawn, n, top)
    largest = sorted(drawn, key=lambda arc: -arc.move.share)
    said = "; ".join(
        f"{arc.move.from_stage} to {arc.move.to_stage}: {words(arc.move, arc.start, arc.end)}" for arc in largest
    )
    return (
        '<tbody role="rowgroup"><tr role="row" class="moves"><th role="rowheader" scope="row">How they move'
        '<span class="of">on above, back below, round on the stage</span></th>'
        f'<td role="cell" colspan="{n}" data-value=""><svg height="{height}" role="img" '
        f'aria-label="Moves between the stages. {escape(said)}. The table under the map has them all.">'
        f"{''.join(shapes)}</svg></td></tr>{_ways(drawn, journey.stages)}</tbody>"
    )


WAYS = "Where they go from here"


def _ways(drawn: list[Arc], stages: tuple[str, ...]) -> str:
    """The same in words, a cell a stage: for a phone and for one stage alone, where there is no room for arcs."""
    cells = []
    for place in range(len(stages)):
        here = sorted((arc for arc in drawn if arc.start == place), key=lambda arc: -arc.move.share)
        lines = "".join(
            f"<p {mark(arc.move)}>{escape(words(arc.move, arc.start, arc.end))}"
            f"{f' to {escape(stages[arc.end])}' if arc.end != place else ''} ({of(arc.move)})</p>"
            for arc in here
        )
        kind = grade(base(here[0].move)) if here else "empty"
        cells.append(
            f'<td role="cell" class="c {kind}" data-label="{WAYS}">{lines or "<p>nobody, or fewer than 5 %</p>"}</td>'
        )
    return f'<tr role="row" class="ways"><th role="rowheader" scope="row">{WAYS}</th>{"".join(cells)}</tr>'


def _x(column: float, n: int) -> str:
    """A place across the map, in per cent of its width; columns count from 0."""
    return f"{100 * column / n:.2f}%"


def ends(arc: Arc) -> tuple[float, float]:
    """Where an arc leaves its stage and where it comes to the other, in columns: the longer, the nearer to the middle."""
    way = 1 if arc.end > arc.start else -1
    aside = 0.16 - 0.05 * min(arc.level, 3)
    return arc.start + 0.5 + way * aside, arc.end + 0.5 - way * aside


def _arc(arc: Arc, n: int, top: int) -> str:
    """An arc with its tip, above the stages or below them."""
    on = arc.end > arc.start
    first, last = ends(arc)
    left = min(first, last)
    rise = arc.height / 0.75  # a cubic with level handles reaches three quarters of them
    tip = max(5.0, arc.width * 0.5 + 3)
    foot = top - 1 if on else top + PILL + 1
    stroke = f'stroke-width="{arc.width:.1f}"'
    begin, end = ("0", "100") if on else ("100", "0")
    far, near = ("0", "100") if on else ("100", "0")
    near_tip = f"{100 - 100 * tip / rise:.1f}" if on else f"{100 * tip / rise:.1f}"
    y = foot - rise if on else foot
    edge = foot - tip * 1.3 if on else foot + tip * 1.3
    return (
        f'<g class="{_way(arc)}" {mark(arc.move)}><title>{escape(_told(arc))}</title>'
        f'<svg x="{_x(left, n)}" y="{y:.1f}" width="{_x(abs(last - first), n)}" height="{rise:.1f}" viewBox="0 0 100 100" '
        f'preserveAspectRatio="none"><path class="arc" {stroke} '
        f'd="M{begin},{near}C{begin},{far} {end},{far} {end},{near_tip}"/></svg>'
        f'<svg x="{_x(last, n)}" y="{edge:.1f}"><path class="tip" '
        f'd="M{-tip:.1f},0H{tip:.1f}L0,{tip * 1.3 if on else -tip * 1.3:.1f}z"/></svg></g>'
    )


def _told(arc: Arc) -> str:
    move = arc.move
    ranged = f", {text.interval(move.low, move.high)}" if math.isfinite(move.low) and math.isfinite(move.high) else ""
    return f"{move.from_stage} → {move.to_stage}: {words(move, arc.start, arc.end)} ({of(move)}{ranged})"


def _stage(place: int, n: int, top: int, arc: Arc | None) -> str:
    """A stage as a pill; who goes round on it stands in it, beside an arrow that is the wider the more they are."""
    pill = (
        f'<rect class="pill" x="{_x(place + INSET, n)}" y="{top}" width="{_x(1 - 2 * INSET, n)}" height="{PILL}" '
        f'rx="{PILL // 2}"/>'
    )
    middle = _x(place + 0.5, n)
    if arc is None:
        return f'<g>{pill}<text class="small" x="{middle}" y="{top + 21}">nobody goes round</text></g>'
    width = 1 + 2.5 * min(1.0, max(0.0, arc.move.share))
    return (
        f'<g>{pill}</g><g class="round" {mark(arc.move)}><title>{escape(_told(arc))}</title>'
        f'<svg x="{_x(place + INSET, n)}" y="{top + PILL / 2:g}"><path class="arc" stroke-width="{width:.1f}" '
        'd="M21,-3A7.5,7.5 0 1 0 21,4"/><path class="tip" d="M15.5,-3h9.5l-2,-8z"/></svg>'
        f'<text class="lead" x="{middle}" dx="10" y="{top + 15}">{escape(words(arc.move, arc.start, arc.end))}</text>'
        f'<text class="small" x="{middle}" dx="10" y="{top + 28}">{of(arc.move)}</text></g>'
    )


def _labels(drawn: list[Arc], n: int, top: int) -> list[str]:
    """The labels: within an arc to the next stage in two lines, on a longer one in one; the larger first, none on another."""
    taken: list[tuple[float, float, float, float]] = []
    made = []
    for arc in sorted(drawn, key=lambda arc: -arc.move.share):
        if _way(arc) == "round":
            continue
        on = arc.end > arc.start
        middle = sum(ends(arc)) / 2
        near = arc.level == 0
        half = 0.36 if near else 0.55
        low, high = (6, 34) if near else (arc.height - 8, arc.height + 8)
        box = (middle - half, middle + half, low, high) if on else (middle - half, middle + half, -high, -low)
        if any(box[0] < b[1] and b[0] < box[1] and box[2] < b[3] and b[2] < box[3] for b in taken):
            continue
        taken.append(box)
        told = mark(arc.move)
        x, said, counted = _x(middle, n), escape(words(arc.move, arc.start, arc.end)), of(arc.move)
        if near:
            first, second = (top - 21, top - 8) if on else (top + PILL + 17, top + PILL + 30)
            made.append(
                f'<text class="lead" x="{x}" y="{first}" {told}>{said}</text>'
                f'<text class="small" x="{x}" y="{second}" {told}>{counted}</text>'
            )
        else:
            y = top - arc.height + 4 if on else top + PILL + arc.height + 4
            wide = 7.4 * len(said) + 6.2 * len(counted) + 18
            made.append(
                f'<svg x="{x}" y="{y}" {told}><rect class="clear" x="{-wide / 2:.0f}" y="-11" width="{wide:.0f}" height="15"/>'
                f'<text><tspan class="lead">{said}</tspan> ({counted})</text></svg>'
            )
    return made


def moves_table(journey: JourneyMap) -> str:
    """All moves as a table, folded: what the strip shows, in words."""
    if not journey.moves:
        return ""
    places = {stage: place for place, stage in enumerate(journey.stages)}
    rows = []
    for move in journey.moves:
        start, end = places.get(move.from_stage, -1), places.get(move.to_stage, -1)
        how = ("back" if end < start else "on" if end <= start + 1 else "past a stage") if end != start else "round"
        rows.append((move.from_stage, move.to_stage, how, move.n, base(move), move.share, move.low, move.high))
    names = ["from_stage", "to_stage", "how", "n", "of", "share", "ci_low", "ci_high"]
    frame = pd.DataFrame(rows, columns=names)
    whose = f" of behaviour {journey.behaviour}" if journey.behaviour else ""
    table = html.table(
        frame,
        f"Moves between the stages{whose}",
        columns={
            "from_stage": "From",
            "to_stage": "To",
            "how": "How",
            "n": "Customers",
            "of": "Of",
            "share": "Share",
            "ci": "95 % interval",
        },
    )
    return (
        f'<details class="key"><summary>Moves between the stages, all {len(rows)} as a table</summary>{table}</details>'
    )
