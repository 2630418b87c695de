"""ATLAS.ti: the quotation manager, .xlsx or .csv, of the desktop program or of the web."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from journeylab.readers.codings.exports import (
    CodedExportOptions,
    code_path,
    coders,
    creation,
    document_ids,
    known_columns,
    levels_of,
    open_ledger,
    plain_text,
    require,
    wanted_rows,
)
from journeylab.readers.codings.linked import build
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.files import read_file
from journeylab.readers.values import known_text, parse_numbers

OPTIONS = CodedExportOptions

HEADINGS = {
    "number": ("id", "number", "nummer"),
    "name": ("quotation name", "name", "zitatname"),
    "document_id": ("document", "dokument"),
    "text": ("quotation content", "text content", "zitatinhalt", "textinhalt"),
    "memo": ("comment", "kommentar"),
    "code": ("codes", "kodes"),
    "place": ("reference", "referenz"),
    "from": ("start position", "startposition"),
    "to": ("end position", "endposition"),
    "coder": ("created by", "erstellt von"),
    "created_at": ("created", "creation date", "erstellt", "erstellungsdatum"),
}
LEVELS = r":\s+"


def read(path: str | Path, options: CodedExportOptions) -> CodedStudy:
    """Read the quotations, one row each with all of its codes.

    Raises
    ------
    DataError
        When document or codes cannot be found among the columns, or no row can be used.

    Notes
    -----
    The codes of a quotation stand in one cell, a line each; `Category: Code` becomes `Category/Code` (`hierarchy` says
    otherwise). The same text at the same reference is one passage, whoever marked it. Positions become spans only where
    `documents` gives the texts and the passages stand there. Quotations without a code are kept as passages.
    """
    path = Path(path)
    raw = read_file(path, options)
    ledger = open_ledger(raw, options, "atlasti")
    named = known_columns(raw, HEADINGS, options)
    require(named, ("document_id", "code"), raw, "ATLAS.ti")
    frame = wanted_rows(ledger, options)
    column = named["document_id"]
    frame = ledger.drop(frame, (frame[column].str.strip() == "").to_numpy(), f"without a document ({column})")
    name = known_text(frame[column])
    rows = pd.DataFrame({"document_id": document_ids(name), "name": name})
    marks = rows.assign(coder=coders(frame, named, ledger, options))
    for role in ("text", "memo"):
        if role in named:
            marks[role] = plain_text(frame[named[role]])
    if "place" in named:
        marks["place"] = known_text(frame[named["place"]])
        paragraph = frame[named["place"]].str.extract(r"^\s*(\d+)(?:\s*[-–]\s*\d+)?\s*$")[0]
        marks["paragraph"] = pd.to_numeric(paragraph)
    if "from" in named and "to" in named:
        for role in ("from", "to"):
            marks[role], bad = parse_numbers(frame[named[role]])
            ledger.note_cells(frame[named[role]][bad], f"cells of '{named[role]}' are no numbers and were left empty")
    made = creation(frame[named["created_at"]], ledger, options) if "created_at" in named else None
    marks = marks.assign(created_at=made) if made is not None else marks
    levels = levels_of(options, LEVELS)
    # one line a code; a quotation without any keeps one line that has none
    lines = frame[named["code"]].str.replace("_x000D_", "\n", regex=False).str.split(r"[\r\n]+", regex=True).explode()
    lines = known_text(lines)
    lines = lines[lines.notna() | ~lines.index.duplicated()]
    lines = lines[lines.notna() | ~lines.index.isin(lines.index[lines.notna()])]
    codes = lines.map(lambda text: code_path(text, levels), na_action="ignore").astype("str")
    marks = marks.loc[codes.index].assign(code=codes.array)
    return build(ledger, path, rows, marks, options)
