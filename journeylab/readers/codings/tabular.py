"""Any table of codings: one row a coding, one row a document with a column a code, or the votes of several coders."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from journeylab.contracts import Column
from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.readers.codings.assemble import make_documents, make_segments, spread_votes, tidy_spans
from journeylab.readers.codings.codebook import make_codes, match_codes, tidy_path
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.names import UNKNOWN
from journeylab.readers.codings.parts import check_parts, read_parts
from journeylab.readers.columns import Mapped, convert, map_columns, optional_columns, select_rows
from journeylab.readers.files import read_file
from journeylab.readers.ledger import Ledger
from journeylab.readers.options import TableOptions
from journeylab.readers.values import known_text, parse_flags, parse_numbers
from journeylab.text import count

DOCUMENT_ROLES = (
    Column("document_id"),
    Column("participant_id", required=False, filled=False),
    Column("name", required=False, filled=False),
    Column("collected_at", "time", required=False, filled=False),
    Column("coder", required=False, filled=False),
    Column("text", required=False, filled=False),
)
LONG_ROLES = (
    *DOCUMENT_ROLES,
    Column("code"),
    Column("segment_id", required=False, filled=False),
    Column("start", "whole", required=False, filled=False),
    Column("end", "whole", required=False, filled=False),
    Column("memo", required=False, filled=False),
    Column("created_at", "time", required=False, filled=False),
    Column("weight", "number", required=False, filled=False),
)


OF_CODES = ("stage", "valence", "touchpoint")
"""What a codebook says of a code."""

UNUSED = "of a coding cannot be used"
"""In the note on columns that belong to a code."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodingOptions(TableOptions):
    """Options of tables of codings, beside those of every table.

    Attributes
    ----------
    shape : str
        "long" (one row a coding), "wide" (one row a document, one column a code) or "votes" (the same, with the
        number of coders who chose the code).
    codes : mapping, optional
        Of wide and votes: column to the path of its code.
    coders : int, optional
        Of votes: how many coders there were; the largest number in the file where not said.
    coder : str, optional
        Who coded, where no column says it.
    unknown_codes : str, optional
        "keep": add codes that the codebook does not have.
    documents, codebook, participants : mapping, optional
        Further files: path, and the options of a table.
    """

    shape: str = "long"
    codes: Mapping[str, str] | None = None
    coders: int | None = None
    coder: str | None = None
    unknown_codes: str | None = None
    documents: Mapping[str, Any] | None = None
    codebook: Mapping[str, Any] | None = None
    participants: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._one_of("shape", ("long", "wide", "votes"))
        self._one_of("unknown_codes", (None, "keep"))
        self._mapping("codes")
        self._typed("coder", str, "text")
        for name in OF_CODES:
            if name in self.columns:
                raise StudyError(
                    f"option columns.{name}: belongs to a code, not to a coding; write it once a code, in [[codes]] (path, stage, "
                    "valence, touchpoint) or in the file of [interviews.codebook]. `journeylab new DIR --quotes FILE` drafts it."
                )
        self._typed("coders", int, "a whole number")
        if self.coders is not None and (isinstance(self.coders, bool) or self.coders < 1):
            raise StudyError(f"option coders: found {self.coders!r}, expected a whole number from 1.")
        if self.shape == "votes" and not self.codes:
            raise StudyError("option codes: votes need it: which column counts the votes for which code.")
        if self.shape == "long" and self.codes:
            raise StudyError("option codes: belongs to shape = 'wide' or 'votes'.")
        if self.shape != "votes" and self.coders is not None:
            raise StudyError("option coders: belongs to shape = 'votes'.")
        check_parts(self)


