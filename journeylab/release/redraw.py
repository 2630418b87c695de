"""A figure drawn anew from the rows that a release shows: dots with their intervals, a line a row."""

from __future__ import annotations

import math
from collections.abc import Sequence

from journeylab import figures, text
from journeylab.release.drawn import Row
from journeylab.release.markup import Element, Text

WIDE, LABEL, LINE, RIGHT, AXIS = 720.0, 300.0, 25.0, 24.0, 34.0
LETTERS = 48
MOST_ACROSS, MOST_DOWN = 16, 20
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
    crossed = _crossed(rows, series)
    if crossed is not None:
        return _matrix(*crossed, unit, caption)
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


def _crossed(
    rows: Sequence[Row], series: Sequence[str]
) -> tuple[list[str], list[str], dict[tuple[str, str], float]] | None:
    """Names down and across, and the values, where rows are the cells of a table with two sides."""
    if len(series) != 1 or any(len(row.labels) != 2 or math.isfinite(row.numbers[1]) for row in rows):
        return None
    values = {(row.labels[0], row.labels[1]): row.numbers[0] for row in rows}
    down, across = (list(dict.fromkeys(row.labels[side] for row in rows)) for side in (0, 1))
    if len(values) < len(rows) or not 2 < len(across) <= MOST_ACROSS or not 1 < len(down) <= MOST_DOWN:
        return None
    return down, sorted(across, key=float) if all(name.isdigit() for name in across) else across, values


def _matrix(
    down: list[str], across: list[str], values: dict[tuple[str, str], float], unit: str, caption: str
) -> Element:  # fmt: skip
    """A heat map with the numbers in it; what is not shown is blank."""
    scale = 1.0 if unit == "number" else 100.0
    left, head = 120.0, 30.0
    wide = (WIDE - left - RIGHT) / len(across)
    most = max(values.values()) or 1.0
    parts = [_words(name if len(name) <= wide / 6.5 else f"{name[: max(int(wide / 6.5) - 1, 1)]}…",
                    left + wide * (place + 0.5), head - 9, "middle") for place, name in enumerate(across)]  # fmt: skip
    for row, one in enumerate(down):
        top = head + LINE * row
        parts.append(_words(one if len(one) < 18 else f"{one[:16]}…", left - 8, top + LINE / 2 + 4, "end"))
        for column, other in enumerate(across):
            value = values.get((one, other), math.nan)
            if math.isfinite(value):
                parts += _cell(scale * value, max(0.0, value / most), left + wide * column, top, wide)
    tall = head + LINE * len(down) + 4
    size = {"viewBox": f"0 0 {WIDE:g} {tall:g}", "width": f"{WIDE:g}", "height": f"{tall:g}"}
    return _within("svg", {**size, "role": "img", "aria-label": caption}, parts)


def _cell(value: float, dark: float, x: float, y: float, wide: float) -> list[Element]:
    """A cell of a heat map, the darker the larger its value."""
    box: dict[str, str | None] = {
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "width": f"{wide - 2:.1f}",
        "height": f"{LINE - 2:g}",
    }
    box |= {"fill": figures.BLUE, "fill-opacity": f"{0.06 + 0.94 * dark:.2f}"}
    said = _words(text.number(round(value, 1 if value < 10 else 0)), x + wide / 2 - 1, y + LINE / 2 + 4, "middle")
    if dark > 0.5:
        said.attributes["fill"] = "#ffffff"
    return [Element("rect", box), said]


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
