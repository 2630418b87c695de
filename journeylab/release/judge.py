"""Which rows of a page's table tell of too few people, by themselves or by what they let a reader work out?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from journeylab.release.cells import protect
from journeylab.release.grid import DISJOINT, WHOLES, Count, Grid

FEW = "fewer than the minimum"
REST = "all but fewer than the minimum"
SHARE = "a share of a known number gives a count under the minimum"
NESTED = "one row lies within another and differs by less than the minimum"
PERSON = "a row about one customer"
MARGIN = "hidden so that no sum gives the others back"
BEFORE = "hidden in an earlier release of nearly the same people"
ECHO = "another table shows this hidden row"
NEARLY_ALL = "all but fewer than the minimum of a small study, whose size is known"
SMALL = 10
"""A study of at most so many times the minimum is small: everybody in it is known to many, and its size to all."""
STEPS = {"step", "stage", "stages"}


def is_few(count: float, minimum: int) -> bool:
    """Whether so many are some, but fewer than may be told."""
    return 0.5 <= count < minimum - 0.5


def small_whole(people: int, minimum: int) -> int:
    """How many people are in a small study; 0 for a large one, in which a few who lack are no few whom somebody knows."""
    return people if people <= SMALL * minimum else 0


def judge(grid: Grid, minimum: int, people: int) -> None:
    """Mark what is sensitive itself: rows with small counts in ``grid.hidden``, shares that give one in ``grid.cells_hidden``.

    Parameters
    ----------
    grid : Grid
    minimum : int
        The smallest count that may be told.
    people : int
        The customers of the study: the whole that a share without any count beside it is taken of, and in a small study a
        whole that everybody knows.
    """
    wholes = _wholes(grid)
    whole = small_whole(people, minimum)
    explained = {column: _explained(grid, column) for column in {column for row in grid.shares for column in row}}
    for row, counts in enumerate(grid.counts):
        if reason := _counts(grid, counts, minimum):
            grid.hidden.setdefault(row, reason)
        elif whole and any(is_few(whole - count.k, minimum) for count in counts.values()):
            grid.hidden.setdefault(row, NEARLY_ALL)
    for row in _nested(grid, minimum):
        grid.hidden.setdefault(row, NESTED)
    for column in explained:
        _judge_shares(grid, column, explained[column], wholes, people, minimum)


def _judge_shares(grid: Grid, column: int, explained: bool, wholes: set[float], people: int, minimum: int) -> None:
    """Mark the shares of one column that give a small count, and as many more as keep the others from giving them back."""
    implied = np.full((len(grid.rows), 1), np.nan)
    small = set()
    for row, shares in enumerate(grid.shares):
        if column not in shares:
            continue
        share, slack = shares[column]
        bases = _bases(grid, row, explained, wholes, people)
        bases += [float(whole)] if (whole := small_whole(people, minimum)) and _exact(share, slack, whole) else []
        implied[row, 0] = round(share * max(bases)) if bases else np.nan
        if any(_gives(share, slack, base, minimum) for base in bases):
            small.add(row)
    small -= set(grid.hidden)
    if small:
        gone = protect(grid.labels, implied, small | set(grid.hidden), minimum, audited=False)
        for row in gone - set(grid.hidden):
            for place in grid.beside(column):
                grid.cells_hidden[row, place] = SHARE


def complete(grid: Grid, minimum: int) -> bool:
    """Hide what would give the hidden rows back; whether more rows are hidden than before."""
    if not grid.hidden:
        return False
    counts = grid.matrix()
    after = protect(grid.labels, counts, set(grid.hidden), minimum)
    fresh = after - set(grid.hidden)
    for row in fresh:
        grid.hidden[row] = MARGIN
    return bool(fresh)


def sensitive(grid: Grid, minimum: int) -> set[int]:
    """The columns for whose sake rows are hidden; what a hidden row counts in other columns may be told elsewhere."""
    if any(reason not in {FEW, REST, MARGIN, ECHO, BEFORE} for reason in grid.hidden.values()):
        return set(grid.columns)
    found = set()
    for row in grid.hidden:
        counts = grid.counts[row]
        for column, count in counts.items():
            rest = [count.of - count.k, count.of] if count.of is not None else []
            beside = [count.k - other.k for other in counts.values()] if WHOLES.fullmatch(grid.headings[column]) else []
            if any(is_few(value, minimum) for value in (count.k, *rest)):
                found.add(column)
            elif any(is_few(value, minimum) for value in beside):
                found |= set(counts)
    return found


def _counts(grid: Grid, counts: dict[int, Count], minimum: int) -> str:
    """Why the counts of one row may not be told; empty where they may."""
    numbers = [(column, count.k) for column, count in counts.items()]
    if any(is_few(k, minimum) for _, k in numbers) or any(
        is_few(count.of, minimum) for count in counts.values() if count.of is not None
    ):
        return FEW
    if any(is_few(count.of - count.k, minimum) for count in counts.values() if count.of is not None):
        return REST
    for column, k in numbers:
        if not WHOLES.fullmatch(grid.headings[column]):
            continue
        for other, part in numbers:
            if other != column and is_few(k - part, minimum) and not _side_by_side(grid, column, other):
                return REST
    return ""


def _side_by_side(grid: Grid, one: int, other: int) -> bool:
    return bool(DISJOINT.search(grid.headings[one]) and DISJOINT.search(grid.headings[other]))


def _exact(share: float, slack: float, whole: int) -> bool:
    """Whether a share is, as precisely as it is shown, one of so many people."""
    return abs(share * whole - round(share * whole)) <= slack * whole * 1.001


def _gives(share: float, slack: float, base: float, minimum: int) -> bool:
    """Whether a share, as precisely as it is shown, gives a small count of the whole or of the rest."""
    if share <= slack or share >= 1 - slack:  # shown as nobody or everybody: small only if rounding hides some
        return False
    return is_few(share * base, minimum) or is_few((1 - share) * base, minimum)


def _wholes(grid: Grid) -> set[float]:
    """Wholes that count columns and shares imply together: n / share, where it is the same in every row."""
    found = set()
    for column in grid.columns:
        for other in {place for row in grid.shares for place in row}:
            low, high, seen = 0.0, np.inf, 0
            for counts, shares in zip(grid.counts, grid.shares, strict=True):
                if column in counts and other in shares and shares[other][0] > shares[other][1]:
                    share, slack = shares[other]
                    low = max(low, counts[column].k / (share + slack))
                    high, seen = min(high, counts[column].k / (share - slack)), seen + 1
            if seen > 1 and low <= high < np.inf:
                found.add((low + high) / 2)
    return found


def _explained(grid: Grid, column: int) -> bool:
    """Whether a share column is the ratio of two count columns, or of one to a whole that all rows have in common."""
    pairs = [(one, other) for one in grid.columns for other in grid.columns if one != other]
    for one, other in pairs:
        for added in (False, True):
            if _ratio(grid, column, one, other, added):
                return True
    return False


def _ratio(grid: Grid, column: int, part: int, whole: int, added: bool) -> bool:
    """Whether share = part / whole (or part / (part + whole)) in every row."""
    seen = 0
    for counts, shares in zip(grid.counts, grid.shares, strict=True):
        if column not in shares or part not in counts or whole not in counts:
            continue
        base = counts[whole].k + (counts[part].k if added else 0)
        if not base or abs(counts[part].k / base - shares[column][0]) > 2 * shares[column][1]:
            return False
        seen += 1
    return seen > 0


def _bases(grid: Grid, row: int, explained: bool, wholes: Iterable[float], people: int) -> list[float]:
    """What a share of this row may be a share of, as far as a reader can know it."""
    if explained:
        return []  # its count and the rest stand in the row and were judged there
    counts = grid.counts[row]
    named = [float(count.k) for column, count in counts.items() if WHOLES.fullmatch(grid.headings[column])]
    named += [float(count.of) for count in counts.values() if count.of is not None]
    if named or wholes:
        return [*named, *wholes]
    return [float(count.k) for count in counts.values()] or [float(people)]


def _nested(grid: Grid, minimum: int) -> list[int]:
    """Rows within another row (a further step, a longer stretch, a narrower code) that lack but few of its people."""
    found = []
    columns = grid.columns
    funnel = grid.heads == 1 and grid.headings[0].casefold() in STEPS and bool(columns) and len(grid.rows) > 1
    if funnel:
        first = [row[columns[0]].k for row in grid.counts if columns[0] in row]
        funnel = len(set(grid.labels)) == len(first) and first == sorted(first, reverse=True)
    by_label: dict[tuple[str, ...], list[int]] = {}
    for row, labels in enumerate(grid.labels):
        by_label.setdefault(labels, []).append(row)
    for inner, labels in enumerate(grid.labels):
        outer = [row for name in _around(labels[0]) for row in by_label.get((name, *labels[1:]), [])]
        outer += [inner - 1] if funnel and inner else []
        if any(row != inner and _near(grid.counts[row], grid.counts[inner], minimum) for row in outer):
            found.append(inner)
    return found


def _around(label: str) -> list[str]:
    """The labels within which one lies: ``a`` and ``a → b`` of ``a → b → c``; at most the nearest 20."""
    found = []
    for mark in (" → ", " / ", "/", " > "):
        parts = label.split(mark)
        found += [mark.join(parts[:end]) for end in range(max(1, len(parts) - 20), len(parts))]
    return found


def _near(one: dict[int, Count], other: dict[int, Count], minimum: int) -> bool:
    """Whether two rows' counts in one column differ by some, but fewer than the minimum."""
    return any(is_few(abs(one[column].k - other[column].k), minimum) for column in one.keys() & other.keys())