def read(path: str | Path, options: CodingOptions) -> CodedStudy:
    """Read a table of codings and the files that belong to it.

    Raises
    ------
    DataError
        When a column is missing, a code is not in the codebook, a document stands twice, or no row can be used.
    """
    path = Path(path)
    raw = read_file(path, options)
    source = options.source or path.name
    ledger = Ledger(raw, source=source, format="tabular", table="codings")
    parts = read_parts(path, options, source)
    _note_of_codes(ledger, options)
    marks, rows = _long(ledger, options) if options.shape == "long" else _by_document(ledger, options)
    documents = parts["documents"][0] if "documents" in parts else make_documents(rows, path.name, ledger.path)
    if "documents" in parts:
        stray = ~rows["document_id"].isin(documents["document_id"])
        name = Path(parts["documents"][1].path).name
        rows = ledger.drop(rows, stray, f"of a document that is not in {name}", "document_id")
        marks = marks[marks["document_id"].isin(documents["document_id"])]
        documents = _with_participants(documents, rows, ledger)
    texts = {} if "text" not in documents else dict(documents.set_index("document_id")["text"].dropna())
    marks = tidy_spans(marks, texts, ledger) if options.shape == "long" else marks
    segment_ids, segments = make_segments(marks, ledger)
    codes = parts["codebook"][0] if "codebook" in parts else make_codes(marks["code"].map(tidy_path))
    if options.codes:
        codes = _all_codes(codes, options, "codebook" in parts)
    code_ids, codes = match_codes(marks["code"], codes, ledger.path, options.unknown_codes)
    codings = pd.DataFrame({"segment_id": segment_ids, "code_id": code_ids, "coder": marks["coder"]}, index=marks.index)
    for name in ("created_at", "weight"):
        if name in marks:
            codings[name] = marks[name]
    again = codings.duplicated(["segment_id", "code_id", "coder"]).to_numpy()
    if again.any():
        rows = ledger.drop(
            rows, rows.index.isin(codings.index[again]), "that repeat a coding: same passage, code and coder"
        )
        codings = codings[~again]
    report = ledger.close(len(rows))
    participants = parts["participants"][0] if "participants" in parts else _participants(documents)
    study = CodedStudy(
        documents=documents,
        codes=codes,
        segments=segments,
        codings=codings.reset_index(drop=True),
        participants=participants,
        report=report,
        reports=(report, *(part[1] for part in parts.values())),
        coders_identified=options.shape != "votes",
    )
    return study.check()


def _note_of_codes(ledger: Ledger, options: CodingOptions) -> None:
    """Point to [[codes]] where the codings have columns that belong to a code."""
    codebook = {} if options.codebook is None else options.codebook
    belonging = {str(column).strip().lower(): str(column) for column in ledger.raw.frame.columns}
    found = [belonging[name] for name in OF_CODES if name in belonging]
    if found and not codebook:
        ledger.note(
            f"{listing(found)} {UNUSED}: where on the journey a code belongs and whether it is a pain is said once "
            "a code, in [[codes]] (path, stage, valence) or in [interviews.codebook]; journeylab new DIR --quotes FILE drafts them"
        )


