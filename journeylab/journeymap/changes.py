"""What moved on the map since the last run, cell by cell."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.intervals import FALSE_DISCOVERY_RATE, Interval, benjamini_hochberg, normal_quantile
from journeylab.journeymap.model import Cell, JourneyMap
from journeylab.results import Result

COLUMNS = ["lane", "kind", "stage", "before", "before_low", "before_high", "n_before", "now", "now_low", "now_high", "n",
           "difference", "ci_low", "ci_high", "p_value", "q_value", "change", "unit", "text_before", "text_now"]  # fmt: skip

NOT_HELD = {"actions", "moments", "opportunities"}
"""Lanes whose number is of whatever stands first, so that then and now need not be of the same thing."""


@dataclasses.dataclass(frozen=True)
class MapChange(Result):
    """Two maps of one study, cell by cell.

    Attributes
    ----------
    table : DataFrame
        One row a cell of the lanes that both maps have, where either says anything: lane, kind, stage; before, now with
        their intervals and n; difference with its interval, p_value, q_value (missing where not both have a number); change
        (``rose``, ``fell``, ``no clear change``, ``came``: it was empty, ``went``: it is empty now, ``reworded``: texts
        without a number that can be compared); unit (``share``, ``points`` or ``number``), text_before, text_now.
    then_until, now_until : str
        The last day of the events of each map.
    """

    then_until: str
    now_until: str

    @property
    def moved(self) -> pd.DataFrame:
        """The cells that rose or fell, came or went."""
        return self.table[self.table["change"].isin(("rose", "fell", "came", "went"))]

    @property
    def shown(self) -> pd.DataFrame:
        """What moved, with every number written in its unit."""
        lines = [
            (row.lane, row.stage, row.change, _value(row.before, row.unit), _value(row.now, row.unit),
             _difference(row.difference, row.unit), _ends(row.ci_low, row.ci_high, row.unit), text.p_value(row.q_value))
            for row in self.moved.itertuples()
        ]  # fmt: skip
        heads = ["lane", "stage", "change", "before", "now", "difference", "95 % interval", "q (false discovery)"]
        return pd.DataFrame(lines, columns=heads)

    def summary(self) -> str:
        """Say what rose, fell, came and went."""
        held = int(self.table["q_value"].notna().sum())
        clear = self.table[self.table["change"].isin(("rose", "fell"))].sort_values("q_value", kind="stable")
        ends = [text.day(until) for until in (self.then_until, self.now_until)]
        days = f" (data until {ends[0]} and until {ends[1]})" if all(ends) else ""
        if self.table.empty or (not held and self.moved.empty):
            return f"No cell of the two maps can be compared{days}."
        named = [
            f"'{row.lane}' at '{row.stage}' {row.change} from {_value(row.before, row.unit)} to {_value(row.now, row.unit)} "
            f"({_ends(row.ci_low, row.ci_high, row.unit)})"
            for row in clear.head(3).itertuples()
        ]
        parts = [
            f"Of {text.count(held)} cells with a number then and now, {text.count(len(clear))} moved clearly{days}"
        ]
        parts[0] += f": {text.sentence_list(named)}" if named else ""
        if len(clear) > 3:
            parts[0] += f", and {text.count(len(clear) - 3)} more"
        for change, words in (("came", "say something now that were empty"), ("went", "are empty now")):
            if n := int((self.table["change"] == change).sum()):
                parts.append(f"{text.count(n)} cells {words}" if n > 1 else f"1 cell {words.replace('are', 'is', 1)}")
        return (
            "; ".join(parts).replace("1 cell say something now that were", "1 cell says something now that was") + "."
        )


def changed(now: JourneyMap, then: JourneyMap) -> MapChange:
    """Hold two maps of a study against each other.

    Parameters
    ----------
    now, then : JourneyMap
        Lanes are matched by kind, stages by name.

    Notes
    -----
    The interval of a difference is put together from the intervals of both cells, by the distance of each value from the end
    that counts (the method of variance estimates recovery; of Wilson intervals this is Newcombe's). A cell *rose* or *fell*
    where this interval excludes nought and q, by Benjamini and Hochberg over all cells with a number on both maps, is at most
    10 %. The p-value is that of the normal distribution whose 95 % interval ends at nought where this one does.

    References
    ----------
    Zou and Donner (2008), Statistics in Medicine 27:1693; Newcombe (1998), Statistics in Medicine 17:873.
    """
    old = {(lane.kind, stage): cell for lane in then.lanes for stage, cell in zip(then.stages, lane.cells, strict=True)}
    titles = {lane.kind: lane.title for lane in now.lanes}
    shared = {lane.kind for lane in then.lanes} & set(titles)
    new = {(lane.kind, stage): cell for lane in now.lanes for stage, cell in zip(now.stages, lane.cells, strict=True)}
    keys = [key for key in dict.fromkeys((*new, *old)) if key[0] in shared]
    blank = Cell((), "not on this map")
    rows = [_row(titles[key[0]], *key, old.get(key, blank), new.get(key, blank)) for key in keys]
    table = pd.DataFrame([row for row in rows if row["text_before"] or row["text_now"]], columns=COLUMNS)
    table["q_value"] = benjamini_hochberg(table["p_value"].to_numpy(float))
    sure = (table["q_value"] <= FALSE_DISCOVERY_RATE) & ((table["ci_low"] > 0) | (table["ci_high"] < 0))
    moved = np.where(table["difference"] > 0, "rose", "fell")
    table["change"] = table["change"].where(~sure, pd.Series(moved, index=table.index))
    return MapChange(
        table.reset_index(drop=True),
        "Cells of two maps, differences by the method of variance estimates recovery",
        (
            "The two maps count as independent samples; where the same customers are on both, the intervals are too wide.",
            "Stages and touchpoints are those of study.toml in each run: a change of its rules moves cells as well.",
        ),
        then.data_until,
        now.data_until,
    )


def difference(now: Interval, then: Interval) -> Interval:
    """The difference of two independent estimates, from their intervals.

    Examples
    --------
    >>> from journeylab.intervals import newcombe, wilson
    >>> mine, known = difference(wilson(56, 70), wilson(48, 80)), newcombe(56, 70, 48, 80)
    >>> [round(a - b, 12) for a, b in zip(mine, known)]
    [0.0, 0.0, 0.0]
    """
    value = now.value - then.value
    low = value - float(np.hypot(now.value - now.low, then.high - then.value))
    high = value + float(np.hypot(now.high - now.value, then.value - then.low))
    return Interval(value, low, high)


def _row(lane: str, kind: str, stage: str, then: Cell, now: Cell) -> dict[str, Any]:
    """One cell then and now."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS, np.nan)
    row |= {"lane": lane, "kind": kind, "stage": stage, "n_before": then.n, "n": now.n}
    row |= {"text_before": " | ".join(then.lines), "text_now": " | ".join(now.lines)}
    row["unit"] = _unit(now if now.lines else then)
    row |= {"before": then.value, "before_low": then.low, "before_high": then.high}
    row |= {"now": now.value, "now_low": now.low, "now_high": now.high}
    if not then.lines or not now.lines:
        return {**row, "change": "came" if now.lines else "went" if then.lines else ""}
    ends = Interval(now.value, now.low, now.high), Interval(then.value, then.low, then.high)
    if kind in NOT_HELD or np.isnan([*ends[0], *ends[1]]).any():
        return {**row, "change": "no clear change" if then.lines == now.lines else "reworded"}
    between = difference(*ends)
    row |= {"difference": between.value, "ci_low": between.low, "ci_high": between.high, "p_value": _p_value(between)}
    return {**row, "change": "no clear change"}


def _p_value(between: Interval) -> float:
    """The two-sided p-value against nought."""
    from scipy.special import ndtr

    half = between.value - between.low if between.value > 0 else between.high - between.value
    if half <= 0:
        return 1.0 if between.value == 0 else 0.0
    return float(2 * ndtr(-abs(between.value) / (half / normal_quantile())))


def _unit(cell: Cell) -> str:
    """What a cell's number is, told by how its lines are written."""
    words = " ".join(cell.lines)
    return "points" if " points" in words else "share" if "%" in words or _counts_people(cell) else "number"


def _counts_people(cell: Cell) -> bool:
    return any(f" of {text.count(cell.n)}" in line for line in cell.lines)


def _value(value: float, unit: str) -> str:
    return {"share": text.percent, "points": text.points}.get(unit, text.number)(value)


def _difference(value: float, unit: str) -> str:
    return text.signed(value, 2) if unit == "number" else text.points(value)


def _ends(low: float, high: float, unit: str) -> str:
    return text.interval(low, high, "number" if unit == "number" else "points")
