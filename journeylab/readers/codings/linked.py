"""The rows of a qualitative tool's table become linked tables: documents, codes, passages, codings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from journeylab.readers.codings.assemble import make_documents, make_segments, tidy_spans
from journeylab.readers.codings.codebook import match_codes
from journeylab.readers.codings.exports import CodedExportOptions, code_tree, one_value_each, plain_text
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.paragraphs import place_by_paragraph
from journeylab.readers.codings.parts import read_parts
from journeylab.readers.codings.ranges import settle_ranges
from journeylab.readers.ledger import Ledger
from journeylab.text import count

OPTIONAL = ("segment_id", "text", "from", "to", "place", "paragraph", "memo", "created_at", "weight")

CELL = 32_767
"""No cell of a workbook holds more signs; longer passages are cut by the program that wrote it."""


def build(
    ledger: Ledger,
    path: Path,
    rows: pd.DataFrame,
    marks: pd.DataFrame,
    options: CodedExportOptions,
    *,
    codes: pd.DataFrame | None = None,
    participants: pd.DataFrame | None = None,
    trusted_ranges: bool = False,
) -> CodedStudy:
    """Link what stands in a table: documents, codes, passages and who coded them.

    Parameters
    ----------
    ledger : Ledger
    path : Path
        The file, or a folder.
    rows : DataFrame
        Index ``row``, every kept row, once for each of its documents; document_id, name, participant_id?, source_file?.
    marks : DataFrame
        Index ``row``, one line a coding; document_id, code (a path; missing where a passage has none), coder, and
        segment_id?, text?, from?, to? (as the file has them), place? (what tells passages of the same text apart),
        paragraph? (a number from 1), memo?, created_at?, weight?.
    codes : DataFrame, optional
        The codebook of the file; the codes that occur where there is none.
    participants : DataFrame, optional
        What the file knows of people.
    trusted_ranges : bool
        Whether `from` and `to` hold even where no text of a document can prove it, see `settle_ranges`.

    Raises
    ------
    DataError
        When no row can be used, or a further file cannot be read or does not fit.
    """
    if rows.empty:
        ledger.close(0)
    parts = read_parts(path, options, ledger.source)
    marks = marks.drop(columns=[name for name in OPTIONAL if name in marks and marks[name].isna().all()])
    documents = make_documents(rows, path.name, ledger.path)
    if "source_file" in rows:
        documents["source_file"] = rows.groupby("document_id", sort=False)["source_file"].first().array
    if "documents" in parts:
        given = parts["documents"][0]
        ids = _known_ids(rows, given)
        rows, marks = (frame.assign(document_id=frame["document_id"].map(ids)) for frame in (rows, marks))
        stray = ~rows["document_id"].isin(given["document_id"])
        name = Path(str((options.documents or {})["path"])).name
        rows = _without(rows, stray, ledger, f"of a document that is not in {name}", "document_id")
        marks = marks[marks["document_id"].isin(given["document_id"])]
        documents, participants = _in_list(given, documents, ids, participants)
    marks = _placed(marks, documents, ledger, trusted_ranges)
    segment_ids, segments = make_segments(marks, ledger)
    if "memo" in marks:
        segments["memo"] = segments["segment_id"].map(_all_memos(segment_ids, marks["memo"])).astype("str")
    coded = marks["code"].notna()
    uncoded = int(marks.index[~coded].nunique())
    if uncoded:
        ledger.note(
            f"{count(uncoded)} rows have no code (such as row {marks.index[~coded][0]}); their passages are kept"
        )
    marks, segment_ids = marks[coded], segment_ids[coded]
    if "codebook" in parts:
        code_ids, codes = match_codes(marks["code"], parts["codebook"][0], ledger.path, options.unknown_codes)
    else:
        codes = code_tree(marks["code"]) if codes is None else codes
        code_ids, codes = match_codes(marks["code"], codes, ledger.path, "keep")
    columns = {"segment_id": segment_ids, "code_id": code_ids, "coder": marks["coder"]}
    codings = pd.DataFrame({name: column.array for name, column in columns.items()}, index=marks.index)
    for name in ("created_at", "weight"):
        if name in marks:
            codings[name] = marks[name]
    codings, rows = _once(codings, rows, ledger)
    people = _people(documents, participants, parts["participants"][0] if "participants" in parts else None, ledger)
    report = ledger.close(rows.index.nunique())
    study = CodedStudy(
        documents=documents,
        codes=codes,
        segments=segments,
        codings=codings.reset_index(drop=True),
        participants=people,
        report=report,
        reports=(report, *(part[1] for part in parts.values())),
    )
    return study.check()


def _all_memos(segment_ids: pd.Series, memos: pd.Series) -> pd.Series:
    """What everybody wrote on each passage, a line each."""
    said = pd.DataFrame({"segment_id": segment_ids.array, "memo": memos.array}).dropna()
    return said.groupby("segment_id")["memo"].agg(lambda lines: "\n".join(dict.fromkeys(lines)))


def _in_list(
    given: pd.DataFrame, own: pd.DataFrame, ids: dict[str, str], participants: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """A list of documents with the participants of the table, where it names none; and these as the list calls them."""
    given = given.copy()
    if "text" in given:
        given["text"] = plain_text(given["text"].fillna(""))
    if "participant_id" not in given:
        if "participant_id" in own:
            whose = own.set_index(own["document_id"].map(ids))["participant_id"]
            given["participant_id"] = given["document_id"].map(whose[~whose.index.duplicated()]).astype("str")
    elif participants is not None:
        people = dict(zip(given["document_id"], given["participant_id"], strict=True))
        renamed = [people.get(ids.get(one, ""), one) for one in participants["participant_id"]]
        participants = participants.assign(participant_id=pd.array(renamed, dtype="str"))
    return given, participants


def _known_ids(rows: pd.DataFrame, documents: pd.DataFrame) -> dict[str, str]:
    """The ids of a list of documents for those of the rows, which may be the names in the list."""
    by_name = dict(zip(documents["name"], documents["document_id"], strict=True))
    known = set(documents["document_id"])
    pairs = rows[["document_id", "name"]].drop_duplicates().itertuples(index=False)
    return {one: one if one in known else by_name.get(name, by_name.get(one, one)) for one, name in pairs}


def _people(
    documents: pd.DataFrame, own: pd.DataFrame | None, given: pd.DataFrame | None, ledger: Ledger
) -> pd.DataFrame | None:
    """The people of a list of participants, or else of the documents, with what the table says of them."""
    if given is None:
        if "participant_id" not in documents or documents["participant_id"].isna().all():
            return None
        given = pd.DataFrame({"participant_id": documents["participant_id"].dropna().unique()}, dtype="str")
    if own is None:
        return given
    new = [name for name in own if name not in given]
    told = one_value_each(own[new], own["participant_id"], ledger)
    return given.merge(told, left_on="participant_id", right_index=True, how="left")


def _placed(marks: pd.DataFrame, documents: pd.DataFrame, ledger: Ledger, trusted: bool) -> pd.DataFrame:
    """Marks with spans where they are sure, and with ids by which passages without a span are told apart."""
    if "segment_id" in marks or not {"text", "place"} & set(marks):
        return marks
    texts = {} if "text" not in documents else dict(documents.set_index("document_id")["text"].dropna())
    # a row with several codes stands there several times, but its passage is looked for once
    found = marks[~marks.index.duplicated()].drop(columns="code")
    for name in ("text", "place"):
        if name not in found:
            found[name] = pd.Series(pd.NA, index=found.index, dtype="str")
    cut = found["text"].str.len() >= CELL
    if cut.any():
        ledger.note(
            f"{count(int(cut.sum()))} passages fill their cell of {count(CELL)} signs: the export has probably cut them"
        )
    if "from" in found:
        found = settle_ranges(found, texts, ledger, trusted=trusted)
    found = tidy_spans(found, texts, ledger)
    if "start" in found and "paragraph" in found:
        found = place_by_paragraph(found, texts, ledger)
    _note_unplaced(found, texts, ledger)
    found["segment_id"] = _told_apart(found)
    again = {name: found[name].reindex(marks.index) for name in ("start", "end", "segment_id") if name in found}
    return marks.drop(columns=["from", "to"], errors="ignore").assign(**again)


def _note_unplaced(found: pd.DataFrame, texts: dict[str, str], ledger: Ledger) -> None:
    """Note passages of documents with a text that stand in it several times, or not at all."""
    there = found["text"].notna() & found["document_id"].isin(list(texts))
    if "start" in found:
        there &= found["start"].isna()
    ledger.note_cells(found["text"][there], "passages do not stand exactly once in the text of their document: no span")


def _told_apart(found: pd.DataFrame) -> pd.Series:
    """Ids of passages: by their span; by text and place, counted within the document; else the document itself."""
    keys = ["document_id", "text", "place"]
    distinct = found[keys].dropna(subset=["text", "place"], how="all").drop_duplicates()
    number = distinct.groupby("document_id").cumcount() + 1
    ids = distinct["document_id"] + "#" + number.astype("str")
    labels = found[keys].merge(distinct.assign(segment_id=ids), on=keys, how="left")["segment_id"].set_axis(found.index)
    if "start" in found:
        span = found["document_id"] + ":" + found["start"].astype("str") + "-" + found["end"].astype("str")
        labels = labels.where(found["start"].isna(), span)
    return labels.fillna(found["document_id"]).astype("str")


def _once(codings: pd.DataFrame, rows: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Codings that stand once; rows that only repeat others are dropped, repetitions in other rows are noted."""
    again = pd.Series(codings.duplicated(["segment_id", "code_id", "coder"]).to_numpy(), index=codings.index)
    if not again.any():
        return codings, rows
    spent = again.groupby(level=0).all()
    gone = pd.Series(rows.index.isin(spent.index[spent]), index=rows.index)
    within = int((again & ~codings.index.isin(spent.index[spent])).sum())
    if within:
        ledger.note(f"{count(within)} codings repeat another: same passage, code and coder; they were left out")
    rows = _without(rows, gone, ledger, "that repeat a coding: same passage, code and coder")
    return codings[~again.to_numpy()], rows


def _without(rows: pd.DataFrame, gone: pd.Series, ledger: Ledger, reason: str, show: str | None = None) -> pd.DataFrame:
    """The rows that stay; a row of several documents is lost only with the last of them."""
    once = ~rows.index.duplicated()
    whole = gone.groupby(level=0).transform("all")
    ledger.drop(rows[once], whole[once], reason, show)
    return rows[~gone.to_numpy()]
