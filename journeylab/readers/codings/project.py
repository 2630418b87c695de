"""What the project of a coding program holds becomes a `CodedStudy`: names, spans held against the texts, one account."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from journeylab.errors import DataError, StudyError
from journeylab.readers.codings.assemble import make_segments
from journeylab.readers.codings.databases import Database, short_texts, whole_numbers
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.names import SLASH, document_ids, plain_name
from journeylab.readers.files import RawTable
from journeylab.readers.ledger import MOST_EXAMPLES, Ledger, shorten
from journeylab.readers.options import check_timezone
from journeylab.tables import Loss

UNKNOWN = "unknown coder"

DEEPEST = 100
"""Steps in the path of a code."""


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
    """

    documents: pd.DataFrame
    codes: pd.DataFrame
    marks: pd.DataFrame
    participants: pd.DataFrame | None = None
    losses: list[Loss] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)


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
        raise DataError(f"{path}: the project holds {len(documents):,} documents, but no passage in them is coded.")
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
        ledger.note(f"passages without a code, kept as segments without a coding: {int((~coded).sum()):,}")
    if len(segments) < marks.index.nunique():
        ledger.note(
            f"{marks.index.nunique():,} marked passages are {len(segments):,} segments: the same span is one segment"
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


def name_codes(codes: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Give every code its path; one whose path is taken gets a number behind its name.

    Parameters
    ----------
    codes : DataFrame
        See `Found.codes`.
    ledger : Ledger
        For notes.

    Returns
    -------
    DataFrame
        Index: the key; code_id, path, name, parent_id, codable, description.
    """
    written = {key: name if isinstance(name, str) else "" for key, name in codes["name"].items()}
    slashed = [name for name in written.values() if "/" in name]
    if slashed:
        ledger.note(
            f"{len(slashed):,} names of codes hold a slash, which is written as '{SLASH}' here ({shorten(slashed[0])})"
        )
    parents = _parents(codes, ledger)
    paths: dict[Any, str] = {}
    taken: set[str] = set()
    renamed: list[str] = []
    for key in written:
        trail = [key]
        while trail[-1] in parents and parents[trail[-1]] not in paths:
            trail.append(parents[trail[-1]])
        for step in reversed(trail):
            if step in paths:
                continue
            name = plain_name(written[step]) or str(step)
            stem = f"{paths[parents[step]]}/{name}" if step in parents else name
            path, number = stem, 2
            while path in taken:
                path, number = f"{stem} ({number})", number + 1
            if path != stem:
                renamed.append(path)
            taken.add(path)
            paths[step] = path
    if renamed:
        ledger.note(
            f"{len(renamed):,} codes share name and parent with another; a number was added ({shorten(renamed[0])})"
        )
    made = pd.DataFrame({"code_id": pd.Series(paths, dtype="str").reindex(codes.index)})
    made["path"] = made["code_id"]
    made["name"] = pd.Series([paths[key].rsplit("/", 1)[-1] for key in codes.index], index=codes.index, dtype="str")
    above = [paths[parents[key]] if key in parents else None for key in codes.index]
    made["parent_id"] = pd.Series(above, index=codes.index, dtype="str")
    made["codable"] = codes["codable"].astype("bool")
    made["description"] = codes["description"].astype("str")
    return made


def _parents(codes: pd.DataFrame, ledger: Ledger) -> dict[Any, Any]:
    """The parent of every code that has one, without circles and chains that nobody writes."""
    known = set(codes.index)
    parents = {key: parent for key, parent in codes["parent"].items() if parent in known}
    astray = int(codes["parent"].notna().sum()) - len(parents)
    if astray:
        ledger.note(f"{astray:,} codes lie under a code or category that is not in the project; they stand at the top")
    cut = 0
    for key in codes.index:
        trail = [key]
        while (above := parents.get(trail[-1])) is not None:
            if (
                above in trail or len(trail) == DEEPEST
            ):  # the code that closes the circle, or this one, stands at the top
                parents.pop(above if above in trail else key)
                trail, cut = [key], cut + 1
            else:
                trail.append(above)
    if cut:
        ledger.note(f"{cut:,} codes are their own ancestor, or more than {DEEPEST} steps deep; they stand at the top")
    return parents


def in_categories(
    codes: pd.DataFrame, categories: pd.DataFrame, pairs: Iterable[tuple[Any, Any]], notes: list[str]
) -> pd.DataFrame:
    """Codes under categories that may hold any of them, as `Found.codes`.

    Parameters
    ----------
    codes, categories : DataFrame
        Index: the key; name, memo.
    pairs : iterable of tuple
        Keys of a code and of a category that holds it; the first category of a code is its parent.
    notes : list of str
    """
    above: dict[Any, list[Any]] = {}
    for code, category in pairs:
        if code in codes.index and category in categories.index and category not in above.setdefault(code, []):
            above[code].append(category)
    several = [code for code, here in above.items() if len(here) > 1]
    if several:
        notes.append(
            f"{len(several):,} codes lie in several categories ({shorten(codes['name'].get(several[0]))}); they stand in the "
            "first"
        )
    parts = []
    for kind, frame in (("category", categories), ("code", codes)):
        first = [above[key][0] if kind == "code" and above.get(key) else None for key in frame.index]
        index = pd.Index([f"{kind} {key}" for key in frame.index], dtype="object")
        part = pd.DataFrame({"name": short_texts(frame["name"]), "description": short_texts(frame["memo"])})
        part.index = index
        parts.append(part.assign(parent=as_keys([None if key is None else f"category {key}" for key in first], index)))
        parts[-1]["codable"] = kind == "code"
    return pd.concat([part for part in parts if len(part)] or parts[-1:])


def name_coders(coders: pd.Series, options: ProjectOptions, ledger: Ledger) -> pd.Series:
    """Who coded: as the file says, else as the option says, else unknown."""
    without = coders.isna() | (coders == "")
    if without.any() and options.coder is None:
        ledger.note(
            f"the file does not say who coded {int(without.sum()):,} of {len(coders):,} codings; they stand under '{UNKNOWN}' "
            "(option coder names who it was)"
        )
    return coders.where(~without, options.coder or UNKNOWN).astype("str")


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
            ledger.note(f"{len(named):,} of {n:,} passages {says}{some}")
    return drop(marks, gone, "without a usable span or a text", ledger)


def drop(marks: pd.DataFrame, gone: ArrayLike, reason: str, ledger: Ledger) -> pd.DataFrame:
    """Return the marks that stay, and count those that go, by what they are called."""
    lost = np.asarray(gone, dtype=bool)
    if lost.any():
        ledger.losses.append(Loss(reason, int(lost.sum()), tuple(map(str, marks.index[lost][:MOST_EXAMPLES]))))
    return marks[~lost]


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


def keyed(frame: pd.DataFrame, column: str, what: str, notes: list[str]) -> pd.DataFrame:
    """The rows of a table under their number; rows without one, or with that of an earlier row, are noted and left out."""
    numbers = whole_numbers(frame[column])
    usable = numbers.notna() & ~numbers.duplicated()
    if not usable.all():
        notes.append(f"{int((~usable).sum()):,} {what} have no number of their own and are left out")
    kept = frame[usable.to_numpy()]
    return kept.set_index(pd.Index([int(number) for number in numbers[usable]], dtype="object"))


def numbered(cells: pd.Series) -> list[int | None]:
    """References to rows of another table; what is no number refers to nothing."""
    return [None if pd.isna(number) else int(number) for number in whole_numbers(cells)]


def only(frame: pd.DataFrame, column: str, wanted: int) -> pd.DataFrame:
    """The rows whose number is the wanted one, or unknown."""
    return frame[np.array([number in (wanted, None) for number in numbered(frame[column])], dtype=bool)]


def as_keys(values: Sequence[Any] | Iterable[Any], index: pd.Index) -> pd.Series:
    """Keys as a column; None stays None."""
    return pd.Series(list(values), index=index, dtype="object")


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
