"""The moves between the stages on a slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from journeylab import figures, text
from journeylab.journeymap.drawing.fitting import width
from journeylab.journeymap.drawing.moves import Arc, arcs, ends, words

if TYPE_CHECKING:
    from journeylab.journeymap.drawing.picture import _Slide
    from journeylab.journeymap.model import JourneyMap

FIRST, STEP = 25.0, 14.0
"""Height of an arc to the next stage, and how much higher each longer one is, in points."""

SIZE, HALF, WIDEST = 11.0, 9.0, 200.0
LOOP = figures.PURPLE


def _height(arc: Arc) -> float:
    return FIRST + STEP * arc.level


def _room(drawn: list[Arc]) -> tuple[float, float]:
    """Above the stages and below them."""
    above = max((_height(arc) for arc in drawn if arc.end > arc.start), default=0.0)
    below = max((_height(arc) for arc in drawn if arc.end < arc.start), default=0.0)
    return above + (8 if above else 0), below + (8 if below else 0)


def room_for_moves(journey: JourneyMap) -> float:
    """The height of the strip, in points; 0 where nothing is drawn."""
    drawn = arcs(journey)
    return sum(_room(drawn)) + 2 * HALF if drawn else 0.0


def draw_moves(slide: _Slide, top: float, room: float) -> None:
    """Draw arcs on above and back below, and who goes round on the stage itself; the larger ones are named."""
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
    from matplotlib.path import Path

    drawn = arcs(slide.journey)
    if not drawn:
        return
    middle = top + _room(drawn)[0] + HALF
    slide.lines(26, middle - 20, ["How they", "move"], fontweight="bold")
    for arc in drawn:
        if arc.start == arc.end:
            continue
        on = arc.end > arc.start
        x0, x1 = (slide.centre(end - 0.5) for end in ends(arc))
        way = -1 if on else 1
        y, peak = middle + way * HALF, middle + way * (HALF + _height(arc) / 0.75)
        path = Path([(x0, y), (x0, peak), (x1, peak), (x1, y)], [Path.MOVETO, *[Path.CURVE4] * 3])
        slide.ax.add_patch(
            FancyArrowPatch(
                path=path, arrowstyle="-|>", mutation_scale=9 * slide.scale, color=figures.BLUE if on else figures.ORANGE,
                alpha=0.7, linewidth=(0.8 + 4.5 * min(1.0, max(0.0, arc.move.share))) * slide.scale, shrinkA=0, shrinkB=0,
            )
        )  # fmt: skip
    rounds = {arc.start: arc for arc in drawn if arc.start == arc.end}
    half = 0.42 * slide.column
    for place in range(len(slide.journey.stages)):
        x = slide.centre(place)
        slide.ax.add_patch(
            FancyBboxPatch((x - half + 6, middle - HALF), 2 * half - 12, 2 * HALF, boxstyle="round,pad=0,rounding_size=9",
                           facecolor="#f5f8fa", edgecolor="#0b3d66", linewidth=slide.scale)
        )  # fmt: skip
        if place in rounds:
            share = text.percent(rounds[place].move.share, 0)
            said = next(
                (word for word in (f"↻ {share} go round", f"↻ {share}") if width(word, SIZE) < 2 * half - 16), ""
            )
            slide.words(x, middle, said, ha="center", color=LOOP)
    _labels(slide, drawn, middle)


def _labels(slide: _Slide, drawn: list[Arc], middle: float) -> None:
    """Name the arcs, the largest first, as long as no label lies on another."""
    taken: list[tuple[float, float, float, float]] = []
    for arc in sorted(drawn, key=lambda arc: -arc.move.share):
        if arc.start == arc.end:
            continue
        way = -1 if arc.end > arc.start else 1
        x = sum(slide.centre(end - 0.5) for end in ends(arc)) / 2
        y = middle + way * (HALF + (9 if arc.level == 0 else _height(arc)))
        room = 0.56 * slide.column if arc.level == 0 else WIDEST
        said = words(arc.move, arc.start, arc.end)
        said = said if width(said, SIZE) < room else text.percent(arc.move.share, 0)
        half = width(said, SIZE) / 2 + 3
        box = (x - half, x + half, y - 7, y + 7)
        if any(box[0] < b[1] and b[0] < box[1] and box[2] < b[3] and b[2] < box[3] for b in taken):
            continue
        taken.append(box)
        clear = {"facecolor": "white", "edgecolor": "none", "pad": 1.2 * slide.scale} if arc.level else None
        slide.words(x, y, said, ha="center", bbox=clear)
