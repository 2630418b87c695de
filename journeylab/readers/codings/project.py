"""What the project of a coding program holds becomes a `CodedStudy`: names, spans held against the texts, one account."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.errors import DataError, StudyError
from journeylab.readers.codings.assemble import make_segments
from journeylab.readers.codings.code_tree import name_codes
from journeylab.readers.codings.databases import Database
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.names import UNKNOWN, document_ids
from journeylab.readers.codings.placing import Text, drop, place
from journeylab.readers.codings.sql_cells import keyed
from journeylab.readers.files import RawTable
from journeylab.readers.ledger import Ledger
from journeylab.readers.options import check_timezone
from journeylab.tables import Loss
from journeylab.text import count


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProjectOptions:
    """Options of every project file.

    Attributes
    ----------
    source : str, optional
        The name of the source in reports.
    coder : str, optional
        Who coded, where the file does not say it.
    timezone : str, optional
        The zone of times written without one.
    """

    source: str | None = None
    coder: str | None = None
    timezone: str | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None and not isinstance(value, str):
                raise StudyError(f"option {field.name}: found {value!r}, expected text.")
        if self.timezone is not None:
            check_timezone(self.timezone)


@dataclasses.dataclass(frozen=True)
class Found:
    """What a project holds, by the program's own keys.

    Attributes
    ----------
    documents : DataFrame
        Index: the key; name, text (as written), participant?, and variables.
    codes : DataFrame
        Index: the key; name, parent (a key or missing), codable, description.
    marks : DataFrame
        Index: what messages call a mark, such as "highlight 12"; document, code (a key or missing: a passage without code),
        coder, start, end (code points of the text as written), text (what the program thinks stands there), memo?,
        created_at?, participant? (where documents have several).
    participants : DataFrame or None
        participant_id and variables.
    losses : list of Loss
        Rows that became no mark.
    notes : list of str
    apart : bool
        Whether the program knows passages by themselves: then two on the same span stay two segments.
    """

    documents: pd.DataFrame
    codes: pd.DataFrame
    marks: pd.DataFrame
    participants: pd.DataFrame | None = None
    losses: list[Loss] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    apart: bool = False


def finish(found: Found, path: Path, options: ProjectOptions, format: str) -> CodedStudy:
    """Make the contract tables of a project.

    Raises
    ------
    DataError
        When the project has no document, or no passage of it can be used.
    """
    marks, documents = found.marks, found.documents
    if documents.empty:
        raise DataError(f"{path}: the project holds no document with a text; name the project that was coded.")
    lost = sum(loss.n for loss in found.losses)
    if not len(marks) + lost:
        raise DataError(
            f"{path}: the project holds {count(len(documents))} documents, but no passage in them is coded."
        )
    raw = RawTable(path, marks, len(marks) + lost, tuple(found.losses), tuple(found.notes))
    ledger = Ledger(raw, source=options.source or path.name, format=format, table="codings")
    documents = documents.assign(document_id=document_ids(documents["name"], documents.index))
    texts = {key: Text.of(text) for key, text in documents["text"].items() if isinstance(text, str)}
    codes = name_codes(found.codes, ledger)
    stray = ~marks["document"].isin(documents.index)
    marks = drop(marks, stray, "of a document that is not in the project", ledger)
    stray = marks["code"].notna() & ~marks["code"].isin(codes.index)
    marks = drop(marks, stray, "with a code that is not in the project", ledger)
    marks = place(marks, texts, ledger)
    marks = marks.assign(
        document_id=marks["document"].map(documents["document_id"]).astype("str"),
        code_id=marks["code"].map(codes["path"]).astype("str"),
        coder=name_coders(marks["coder"], options, ledger),
    )
    marks = marks[[name for name in marks if name not in ("document", "code")]]
    marks = _join_memos(_plain_spans(marks))
    if found.apart:
        marks = _keep_apart(marks)
    segment_ids, segments = make_segments(marks, ledger)
    if "participant" in marks:
        segments["participant_id"] = segments["segment_id"].map(marks.groupby(segment_ids)["participant"].first())
    coded = marks["code_id"].notna()
    codings = pd.DataFrame({"segment_id": segment_ids, "code_id": marks["code_id"], "coder": marks["coder"]})
    if "created_at" in marks and marks["created_at"].notna().any():
        codings["created_at"] = marks["created_at"]
    again = coded & codings.duplicated(["segment_id", "code_id", "coder"])
    drop(marks, again, "that repeat a coding: same passage, code and coder", ledger)
    if not coded.all():
        ledger.note(f"passages without a code, kept as segments without a coding: {count(int((~coded).sum()))}")
    if len(segments) < marks.index.nunique():
        ledger.note(
            f"{count(marks.index.nunique())} marked passages are {count(len(segments))} segments: the same span is one segment"
        )
    study = CodedStudy(
        documents=_documents(documents, texts, path),
        codes=codes.reset_index(drop=True),
        segments=segments,
        codings=codings[coded & ~again].reset_index(drop=True),
        participants=found.participants,
        report=(report := ledger.close(len(marks) - int(again.sum()))),
        reports=(report,),
    )
    return study.check()


def _keep_apart(marks: pd.DataFrame) -> pd.DataFrame:
    """Give the second and further passage on a span an id of its own."""
    if "start" not in marks:
        return marks
    places = ["document_id", "start", "end"]
    passage = pd.Series(pd.factorize(marks.index)[0], index=marks.index)
    first = marks.assign(passage=passage).groupby(places, sort=False, dropna=False)["passage"]
    number = first.rank("dense").astype("int64")
    ids = marks["document_id"] + ":" + marks["start"].astype("str") + "-" + marks["end"].astype("str")
    again = marks["start"].notna() & (number > 1)
    return marks.assign(segment_id=(ids + "#" + number.astype("str")).where(again))


def _documents(documents: pd.DataFrame, texts: dict[Any, Text], path: Path) -> pd.DataFrame:
    """The contract table, with variables behind its own columns."""
    made = pd.DataFrame({"document_id": documents["document_id"].astype("str")})
    if "participant" in documents:
        made["participant_id"] = documents["participant"].astype("str")
    made["name"] = documents["name"].fillna(documents["document_id"]).astype("str")
    made["text"] = pd.Series({key: text.text for key, text in texts.items()}, dtype="str").reindex(documents.index)
    made["source_file"] = pd.Series(path.name, index=made.index, dtype="str")
    for name in documents:
        if name not in ("name", "text", "participant") and name not in made:
            made[name] = documents[name]
    return made.reset_index(drop=True)


def name_coders(coders: pd.Series, options: ProjectOptions, ledger: Ledger) -> pd.Series:
    """Who coded: as the file says, else as the option says, else unknown."""
    without = coders.isna() | (coders == "")
    if without.any() and options.coder is None:
        ledger.note(
            f"the file does not say who coded {count(int(without.sum()))} of {count(len(coders))} codings; they stand "
            f"under '{UNKNOWN}' (option coder names who it was)"
        )
    return coders.where(~without, options.coder or UNKNOWN).astype("str")


def _plain_spans(marks: pd.DataFrame) -> pd.DataFrame:
    """Spans without gaps as int64; no span at all is no column."""
    if marks["start"].isna().all():
        return marks.drop(columns=["start", "end"])
    kind = "Int64" if marks["start"].isna().any() else "int64"
    return marks.astype({"start": kind, "end": kind})


def _join_memos(marks: pd.DataFrame) -> pd.DataFrame:
    """Give all marks of a passage the memos of all, each once."""
    if "memo" not in marks or marks["memo"].isna().all():
        return marks.drop(columns="memo", errors="ignore")
    places = [name for name in ("document_id", "start", "end") if name in marks]
    if len(places) < 3:
        return marks
    filled = marks[marks["memo"].notna() & marks["start"].notna()].drop_duplicates([*places, "memo"])
    joined = filled.groupby(places, sort=False)["memo"].agg("\n".join).rename("joined").reset_index()
    merged = marks[places].merge(joined, on=places, how="left")["joined"].to_numpy()
    memos = pd.Series(merged, index=marks.index, dtype="str")
    return marks.assign(memo=memos.fillna(marks["memo"]).astype("str"))


def choose_project(database: Database, column: str, name: str, wanted: str | None) -> int | None:
    """The number of the project to read, where a file may hold several.

    Raises
    ------
    DataError
        When the file holds several and the option says none of them.
    """
    if not database.has("projects"):
        return None
    frame = keyed(database.read("projects", [column], [name]), column, "projects", database.notes)
    names = {key: str(cell) if cell is not None else "" for key, cell in frame[name].items()}
    if wanted is not None:
        fitting = [key for key, label in names.items() if wanted in (label, str(key))]
        if len(fitting) == 1:
            return fitting[0]
    elif len(names) <= 1:
        return next(iter(names), None)
    told = ", ".join(f"'{label}' (number {key})" for key, label in list(names.items())[:12])
    found = f"found '{wanted}', which is not one of them" if wanted is not None else "say which with project = 'name'"
    raise DataError(f"{database.path}: holds {len(names)} projects, {told}; option project: {found}.")
