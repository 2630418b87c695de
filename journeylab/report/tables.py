"""Every table of a page as CSV in the run: the rows that the page shows, and no others."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd

from journeylab.report.sections import VOID
from journeylab.text import is_missing

FOLDER = "data"
TITLE = re.compile(r"data/([a-z0-9-]+\.csv)")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BLANK = re.compile(r"[ \t\r\f]+")
"""What a page shows as one space; the narrow spaces within a number are none of it."""
LINES = {
    "p",
    "li",
    "br",
    "div",
    "tr",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "hr",
    "pre",
    "blockquote",
    "details",
    "summary",
    "figcaption",
}
"""Elements that a page puts on a line of their own."""

BLOCKS = {"of", "gem"}
"""Classes of the map whose style puts them on a line of their own, whatever the element."""

Row = list[str]


WIDEST = 200
"""A cell reaches over so many columns at most: a damaged page may say any number."""


class _Cell:
    """One cell while it is read."""

    def __init__(self, given: dict[str, str]) -> None:
        self.words: list[str] = []
        self.value, self.high = given.get("data-value"), given.get("data-high")
        said = given.get("colspan") or "1"
        self.columns = min(int(said), WIDEST) if said.isascii() and said.isdigit() else 1

    @property
    def text(self) -> str:
        lines = (" ".join(BLANK.split(line.strip(" \t\r\f"))) for line in "".join(self.words).split("\n"))
        return "\n".join(line for line in lines if line)


class _Tables(HTMLParser):
    """Collects the cells of every table whose caption names its file."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, list[list[_Cell]]] = {}
        self._rows: list[list[_Cell]] | None = None
        self._cell: _Cell | None = None
        self._lines: list[tuple[str, bool]] = []
        """What is open in the cell, and whether it stands on a line of its own."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "caption" and (match := TITLE.fullmatch(given.get("title", ""))):
            self._rows = self.found.setdefault(match[1], [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in {"td", "th"} and self._rows:
            self._cell, self._lines = _Cell(given), []
            self._rows[-1].append(self._cell)
        elif self._cell is not None:
            apart = tag in LINES or not BLOCKS.isdisjoint(given.get("class", "").split())
            if tag not in VOID:
                self._lines.append((tag, apart))
            if apart:
                self._cell.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._cell = None
        elif tag == "table":
            self._rows = self._cell = None
        elif self._cell is not None and any(tag == opened for opened, _ in self._lines):
            while self._lines:
                opened, apart = self._lines.pop()
                if apart:
                    self._cell.words.append("\n")
                if opened == tag:
                    break

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.words.append(data.replace("\n", " "))


def read_tables(page: str) -> dict[str, list[Row]]:
    """The tables of a page, by the name of their file.

    Parameters
    ----------
    page : str
        HTML whose captions name their files, see `journeylab.report.sections.arrange`.

    Returns
    -------
    dict
        Rows of text, the headings first. Shares and points are fractions of one and times are seconds; an interval takes two
        columns, ``… low`` and ``… high``. Text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    reader = _Tables()
    reader.feed(page)
    reader.close()
    return {name: _written(rows) for name, rows in reader.found.items()}


def write_tables(page: str, folder: Path) -> list[Path]:
    """Write the tables of a page to ``data/`` in the folder of the run.

    Returns
    -------
    list of Path
        UTF-8 with a byte order mark, without which spreadsheets take accents for other letters.
    """
    written = []
    for name, rows in read_tables(page).items():
        file = folder / FOLDER / name
        file.parent.mkdir(exist_ok=True)
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows(rows)
        written.append(file)
    return written


def frame_csv(frame: pd.DataFrame) -> str:
    """The rows of a frame as CSV, in full digits, with the byte order mark and guards against formulas of every table."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in ([*frame.columns], *frame.astype(object).itertuples(index=False, name=None)):
        writer.writerow(["" if is_missing(value) else guarded(str(value)) for value in row])
    return f"\ufeff{stream.getvalue()}"


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> guarded("=1+1"), guarded("-3.5"), guarded("late"), guarded("+3.1 points")
    ("'=1+1", '-3.5', 'late', "'+3.1 points")
    """
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def _written(rows: list[list[_Cell]]) -> list[Row]:
    """Cells as text, with two columns for an interval wherever one of its rows has two ends."""
    wide = {place for row in rows for place, cell in enumerate(row) if cell.high is not None}
    written = []
    for number, row in enumerate(rows):
        line: Row = []
        for place, cell in enumerate(row):
            first = guarded(cell.text if cell.value is None else cell.value)
            if place in wide:
                line += [f"{first} low", f"{first} high"] if number == 0 else [first, cell.high or ""]
            else:
                line += [first, *[""] * (cell.columns - 1)]
        written.append(line)
    return written
