"""Does a figure show no more than the tables beside it? Its mark says what it draws, and each number must stand in a row shown."""

from __future__ import annotations

import collections
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
NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[+−-]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<decimals>\.\d+)?(?![\d,.]*\d)"
    r"(?: (?P<unit>%|points|s|min|h|days)(?!\w))?"
)
OF = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+) of (\d{1,3}(?:,\d{3})+|\d+)(?![\d,.]*\d)")
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
    """A row of a table as it is shown: the words of its cells, and its numbers by cell and place in the cell."""

    words: frozenset[str]
    numbers: dict[tuple[int, int], tuple[float, float]]
    """With half of the last digit that is shown."""


def tables_of(page: Element) -> list[list[Line]]:
    """The rows of each table of a page, as a reader now sees them."""
    return [lines for table in page.every("table") if (lines := lines_of(table))]


def lines_of(table: Element) -> list[Line]:
    """The rows of a table."""
    found = []
    for row in table.every("tr"):
        told = [_plain(cell.words) for cell in row.children if isinstance(cell, Element) and cell.tag in {"td", "th"}]
        numbers = {
            (place, number): shown for place, words in enumerate(told) for number, shown in enumerate(_numbers(words))
        }
        if told:
            found.append(Line(frozenset(told), numbers))
    return found


def _plain(words: str) -> str:
    return " ".join(tidy(words).split())


def _numbers(words: str) -> Iterable[tuple[float, float]]:
    """The numbers of a cell, in their units, with half of the last digit that is shown.

    Notes
    -----
    The first end of an interval has the unit of the second. A whole number without a unit is exact below 100, since it counts, or
    would be written with decimals.
    """
    for k, of in OF.findall(words):
        if n := int(of.replace(",", "")):
            yield int(k.replace(",", "")) / n, 0.0
    found = list(NUMBER.finditer(words))
    for place, match in enumerate(found):
        after = found[place + 1] if place + 1 < len(found) else None
        range_ = after is not None and words[match.end() : after.start()] == " to "
        unit = match["unit"] or (after["unit"] if after is not None and range_ else None) or ""
        value = float(match["whole"].replace(",", "") + (match["decimals"] or ""))
        digits = len(match["decimals"] or ".") - 1
        half = 0.0 if not unit and not digits and value < 100 else 0.5 * 10.0**-digits
        yield value * UNITS[unit] * (-1 if match["sign"] in {"−", "-"} else 1), half * UNITS[unit]


def vouched(rows: Sequence[Row], tables: Sequence[Sequence[Line]]) -> list[Row | None]:
    """The drawn rows with their numbers as a table shows them; None for a row that it does not show.

    Notes
    -----
    One table has to vouch for all: the one that shows most of the rows. Each number has to stand in the same column in every row,
    or a number that is hidden could be taken for another one that is near it.
    """
    best: list[Row | None] = [None] * len(rows)
    for lines in tables:
        found = _held_against(rows, lines)
        if sum(row is not None for row in found) > sum(row is not None for row in best):
            best = found
    return best


def _held_against(rows: Sequence[Row], lines: Sequence[Line]) -> list[Row | None]:
    """The same for one table."""
    by_word: dict[str, list[Line]] = {}
    for line in lines:
        for word in line.words:
            by_word.setdefault(word, []).append(line)
    named = [[_plain(label) for label in row.labels] for row in rows]
    beside = [[line for line in by_word.get(labels[0], []) if line.words.issuperset(labels)] for labels in named]
    columns: dict[int, tuple[int, int]] = {}
    for number in range(max((len(row.numbers) for row in rows), default=0)):
        fits = collections.Counter(
            place
            for row, near in zip(rows, beside, strict=True) if number < len(row.numbers)
            for place in {place for line in near for place, shown in line.numbers.items() if _is(row.numbers[number], shown)}
        )  # fmt: skip
        if fits:
            columns[number] = min(fits, key=lambda place: (-fits[place], place))
    return [
        next((told for line in near if (told := _told(row, line, columns)) is not None), None)
        for row, near in zip(rows, beside, strict=True)
    ]


def _told(row: Row, line: Line, columns: dict[int, tuple[int, int]]) -> Row | None:
    """A drawn row with the numbers of a line, if it has them all in these columns."""
    numbers = []
    for number, value in enumerate(row.numbers):
        shown = line.numbers.get(columns.get(number, (-1, -1)), (math.nan, 0.0))
        if not math.isnan(value) and not _is(value, shown):
            return None
        numbers.append(math.nan if math.isnan(value) else shown[0])
    return Row(row.labels, tuple(numbers))


def _is(value: float, shown: tuple[float, float]) -> bool:
    """Whether a number is written so."""
    return abs(value - shown[0]) <= shown[1] * 1.001 + 2e-6 * abs(value) if math.isfinite(value) else False
