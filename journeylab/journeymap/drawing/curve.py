"""The curve of feeling: a piece a column, so that it lies on the columns whatever their width."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from journeylab.journeymap.model import Cell

HEIGHT = 136
MIDDLE = HEIGHT / 2
REACH = 56.0
"""From the line of zero to that of one, in pixels."""


def y(value: float) -> float:
    """Where a feeling from −1 to +1 lies; what is beyond is drawn at the edge."""
    return MIDDLE - REACH * min(1.0, max(-1.0, value))


def known(cell: Cell) -> bool:
    """Whether a stage has a point."""
    return math.isfinite(cell.value)


def ranged(cell: Cell) -> bool:
    """Whether a stage has an interval."""
    return known(cell) and math.isfinite(cell.low) and math.isfinite(cell.high)


def piece(cells: Sequence[Cell], place: int) -> str:
    """Draw the part of the curve that lies in one column, 100 wide.

    Notes
    -----
    Neighbours are joined by a cubic that is level at both; its halves meet at the edge of the columns. Where nobody spoke
    between two stages, a dashed straight line leads over the gap, and there is no band.
    """
    here = cells[place]
    parts = [
        f'<path class="grid" d="M0,{y(1):g}H100M0,{y(-1):g}H100"/><path class="zero" d="M0,{MIDDLE:g}H100"/>',
        *_bands(cells, place),
        *_ways(cells, place),
    ]
    if ranged(here):
        parts.append(f'<path class="ends" d="M50,{y(here.low):.1f}V{y(here.high):.1f}"/>')
    if known(here):
        parts += (f'<path class="{name}" d="M50,{y(here.value):.1f}h0"/>' for name in ("dot", "core"))
    return (
        f'<svg viewBox="0 0 100 {HEIGHT}" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        f"{''.join(parts)}</svg>"
    )


def _bands(cells: Sequence[Cell], place: int) -> list[str]:
    """The band of the intervals, to the left and to the right."""
    here, bands = cells[place], []
    if not ranged(here):
        return []
    for step in (-1, 1):
        if _neighbour(cells, place, step, ranged):
            there = cells[place + step]
            top, bottom = _half(here.high, there.high, step), _home(here.low, there.low, step)
            bands.append(
                f'<path class="band" d="M50,{y(here.high):.1f}{top}V{_between(here.low, there.low):.1f}{bottom}z"/>'
            )
    return bands


def _ways(cells: Sequence[Cell], place: int) -> list[str]:
    """The lines to the neighbours, or over a gap."""
    here, ways = cells[place], []
    for step in (-1, 1):
        if known(here) and _neighbour(cells, place, step, known):
            there = cells[place + step]
            ways.append(f'<path class="way" d="M50,{y(here.value):.1f}{_half(here.value, there.value, step)}"/>')
    before = next((at for at in range(place - 1, -1, -1) if known(cells[at])), None)
    after = next((at for at in range(place + 1, len(cells)) if known(cells[at])), None)
    spans = [(before, place), (place, after)] if known(here) else [(before, after)]
    for left, right in spans:
        if left is not None and right is not None and right - left > 1:
            ends = (y(cells[left].value), y(cells[right].value))
            x0, x1 = max(0, 50 - 100 * (place - left)), min(100, 50 + 100 * (right - place))
            y0, y1 = (
                ends[0] + (ends[1] - ends[0]) * ((x - 50) / 100 + place - left) / (right - left) for x in (x0, x1)
            )
            ways.append(f'<path class="gap" d="M{x0},{y0:.1f}L{x1},{y1:.1f}"/>')
    return ways


def _neighbour(cells: Sequence[Cell], place: int, step: int, has: Callable[[Cell], bool]) -> bool:
    return 0 <= place + step < len(cells) and has(cells[place + step])


def _between(here: float, there: float) -> float:
    """The height at the edge of the column."""
    return (y(here) + y(there)) / 2


def _half(here: float, there: float, step: int) -> str:
    """The half of the cubic from the middle of the column to its edge."""
    a, b = y(here), y(there)
    return f"C{50 + 25 * step},{a:.1f} {50 + 37.5 * step:g},{(3 * a + b) / 4:.1f} {50 + 50 * step},{(a + b) / 2:.1f}"


def _home(here: float, there: float, step: int) -> str:
    """The same half, from the edge back to the middle."""
    a, b = y(here), y(there)
    return f"C{50 + 37.5 * step:g},{(3 * a + b) / 4:.1f} {50 + 25 * step},{a:.1f} 50,{a:.1f}"
