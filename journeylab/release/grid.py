"""What a table of a page tells: which columns head the rows, which count people, which are shares of them."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from journeylab.release.markup import Element

WHOLE = re.compile(r"\d{1,3}(?:,\d{3}){1,4}|\d{1,12}")
COUNTED = re.compile(
    rf"(?P<k>{WHOLE.pattern})"
    r"(?: (?:people|persons?|participants?|customers?|respondents?|visits?|visitors?|users?|members?|answers?|interviews?|"
    r"events?))?"
)
OF = re.compile(rf"(?P<k>{WHOLE.pattern})(?P<sign> of | / )(?P<n>{WHOLE.pattern})(?:[ ;(].*)?", re.DOTALL)
"""A count of a whole, or two counts side by side; more words may follow, such as the interval."""
NUMERIC = re.compile(r"(?!\d{4}-\d\d(?:-\d\d)?$)[<>≤≥±~]? ?[+−-]?\d[\d,.]*(?!\w)")
"""How a cell begins that tells a number in words; dates do not."""
PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")
INTERVAL = re.compile(r"(?i)interval|\bci\b|\blow\b|\bhigh\b|^from$|^to$")
KEYS = re.compile(
    r"(?i)(step|period|occurrence|place|depth|level|rank|item|no\.?|k|year|month|week|day|number of behaviours|order|target|scale)"
)
"""Headings of whole numbers that name a row and count nobody."""
NOT_COUNTS = re.compile(
    r"(?i)\b(median|mean|time|days?|weeks?|seconds|steps|length|score|coders|minimum|maximum|bic|aic|per week|share|rate|window|"
    r"digits|wants|difference|effect|estimate|interval|p|q|criteria|version|bytes)\b"
)
ABOUT_PEOPLE = re.compile(
    r"(?i)^n$|\b(n|people|persons?|participants?|customers?|respondents?|visitors?|users?|members?|interviews?|answers?|count|number)\b"
)
"""Rows that count people in a column that holds other numbers too."""
DISJOINT = re.compile(r"(?i)\b(control|arm|linked|others?|with|without|before|after|a|b|1|2)$")
"""Endings of headings that stand side by side: one is not a part of the other."""
WHOLES = re.compile(r"(?i)(n|of|asked|passed|n eligible|n asked|people|customers|visits|respondents|at risk)")
"""Headings that count the whole of which other columns of the row are parts."""


@dataclasses.dataclass(frozen=True)
class Count:
    """How many people a cell tells of, and out of how many where it says."""

    k: int
    of: int | None = None


@dataclasses.dataclass
class Grid:
    """A table as it can be judged.

    Attributes
    ----------
    page : str
        The file it stands in.
    caption : str
    element : Element
    rows : list of Element
        The rows of its body; `cells`, `labels`, `counts` and `shares` have one entry a row.
    headings : list of str
    labels : list of tuple of str
        What heads each row.
    counts : list of dict of int to Count
        Column to what it counts.
    shares : list of dict of int to tuple of float
        Column to the share and half of its last digit.
    kinds : list of str
        What each column holds: count, share, key, number or label.
    hidden : dict of int to str
        Row to why it is hidden.
    cells_hidden : dict of (int, int) to str
        Row and column of a share that is hidden alone, to why.
    """

    page: str
    caption: str
    element: Element
    headings: list[str]
    rows: list[Element]
    cells: list[list[Element]]
    heads: int
    labels: list[tuple[str, ...]]
    counts: list[dict[int, Count]]
    shares: list[dict[int, tuple[float, float]]]
    kinds: list[str]
    hidden: dict[int, str] = dataclasses.field(default_factory=dict)
    cells_hidden: dict[tuple[int, int], str] = dataclasses.field(default_factory=dict)

    @property
    def columns(self) -> list[int]:
        """The columns that count."""
        return sorted({column for row in self.counts for column in row})

    def matrix(self) -> np.ndarray:
        """Counts as (rows, columns), NaN where a cell has none; a cell ``k of n`` takes two columns, k and n − k."""
        columns = self.columns
        out = np.full((len(self.rows), 2 * len(columns)), np.nan)
        for row, counts in enumerate(self.counts):
            for place, column in enumerate(columns):
                if column in counts:
                    count = counts[column]
                    out[row, 2 * place] = count.k
                    if count.of is not None:
                        out[row, 2 * place + 1] = count.of - count.k
        return out[:, ~np.isnan(out).all(axis=0)]

    def beside(self, column: int) -> list[int]:
        """A column and the interval that belongs to it: the columns of numbers that follow."""
        found = [column]
        for other in range(column + 1, len(self.kinds)):
            if self.kinds[other] != "number" or not INTERVAL.search(self.headings[other]):
                break
            found.append(other)
        return found

    def name(self, row: int) -> str:
        """What to call a row in a message."""
        return ", ".join(label for label in self.labels[row] if label) or f"row {row + 1}"


def _spread(lines: list[Element]) -> dict[int, list[Element]]:
    """The cells of each row by its place in the table: a cell over several columns or rows stands in each of them."""
    found: dict[int, list[Element]] = {}
    above: dict[int, tuple[Element, int]] = {}
    for line in lines:
        told: list[Element] = []
        for cell in (child for child in line.children if isinstance(child, Element) and child.tag in {"td", "th"}):
            while len(told) in above:
                told.append(_from_above(above, len(told)))
            for _ in range(_span(cell, "colspan")):
                if (rows := _span(cell, "rowspan")) > 1:
                    above[len(told)] = (cell, rows - 1)
                told.append(cell)
        while len(told) in above:
            told.append(_from_above(above, len(told)))
        found[id(line)] = told
    return found


def _from_above(above: dict[int, tuple[Element, int]], column: int) -> Element:
    cell, left = above.pop(column)
    if left > 1:
        above[column] = (cell, left - 1)
    return cell


def _span(cell: Element, name: str) -> int:
    given = cell.attributes.get(name) or "1"
    return max(1, min(int(given), 200)) if given.isascii() and given.isdigit() else 1


def whole(text: str) -> int:
    """A whole number as pages write it."""
    return int(text.replace(",", ""))


def counted(text: str) -> Count | None:
    """What a cell counts, if it is a count and nothing else.

    Examples
    --------
    >>> counted("1,204"), counted("2 of 14 (4.0 to 39.9 %)"), counted("3 / 9"), counted("3.5"), counted("14 of 2")
    (Count(k=1204, of=None), Count(k=2, of=14), Count(k=3, of=12), None, None)
    """
    if match := COUNTED.fullmatch(text):
        return Count(whole(match["k"]))
    match = OF.fullmatch(text)
    if match is None:
        return None
    k, n = whole(match["k"]), whole(match["n"])
    if match["sign"] == " / ":
        return Count(k, k + n)
    return Count(k, n) if k <= n else None


def read_grid(table: Element, page: str) -> Grid | None:
    """Read a table; None where it has no row of headings or no rows."""
    lines = [line for line in table.every("tr") if line.within("table") is table]
    cells = _spread(lines)
    head = next((line for line in lines if cells[id(line)] and all(c.tag == "th" for c in cells[id(line)])), None)
    if head is None:
        head = lines[0] if lines else None
    rows = [line for line in lines if line is not head and cells[id(line)]]
    if head is None or not rows:
        return None
    caption = next((element.words for element in table.every("caption")), "")
    headings = [cell.words for cell in cells[id(head)]]
    body = [cells[id(line)] for line in rows]
    kinds = [
        _kind(heading, [line[place] for line in body if place < len(line)]) for place, heading in enumerate(headings)
    ]
    if "count" in kinds:  # k of n stands in two columns
        kinds = [
            "count" if kind == "key" and headings[place].casefold() == "k" else kind for place, kind in enumerate(kinds)
        ]
    heads = next((place for place, kind in enumerate(kinds) if kind not in {"label", "key"}), len(kinds))
    heads = max(1, heads) if kinds and kinds[0] in {"label", "key"} else heads
    labels = [tuple(cell.words for cell in line[:heads]) or (f"row {number}",) for number, line in enumerate(body, 1)]
    counts: list[dict[int, Count]] = []
    shares: list[dict[int, tuple[float, float]]] = []
    for line in body:
        told = {}
        for place, cell in enumerate(line[: len(kinds)]):
            mixed = (
                kinds[place] == "number" and ABOUT_PEOPLE.search(line[0].words) and not NOT_COUNTS.search(line[0].words)
            )
            if (kinds[place] == "count" or (mixed and place)) and (count := counted(cell.words)):
                told[place] = count
        counts.append(told)
        shares.append({place: _share(cell.words) for place, cell in enumerate(line) if place < len(kinds)
                       and _may_share(kinds[place], headings[place], place) and PERCENT.fullmatch(cell.words)})  # fmt: skip
    return Grid(page, caption, table, headings, rows, body, heads, labels, counts, shares, kinds)


def _may_share(kind: str, heading: str, place: int) -> bool:
    """Whether per cent in a column may be a share of people: also one cell among other numbers, such as one KPI of several."""
    return kind == "share" or (
        kind == "number" and place > 0 and not KEYS.fullmatch(heading) and not INTERVAL.search(heading)
    )


def _kind(heading: str, cells: list[Element]) -> str:
    """What a column holds: count, share, key (whole numbers that name), number, or label (words)."""
    texts = [text for cell in cells if (text := cell.words) not in {"", "–"}]
    if not texts:
        return "number"
    if all(counted(text) for text in texts):
        if any(OF.fullmatch(text) for text in texts):
            return "count"
        if KEYS.fullmatch(heading):
            return "key"
        return "number" if NOT_COUNTS.search(heading) else "count"
    if all(PERCENT.fullmatch(text) for text in texts):
        return "share" if all(float(PERCENT.fullmatch(text)[1]) <= 100 for text in texts) else "number"  # type: ignore[index]
    mixed = sum(bool(counted(text)) for text in texts)
    if mixed * 2 >= len(texts) and not NOT_COUNTS.search(heading) and not any("." in text for text in texts):
        return "count"
    figures = sum(bool(NUMERIC.match(text)) for text in texts)
    return "number" if any("data-value" in cell.attributes for cell in cells) or figures * 2 >= len(texts) else "label"


def _share(text: str) -> tuple[float, float]:
    match = PERCENT.fullmatch(text)
    assert match is not None
    digits = len(match[1].partition(".")[2])
    return float(match[1]) / 100, 0.5 * 10 ** -(digits + 2)
