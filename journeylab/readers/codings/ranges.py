"""Ranges that a tool writes beside passages become spans only where the passage proves them."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd

from journeylab.readers.ledger import Ledger
from journeylab.text import count


@dataclasses.dataclass(frozen=True)
class Reading:
    """One way to read a range: what is counted, from which number, and whether the last sign is inside."""

    utf16: bool
    first: int
    closed: bool

    @property
    def words(self) -> str:
        """The reading for a report."""
        unit = "UTF-16 units" if self.utf16 else "code points"
        return f"{unit} from {self.first}, the end {'inside' if self.closed else 'outside'}"

    def span(self, low: float, high: float, text: str) -> tuple[int, int]:
        """Start and end in code points, half open; (-1, -1) where they lie outside of the text."""
        start, end = int(low) - self.first, int(high) - self.first + self.closed
        if self.utf16:
            start, end = _points(text, start), _points(text, end)
        return (start, end) if 0 <= start < end <= len(text) else (-1, -1)

    def length(self, passage: str) -> int:
        """How far apart the two numbers are for a passage."""
        units = len(passage.encode("utf-16-le", "surrogatepass")) // 2 if self.utf16 else len(passage)
        return units - self.closed


READINGS = [Reading(*one) for one in itertools.product((False, True), (0, 1), (False, True))]


def settle_ranges(marks: pd.DataFrame, texts: dict[str, str], ledger: Ledger, *, trusted: bool) -> pd.DataFrame:
    """Replace `from` and `to` by `start` and `end`, in the one reading under which most passages stand where they should.

    Parameters
    ----------
    marks : DataFrame
        document_id, text, from, to (numbers, missing where unknown).
    texts : dict of str to str
        The text of documents.
    trusted : bool
        Whether a range whose length fits its passage holds even where there is no text of the document: its tool counts
        code points from 0.

    Returns
    -------
    DataFrame
        The marks with start and end; both are missing where the range could not be proved.
    """
    ranges = marks[["from", "to"]].astype("float64")
    ranged = ranges.notna().all(axis=1) & marks["text"].notna()
    proved = ranged & marks["document_id"].isin(list(texts))
    parts = [pd.DataFrame({"start": [], "end": []}, dtype="Int64")]
    if proved.any():
        parts.append(_by_text(marks[proved], ranges[proved], texts, ledger))
    rest = ranged & ~proved
    if rest.any() and trusted:
        parts.append(_by_length(marks[rest], ranges[rest], ledger))
    elif rest.any():
        ledger.note(
            f"{count(int(rest.sum()))} ranges were left out, since without the texts of the documents (option documents) "
            "nothing proves how they are counted"
        )
    spans = pd.concat(parts).reindex(marks.index)
    return marks.drop(columns=["from", "to"]).assign(start=spans["start"], end=spans["end"])


def _by_text(marks: pd.DataFrame, ranges: pd.DataFrame, texts: dict[str, str], ledger: Ledger) -> pd.DataFrame:
    """Spans by the reading that puts most passages where their document has them."""
    tried = [_spans(marks, ranges, texts, reading) for reading in READINGS]
    hits = [int((found[:, 0] >= 0).sum()) for found in tried]
    # a range that is one sign too long differs by a space only, so sign for sign counts more
    exact = [sum(texts[d][s:e] == text for d, text, (s, e) in zip(marks["document_id"], marks["text"], found, strict=True))
             for found in tried]  # fmt: skip
    best = int(np.argmax(np.add(hits, exact)))
    fits = tried[best][:, 0] >= 0
    ledger.note(
        f"ranges were read as {READINGS[best].words}: {count(hits[best])} of {count(len(marks))} passages stand there in the text "
        "of their document"
    )
    return _where(tried[best], fits, marks, ledger)


def _by_length(marks: pd.DataFrame, ranges: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Spans of passages as long as their range, in code points from 0."""
    apart = (ranges["to"] - ranges["from"]).to_numpy()
    plain, wide = (
        np.array(
            [length == Reading(utf16, 0, False).length(text) for length, text in zip(apart, marks["text"], strict=True)]
        )
        for utf16 in (False, True)
    )
    if wide.sum() > plain.sum():
        ledger.note("ranges count UTF-16 units, which only the texts of the documents can place; they were left out")
        return pd.DataFrame({"start": pd.NA, "end": pd.NA}, index=marks.index, dtype="Int64")
    ledger.note(
        f"ranges were read as {READINGS[0].words}, which is the length of {count(int(plain.sum()))} of {count(len(marks))} "
        "passages; the texts of the documents (option documents) would prove it"
    )
    return _where(ranges.to_numpy(), plain, marks, ledger)


def _where(spans: np.ndarray, fits: np.ndarray, marks: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Spans that hold; the others are missing, and noted."""
    ledger.note_cells(marks["text"][~fits], "passages do not stand at their range, which was left out")
    kept = [[int(start), int(end)] if fit else [pd.NA, pd.NA] for (start, end), fit in zip(spans, fits, strict=True)]
    return pd.DataFrame(kept, index=marks.index, columns=["start", "end"], dtype="Int64")


def _spans(marks: pd.DataFrame, ranges: pd.DataFrame, texts: dict[str, str], reading: Reading) -> np.ndarray:
    """The span of every passage under a reading, (-1, -1) where it does not stand there."""
    found = np.full((len(marks), 2), -1)
    columns = zip(marks["document_id"], marks["text"], ranges["from"], ranges["to"], strict=True)
    for n, (document, passage, low, high) in enumerate(columns):
        text = texts[document]
        start, end = reading.span(low, high, text)
        if start >= 0 and text[start:end].split() == passage.split():
            found[n] = start, end
    return found


def _points(text: str, units: int) -> int:
    """A position in UTF-16 units as code points; -1 outside of the text."""
    if text.isascii():
        return units if 0 <= units <= len(text) else -1
    packed = text.encode("utf-16-le", "surrogatepass")
    if not 0 <= 2 * units <= len(packed):
        return -1
    return len(packed[: 2 * units].decode("utf-16-le", "ignore"))
