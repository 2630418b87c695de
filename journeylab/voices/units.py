"""What was rated: documents, segments or sentences, and which coder gave which code to which of them."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError, did_you_mean, listing

UNITS = ("document", "segment", "sentence")
SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")


@dataclasses.dataclass(frozen=True)
class Units:
    """Units and marks.

    Attributes
    ----------
    document : ndarray of int, shape (n_units,)
        The document of each unit, from 0.
    n_documents : int
    coders : list of str
    covered : ndarray of bool, shape (n_coders, n_units)
        Whether the coder coded the unit's document at all.
    marks : DataFrame
        unit, coder (index), code_id; each once.
    """

    document: NDArray[np.int64]
    n_documents: int
    coders: list[str]
    covered: NDArray[np.bool_]
    marks: pd.DataFrame

    @property
    def one_code_each(self) -> bool:
        """Whether every coder gave every unit that they coded exactly one code."""
        per = self.marks.groupby(["unit", "coder"]).size()
        return len(per) > 0 and bool((per == 1).all()) and len(per) == int(self.covered.sum())

    def presence(self, code_id: str) -> NDArray[np.float64]:
        """Coders x units: 1 where the coder gave the code, 0 where not, NaN where the coder did not code the document."""
        matrix = np.where(self.covered, 0.0, np.nan)
        rows = self.marks[self.marks["code_id"] == code_id]
        matrix[rows["coder"].to_numpy(), rows["unit"].to_numpy()] = 1.0
        return matrix

    def chosen_codes(self) -> NDArray[np.float64]:
        """Coders x units: the place of the code that the coder gave, NaN where none."""
        matrix = np.full(self.covered.shape, np.nan)
        place = {code: number for number, code in enumerate(sorted(self.marks["code_id"].unique()))}
        matrix[self.marks["coder"].to_numpy(), self.marks["unit"].to_numpy()] = (
            self.marks["code_id"].map(place).to_numpy()
        )
        return matrix


def make_units(
    codings: pd.DataFrame, segments: pd.DataFrame | None, documents: pd.DataFrame | None, unit: str
) -> Units:
    """Cut the coded material into units, over the documents that two or more coders coded.

    Raises
    ------
    DataError
        For an unknown unit, or when what it needs is absent.
    """
    if unit not in UNITS:
        raise DataError(f"unit '{unit}' is none of {listing(UNITS)}.{did_you_mean(unit, UNITS)}")
    frame = codings
    wanted = [name for name in ("document_id", "start", "end") if name not in frame]
    if wanted and segments is not None:
        there = [name for name in wanted if name in segments]
        frame = frame.merge(segments[["segment_id", *there]], on="segment_id", how="left")
    if "document_id" not in frame:
        raise DataError(
            "agreement: the codings have no document_id; pass segments=, which say the document of each segment."
        )
    coded_by = frame.groupby("document_id")["coder"].nunique()
    frame = frame[frame["document_id"].isin(coded_by.index[coded_by >= 2])].reset_index(drop=True)
    if unit == "document":
        frame = frame.assign(unit_key=frame["document_id"])
        keys = pd.DataFrame({"unit_key": frame["document_id"].unique()}).assign(
            document_id=lambda part: part["unit_key"]
        )
    elif unit == "sentence":
        frame, keys = _sentences(frame, documents)
    else:
        frame, keys = _spans(frame)
    coders = sorted(frame["coder"].unique())
    names = list(keys["document_id"].unique())
    document = keys["document_id"].map({name: number for number, name in enumerate(names)}).to_numpy(dtype=np.int64)
    who = frame.groupby("document_id")["coder"].unique().to_dict()
    covered = np.array([[coder in who[name] for name in names] for coder in coders], dtype=bool).reshape(
        len(coders), len(names)
    )
    number = {key: place for place, key in enumerate(keys["unit_key"])}
    marks = pd.DataFrame(
        {
            "unit": frame["unit_key"].map(number).to_numpy(dtype=np.int64),
            "coder": frame["coder"].map({name: place for place, name in enumerate(coders)}).to_numpy(dtype=np.int64),
            "code_id": frame["code_id"].to_numpy(),
        }
    ).drop_duplicates(ignore_index=True)
    return Units(document, len(names), coders, covered[:, document], marks)


def _spans(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Merge the overlapping spans of a document; without spans the segment is the unit."""
    if "start" not in frame or frame["start"].isna().any():
        frame = frame.assign(unit_key=frame["segment_id"])
    else:
        frame = frame.sort_values(["document_id", "start", "end"], kind="stable", ignore_index=True)
        end = frame["end"].astype("int64")
        reached = end.groupby(frame["document_id"]).cummax().groupby(frame["document_id"]).shift(1)
        fresh = reached.isna() | (frame["start"].astype("int64") >= reached)
        frame["unit_key"] = fresh.cumsum()
    return frame, frame[["unit_key", "document_id"]].drop_duplicates("unit_key", ignore_index=True)


def _sentences(frame: pd.DataFrame, documents: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every sentence of the coded documents; a span marks each sentence that it overlaps."""
    if documents is None or "text" not in documents:
        raise DataError("agreement: unit='sentence' needs documents= with their text.")
    if "start" not in frame or frame["start"].isna().any():
        raise DataError("agreement: unit='sentence' needs codings with start and end in the text.")
    keys, marked = [], []
    texts = dict(zip(documents["document_id"], documents["text"], strict=True))
    for name, part in frame.groupby("document_id", sort=False):
        found = [match.span() for match in SENTENCE.finditer(str(texts[name])) if match.group().strip()]
        low, high = np.array([span[0] for span in found]), np.array([span[1] for span in found])
        keys += [(f"{name}#{number}", name) for number in range(len(found))]
        first = np.searchsorted(high, part["start"].to_numpy(dtype=np.int64), side="right")
        last = np.searchsorted(low, part["end"].to_numpy(dtype=np.int64), side="left")
        for row, begin, stop in zip(part.index, first, last, strict=True):
            marked += [
                (row, f"{name}#{number}") for number in range(begin, max(stop, begin + 1)) if number < len(found)
            ]
    rows = pd.DataFrame(marked, columns=["row", "unit_key"])
    expanded = frame.loc[rows["row"]].reset_index(drop=True).assign(unit_key=rows["unit_key"])
    return expanded, pd.DataFrame(keys, columns=["unit_key", "document_id"])


def usual_unit(segments: pd.DataFrame | None) -> str:
    """``segment`` where passages are marked within texts, else ``document``."""
    spans = segments is not None and "start" in segments and bool(segments["start"].notna().all())
    return "segment" if spans else "document"
