"""What was rated: documents, passages, or pieces of text, and which coder gave which code to which of them."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.voices.prevalence import people_of

OF_TEXT = ("sentence", "line", "paragraph", "turn")
UNITS = ("document", "segment", *OF_TEXT)
STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)")
LINE = re.compile(r"[^\n]+")
PARAGRAPH = re.compile(r"[^\n]+(?:\n(?![ \t]*\n)[^\n]+)*")
BLANK_LINE = re.compile(r"\n[ \t]*\n")
SPEAKER = re.compile(r"^[ \t]*[^\W\d_][\w .'’()-]{0,40}:(?=\s)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Units:
    """Units and marks.

    Attributes
    ----------
    document : ndarray of int, shape (n_units,)
        The document of each unit, from 0.
    documents : list of str
        Their ids.
    coders : list of str
    covered : ndarray of bool, shape (n_coders, n_units)
        Whether the coder worked on the unit's document at all.
    marks : DataFrame
        unit, coder (index), code_id; each once.
    left_out : tuple of str
        What could not be used, in words with counts.
    """

    document: NDArray[np.int64]
    documents: list[str]
    coders: list[str]
    covered: NDArray[np.bool_]
    marks: pd.DataFrame
    left_out: tuple[str, ...] = ()

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

    def chosen_codes(self, values: dict[str, float]) -> NDArray[np.float64]:
        """Coders x units: the value of the code that the coder gave, NaN where none."""
        matrix = np.full(self.covered.shape, np.nan)
        matrix[self.marks["coder"].to_numpy(), self.marks["unit"].to_numpy()] = self.marks["code_id"].map(values)
        return matrix


def make_units(
    codings: pd.DataFrame,
    segments: pd.DataFrame | None,
    documents: pd.DataFrame | None,
    unit: str,
    coded_by: pd.DataFrame | None = None,
) -> Units:
    """Cut the coded material into units, over the documents that two or more coders coded.

    Parameters
    ----------
    unit : str
        ``document``; ``segment`` (overlapping spans of a document are one unit; without spans the segment itself); of the
        text ``sentence``, ``line`` (not empty), ``paragraph`` (up to a blank line; of a text without one, a line) or
        ``turn`` (up to the next speaker, as in ``Ana: ...``). A piece of text is coded where any coding overlaps it.
    coded_by : DataFrame, optional
        document_id, coder: who worked on what, also where they marked nothing. Else those who marked something.

    Raises
    ------
    DataError
        For an unknown unit, or when what it needs is absent.
    """
    if unit not in UNITS:
        raise DataError(f"unit '{unit}' is none of {listing(UNITS)}.{did_you_mean(unit, UNITS)}")
    frame, left_out = placed(codings, segments)
    who = coders_of(frame, coded_by)
    frame = frame[frame["document_id"].isin(who.index)].reset_index(drop=True)
    if unit in OF_TEXT:
        frame, keys, more = _pieces(frame, who, documents, unit)
        left_out += more
    elif unit == "document":
        frame = frame.assign(unit_key=frame["document_id"])
        keys = pd.DataFrame({"unit_key": who.index, "document_id": who.index})
    else:
        frame, keys, more = _spans(frame)
        left_out += more
    coders = sorted({coder for names in who for coder in names})
    names = list(keys["document_id"].unique())
    place = {name: number for number, name in enumerate(names)}
    document = keys["document_id"].map(place).to_numpy(dtype=np.int64)
    covered = np.array([[coder in who[name] for name in names] for coder in coders], dtype=bool)
    number = {key: row for row, key in enumerate(keys["unit_key"])}
    marks = pd.DataFrame(
        {
            "unit": frame["unit_key"].map(number).to_numpy(dtype=np.int64),
            "coder": frame["coder"].map({name: row for row, name in enumerate(coders)}).to_numpy(dtype=np.int64),
            "code_id": frame["code_id"].to_numpy(),
        }
    ).drop_duplicates(ignore_index=True)
    return Units(document, names, coders, covered.reshape(len(coders), len(names))[:, document], marks, left_out)


def placed(codings: pd.DataFrame, segments: pd.DataFrame | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Codings with their document and, where known, their place in it; those of nobody are left out and counted.

    Raises
    ------
    DataError
        When nothing says the document of a coding.
    """
    frame = codings
    wanted = [name for name in ("document_id", "start", "end") if name not in frame]
    if wanted and segments is not None:
        there = [name for name in wanted if name in segments]
        frame = frame.merge(segments[["segment_id", *there]], on="segment_id", how="left")
    if "document_id" not in frame:
        raise DataError(
            "agreement: the codings have no document_id; pass segments=, which say the document of each segment."
        )
    left_out: tuple[str, ...] = ()
    for column, words in (("coder", "do not say who coded"), ("document_id", "are of no document")):
        frame = frame if column in frame else frame.assign(**{column: None})
        bad = frame[column].isna()
        if bad.any():
            left_out += (f"{text.count(int(bad.sum()))} of {text.count(len(frame))} codings {words} and are left out",)
            frame = frame[~bad]
    return frame.reset_index(drop=True), left_out


