"""As it is, beside what it was: the earlier number in each cell, and whether it changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import pandas as pd

from journeylab import text
from journeylab.html import escape
from journeylab.journeymap.drawing.cell import scale, written
from journeylab.journeymap.drawing.table import draw_html

if TYPE_CHECKING:
    from journeylab.journeymap.model import Cell, JourneyMap

MORE_IS_BETTER = {"feeling": True, "gains": True, "pains": False, "trouble": False, "friction": False, "planned": False}
"""Lanes of which it is known whether more is better; of the others it is only said that there is more or less."""


class Change(NamedTuple):
    """What a cell was.

    Attributes
    ----------
    earlier : float
        Its number on the earlier map.
    difference, low, high : float
        Now less earlier, with its interval; NaN where it is not known.
    clear : bool
        Whether it changed clearly.
    """

    earlier: float
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    clear: bool = False


class Compared(Protocol):
    """Two maps held against each other, cell by cell: kind, stage, before, difference, ci_low, ci_high, change."""

    @property
    def table(self) -> pd.DataFrame: ...  # noqa: D102


Changes = Mapping[tuple[str, str], Change | tuple[float, float, float, float, bool]]


def beside(now: JourneyMap, then: Changes | Compared) -> str:
    """Draw a map with what each cell was: the earlier number, and an arrow with words where it changed clearly.

    Parameters
    ----------
    now : JourneyMap
    then : mapping or comparison
        By kind of lane and stage, a `Change`; or what `journeylab.journeymap.changed` returns.

    Returns
    -------
    str
        HTML as `draw_html` gives it.
    """
    return draw_html(now, notes=earlier(now, then), name="beside")


def earlier(now: JourneyMap, then: Changes | Compared) -> dict[tuple[str, str], str]:
    """What is written under the text of a cell, by kind of lane and stage: its earlier number, and whether it changed."""
    changes = then if isinstance(then, Mapping) else _of_table(then.table)
    return {
        (lane.kind, stage): _note(cell, lane.kind, Change(*changes[lane.kind, stage]))
        for lane in now.lanes
        for stage, cell in zip(now.stages, lane.cells, strict=True)
        if (lane.kind, stage) in changes
    }


def _of_table(table: pd.DataFrame) -> dict[tuple[str, str], Change]:
    """The rows of a comparison that have another number from before."""
    return {
        (row.kind, row.stage): Change(
            row.before, row.difference, row.ci_low, row.ci_high, row.change in {"rose", "fell"}
        )
        for row in table.itertuples()
        if not text.is_missing(row.before) and not math.isclose(row.before, getattr(row, "now", math.nan), abs_tol=1e-9)
    }


def _note(cell: Cell, kind: str, change: Change) -> str:
    """The line under a cell."""
    if math.isnan(change.earlier):
        return ""
    style = scale(cell, kind)
    was = f"was {written(change.earlier, style)}"
    if math.isnan(change.difference):
        return f'<p class="was">{escape(was)}</p>'
    style = "points" if style in {"percent", "points"} else "number"
    by = text.points(change.difference) if style == "points" else text.signed(change.difference, 2)
    ranged = (
        ""
        if math.isnan(change.low) or math.isnan(change.high)
        else f" ({text.interval(change.low, change.high, style)})"
    )
    if not change.clear or change.difference == 0:
        return f'<p class="was">{escape(was)}: no clear change, {escape(by + ranged)}</p>'
    up = change.difference > 0
    better = MORE_IS_BETTER.get(kind)
    mark = "" if better is None else "met" if better is up else "missed"
    word = ("more" if up else "less") if better is None else "better" if better is up else "worse"
    arrow = "▲" if up else "▼"
    return (
        f'<p class="was">{escape(was)}: <strong class="{mark}"><span aria-hidden="true">{arrow}</span> {"up" if up else "down"}, '
        f"{word}</strong> {escape(by + ranged)}</p>"
    )
