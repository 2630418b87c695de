"""Passages that stand several times in a document are placed by their paragraph, if paragraphs are right for the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from journeylab.readers.ledger import Ledger
from journeylab.text import count

ENOUGH, SURE = 3, 0.95
"""So many passages with a span must show how paragraphs are counted, and for so large a share it must be right."""


def place_by_paragraph(marks: pd.DataFrame, texts: dict[str, str], ledger: Ledger) -> pd.DataFrame:
    """Give a span to passages that stand several times in their text, but once in the paragraph that the table names.

    Parameters
    ----------
    marks : DataFrame
        document_id, text, start, end, paragraph (a number from 1).
    texts : dict of str to str
        The text of documents.

    Notes
    -----
    Tools count lines, or lines that are not blank: the way that is right for more of the passages with a span is taken.
    """
    numbers = marks["paragraph"].to_numpy(dtype="float64")
    known = marks["start"].notna().to_numpy() & ~np.isnan(numbers)
    loose = marks["start"].isna() & marks["text"].notna() & ~np.isnan(numbers) & marks["document_id"].isin(list(texts))
    if known.sum() < ENOUGH or not loose.any():
        return marks
    places = list(zip(marks["document_id"][known], marks["start"][known].astype("int64"), strict=True))
    shares = []
    for blank in (True, False):
        counted = [_paragraph(texts.get(document, ""), start, blank) for document, start in places]
        shares.append(float((np.array(counted) == numbers[known]).mean()))
    blank = shares[0] >= shares[1]
    if max(shares) < SURE:
        return marks
    found = {}
    for row, document, passage, number in marks.loc[loose, ["document_id", "text", "paragraph"]].itertuples(name=None):
        text = texts[document]
        here = [start for start in _all_places(text, passage) if _paragraph(text, start, blank) == number]
        if len(here) == 1:
            found[row] = (here[0], here[0] + len(passage))
    if found:
        marks.loc[list(found), "start"] = [start for start, _ in found.values()]
        marks.loc[list(found), "end"] = [end for _, end in found.values()]
        ledger.note(
            f"{count(len(found))} passages that stand several times in their document were placed by their paragraph, which is "
            f"right for {max(shares):.0%} of {count(len(places))} others"
        )
    return marks if marks["start"].isna().any() else marks.astype({"start": "int64", "end": "int64"})


def _paragraph(text: str, place: int, blank: bool) -> int:
    """The number of the line of a place, blank lines counted or not."""
    if blank:
        return text.count("\n", 0, place) + 1
    return sum(bool(line.strip()) for line in text[:place].split("\n")[:-1]) + 1


def _all_places(text: str, passage: str) -> Iterator[int]:
    """Every place where a passage begins."""
    place = text.find(passage)
    while place >= 0:
        yield place
        place = text.find(passage, place + 1)
