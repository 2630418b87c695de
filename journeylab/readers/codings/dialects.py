"""Which dialect do the positions of a project have? It is found by what the spans would say, never assumed.

Each of the eight ways to count (`journeylab.readers.codings.offsets`) puts spans elsewhere. People mark whole words, and some
programs write down what was marked, so the right one shows.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from journeylab.readers.codings.offsets import DIALECTS, Dialect, Spans, Text, place
from journeylab.text import count, fixed

DOUBTFUL, CLOSE = 0.9, 0.02
"""A best score below the first, or a lead on the next reading below the second, deserves a warning."""

ELLIPSES = ("…", "...")
WORD, SPACE = 1, 2
UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0xA4CF), (0xF900, 0xFAFF))
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese; a border may be anywhere."""


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
            return f"only {fixed(self.score, 2)} of what should fit does"
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
        found += f"; score {fixed(self.score, 3)} by {evidence} over {count(self.n)} spans"
        if self.rival is None:
            return f"{found}; no other reading would put a span elsewhere"
        return (
            f"{found}, margin {fixed(self.margin, 3)} to '{self.rival.name}' on the {count(self.n_apart)} spans that it would put "
            "elsewhere"
        )


class Scorer:
    """Collects, text by text, how well each dialect fits, and then decides.

    Every span is scored, none is sampled; the spans of one text at once.
    """

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
        [placed and bool(name) and reads_as(text, begin, stop, name) for begin, stop, placed, name in columns],
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


def reads_as(text: str, start: int, end: int, name: str) -> bool:
    """Whether a span reads as a name quotes it, white space aside; a name that ends in an ellipsis may be cut short.

    Examples
    --------
    >>> text = "It came  too late."
    >>> reads_as(text, 3, 17, "came too…"), reads_as(text, 3, 17, "came too late"), reads_as(text, 3, 17, "came")
    (True, True, False)
    """
    name = " ".join(name.split())
    cut = next((name.removesuffix(sign).rstrip() for sign in ELLIPSES if name.endswith(sign)), "")
    # spans may be long and many: the beginning alone tells most that differ
    head = " ".join(text[start : min(end, start + len(name) + 50)].split())
    wanted = cut or name
    if not (head.startswith(wanted) or wanted.startswith(head)):
        return False
    passage = " ".join(text[start:end].split())
    return passage == name or (bool(cut) and passage.startswith(cut))
