"""The map as a slide: stages, moves, the curve of feeling, the top lines of the lanes, and where it comes from."""

from __future__ import annotations

import re
import warnings
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from journeylab import figures, text
from journeylab.errors import ReportError
from journeylab.journeymap.drawing import curve
from journeylab.journeymap.drawing.cell import K_OF_N
from journeylab.journeymap.drawing.fitting import LEADING, fit, width
from journeylab.journeymap.drawing.slide_moves import draw_moves, room_for_moves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from journeylab.journeymap.model import Cell, JourneyMap, Lane

WIDE = 960.0
"""Width of a slide in points; its height follows from the shape of the picture."""

MARGIN, LEFT = 26.0, 122.0
SIZE = 11.0
"""The smallest letters, in points of a slide 13.3 inches wide."""

TINTS = {"bad": ("#fbe3dd", "#fdf3f0", figures.ORANGE), "good": ("#dcf1e7", "#f1f9f5", figures.GREEN)}
PLAIN = ("#e9f0f5", "#f5f8fa", "#5b7a94")
BAD = "#9a2617"
SHOWN = ("pains", "trouble", "opportunities", "gains", "kpi", "kpi_long", "moments", "friction", "owner", "quotes")
"""Lanes by their rank when there is not room for all."""

MOST_LANES = 5
LEAST_SIDE, MOST_SIDE = 480, 8_000