def coders_of(frame: pd.DataFrame, coded_by: pd.DataFrame | None = None) -> pd.Series:
    """The coders of each document that two or more worked on: index document_id, value a set of names."""
    pairs = [frame[["document_id", "coder"]]]
    if coded_by is not None:
        pairs.append(coded_by[["document_id", "coder"]].dropna())
    who = pd.concat(pairs).drop_duplicates().groupby("document_id", sort=False)["coder"].agg(set)
    return who[who.map(len) >= 2] if len(who) else pd.Series(dtype=object)


def _spans(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Merge the overlapping spans of a document; in documents without places the segment is the unit, if coders share any."""
    places = frame.reindex(columns=["start", "end"])
    bare = places.isna().any(axis=1).groupby(frame["document_id"]).transform("any").astype(bool)
    by_place, by_segment = frame[~bare], frame[bare]
    both = by_segment.groupby(["document_id", "segment_id"])["coder"].nunique().groupby("document_id").max() >= 2
    alone = ~by_segment["document_id"].isin(both.index[both])
    left_out: tuple[str, ...] = ()
    if alone.any():
        left_out = (
            f"{text.count(by_segment.loc[alone, 'document_id'].nunique())} of {text.count(frame['document_id'].nunique())} "
            "documents have passages without a place and none that two "
            "coders share, so it is not known which belong together; they are left out",
        )
    by_segment = by_segment[~alone].assign(unit_key=lambda part: "segment " + part["segment_id"].astype("str"))
    if len(by_place):
        by_place = by_place.sort_values(["document_id", "start", "end"], kind="stable")
        document = by_place["document_id"]
        reached = by_place["end"].astype("int64").groupby(document).cummax().groupby(document).shift(1)
        fresh = reached.isna() | (by_place["start"].astype("int64") >= reached)
        by_place = by_place.assign(unit_key=fresh.cumsum().astype("str"))
    frame = pd.concat([part for part in (by_place, by_segment) if len(part)] or [by_segment], ignore_index=True)
    return frame, frame[["unit_key", "document_id"]].drop_duplicates("unit_key", ignore_index=True), left_out


def _pieces(
    frame: pd.DataFrame, who: pd.Series, documents: pd.DataFrame | None, unit: str
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Every piece of the coded documents; a span marks each piece that it overlaps."""
    if documents is None or "text" not in documents:
        raise DataError(f"agreement: unit='{unit}' needs documents= with their text.")
    if "start" not in frame:
        raise DataError(f"agreement: unit='{unit}' needs codings with start and end in the text.")
    texts = documents.dropna(subset=["text"]).set_index("document_id")["text"]
    left_out: tuple[str, ...] = ()
    silent = [name for name in who.index if name not in texts.index]
    if silent:
        left_out += (f"{text.count(len(silent))} of {text.count(len(who))} documents have no text and are left out",)
    lost = frame["start"].isna() | frame["end"].isna()
    if lost.any():
        left_out += (
            f"{text.count(int(lost.sum()))} of {text.count(len(frame))} codings have no place in the text and are left out",
        )
    frame = frame[~lost & ~frame["document_id"].isin(silent)]
    by_document = dict(list(frame.groupby("document_id", sort=False)))
    keys, rows, marked, beside = [], [], [], 0
    for name in who.index:
        if name in silent:
            continue
        found = np.array(cut(str(texts[name]), unit), dtype=np.int64).reshape(-1, 2)
        keys += [(f"{name}#{number}", name) for number in range(len(found))]
        part = by_document.get(name)
        if part is None:
            continue
        first = np.searchsorted(found[:, 1], part["start"].to_numpy(dtype=np.int64), side="right")
        last = np.searchsorted(found[:, 0], part["end"].to_numpy(dtype=np.int64), side="left")
        beside += int((last <= first).sum())
        for row, begin, stop in zip(part.index, first, last, strict=True):
            rows += [row] * max(stop - begin, 0)
            marked += [f"{name}#{number}" for number in range(begin, stop)]
    if beside:
        left_out += (
            f"{text.count(beside)} of {text.count(len(frame))} codings lie beside every {unit} (blank, or outside the text)",
        )
    marks = frame.loc[rows].reset_index(drop=True).assign(unit_key=pd.Series(marked, dtype="str"))
    return marks, pd.DataFrame(keys, columns=["unit_key", "document_id"]), left_out


def cut(text: str, unit: str) -> list[tuple[int, int]]:
    """Where the pieces of a text begin and end, without the white space around them.

    Examples
    --------
    >>> cut("It was slow. Really!\\n\\nAnna: yes", "sentence")
    [(0, 12), (13, 20), (22, 31)]
    """
    if unit == "turn":
        edges = sorted({0, *(match.start() for match in SPEAKER.finditer(text)), len(text)})
        spans = list(itertools.pairwise(edges))
    elif unit == "paragraph" and BLANK_LINE.search(text):
        spans = [match.span() for match in PARAGRAPH.finditer(text)]
    else:
        spans = [match.span() for match in LINE.finditer(text)]
    if unit == "sentence":
        stops = [match.end() for match in STOP.finditer(text)]
        edges = sorted({*stops, *(edge for span in spans for edge in span)})
        spans = list(itertools.pairwise(edges))
    trimmed = []
    for begin, stop in spans:
        piece = text[begin:stop]
        if piece.strip():
            trimmed.append((begin + len(piece) - len(piece.lstrip()), stop - len(piece) + len(piece.rstrip())))
    return trimmed


def usual_unit(segments: pd.DataFrame | None) -> str:
    """``segment`` where passages are marked within texts, else ``document``."""
    spans = segments is not None and "start" in segments and bool(segments["start"].notna().all())
    return "segment" if spans else "document"


def code_names(codings: pd.DataFrame, codes: pd.DataFrame | None) -> dict[str, str]:
    """Code id to name, in the order of the codebook, for codes that may be given; the path where two have one name."""
    used = set(codings["code_id"].dropna())
    if codes is None:
        return {code: code for code in sorted(used)}
    listed = codes[codes["codable"].astype(bool) | codes["code_id"].isin(used)]
    double = listed["name"].duplicated(keep=False)
    names = listed["name"].where(~double, listed["path"] if "path" in listed else listed["code_id"])
    beyond = {code: code for code in sorted(used - set(codes["code_id"]))}
    return dict(zip(listed["code_id"], names, strict=True)) | beyond


def clusters_of(units: Units, documents: pd.DataFrame | None, unit: str) -> tuple[NDArray[np.int64], str]:
    """What is independent: the participant of each unit where known, else its document; the unit where each has its own."""
    names = pd.Series(units.documents, dtype=object)
    what = "document"
    if documents is not None and "participant_id" in documents and documents["participant_id"].notna().any():
        what = "participant"
        names = names.map(people_of(documents)).fillna(names)
    place = pd.factorize(names)[0] if len(names) else np.empty(0, dtype=np.int64)
    group = place[units.document].astype(np.int64)
    return (group, unit) if len(np.unique(group)) == len(group) and what == "document" else (group, what)
