"""Does a figure show no more than the tables beside it? Its mark says what it draws, and each number must stand in a row shown."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from journeylab.html import UNITS
from journeylab.release.markup import Element
from journeylab.release.words import tidy

PEOPLE = "people"
NUMBER = re.compile(r"(?<![\w.,])([+−-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?![\d,.]*\d)")
OF = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)( of )(\d{1,3}(?:,\d{3})+|\d+)(?![\d,.]*\d)")
UNIT = re.compile(r"(?<=[\d ])(%|points|s|min|h|days)(?!\w)")
MOST_ROWS = 2_000
MOST_MARK = 1_000_000


@dataclasses.dataclass(frozen=True)
class Row:
    """A row that a figure draws, see `journeylab.figures.Drawn`; numbers are NaN where there is none."""

    labels: tuple[str, ...]
    numbers: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Mark:
    """What a figure says of itself.

    Attributes
    ----------
    people : bool
        Whether it draws single people or journeys.
    rows : tuple of Row
    series : tuple of str
    unit : str
    more : bool
        Whether the figure draws more than these rows, so that it can only be drawn anew from them.
    least : int
        The fewest people whom a mark of a figure without rows stands for.
    """

    people: bool
    rows: tuple[Row, ...] = ()
    series: tuple[str, ...] = ()
    unit: str = "number"
    more: bool = False
    least: int = 0


def read_mark(told: str) -> Mark | None:
    """Read a mark; None where there is none, or one that says nothing that can be checked."""
    if told == PEOPLE:
        return Mark(people=True)
    try:
        if len(told) > MOST_MARK:
            return None
        given: Any = json.loads(told)
        if isinstance(given, dict) and set(given) == {"least"} and type(given["least"]) is int:
            return Mark(False, least=given["least"])
        rows = tuple(Row(tuple(map(_text, labels)), tuple(map(_number, numbers))) for labels, numbers in given["rows"])
        mark = Mark(
            False, rows, tuple(map(_text, given["series"])), _text(given["unit"]), given.get("more", False) is not False
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    fine = 0 < len(rows) <= MOST_ROWS and all(row.labels and all(row.labels) and row.numbers for row in rows)
    return mark if fine else None


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


def _number(given: object) -> float:
    if given is None:
        return math.nan
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError
    return float(given)


@dataclasses.dataclass(frozen=True)
class Line:
    """A row of a table as it is shown: the words of its cells, and the numbers in them with half of their last digit."""

    words: frozenset[str]
    numbers: tuple[tuple[float, float], ...]


def lines_of(tables: Iterable[Element]) -> list[Line]:
    """The rows of tables as a reader now sees them."""
    found = []
    for table in tables:
        for row in table.every("tr"):
            told = [
                _plain(cell.words) for cell in row.children if isinstance(cell, Element) and cell.tag in {"td", "th"}
            ]
            if told:
                found.append(Line(frozenset(told), tuple(number for words in told for number in _numbers(words))))
    return found


def _plain(words: str) -> str:
    return " ".join(tidy(words).split())


def _numbers(words: str) -> Iterable[tuple[float, float]]:
    """The numbers of a cell, by themselves and times each unit that the cell names."""
    yield from ((int(k.replace(",", "")) / n, 0.0) for k, _, of in OF.findall(words) if (n := int(of.replace(",", ""))))
    scales = {1.0, *(UNITS[unit] for unit in UNIT.findall(words))}
    for sign, whole, decimals in NUMBER.findall(words):
        value = float(whole.replace(",", "") + decimals) * (-1 if sign in {"−", "-"} else 1)
        half = 0.5 * 10.0 ** -max(len(decimals) - 1, 0)
        yield from ((value * scale, half * scale) for scale in scales)


def vouched(row: Row, lines: Sequence[Line]) -> tuple[float, ...] | None:
    """The numbers of a drawn row as a table shows them; None where no table shows a row of these labels with all of them."""
    labels = {_plain(label) for label in row.labels}
    for line in lines:
        if labels <= line.words:
            shown = tuple(_shown(number, line) for number in row.numbers)
            if all(told == told or number != number for told, number in zip(shown, row.numbers, strict=True)):
                return shown
    return None


def _shown(number: float, line: Line) -> float:
    """The number as it is shown; NaN where it is not."""
    if not math.isfinite(number):
        return math.nan
    near = [
        (abs(value - number), value) for value, half in line.numbers
        if abs(value - number) <= half * 1.001 + 2e-6 * abs(number)
    ]  # fmt: skip
    return min(near)[1] if near else math.nan
