"""Spans held against the text that they stand in, and turned to positions of the text as it is read here."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from journeylab.readers.ledger import MOST_EXAMPLES, Ledger, shorten
from journeylab.tables import Loss
from journeylab.text import count


@dataclasses.dataclass(frozen=True)
class Text:
    """A text without byte order mark and with LF, and where the positions of the file lie in it.

    Attributes
    ----------
    text : str
    gone : (n + 1,) int array or None
        How many code points before each position of the file are not in `text`; None where nothing was taken away.
    """

    text: str
    gone: np.ndarray | None = None

    @classmethod
    def of(cls, written: str) -> Text:
        """Take away the mark and the carriage returns."""
        if "\r" not in written and not written.startswith("\ufeff"):
            return cls(written)
        signs = np.frombuffer(written.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        lost = np.zeros(len(signs), dtype=bool)
        lost[:-1] = (signs[:-1] == 13) & (signs[1:] == 10)
        lost[0] |= signs[0] == 0xFEFF
        text = written.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        return cls(text, np.concatenate([[0], np.cumsum(lost)]))

    def __len__(self) -> int:
        return len(self.text) if self.gone is None else len(self.gone) - 1

    def at(self, position: int) -> int:
        """A position of the file as one of `text`."""
        return position if self.gone is None else position - int(self.gone[position])


def place(marks: pd.DataFrame, texts: dict[Any, Text], ledger: Ledger) -> pd.DataFrame:
    """Hold every span against its text, and turn it to code points of the text with LF.

    A span that cannot be is looked for by its passage, which must stand once in the document; else the passage stays without
    a span, and without a passage the row is lost. A passage that reads differently at its span keeps its own words.
    """
    starts, ends, passages = [], [], []
    gone = np.zeros(len(marks), dtype=bool)
    impossible: list[int] = []
    searched: list[int] = []
    spaced: list[int] = []
    different: list[int] = []
    exact: list[int] = []
    columns = zip(marks["document"], marks["start"], marks["end"], marks["text"], strict=True)
    for position, (key, start, end, written) in enumerate(columns):
        text = texts.get(key)
        passage = None if pd.isna(written) or not str(written).strip() else Text.of(str(written)).text
        span: tuple[int, int] | None = None
        if text is not None and pd.notna(start) and pd.notna(end) and 0 <= start < end <= len(text):
            span = text.at(int(start)), text.at(int(end))
            there = text.text[span[0] : span[1]]
            if passage is None:
                passage = there
            elif there == passage:
                exact.append(position)
            elif " ".join(there.split()) == " ".join(passage.split()):
                spaced.append(position)
                passage = there
            else:
                different.append(position)
        else:
            impossible.append(position)
            if text is not None and passage is not None and text.text.count(passage) == 1:
                span = text.text.index(passage), text.text.index(passage) + len(passage)
                searched.append(position)
            gone[position] = span is None and passage is None
        starts.append(None if span is None else span[0])
        ends.append(None if span is None else span[1])
        passages.append(passage)
    marks = marks.assign(
        start=pd.array(starts, dtype="Int64"), end=pd.array(ends, dtype="Int64"), text=pd.array(passages, dtype="str")
    )
    n = marks.index.nunique()
    for rows, says in (
        (exact, "stand at their span word for word as the program wrote them"),
        (impossible, "have a span that cannot be (no numbers, the end before the start, or outside of the document)"),
        (searched, "of these stand once in their document, and got their span from there"),
        (spaced, "differ from the document at their span in white space only"),
        (different, "read differently from the document at their span; they keep span and words"),
    ):
        named = {marks.index[row]: shorten(passages[row]) or "without text" for row in rows}
        if named:
            some = "" if rows is exact else ", such as " + ", ".join(f"{one} ({named[one]})" for one in list(named)[:3])
            ledger.note(f"{count(len(named))} of {count(n)} passages {says}{some}")
    return drop(marks, gone, "without a usable span or a text", ledger)


def drop(marks: pd.DataFrame, gone: ArrayLike, reason: str, ledger: Ledger) -> pd.DataFrame:
    """Return the marks that stay, and count those that go, by what they are called."""
    lost = np.asarray(gone, dtype=bool)
    if lost.any():
        ledger.losses.append(Loss(reason, int(lost.sum()), tuple(map(str, marks.index[lost][:MOST_EXAMPLES]))))
    return marks[~lost]
