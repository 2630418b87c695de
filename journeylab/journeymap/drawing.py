"""Draw a journey map as one HTML table with an SVG curve: readable without either scripts or colours."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from journeylab.html import escape

if TYPE_CHECKING:
    from journeylab.journeymap.model import Cell, JourneyMap, Lane

WIDTH = 100.0
HEIGHT = 90.0

STYLE = """
.journey-map{--ink:#1f2933;--line:#c6ced4;--soft:#eef3f7;--bad:#9a2617;--badbg:#fdeeea;--good:#1b6b4f;--goodbg:#e9f6f0;
--curve:#0b5394;--band:#0b539433;--quiet:#56626b;--team:#5b3a8c}
.journey-map table{border-collapse:separate;border-spacing:4px;width:100%;min-width:52rem;table-layout:fixed;
font-size:.86rem;line-height:1.35;margin:0}
.journey-map caption{text-align:left;font-weight:700;padding:.2rem 0 .5rem}
.journey-map th,.journey-map td{vertical-align:top;text-align:left;padding:.45rem .6rem;border:0;white-space:normal}
.journey-map thead th{background:#0b3d66;color:#fff;font-size:1rem;border-radius:.5rem .5rem 0 0}
.journey-map thead td,.journey-map tbody th{width:8.5rem}
.journey-map tbody th{font-weight:600;color:var(--ink);background:none}
.journey-map td.cell{background:var(--soft);color:var(--ink);border-radius:.35rem;border-left:4px solid transparent}
.journey-map td.some{border-left:4px dotted var(--line)}
.journey-map td.strong{border-left:4px solid var(--line)}
.journey-map td.bad{background:var(--badbg);border-left-color:var(--bad)}
.journey-map td.good{background:var(--goodbg);border-left-color:var(--good)}
.journey-map td.empty{background:none;color:var(--quiet);font-style:italic;border:1px dashed var(--line)}
.journey-map td.team{outline:4px double var(--team);outline-offset:-4px}
.journey-map td.team .first{color:var(--ink);font-style:normal}
.journey-map .by{font-size:.75rem;color:var(--team);font-weight:600;font-style:normal}
.journey-map p{margin:0 0 .25rem}
.journey-map p.first{font-weight:600}
.journey-map td.curve{background:var(--soft);padding:0;border-radius:.35rem}
.journey-map svg{display:block;width:100%;height:6.5rem}
.journey-map .key{font-size:.8rem;color:var(--quiet);margin:.3rem 0 0}
@media (prefers-color-scheme:dark){.journey-map{--ink:#e8edf1;--line:#5d6b76;--soft:#22303b;
--bad:#ff9d8a;--badbg:#45221c;--good:#7fd6b0;--goodbg:#153a2c;--curve:#7db8f0;--band:#7db8f055;--quiet:#b4c0c9;--team:#cdb4f5}}
@media print{.journey-map table{min-width:0;font-size:.7rem}.journey-map tr{break-inside:avoid}}
""".replace("\n", "")


def draw_html(journey: JourneyMap) -> str:
    """Return the map as an HTML fragment with its own style; all text is escaped."""
    head = "".join(f'<th scope="col">{escape(stage.capitalize())}</th>' for stage in journey.stages)
    body = "".join(_lane(lane, journey.stages) for lane in journey.lanes)
    caption = f"Journey map: {journey.title}. {journey.summary()}"
    return (
        f'<div class="journey-map"><style>{STYLE}</style>'
        f'<div class="scroll" role="region" aria-label="Journey map" tabindex="0">'
        f"<table><caption>{escape(caption)}</caption><thead><tr><td></td>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
        '<p class="key">A solid edge marks cells with 30 or more people or customers behind them, a dotted edge '
        f"5 to 29. Dashed cells are empty and say why. Ranges are 95 % intervals.{_team_key(journey)}</p>"
        f"{_unplaced(journey)}</div>"
    )


def _team_key(journey: JourneyMap) -> str:
    """What the frame of the team's words means, where there are any."""
    return " A double frame marks the word of a person, not of the data." if journey.edits else ""


def _unplaced(journey: JourneyMap) -> str:
    """What the team said of cells that this map has not."""
    if not journey.notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in journey.notes)
    return f'<p class="key">Said by the team of what is not on this map:</p><ul class="key">{items}</ul>'


def _lane(lane: Lane, stages: tuple[str, ...]) -> str:
    """One lane as a table row, with a curve above the lane of feelings."""
    row = f'<tr><th scope="row">{escape(lane.title)}</th>{"".join(map(_cell, lane.cells))}</tr>'
    if lane.kind != "feeling":
        return row
    known = [cell for cell in lane.cells if not math.isnan(cell.value)]
    if len(known) < 2:
        return row
    said = ", ".join(
        f"{stage} {cell.value:+.1f}"
        for stage, cell in zip(stages, lane.cells, strict=True)
        if not math.isnan(cell.value)
    )
    return (
        f'<tr><th scope="row">Feeling, as a curve</th><td class="curve" colspan="{len(stages)}">'
        f"{_curve(lane.cells, f'Curve of feeling over the stages: {said}')}</td></tr>{row}"
    )


def _cell(cell: Cell) -> str:
    """One cell, or why it is empty; what the team says of it stands first."""
    said = _said(cell)
    team = " team" if said or cell.by == "team" else ""
    if not cell.lines:
        return f'<td class="cell empty{team}">{said}{escape(cell.reason)}</td>'
    lines = "".join(
        f"<p{' class=first' if number == 0 and len(cell.lines) > 1 else ''}>{escape(line)}</p>"
        for number, line in enumerate(cell.lines)
    )
    by = '<p class="by">said by the team</p>' if cell.by == "team" else ""
    return f'<td class="cell {cell.evidence} {cell.flag}{team}">{said}{lines}{by}</td>'


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


def _curve(cells: tuple[Cell, ...], label: str) -> str:
    """The curve of feeling with its interval; −1 at the bottom, +1 at the top."""
    width = WIDTH * len(cells)

    def height(value: float) -> float:
        return HEIGHT / 2 - value * (HEIGHT / 2 - 8)

    points, bars = [], []
    for place, cell in enumerate(cells):
        if math.isnan(cell.value):
            continue
        x = WIDTH * (place + 0.5)
        points.append((x, height(cell.value)))
        if not math.isnan(cell.low):
            bars.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{height(cell.low):.1f}" y2="{height(cell.high):.1f}" '
                'stroke="var(--band)" stroke-width="14" vector-effect="non-scaling-stroke"/>'
            )
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        path += f" C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    dots = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--curve)" stroke-width="11" '
        'stroke-linecap="round" vector-effect="non-scaling-stroke"/>'
        for x, y in points
    )
    return (
        f'<svg viewBox="0 0 {width:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">'
        f'<line x1="0" x2="{width:.0f}" y1="{HEIGHT / 2:.1f}" y2="{HEIGHT / 2:.1f}" stroke="var(--line)" '
        'stroke-dasharray="4 4" vector-effect="non-scaling-stroke"/>'
        f'{"".join(bars)}<path d="{path}" fill="none" stroke="var(--curve)" stroke-width="2.5" '
        f'vector-effect="non-scaling-stroke"/>{dots}</svg>'
    )
