"""A figure drawn anew from the rows that a release shows: dots with their intervals, a line a row."""

from __future__ import annotations

import math
from collections.abc import Sequence

from journeylab import figures, text
from journeylab.release.drawn import Row
from journeylab.release.markup import Element, Text

WIDE, LABEL, LINE, RIGHT, AXIS = 720.0, 250.0, 25.0, 24.0, 34.0
LETTERS = 38
MOST = 30
"""Rows of a figure that is drawn anew; of more, the first in the order of the figure."""

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def redraw(rows: Sequence[Row], series: Sequence[str], unit: str, caption: str) -> Element:
    """Draw rows whose numbers are value, low and high of each series in turn.

    Parameters
    ----------
    rows : sequence of Row
        With the numbers as the table shows them, not as the first figure had them.
    series : sequence of str
    unit : str
        See `journeylab.figures.Drawn`.
    caption : str
        What is under the figure, which is also what it is called aloud.
    """
    rows = list(rows)[:MOST]
    scale = 1.0 if unit == "number" else 100.0
    values = [scale * value for row in rows for value in row.numbers[: 3 * len(series)] if math.isfinite(value)]
    low, high, step = _ends(min(values), max(values))
    top = 26.0 if len(series) > 1 else 6.0
    foot = top + LINE * len(rows)

    def across(value: float) -> float:
        return LABEL + (WIDE - LABEL - RIGHT) * (value - low) / (high - low)

    parts = [*_axis(low, high, step, unit, top, foot, across), *_key(series)]
    for place, row in enumerate(rows):
        middle = top + LINE * (place + 0.5)
        name = " – ".join(row.labels)
        short = name if len(name) <= LETTERS else name[: LETTERS - 1].rstrip() + "…"
        parts.append(_words(short, LABEL - 10, middle + 4, "end"))
        for number in range(len(series)):
            value, first, last = (scale * part for part in row.numbers[3 * number : 3 * number + 3])
            shift = 7.0 * (number - (len(series) - 1) / 2)
            colour = figures.PALETTE[number % len(figures.PALETTE)]
            if math.isfinite(first) and math.isfinite(last):
                d = f"M{across(first):.1f},{middle + shift:.1f}H{across(last):.1f}"
                parts.append(Element("path", {"d": d, "stroke": colour, "stroke-width": "1.6", "fill": "none"}))
            if math.isfinite(value):
                parts.append(_dot(number, across(value), middle + shift, colour))
    size = {"viewBox": f"0 0 {WIDE:g} {foot + AXIS:g}", "width": f"{WIDE:g}", "height": f"{foot + AXIS:g}"}
    return _within("svg", {**size, "role": "img", "aria-label": caption}, parts)


def _ends(low: float, high: float) -> tuple[float, float, float]:
    """Ends of an axis that holds both and zero, and the step of its ticks."""
    low, high = min(low, 0.0), max(high, 0.0)
    rough = max(high - low, 1e-9) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in STEPS if size * factor >= rough * 0.999)
    return step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9) or step, step


def _axis(low: float, high: float, step: float, unit: str, top: float, foot: float, across) -> list[Element]:  # type: ignore[no-untyped-def]
    parts = []
    for number in range(round((high - low) / step) + 1):
        tick = low + number * step
        zero = abs(tick) < step / 2
        d = f"M{across(tick):.1f},{top:g}V{foot:g}"
        parts.append(Element("path", {"d": d, "stroke": figures.MUTED if zero else figures.GRID, "fill": "none"}))
        said = text.short(round(tick, 9)).replace("-", "−") + (" %" if unit == "percent" else "")
        parts.append(_words(said, across(tick), foot + 17, "middle"))
    if unit == "points":
        parts.append(_words("points", LABEL - 10, foot + 17, "end"))
    return parts


def _key(series: Sequence[str]) -> list[Element]:
    if len(series) < 2:
        return []
    parts, x = [], LABEL
    for number, name in enumerate(series):
        parts.append(_dot(number, x + 5, 11, figures.PALETTE[number % len(figures.PALETTE)]))
        parts.append(_words(name, x + 14, 15, "start"))
        x += 30 + 6.6 * len(name)
    return parts


def _dot(number: int, x: float, y: float, colour: str) -> Element:
    """A mark that differs by shape as well as by colour."""
    shapes = (
        "M-4.5,0a4.5,4.5 0 1 0 9,0a4.5,4.5 0 1 0 -9,0z",
        "M-4,-4h8v8h-8z",
        "M0,-5.5l5,9h-10z",
        "M0,-5.5l5.5,5.5l-5.5,5.5l-5.5,-5.5z",
    )
    d = f"M{x:.1f},{y:.1f}m{shapes[number % len(shapes)][1:]}"
    return Element("path", {"d": d, "fill": colour})


def _words(said: str, x: float, y: float, anchor: str) -> Element:
    given = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "font-size": "13", "fill": "currentColor"}
    return _within("text", given, [Text(said)])


def _within(tag: str, attributes: dict[str, str], children: Sequence[Element | Text]) -> Element:
    element = Element(tag, dict(attributes), children=list(children))
    for child in children:
        child.parent = element
    return element
