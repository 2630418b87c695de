"""One cell of the map: its lines with their bars and marks, and a quiet foot of n, interval, source and date."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from journeylab import text
from journeylab.html import escape

if TYPE_CHECKING:
    from journeylab.journeymap.model import Cell

NUMBER = r"(\d{1,3}(?:[,.\u202f\u00a0’]\d{2,3}){1,4}|\d{1,15})"
K_OF_N = re.compile(rf"(?<![\d,.]){NUMBER} of {NUMBER}(?!,?\d)")
RANGE = re.compile(r"\([^()<>]*\d to [^()<>]*\d[^()<>]*\)")
LEAD = re.compile(r"^([+−]?\d[\d,.]*(?:\u00a0%)?)( [^<]+)$")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
STATUS = re.compile(r"\b(met|missed|behind|open)\b")
SIGNS = {"met": "✓", "missed": "✗", "behind": "✗", "open": "○"}
LEADING = {"customers", "trouble", "feeling", "fit"}
"""Lanes whose first line is what counts; it is set larger."""

NAMED = {"pains", "gains"}
COUNTED = {*NAMED, "actions"}
"""Lanes whose lines count k of n each, and have a bar each; the number of a lane of what is named is of all its names."""

GOALS = {"kpi", "kpi_long"}
STRENGTH = {"strong": "strong evidence", "some": "some evidence"}


def content(cell: Cell, kind: str) -> str:
    """The inside of a cell: what the team says, the lines, the foot; where it is empty, why.

    Parameters
    ----------
    kind : str
        Of the lane.
    """
    said = _said(cell)
    if not cell.lines:
        return f"{said}<p>{escape(cell.reason)}</p>" if cell.reason else said
    told = _told_at(cell, kind)
    lines = "".join(_line(line, number, cell, kind, number == told) for number, line in enumerate(cell.lines))
    by = '<p class="by">said by the team</p>' if cell.by == "team" else ""
    return f"{said}{lines}{by}{foot(cell, kind)}"


def classes(cell: Cell) -> str:
    """How a cell is drawn: by the strength of its evidence, good or bad, and who says it."""
    team = "team" if cell.by == "team" or (cell.said and (cell.said.name or cell.said.override)) else ""
    if not cell.lines:
        return " ".join(filter(None, ("c", "empty", team)))
    return " ".join(filter(None, ("c", escape(cell.evidence), escape(cell.flag), team)))


def _line(line: str, number: int, cell: Cell, kind: str, told: bool) -> str:
    """A line, with a bar where it counts k of n or is a share, and a sign where it tells how a goal stands."""
    words = _kept_together(escape(line))
    if kind in GOALS and (found := STATUS.findall(line)):
        words = f'<span class="{found[-1]}" aria-hidden="true">{SIGNS[found[-1]]}</span> {words}'
    if kind == "moments":
        words = f'<span class="gem" aria-hidden="true">◆</span> {words}'
    if kind == "quotes":
        return f'<p class="quote">{words}</p>' if number == 0 else f"<p>{words}</p>"
    drawn = _bar(line, cell, kind, told)
    if kind in LEADING and number == 0:
        words = LEAD.sub(r'\1<span class="range">\2</span>', words)
        return f'<p class="lead">{words}</p>{drawn}'
    return f"<p>{words}</p>{drawn}"


def _kept_together(words: str) -> str:
    """Words in which no line breaks within k of n, within a range, or before a per cent sign."""
    words = K_OF_N.sub(r'<span class="nb">\g<0></span>', words.replace(" %", "\u00a0%"))
    return RANGE.sub(lambda found: f'<span class="range">{found[0]}</span>' if len(found[0]) < 26 else found[0], words)


def _told_at(cell: Cell, kind: str) -> int:
    """The first line that tells the cell's share; −1 where none does, or where a bar of it would mean nothing."""
    if kind in GOALS or not 0 <= cell.value <= 1:
        return -1
    shares = "|".join(re.escape(text.percent(cell.value, digits)) for digits in (None, 0))
    wanted = re.compile(rf"(?<![\d.,])(?:{shares})")
    return next((place for place, line in enumerate(cell.lines) if wanted.search(line)), -1)


