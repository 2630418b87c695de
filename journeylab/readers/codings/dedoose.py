r"""Dedoose: the excerpts, .xlsx or .csv, with three columns a code (`Code: Parent\Child Applied`, `Range`, `Weight`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.readers.codings.codebook import make_codes
from journeylab.readers.codings.exports import (
    CodedExportOptions,
    code_path,
    code_tree,
    coders,
    creation,
    document_ids,
    known_columns,
    levels_of,
    one_value_each,
    open_ledger,
    plain_text,
    require,
    wanted_rows,
)
from journeylab.readers.codings.linked import build
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.files import read_file
from journeylab.readers.ledger import Ledger
from journeylab.readers.values import known_text, parse_flags, parse_numbers, settle

OPTIONS = CodedExportOptions

HEADINGS = {
    "document_id": ("media title", "resource title"),
    "participant_id": ("participant id", "participant_id"),
    "range": ("excerpt range",),
    "coder": ("excerpt creator",),
    "created_at": ("excerpt date",),
    "text": ("excerpt copy",),
    "memo": ("excerpt memo", "memo"),
    "owner": ("resource creator",),
    "owned_at": ("resource date",),
    "combined": ("codes applied combined",),
}
CODE = re.compile(r"^Code: (.+) (Applied|Range|Weight)$", re.IGNORECASE)
LEVELS = r"\\"


def read(path: str | Path, options: CodedExportOptions) -> CodedStudy:
    r"""Read the excerpts, one row each, with a column whether a code was applied.

    Raises
    ------
    DataError
        When the document cannot be found among the columns, there is no code, or no row can be used.

    Notes
    -----
    `Codes Applied Combined` has only the last names of codes, joined by commas that names may hold as well: it is read
    only where there are no columns of codes. Ranges count signs from 0; they become spans where the excerpt is as
    long, and where `documents` gives the texts, where it stands there. All further columns are descriptors: they become
    variables of the participant, who is the document unless `columns.participant_id` names a column, where all rows agree.
    """
    path = Path(path)
    raw = read_file(path, options)
    ledger = open_ledger(raw, options, "dedoose")
    named = known_columns(raw, HEADINGS, options)
    require(named, ("document_id",), raw, "Dedoose")
    columns = _code_columns(raw.frame.columns, options)
    if not columns["applied"]:
        require(named, ("combined",), raw, "Dedoose")
    frame = wanted_rows(ledger, options)
    column = named["document_id"]
    frame = ledger.drop(frame, (frame[column].str.strip() == "").to_numpy(), f"without a document ({column})")
    name = known_text(frame[column])
    rows = pd.DataFrame({"document_id": document_ids(name), "name": name})
    owner = rows["document_id"]
    if "participant_id" in named:
        owner = known_text(frame[named["participant_id"]]).fillna(owner)
    people = _descriptors(frame, owner, named, ledger)
    if people is not None or "participant_id" in named:
        rows["participant_id"] = owner
    marks = rows[["document_id"]].assign(coder=coders(frame, named, ledger, options))
    for role in ("text", "memo"):
        if role in named:
            marks[role] = plain_text(frame[named[role]])
    if "range" in named:
        marks["place"] = known_text(frame[named["range"]])
        ends = frame[named["range"]].str.extract(r"^\s*(\d+)\s*-\s*(\d+)\s*$").astype("float64")
        marks[["from", "to"]] = ends.to_numpy()
    made = creation(frame[named["created_at"]], ledger, options, day_first=False) if "created_at" in named else None
    marks = marks.assign(created_at=made) if made is not None else marks
    if columns["applied"]:
        marks = _applied(frame, marks, columns, ledger)
        codes = code_tree(columns["applied"].values())
    else:
        marks, codes = _combined(frame[named["combined"]], marks, ledger)
    return build(
        ledger,
        path,
        rows,
        marks,
        options,
        codes=codes,
        participants=people,
        trusted_ranges=True,
    )


def _code_columns(headings: pd.Index, options: CodedExportOptions) -> dict[str, dict[str, str]]:
    """The columns of codes: for "applied" and "weight", column to the path of the code."""
    levels = levels_of(options, LEVELS)
    found: dict[str, dict[str, str]] = {"applied": {}, "range": {}, "weight": {}}
    for heading in headings:
        match = CODE.match(str(heading))
        if match:
            found[match[2].lower()][str(heading)] = code_path(match[1], levels)
    return found


def _applied(
    frame: pd.DataFrame, marks: pd.DataFrame, columns: Mapping[str, Mapping[str, str]], ledger: Ledger
) -> pd.DataFrame:
    """A line for each code that was applied, with its weight; one without a code where none was."""
    chosen = np.zeros((len(frame), len(columns["applied"])), dtype=bool)
    for n, column in enumerate(columns["applied"]):
        flags, bad = parse_flags(frame[column])
        ledger.note_cells(frame[column][bad], f"cells of '{column}' are neither true nor false, and count as false")
        chosen[:, n] = flags.fillna(False).to_numpy(dtype=bool)
    row, code = np.nonzero(chosen)
    paths = np.array(list(columns["applied"].values()), dtype=object)
    lines = marks.iloc[row].assign(code=pd.array(paths[code], dtype="str"))
    weights = {path: parse_numbers(frame[column])[0] for column, path in columns["weight"].items()}
    if any(values.notna().any() for values in weights.values()):
        table = np.column_stack([weights.get(path, pd.Series(np.nan, frame.index)) for path in paths])
        lines["weight"] = table[row, code]
    return pd.concat([lines, marks[~chosen.any(axis=1)]]).sort_index(kind="stable")


def _combined(text: pd.Series, marks: pd.DataFrame, ledger: Ledger) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A line for each of the names that a cell joins by commas."""
    names = known_text(text.str.split(",").explode())
    names = names[names.notna() | ~names.index.duplicated()].map(lambda name: code_path(name, None), na_action="ignore")
    ledger.note(
        "the file has no columns of codes: their names were read from 'Codes Applied Combined', without their levels, and "
        "names that hold a comma fall apart"
    )
    return marks.loc[names.index].assign(code=names.astype("str").array), make_codes(names.dropna())


def _descriptors(
    frame: pd.DataFrame, owner: pd.Series, named: Mapping[str, str], ledger: Ledger
) -> pd.DataFrame | None:
    """What the further columns say of each participant, where all rows say the same."""
    extra = [column for column in map(str, frame.columns) if column and column not in named.values()]
    extra = [column for column in extra if not CODE.match(column)]
    if not extra:
        return None
    values = one_value_each(pd.DataFrame({column: known_text(frame[column]) for column in extra}), owner, ledger)
    people = pd.DataFrame({"participant_id": pd.Series(values.index, dtype="str")})
    for column in extra:
        people[column] = settle(values[column].fillna("").astype("str")).array
    return people
