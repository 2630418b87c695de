"""Marks in texts (who put which code where) become linked tables: segments, codings, documents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab.errors import DataError, listing
from journeylab.readers.account import Account
from journeylab.readers.ledger import Ledger, shorten
from journeylab.text import count

WHOLE = ("start", "end")


def make_segments(marks: pd.DataFrame, ledger: Ledger | Account) -> tuple[pd.Series, pd.DataFrame]:
    """Find the passages that the marks stand on.

    Parameters
    ----------
    marks : DataFrame
        Index ``row``; document_id, then segment_id?, start?, end?, text?, memo?.
    ledger : Ledger or Account
        For messages.

    Returns
    -------
    segment_ids : Series of str
        For every mark.
    segments : DataFrame
        segment_id, document_id, start?, end?, text?, memo?.

    Raises
    ------
    DataError
        When one segment_id stands for passages of different documents or places.

    Notes
    -----
    Without segment_id, marks with the same start and end in a document share a segment; without these, marks with
    the same text do; without a text, the document is the segment.
    """
    ids = _segment_ids(marks)
    details = [name for name in ("document_id", "start", "end", "text", "memo") if name in marks]
    segments = marks[details].assign(segment_id=ids)
    places = [name for name in ("document_id", "start", "end") if name in segments]
    distinct = segments.drop_duplicates(["segment_id", *places])
    twice = distinct["segment_id"].duplicated(keep=False)
    if twice.any():
        rows = ", ".join(f"row {row}" for row in distinct.index[twice][:4])
        word = distinct.loc[twice, "segment_id"].iloc[0]
        raise DataError(
            f"{ledger.path}: column segment_id: '{word}' stands for different passages ({rows}); give each passage "
            "an id of its own, or do not map segment_id."
        )
    kept = segments.drop_duplicates("segment_id")
    order = [name for name in ("segment_id", "document_id", "start", "end", "text", "memo") if name in kept]
    return ids, kept[order].reset_index(drop=True)


def _segment_ids(marks: pd.DataFrame) -> pd.Series:
    """An id for the passage of every mark."""
    document = marks["document_id"]
    ids = document.copy()
    if "text" in marks:
        number = marks.groupby(["document_id", "text"], sort=False).ngroup()
        first = number.groupby(document).transform("min")
        has_text = marks["text"].notna()
        ids = ids.where(~has_text, document + "#" + (number - first + 1).astype("Int64").astype("str"))
    if "start" in marks and "end" in marks:
        known = marks["start"].notna() & marks["end"].notna()
        span = marks["start"].astype("str") + "-" + marks["end"].astype("str")
        ids = ids.where(~known, document + ":" + span)
    if "segment_id" in marks:
        ids = marks["segment_id"].fillna(ids)
    return ids.astype("str")


def tidy_spans(marks: pd.DataFrame, texts: dict[str, str], ledger: Ledger) -> pd.DataFrame:
    """Hold every span against the text of its document, and find passages that have no span.

    Spans that cannot be are emptied; spans whose passage reads differently are kept; both are noted. A passage
    without a span gets one where it stands exactly once in its document.
    """
    marks = marks.copy()
    if "start" in marks and "end" in marks:
        length = marks["document_id"].map({document: len(text) for document, text in texts.items()})
        start, end = marks["start"].astype("Float64"), marks["end"].astype("Float64")
        known = start.notna() & end.notna()
        beyond = (end > length.astype("Float64")).fillna(False)
        wrong = (known & ((start < 0) | (end <= start) | beyond)).fillna(False) | (start.notna() ^ end.notna())
        spans = "(" + start.astype("str") + " to " + end.astype("str") + ")"
        ledger.note_cells(
            spans[wrong].str.replace(".0", "", regex=False),
            "spans are impossible (they end before they start, or outside of the document) and were left empty",
        )
        marks.loc[wrong, list(WHOLE)] = pd.NA
    if not texts or "text" not in marks:
        return _plain_whole(marks)
    if "start" not in marks or "end" not in marks:
        marks["start"] = pd.array([pd.NA] * len(marks), dtype="Int64")
        marks["end"] = pd.array([pd.NA] * len(marks), dtype="Int64")
    found, different = {}, []
    columns = zip(marks.index, marks["document_id"], marks["start"], marks["end"], marks["text"], strict=True)
    for row, document, start, end, passage in columns:
        text = texts.get(document)
        if text is None or pd.isna(passage) or not str(passage).strip():
            continue
        if pd.isna(start) or pd.isna(end):
            if text.count(passage) == 1:
                place = text.index(passage)
                found[row] = (place, place + len(passage))
        elif _squeezed(text[int(start) : int(end)]) != _squeezed(passage):
            different.append(row)
    if found:
        marks[list(WHOLE)] = marks[list(WHOLE)].astype("Int64")
        rows = list(found)
        marks.loc[rows, "start"] = [found[row][0] for row in rows]
        marks.loc[rows, "end"] = [found[row][1] for row in rows]
        ledger.note(f"{count(len(found))} passages without a span were found in their document by their text")
    ledger.note_cells(marks.loc[different, "text"], "passages read differently from the document at their span")
    return _plain_whole(marks)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _plain_whole(marks: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers without gaps as int64, with gaps as Int64; none at all are no columns."""
    for name in WHOLE:
        if name in marks:
            if marks[name].isna().all():
                marks = marks.drop(columns=name)
            else:
                marks[name] = marks[name].astype("Int64" if marks[name].isna().any() else "int64")
    return marks


def make_documents(rows: pd.DataFrame, source_file: str, path: str) -> pd.DataFrame:
    """Make the documents that rows speak of: document_id, then participant_id?, name, text?, collected_at?.

    Raises
    ------
    DataError
        When a document has two participants.
    """
    if "participant_id" in rows:
        pairs = rows[["document_id", "participant_id"]].dropna().drop_duplicates()
        twice = pairs["document_id"].duplicated(keep=False)
        if twice.any():
            word = pairs.loc[twice, "document_id"].iloc[0]
            people = pairs.loc[pairs["document_id"] == word, "participant_id"]
            where = ", ".join(f"row {row}" for row in people.index[:4])
            raise DataError(f"{path}: document {shorten(word)} has several participants, {listing(people)} ({where}).")
    details = [name for name in ("participant_id", "name", "text", "collected_at") if name in rows]
    documents = (
        rows.groupby("document_id", sort=False)[details].first() if details else rows.groupby("document_id").size()
    )
    documents = documents.reset_index() if details else rows[["document_id"]].drop_duplicates()
    if "name" in documents:
        documents["name"] = documents["name"].fillna(documents["document_id"])
    else:
        documents["name"] = documents["document_id"]
    documents["source_file"] = pd.Series(source_file, index=documents.index, dtype="str")
    order = ("document_id", "participant_id", "name", "text", "collected_at", "source_file")
    return documents[[name for name in order if name in documents]].reset_index(drop=True)


def spread_votes(votes: np.ndarray, coders: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give every vote a coder, so that no coder gives a code twice in a document.

    Parameters
    ----------
    votes : (n_documents, n_codes) int
        How many coders chose each code; at most `coders`.
    coders : int
        The most coders of a document; where each chose one code, the most votes of a document.

    Returns
    -------
    document, code, coder : (n_votes,) int
        Positions; coder counts from 0.
    """
    n_codes = votes.shape[1]
    flat = np.repeat(np.arange(votes.size), votes.ravel())
    document = flat // n_codes
    totals = votes.sum(axis=1)
    start = np.repeat(np.cumsum(totals) - totals, totals)
    return document, flat % n_codes, (np.arange(len(flat)) - start) % coders
