"""Which rows of a table must be hidden so that no total gives a small cell back?

The rules are those of tabular disclosure control (Hundepool et al. 2012, Statistical Disclosure Control, Wiley, chapter 4):
a threshold makes cells sensitive (primary suppression), further cells are hidden so that the margins do not give the first ones
back (complementary or secondary suppression), and an audit solves the linear constraints that an attacker would.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

TOTALS = {"all", "total", "totals", "sum", "overall", "everyone", "whole", "any", "both", "gesamt", "alle", "summe"}
MOST_CELLS = 400
"""Hidden cells of crossed margins that are audited; a larger table is hidden as a whole."""


@dataclasses.dataclass(frozen=True)
class Margin:
    """Rows whose counts add up to something that is known: to a row of the table, or to a total from elsewhere.

    Attributes
    ----------
    parts : tuple of int
    total : int or None
        The row that holds their sum; None where the total is taken to be known from elsewhere.
    """

    parts: tuple[int, ...]
    total: int | None


def margins(labels: Sequence[tuple[str, ...]], counts: np.ndarray) -> list[Margin]:
    """The sums that a reader can take: over the whole table, and in a cross table over the rows that share a label.

    Parameters
    ----------
    labels : sequence of tuple of str
        One tuple a row.
    counts : (rows, columns) float array
        NaN where a row has no such count.

    Notes
    -----
    Rows are parts of a whole unless a label says total, or one row is the sum of all others. That they overlap in truth (people
    who said several things) only means that more is hidden than must be. A cross table has rows for at least half of all
    combinations of its labels, or a row that is called a total; its totals are taken to be known even where they are not shown.
    """
    rows = range(len(labels))
    totals = {row for row in rows if any(label.strip().casefold() in TOTALS for label in labels[row])}
    found = [_margin([row for row in rows if row not in totals], sorted(totals), labels, counts, None)]
    for place in range(len(labels[0]) if labels else 0) if totals or _crossed(labels) else ():
        groups: dict[str, list[int]] = {}
        for row in rows:
            groups.setdefault(labels[row][place], []).append(row)
        if len(groups) in {1, len(labels)}:
            continue
        for group in groups.values():
            parts = [row for row in group if row not in totals]
            above = [row for row in group if row in totals]
            if len(group) > 1 and parts:
                found.append(_margin(parts, above, labels, counts, place))
            elif len(group) > 1:
                found.append(Margin(tuple(group), None))
    return list(dict.fromkeys(found))


def _crossed(labels: Sequence[tuple[str, ...]]) -> bool:
    """Whether the rows are the cells of a cross table."""
    several = [values for column in zip(*labels, strict=True) if 1 < len(values := set(column)) < len(labels)]
    return len(several) > 1 and 2 * len(labels) >= math.prod(len(values) for values in several)


def _margin(
    parts: list[int], totals: list[int], labels: Sequence[tuple[str, ...]], counts: np.ndarray, place: int | None
) -> Margin:
    """A margin with its total: a row that is called so, or one that is the sum of the others."""
    if place is None:
        totals = [row for row in totals if all(label.strip().casefold() in TOTALS for label in labels[row] if label)]
    if not totals and len(parts) > 2 and counts.shape[1]:
        for row in parts:
            others = np.nansum(counts[[other for other in parts if other != row]], axis=0)
            if np.array_equal(np.nan_to_num(counts[row]), others) and others.any():
                return Margin(tuple(other for other in parts if other != row), row)
    return Margin(tuple(parts), totals[0] if len(totals) == 1 else None)


def protect(
    labels: Sequence[tuple[str, ...]], counts: np.ndarray, primary: set[int], minimum: int, *, audited: bool = True
) -> set[int]:
    """Hide further rows until no margin tells a hidden count.

    Parameters
    ----------
    labels, counts
        As for `margins`.
    primary : set of int
        The rows that are sensitive themselves.
    minimum : int
        The smallest count that may be told.
    audited : bool
        Whether crossed margins are also held against the attacker's linear programmes.

    Returns
    -------
    set of int
        All rows to hide, `primary` among them.

    Notes
    -----
    A margin is safe when, in every column, its hidden counts add up to at least ``minimum + m - 1``, with m of them above zero:
    each could then be as large as the minimum. Rows are added from the smallest, which hides least.
    """
    hidden = set(primary)
    if not hidden or not counts.size:
        return hidden
    known = margins(labels, counts)
    crossed = len([margin for margin in known if len(margin.parts) > 1]) > 1
    while True:
        more = next((row for margin in known if (row := _lacking(margin, counts, hidden, minimum)) is not None), None)
        if more is None and crossed and audited:
            if len(hidden) * counts.shape[1] > MOST_CELLS:
                return set(range(len(labels)))
            open_ = exposed(known, counts, hidden, minimum)
            more = _beside(open_, known, counts, hidden) if open_ else None
        if more is None:
            return hidden
        hidden.add(more)


def _lacking(margin: Margin, counts: np.ndarray, hidden: set[int], minimum: int) -> int | None:
    """A row to hide as well because this margin gives a hidden one back; None where it does not."""
    gone = [row for row in margin.parts if row in hidden]
    left = [row for row in margin.parts if row not in hidden]
    if margin.total is not None and margin.total in hidden:
        # The sum of all shown parts is the hidden total: one part must be hidden with it.
        return _smallest(left, counts, counts.shape[1]) if not gone else None
    if not gone:
        return None
    for column in range(counts.shape[1]):
        values = np.nan_to_num(counts[gone, column])
        total, positive = values.sum(), int((values > 0).sum())
        if positive and (len(gone) < 2 or total < minimum + positive - 1):
            row = _smallest([row for row in left if counts[row, column] > 0] or left, counts, column)
            if row is None and margin.total is not None and margin.total not in hidden:
                return margin.total
            if row is not None:
                return row
    return None


def _smallest(rows: list[int], counts: np.ndarray, column: int) -> int | None:
    """The row that is smallest in a column, or over all columns where there is no such column."""
    if not rows:
        return None
    values = np.nan_to_num(counts)
    size = values[:, column] if column < counts.shape[1] else values.sum(axis=1)
    return min(rows, key=lambda row: (size[row], values[row].sum(), row))


def bounds(
    known: Sequence[Margin], counts: np.ndarray, hidden: set[int], column: int
) -> dict[int, tuple[float, float]]:
    """What an attacker can say of each hidden count: the least and the most that the margins allow.

    Parameters
    ----------
    known : sequence of Margin
    counts : array
        The true counts, of which the attacker sees only the shown rows and the totals.
    hidden : set of int

    Returns
    -------
    dict
        Row to least and most, from two linear programmes a row (Hundepool et al. 2012, section 4.4.2).
    """
    from scipy.optimize import linprog

    values = np.nan_to_num(counts[:, column])
    rows = sorted(row for row in hidden if not np.isnan(counts[row, column]))
    place = {row: number for number, row in enumerate(rows)}
    equations, right = [], []
    for margin in known:
        if margin.total is None and len(margin.parts) < 2:
            continue
        line = np.zeros(len(rows))
        gone = [row for row in margin.parts if row in place]
        line[[place[row] for row in gone]] = 1
        shown = sum(values[row] for row in margin.parts if row not in place)
        if margin.total is not None and margin.total in place:
            line[place[margin.total]] = -1
            told = 0.0
        else:
            told = values[list(margin.parts)].sum() if margin.total is None else values[margin.total]
            if margin.total is not None and not np.isclose(told, values[list(margin.parts)].sum()):
                continue  # these parts do not add up, so the total tells nothing of them
        if line.any():
            equations.append(line)
            right.append(told - shown)
    found = {}
    for row in rows:
        ends = []
        for sign in (1, -1):
            aim = np.zeros(len(rows))
            aim[place[row]] = sign
            solved = linprog(
                aim,
                A_eq=np.array(equations) if equations else None,
                b_eq=right or None,
                bounds=(0, None),
                method="highs",
            )
            ends.append(sign * solved.fun if solved.status == 0 else sign * np.inf * sign)
        found[row] = (float(ends[0]) if np.isfinite(ends[0]) else 0.0, float(ends[1]))
    return found


def exposed(known: Sequence[Margin], counts: np.ndarray, hidden: set[int], minimum: int) -> list[int]:
    """Hidden rows that the margins tell exactly, or tell to be small."""
    found = []
    for column in range(counts.shape[1]):
        for row, (low, high) in bounds(known, counts, hidden, column).items():
            value = counts[row, column]
            if not value > 0:
                continue
            told = high - low < 1
            small = value < minimum and high < minimum
            if told or small:
                found.append(row)
    return sorted(set(found))


def _beside(open_: list[int], known: Sequence[Margin], counts: np.ndarray, hidden: set[int]) -> int | None:
    """The smallest shown row that shares a margin with an exposed one."""
    near = {
        row
        for margin in known
        if set(open_) & {*margin.parts, margin.total}
        for row in (*margin.parts, margin.total)
        if row is not None and row not in hidden
    }
    positive = [row for row in near if np.nansum(counts[row]) > 0]
    return _smallest(sorted(positive or near), counts, counts.shape[1])
