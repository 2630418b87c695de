"""Positions in a text as programs count them, and the same places in code points.

Programs count characters or UTF-16 units, a line break of Windows as one or two, and end a span behind or on its last character.
"""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np

CRLF = re.compile("\r\n")
ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclasses.dataclass(frozen=True)
class Dialect:
    """One way to count positions.

    Attributes
    ----------
    crlf : int
        What a line break of Windows counts, 1 or 2.
    unit : str
        "codepoint" or "utf16" (where an emoji counts two).
    inclusive : bool
        Whether the end is the last character rather than the place behind it.
    """

    crlf: int = 1
    unit: str = "codepoint"
    inclusive: bool = False

    @property
    def name(self) -> str:
        """How the option calls it, such as ``utf16-crlf2``."""
        return self.unit + ("-crlf2" if self.crlf == 2 else "") + ("-inclusive" if self.inclusive else "")

    @property
    def words(self) -> str:
        """How the report calls it."""
        unit = "code points" if self.unit == "codepoint" else "UTF-16 units"
        return f"{unit}, CRLF counted as {self.crlf}, end {'inclusive' if self.inclusive else 'exclusive'}"


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect(crlf, unit, inclusive)
        for inclusive, unit, crlf in itertools.product((False, True), ("codepoint", "utf16"), (1, 2))
    )
}
"""By name, the likeliest first: on a tie the first wins."""


@dataclasses.dataclass(frozen=True)
class Text:
    """A text with LF line breaks, and where other ways of counting count two.

    Attributes
    ----------
    text : str
    breaks : (n,) int
        Places in `text` of the line breaks that were CRLF.
    astral : (n,) int
        Places in `text` of characters beyond U+FFFF.
    """

    text: str
    breaks: np.ndarray
    astral: np.ndarray

    def wide(self, dialect: Dialect) -> np.ndarray:
        """Places in `text`, ascending, of what counts two in a dialect."""
        breaks = self.breaks if dialect.crlf == 2 else self.breaks[:0]
        astral = self.astral if dialect.unit == "utf16" else self.astral[:0]
        return np.sort(np.concatenate([breaks, astral]))


def prepare(raw: str) -> Text:
    """Make a text of what stood in the file, byte order mark and all.

    Examples
    --------
    >>> prepare("a\\r\\nb").text, prepare("a\\r\\nb").breaks.tolist()
    ('a\\nb', [1])
    """
    raw = raw.removeprefix("\ufeff")
    breaks = np.array([found.start() for found in CRLF.finditer(raw)] if "\r" in raw else [], dtype=np.int64)
    breaks -= np.arange(len(breaks))
    text = raw.replace("\r\n", "\n").replace("\r", "\n")
    plain = text.isascii() or len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text)
    astral = [] if plain else [found.start() for found in ASTRAL.finditer(text)]
    return Text(text, breaks, np.array(astral, dtype=np.int64))


@dataclasses.dataclass(frozen=True)
class Spans:
    """Spans as code points of a text, end exclusive.

    Attributes
    ----------
    start, end : (n,) int
    placed : (n,) bool
        Whether the span lies in the text and is not empty; the others' numbers mean nothing.
    cut : (n,) bool
        Whether it began or ended inside a character, and was widened to the whole of it.
    """

    start: np.ndarray
    end: np.ndarray
    placed: np.ndarray
    cut: np.ndarray


def place(text: Text, dialect: Dialect, start: np.ndarray, end: np.ndarray) -> Spans:
    """Read positions in a dialect.

    Parameters
    ----------
    text : Text
    dialect : Dialect
    start, end : (n,) int
        As the file has them.
    """
    wide = text.wide(dialect)
    begins = wide + np.arange(len(wide))  # in units of the dialect
    end = end + dialect.inclusive
    placed = (start >= 0) & (start < end) & (end <= len(text.text) + len(wide))
    first, first_cut = _to_code_points(begins, start)
    last, last_cut = _to_code_points(begins, end)
    last = last + last_cut
    return Spans(first, last, placed & (first < last), placed & (first_cut | last_cut))


def _to_code_points(begins: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Units to code points, and which of them fall inside a character that counts two."""
    before = np.searchsorted(begins, units, side="left")
    if not len(begins):
        return units, np.zeros(len(units), dtype=bool)
    inside = (before > 0) & (begins[np.maximum(before - 1, 0)] + 1 == units)
    return units - before, inside