def draw_png(journey: JourneyMap, *, width: int = 1920, height: int = 1080) -> bytes:
    """Draw the map as a slide.

    Parameters
    ----------
    width, height : int
        Pixels; from 480 to 8,000, and from as high as wide to twice as wide as high.

    Returns
    -------
    bytes
        PNG without any text, date or name of a program in it.

    Raises
    ------
    ReportError
        When no slide can have that shape.
    """
    if not (LEAST_SIDE <= height <= width <= min(2 * height, MOST_SIDE)):
        raise ReportError(
            f"width {width}, height {height}: a slide has from {LEAST_SIDE} to {text.count(MOST_SIDE)} pixels a side, and is "
            "from as wide as high to twice as wide; give for example width=1920, height=1080."
        )
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    tall = WIDE * height / width
    with rc_context(figures.STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # letters that the font has not are drawn as boxes
        figure = Figure(figsize=((width + 0.01) / figures.DPI, (height + 0.01) / figures.DPI))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set_xlim(0, WIDE)
        ax.set_ylim(tall, 0)
        ax.axis("off")
        _Slide(ax, journey, width / figures.DPI * 72 / WIDE, tall).draw()
        return figures.png(ax)


class _Slide:
    """The places of what is drawn; lengths are in points of the slide."""

    def __init__(self, ax: Axes, journey: JourneyMap, scale: float, tall: float) -> None:
        self.ax, self.journey, self.scale, self.tall = ax, journey, scale, tall
        self.column = (WIDE - MARGIN - LEFT) / len(journey.stages)

    def draw(self) -> None:
        top = self.head()
        top = self.stages(top)
        if self.journey.moves:
            room = room_for_moves(self.journey)
            draw_moves(self, top + 4, room)
            top += room + 8
        feeling = self.journey.lane("feeling")
        if feeling is not None and any(curve.known(cell) for cell in feeling.cells):
            top = self.feeling(feeling, top + 4, 78.0)
        self.lanes(top + 6, self.foot())

    def centre(self, place: float) -> float:
        """The middle of a column."""
        return LEFT + (place + 0.5) * self.column

    def words(self, x: float, y: float, words: str, *, size: float = SIZE, **options: Any) -> None:
        """Write a line; y is its middle."""
        options = {"va": "center", "color": figures.INK, "parse_math": False, **options}
        self.ax.text(x, y, words, fontsize=size * self.scale, **options)

    def lines(self, x: float, y: float, lines: list[str], *, size: float = SIZE, **options: Any) -> None:
        """Write lines under one another; y is the top of the first."""
        for number, line in enumerate(lines):
            self.words(x, y + (number + 0.5) * size * LEADING, line, size=size, **options)

    def box(self, x: float, y: float, wide: float, high: float, **options: Any) -> None:
        from matplotlib.patches import Rectangle

        self.ax.add_patch(Rectangle((x, y), wide, high, **{"linewidth": 0, **options}))

    def head(self) -> float:
        """Title and summary."""
        journey = self.journey
        title = f"{journey.title}: {journey.behaviour}" if journey.behaviour else journey.title
        self.lines(MARGIN, 16, fit([title or "Journey map"], WIDE - 2 * MARGIN, 1, lambda w: width(w, 19, True)),
                   size=19, fontweight="bold")  # fmt: skip
        said = fit([journey.summary()], WIDE - 2 * MARGIN, 2, lambda w: width(w, 12))
        self.lines(MARGIN, 42, said, size=12, color=figures.MUTED)
        return 46 + len(said) * 12 * LEADING

    def stages(self, top: float) -> float:
        """Arrows with the stages and how many customers come to each."""
        from matplotlib.patches import Polygon

        customers, moments = self.journey.lane("customers"), self.journey.lane("moments")
        many = self.column < 130
        high, point, size = 38.0, 6.0 if many else 8.0, 11.0 if many else 13.0
        for place, stage in enumerate(self.journey.stages):
            x, right = LEFT + place * self.column + 1.5, LEFT + (place + 1) * self.column - 1.5
            notch = point if place else 0
            shape = [(x, top), (right - point, top), (right, top + high / 2), (right - point, top + high), (x, top + high),
                     (x + notch, top + high / 2)]  # fmt: skip
            self.ax.add_patch(Polygon(shape, closed=True, facecolor="#0b3d66", linewidth=0))
            room = self.column - 2 * point - 6
            name = fit([stage.capitalize()], room, 1, lambda w: width(w, size, True))
            self.lines(x + point + 4, top + 18 - size * LEADING, name, size=size, color="white", fontweight="bold")
            truth = moments is not None and bool(moments.cells[place].lines)
            came = customers.cells[place].lines[:1] if customers is not None else ()
            choices = (
                ("◆ moment of truth", "◆ moment", "◆") if truth else (*came, *(line.partition(" ")[0] for line in came))
            )
            under = next((words for words in choices if width(words, SIZE) <= room), "")
            self.lines(x + point + 4, top + 19.5, [under], color="#ffd479" if truth else "#dce8f2")
        return top + high

    def feeling(self, lane: Lane, top: float, high: float) -> float:
        """The curve with its intervals."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        self.box(LEFT, top, WIDE - MARGIN - LEFT, high, facecolor="#f5f8fa")
        middle, reach = top + high / 2, high / 2 - 8
        self.words(MARGIN, middle, "Feeling", fontweight="bold")

        def y(value: float) -> float:
            return middle - reach * max(-1.0, min(1.0, value))

        for value, word in ((1, "good +1"), (0, "0"), (-1, "bad −1")):
            self.ax.plot([LEFT, WIDE - MARGIN], [y(value)] * 2, color=figures.MUTED if value == 0 else figures.GRID,
                         linewidth=0.8 * self.scale, linestyle=(0, (3, 3)) if value == 0 else "-")  # fmt: skip
            self.words(LEFT - 5, y(value), word, ha="right", color=figures.MUTED)
        points = [(self.centre(place), cell) for place, cell in enumerate(lane.cells) if curve.known(cell)]
        for (x0, first), (x1, last) in pairwise(points):
            near = x1 - x0 < 1.5 * self.column
            if near and curve.ranged(first) and curve.ranged(last):
                self.ax.add_patch(PathPatch(_band(Path, x0, x1, y(first.high), y(last.high), y(first.low), y(last.low)),
                                            facecolor=figures.BLUE, alpha=0.13, linewidth=0))  # fmt: skip
            way = _level(x0, y(first.value), x1, y(last.value)) if near else [(x0, y(first.value)), (x1, y(last.value))]
            codes = [Path.MOVETO, *([Path.CURVE4] * 3 if near else [Path.LINETO])]
            self.ax.add_patch(PathPatch(Path(way, codes), facecolor="none", edgecolor=figures.BLUE,
                                        linewidth=(2.2 if near else 1.2) * self.scale, linestyle="-" if near else ":"))  # fmt: skip
        for x, cell in points:
            if curve.ranged(cell):
                self.ax.plot([x, x], [y(cell.low), y(cell.high)], color=figures.BLUE, alpha=0.4, linewidth=8 * self.scale,
                             solid_capstyle="butt")  # fmt: skip
            self.ax.plot([x], [y(cell.value)], "o", color=figures.BLUE, markersize=7 * self.scale)
            n = f"  n = {text.count(cell.n)}" if cell.n and self.column > 100 else ""
            above, under = (y(cell.high), y(cell.low)) if curve.ranged(cell) else (y(cell.value), y(cell.value))
            place = under + 11 if (cell.value < 0 and under + 18 < top + high) or above - 17 < top else above - 10
            self.words(x, place, f"{text.signed(cell.value)}{n}", ha="center")
        return top + high

    def lanes(self, top: float, bottom: float) -> None:
        """The top lines of the lanes that have the most to say."""
        least = 2 * SIZE * LEADING + 8
        chosen = _chosen(self.journey, max(0, min(MOST_LANES, int((bottom - top) / least))))
        chosen.sort(key=self.journey.lanes.index)
        if not chosen:
            return
        each = min((bottom - top) / len(chosen), 8 * SIZE * LEADING)
        most = int((each - 6) / (SIZE * LEADING))
        for number, lane in enumerate(chosen):
            y = top + number * each
            title = fit([re.split("[,:]", lane.title)[0]], LEFT - MARGIN - 8, most, lambda w: width(w, SIZE, True))
            self.lines(MARGIN, y + 3, title, fontweight="bold")
            for place, cell in enumerate(lane.cells):
                self.cell(cell, LEFT + place * self.column, y, each - 3, most)

    def cell(self, cell: Cell, x: float, y: float, high: float, most: int) -> None:
        """A cell, drawn by its evidence: a solid edge, a broken edge, or none."""
        said = cell.said.override if cell.said is not None and cell.said.override else ""
        parts = [f"Team: {said}"] if said else list(cell.lines)
        lines = fit(map(_kept_together, parts or [cell.reason]), self.column - 16, most, lambda w: width(w, SIZE))
        if not cell.lines and not said:
            self.box(
                x + 1.5, y, self.column - 3, high, facecolor="none", edgecolor="#e6ebee", linewidth=0.8 * self.scale
            )
            self.lines(x + 8, y + 2, lines, color=figures.MUTED, fontstyle="italic")
            return
        full, pale, edge = TINTS.get(cell.flag, PLAIN)
        edge = BAD if cell.flag == "bad" else edge
        tint = {"strong": full, "some": pale}.get(cell.evidence, "white")
        self.box(x + 1.5, y, self.column - 3, high, facecolor=tint)
        if cell.evidence in {"strong", "some"}:
            style = "-" if cell.evidence == "strong" else (0, (1.6, 1.1))
            self.ax.plot([x + 3, x + 3], [y, y + high], color=edge, linewidth=3 * self.scale, linestyle=style,
                         solid_capstyle="butt", dash_capstyle="butt")  # fmt: skip
        self.lines(x + 8, y + 2, lines)

    def foot(self) -> float:
        """How many stand behind the map, and where it comes from until when; returns its top."""
        lines = fit([footer(self.journey)], WIDE - 2 * MARGIN, 2, lambda w: width(w, SIZE))
        top = self.tall - 12 - len(lines) * SIZE * LEADING
        self.lines(MARGIN, top, lines, color=figures.MUTED)
        return top - 6


def footer(journey: JourneyMap) -> str:
    """Who stands behind a map, its sources with their last day, and how it is read."""
    cells = [cell for lane in journey.lanes for cell in lane.cells if cell.lines]
    most: dict[str, int] = {}
    for cell in cells:
        if cell.unit:
            most[cell.unit] = max(most.get(cell.unit, 0), cell.n)
    counted = ", ".join(f"{text.count(n)} {unit}" for unit, n in most.items() if n)
    sources = dict.fromkeys(part for cell in cells for part in cell.source.split(", ") if part)
    days = [cell.until for cell in cells if cell.until] or [journey.data_until]
    parts = [
        f"n up to {counted} a cell" if counted else "",
        f"Sources: {', '.join(sources)}" if sources else "",
        f"data to {text.day(max(days))}" if max(days) else "",
        "moves: of the stage's customers" if journey.moves else "",
        "ranges: 95 % intervals; solid edge: n of 30 or more, broken: 5 to 29",
    ]
    return " · ".join(part for part in parts if part)


def _chosen(journey: JourneyMap, most: int) -> list[Lane]:
    """The lanes that get a place: those that say anything, by their rank; of a map without any such lane its first ones."""
    filled = [lane for lane in journey.lanes if any(cell.lines or cell.said for cell in lane.cells)]
    ranked = sorted((lane for lane in filled if lane.kind in SHOWN), key=lambda lane: SHOWN.index(lane.kind))
    return (ranked or [lane for lane in filled if lane.kind not in {"feeling", "customers"}])[:most]


def _kept_together(words: str) -> str:
    """Words in which no line breaks within k of n or before a per cent sign."""
    return K_OF_N.sub(lambda found: found[0].replace(" ", "\u00a0"), words).replace(" %", "\u00a0%")


def _level(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    """A cubic that is level at both ends."""
    middle = (x0 + x1) / 2
    return [(x0, y0), (middle, y0), (middle, y1), (x1, y1)]


def _band(path: Any, x0: float, x1: float, high0: float, high1: float, low0: float, low1: float) -> Any:
    upper, lower = _level(x0, high0, x1, high1), _level(x1, low1, x0, low0)
    codes = [path.MOVETO, *[path.CURVE4] * 3, path.LINETO, *[path.CURVE4] * 3, path.CLOSEPOLY]
    return path([*upper, *lower, upper[0]], codes)