def _bar(line: str, cell: Cell, kind: str, told: bool) -> str:
    """The bar of a line that counts k of n, or that tells the cell's share, which has an interval."""
    if kind in COUNTED and (found := K_OF_N.search(line)):
        k, n = (int(re.sub(r"\D", "", part)) for part in found.groups())
        return bar(k / n) if 0 < n >= k else ""
    return bar(cell.value, cell.low, cell.high) if told else ""


def bar(share: float, low: float = math.nan, high: float = math.nan) -> str:
    """A bar from 0 to 100 %, with its interval where there is one; the words beside it say the same."""
    ends = (
        "" if math.isnan(low) or math.isnan(high) else f'<path class="ends" d="M{_x(low)},1v4m0,-2H{_x(high)}m0,-2v4"/>'
    )
    return (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="part" d="M0,1H{_x(share)}V5H0z"/>{ends}</svg>'
    )


def _x(share: float) -> str:
    return f"{100 * min(1.0, max(0.0, share)):.1f}"


def foot(cell: Cell, kind: str) -> str:
    """Strength, n, interval, source and date: only what is there, and nothing that the lines say already."""
    said = " ".join(cell.lines)
    parts = [_n(cell, said), _interval(cell, kind, said)]
    counted = " · ".join(escape(part).replace(" %", "\u00a0%") for part in parts if part)
    strength = f'<span class="vh">{STRENGTH[cell.evidence]}: </span>' if cell.evidence in STRENGTH else ""
    where = source(cell)
    where = f"{' · ' if counted else ''}{escape(where)}"
    dated = DAY.sub(r'<span class="nb">\g<0></span>', where)
    place = f'<span class="src">{dated}</span>' if source(cell) else ""
    return f'<p class="foot">{strength}{counted}{place}</p>' if strength or counted or place else ""


def source(cell: Cell) -> str:
    """Where a cell comes from, and up to which day."""
    if not cell.until:
        return cell.source
    return f"{cell.source} to {text.day(cell.until)}".strip()


def _n(cell: Cell, said: str) -> str:
    if cell.n < 1 or re.search(rf"(?<![\d,.]){re.escape(text.count(cell.n))}(?![\d,]|\.\d)", said):
        return ""
    unit = {"people": "person", "customers": "customer", "answers": "answer"}.get(cell.unit, cell.unit)
    return f"n = {text.count(cell.n)} {unit if cell.n == 1 else cell.unit}".rstrip()


def _interval(cell: Cell, kind: str, said: str) -> str:
    """The interval, with its number before it where no line tells that."""
    if math.isnan(cell.low) or math.isnan(cell.high) or (kind not in NAMED and RANGE.search(said)):
        return ""
    ends = written_interval(cell.low, cell.high, scale(cell, kind))
    if ends in said:
        return ""
    value = written(cell.value, scale(cell, kind))
    whole = "one or more named: " if kind in NAMED else ""
    return ends if value in said else f"{whole}{value} ({ends})"


def scale(cell: Cell, kind: str) -> str:
    """How the number of a cell is written: as its lines write it."""
    if kind == "feeling":
        return "signed"
    said = " ".join(cell.lines)
    return "points" if " points" in said else "percent" if "%" in said or K_OF_N.search(said) else "number"


def written(value: float, style: str) -> str:
    """A number of a cell in its style."""
    writers = {"percent": text.percent, "points": text.points, "signed": text.signed}
    return writers.get(style, text.number)(value)


def written_interval(low: float, high: float, style: str) -> str:
    """An interval in the style of its number."""
    return text.interval(low, high, "number" if style == "signed" else style)


def _said(cell: Cell) -> str:
    """The name and the override that the team gave a cell; owners and opportunities have lanes of their own."""
    if cell.said is None:
        return ""
    name = f'<p class="first">{escape(cell.said.name)}</p><p class="by">named by the team</p>' if cell.said.name else ""
    if not cell.said.override:
        return name
    return (
        f'{name}<p class="first">{escape(cell.said.override)}</p>'
        f'<p class="by">said by the team, because: {escape(cell.said.override_reason)}</p><p>The data say:</p>'
    )