def _long(ledger: Ledger, options: CodingOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a coding: the marks, and all rows that are kept (those without a code, too)."""
    given = ("coder",) if options.coder is not None and "coder" not in options.columns else ()
    mapped = map_columns(ledger.raw, LONG_ROLES, options, given=given)
    frame, rows = _rows(ledger, mapped, options)
    rows = rows.drop(columns="text", errors="ignore")
    code = known_text(frame[mapped.named["code"]])
    wanted = {
        role.name: role
        for role in LONG_ROLES
        if role.name in {"segment_id", "start", "end", "memo", "created_at", "weight"}
    }
    marks = rows[["document_id", "coder"]].assign(code=code, **optional_columns(frame, mapped, wanted, ledger, options))
    if "text" in mapped:
        text = frame[mapped.named["text"]]
        marks["text"] = text.where(text.str.strip() != "")
    uncoded = marks["code"].isna()
    if uncoded.any():
        some = ", ".join(f"row {row}" for row in marks.index[uncoded][:3])
        ledger.note(f"{count(int(uncoded.sum()))} rows have no code ({some}): uncoded, kept as documents")
    return marks[~uncoded], rows


def _by_document(ledger: Ledger, options: CodingOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a document and one column a code: the marks, and all rows that are kept."""
    given = ("coder",) if options.coder is not None and "coder" not in options.columns else ()
    votes = options.shape == "votes"
    roles = [role for role in DOCUMENT_ROLES if not (votes and role.name == "coder")]
    mapped = map_columns(ledger.raw, roles, options, given=given, used=options.codes or ())
    frame, rows = _rows(ledger, mapped, options)
    key = ["document_id"] if votes or rows["coder"].nunique() == 1 else ["document_id", "coder"]
    twice = rows.duplicated(key, keep=False)
    if twice.any():
        word = rows.loc[twice, "document_id"].iloc[0]
        places = ", ".join(f"row {row}" for row in rows.index[rows["document_id"] == word][:4])
        raise DataError(
            f"{ledger.path}: column {mapped.named['document_id']}: document '{word}' stands in several rows ({places}); "
            f"each needs one row{' a coder' if len(key) > 1 else ''}. {count(int(twice.sum()))} rows are affected."
        )
    columns = _code_columns(frame, mapped, ledger, options)
    counts = np.column_stack([_counts(frame[column], ledger) for column in columns])
    if votes:
        document, code, coder = _cast(counts, list(columns), frame, ledger, options)
        coders = np.array([f"vote {number + 1}" for number in range(int(coder.max(initial=0)) + 1)], dtype=object)[
            coder
        ]
    else:
        document, code = np.nonzero(counts)
        coders = rows["coder"].to_numpy()[document]
        uncoded = ~counts.any(axis=1)
        if uncoded.any():
            ledger.note(f"{count(int(uncoded.sum()))} rows have no code: uncoded, kept as documents")
    paths = np.array([tidy_path(path) for path in columns.values()], dtype=object)
    chosen = rows.iloc[document]
    marks = chosen[[name for name in ("document_id", "text") if name in chosen]].assign(
        code=pd.array(paths[code], dtype="str"), coder=pd.array(coders, dtype="str"), segment_id=chosen["document_id"]
    )
    if not votes and counts.max(initial=0) > 1:
        marks["weight"] = counts[document, code].astype("float64")
    return marks, rows


def _rows(ledger: Ledger, mapped: Mapped, options: CodingOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that name a document: as text, and what they say about document and coder."""
    frame = select_rows(ledger, options)
    column = mapped.named["document_id"]
    frame = ledger.drop(frame, (frame[column].str.strip() == "").to_numpy(), f"without document_id ({column})")
    rows = pd.DataFrame({"document_id": known_text(frame[column])})
    for role in DOCUMENT_ROLES[1:4]:
        if role.name in mapped:
            text = frame[mapped.named[role.name]]
            rows[role.name], bad = convert(text, role, ledger, options)
            ledger.note_cells(text[bad], f"cells of '{text.name}' are no times and were left empty")
    if "text" in mapped:
        text = frame[mapped.named["text"]]
        rows["text"] = text.where(text.str.strip() != "")
    if "coder" in mapped:
        coder = known_text(frame[mapped.named["coder"]])
        if coder.isna().any():
            ledger.note(f"{count(int(coder.isna().sum()))} rows name no coder; they stand under '{UNKNOWN}'")
        rows["coder"] = coder.fillna(UNKNOWN)
    else:
        rows["coder"] = pd.Series(options.coder or "coder", index=rows.index, dtype="str")
    return frame, rows


def _code_columns(frame: pd.DataFrame, mapped: Mapped, ledger: Ledger, options: CodingOptions) -> dict[str, str]:
    """Which columns are codes: those that the options name, or else all that hold only 0, 1, yes, no or counts."""
    present = [str(column) for column in frame.columns]
    if options.codes:
        for column in options.codes:
            if column not in present:
                raise DataError(
                    f"{ledger.path}: option codes: the file has no column '{column}'; it has {listing(present, 40)}."
                    + did_you_mean(column, present)
                )
        return dict(options.codes)
    found = {column: column for column in mapped.extra if _is_code(frame[column])}
    if not found:
        raise DataError(
            f"{ledger.path}: no column holds only 0 and 1, so none is a code; name them with codes = {{column = 'path'}}. "
            f"There are {listing(present, 40)}."
        )
    ledger.note(f"{len(found)} columns hold only 0, 1, yes, no or counts and were read as codes: {listing(found)}")
    return found


def _is_code(text: pd.Series) -> bool:
    filled = text[text.str.strip() != ""]
    if filled.empty:
        return False
    numbers, bad = parse_numbers(filled)
    counts = ~bad & (numbers >= 0) & (numbers % 1 == 0)
    return bool((counts | ~parse_flags(filled)[1]).all())


def _counts(text: pd.Series, ledger: Ledger) -> np.ndarray:
    """Cells as counts: yes is 1, no and empty are 0; others are 0 and noted."""
    numbers, _ = parse_numbers(text)
    usable = numbers.notna() & (numbers >= 0) & (numbers % 1 == 0)
    flags, bad = parse_flags(text)
    wrong = bad & ~usable
    ledger.note_cells(text[wrong], f"cells of '{text.name}' are neither yes, no nor a count, and count as no")
    counts = numbers.where(usable, flags.astype("Float64").fillna(0).astype("float64"))
    return counts.to_numpy().astype(np.int64)


def _cast(
    counts: np.ndarray, columns: list[str], frame: pd.DataFrame, ledger: Ledger, options: CodingOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give votes to coders who cannot be told apart, and write down which rows are not as they should be."""
    coders = options.coders or int(counts.max(initial=1))
    most = counts.max(axis=1)
    totals = counts.sum(axis=1)
    without, uneven, split = totals == 0, totals != coders, 2 * most <= coders
    exclusive = bool((totals == coders).mean() > 0.5)
    if not exclusive and (most > coders).any():
        row = int(np.argmax(most > coders))
        column = columns[int(counts[row].argmax())]
        raise DataError(
            f"{ledger.path}: row {frame.index[row]}, column {column}: found {most[row]} votes of coders = {coders}; "
            "correct the cell, or the option coders."
        )
    for mask, text in (
        (split, f"rows have no code that more than half of the {coders} coders chose: uncoded"),
        (without, "rows have no vote at all; they are kept as documents"),
        (uneven, f"rows do not have exactly {coders} votes"),
    ):
        if mask.any():
            some = ", ".join(f"row {row}" for row in frame.index[mask][:3])
            ledger.note(f"{count(int(mask.sum()))} {text} ({some})")
    ledger.note(
        f"votes of {coders} coders were read as 'vote 1' to 'vote {coders}', who are not the same person in every "
        "document: agreement that needs to know who coded (Cohen's kappa) cannot be had"
    )
    return spread_votes(counts, int(totals.max(initial=1)) if exclusive else coders)


def _all_codes(codes: pd.DataFrame, options: CodingOptions, given: bool) -> pd.DataFrame:
    """The codes of wide files in the order of the option, those that nobody chose, too."""
    return codes if given else make_codes(map(tidy_path, (options.codes or {}).values()))


def _with_participants(documents: pd.DataFrame, rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Take the participants from the codings, where the documents name none."""
    if "participant_id" in documents or "participant_id" not in rows:
        return documents
    own = make_documents(rows, "", ledger.path).set_index("document_id")["participant_id"]
    return documents.assign(participant_id=documents["document_id"].map(own).astype("str"))


def _participants(documents: pd.DataFrame) -> pd.DataFrame | None:
    """The people that the documents name."""
    if "participant_id" not in documents:
        return None
    people = documents["participant_id"].dropna().unique()
    return pd.DataFrame({"participant_id": pd.Series(people, dtype="str")}) if len(people) else None
