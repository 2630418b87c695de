"""Which characters do the positions of a project count? The dialect is found by what its spans would say, never assumed.

Programs count characters or UTF-16 units, a line break of Windows as one or two, and end a span behind or on its last character.
Each of these eight readings puts the spans of a project elsewhere; people mark whole words, so the right one shows.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Sequence

import numpy as np

CRLF = re.compile("\r\n")
ASTRAL = re.compile("[\U00010000-\U0010ffff]")
DOUBTFUL, CLOSE = 0.9, 0.02
"""A best score below the first, or a lead on the next reading below the second, deserves a warning."""

ELLIPSES = ("…", "...")
WORD, SPACE = 1, 2
UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0xA4CF), (0xF900, 0xFAFF))
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese; a border may be anywhere."""


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


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The dialect of a project, and how sure that is.

    Attributes
    ----------
    dialect : Dialect
        The one to read by.
    best : Dialect
        The one that scored best; another than `dialect` only where the user said so.
    score : float
        Of the best: the mean over spans of what speaks for it, 0 to 1.
    by_name : bool
        Whether spans were held against the passages that the file quotes, rather than against borders of words.
    n : int
        Spans that were scored.
    rival : Dialect or None
        The reading that comes nearest and puts at least one span elsewhere; None where all readings agree.
    n_apart : int
        Spans that the rival puts elsewhere.
    margin : float
        How much better the best scores on these; NaN without a rival.
    """

    dialect: Dialect
    best: Dialect
    score: float
    by_name: bool
    n: int
    rival: Dialect | None
    n_apart: int
    margin: float

    @property
    def doubt(self) -> str:
        """Why the dialect is not certain; empty where it is."""
        if self.score < DOUBTFUL:
            return f"only {self.score:.2f} of what should fit does"
        if self.margin < CLOSE:
            return f"'{self.rival.name if self.rival else ''}' fits as well"
        return ""

    @property
    def words(self) -> str:
        """What the report says."""
        evidence = "passages quoted in the file" if self.by_name else "borders of words"
        found = f"positions were read as {self.dialect.words} ('{self.dialect.name}')"
        if self.dialect != self.best:
            found += f", as the option offsets says; '{self.best.name}' would fit best"
        found += f"; score {self.score:.3f} by {evidence} over {self.n:,} spans"
        if self.rival is None:
            return f"{found}; no other reading would put a span elsewhere"
        return (
            f"{found}, margin {self.margin:.3f} to '{self.rival.name}' on the {self.n_apart:,} spans that it would put "
            "elsewhere"
        )


class Scorer:
    """Collects, text by text, how well each dialect fits, and then decides."""

    def __init__(self) -> None:
        self._found: dict[str, list[_Scored]] = {name: [] for name in DIALECTS}
        self._named = 0
        self.n = 0

    def add(self, text: Text, start: np.ndarray, end: np.ndarray, names: Sequence[str]) -> None:
        """Score the spans of one text; `names` are what the file calls them, often the passage itself."""
        self.n += len(start)
        squeezed = [" ".join(name.split()) for name in names]
        self._named += sum(map(bool, squeezed))
        known: dict[tuple[bool, bool, bool], _Scored] = {}
        for name, dialect in DIALECTS.items():
            # dialects that differ in nothing that this text holds place alike
            same = (
                dialect.crlf == 2 and bool(len(text.breaks)),
                dialect.unit == "utf16" and bool(len(text.astral)),
                dialect.inclusive,
            )
            if same not in known:
                known[same] = _score(text.text, place(text, dialect, start, end), squeezed)
            self._found[name].append(known[same])

    def decide(self, chosen: Dialect | None = None) -> Verdict | None:
        """The dialect that fits best, or the chosen one; None where no text has a span."""
        if not self.n:
            return None
        borders, quotes, places, read = {}, {}, {}, []
        for name, parts in self._found.items():
            borders[name] = np.concatenate([part.borders for part in parts])
            quotes[name] = np.concatenate([part.quotes for part in parts])
            places[name] = np.concatenate([part.places for part in parts], axis=1)
            read.append(sum(part.n_read for part in parts))
        by_name = max(read) > self.n / 2
        points = quotes if by_name else borders
        total = self._named if by_name else self.n
        scores = {name: float(points[name].sum()) / total for name in DIALECTS}
        best = max(scores, key=scores.__getitem__)  # the first of equals
        rival, apart, margin = None, 0, float("nan")
        for name in DIALECTS:
            differs = (places[name] != places[best]).any(axis=0)
            if differs.any():
                lead = float(points[best][differs].mean() - points[name][differs].mean())
                if rival is None or lead < margin:
                    rival, apart, margin = name, int(differs.sum()), lead
        return Verdict(
            dialect=chosen or DIALECTS[best],
            best=DIALECTS[best],
            score=scores[best],
            by_name=by_name,
            n=self.n,
            rival=None if rival is None else DIALECTS[rival],
            n_apart=apart,
            margin=margin,
        )


@dataclasses.dataclass(frozen=True)
class _Scored:
    """What speaks for the spans of one text in one dialect.

    `borders` and `quotes` are 0 to 1 a span, `places` are start and end (-1 where the span is not in the text), `n_read` says
    how many spans read as the file quotes them.
    """

    borders: np.ndarray
    quotes: np.ndarray
    places: np.ndarray
    n_read: int


def _score(text: str, spans: Spans, names: Sequence[str]) -> _Scored:
    """Score the spans of a text; what is called as a longer passage cut short proves the start, its end is scored by borders."""
    whole = spans.placed & ~spans.cut
    start, end = np.where(spans.placed, spans.start, 0), np.where(spans.placed, spans.end, 0)
    before, first = _kinds(text, start - 1), _kinds(text, start)
    last, behind = _kinds(text, end - 1), _kinds(text, end)
    starts = ((first != SPACE).astype(float) + ((before != WORD) | (first != WORD))) / 2 * whole
    ends = ((last != SPACE).astype(float) + ((last != WORD) | (behind != WORD))) / 2 * whole
    columns = zip(start.tolist(), end.tolist(), spans.placed.tolist(), names, strict=True)
    read = np.array(
        [placed and bool(name) and reads_as(text[begin:stop], name) for begin, stop, placed, name in columns],
        dtype=float,
    )
    cut = np.array([name.endswith(ELLIPSES) for name in names], dtype=bool)
    quotes = read * np.where(cut, (1 + ends) / 2, 1.0)
    places = np.where(spans.placed, [start, end], -1)
    return _Scored((starts + ends) / 2, quotes, places, int(read.sum()))


def _kinds(text: str, places: np.ndarray) -> np.ndarray:
    """What stands in places of a text: part of a word, space or neither; beyond its ends stands neither."""
    table, length = _kind_table(), len(text)
    codes = [ord(text[at]) if 0 <= at < length else 0xFFFF for at in places.tolist()]
    return table[np.minimum(np.array(codes, dtype=np.int64), 0xFFFF)]


@functools.cache
def _kind_table() -> np.ndarray:
    """The kind of each character up to U+FFFF; those beyond are mostly emoji, and count as neither."""
    table = np.array([WORD * chr(k).isalnum() + SPACE * chr(k).isspace() for k in range(0x10000)], dtype=np.uint8)
    for low, high in UNSPACED:
        table[low : high + 1][table[low : high + 1] == WORD] = 0
    table[0xFFFF] = 0
    return table


def reads_as(passage: str, name: str) -> bool:
    """Whether a passage is what a name quotes, white space aside; a name that ends in an ellipsis may be cut short.

    Examples
    --------
    >>> reads_as("came\\n too late", "came too…"), reads_as("came too", "came")
    (True, False)
    """
    passage, name = " ".join(passage.split()), " ".join(name.split())
    if passage == name:
        return True
    cut = name.removesuffix("…").removesuffix("...").rstrip()
    return bool(cut) and cut != name and passage.startswith(cut)
