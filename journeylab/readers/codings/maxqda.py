"""MAXQDA: the table "Overview of Coded Segments", .xlsx or .csv, with headings in the language of the program."""

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
from journeylab.readers.files import RawTable, read_file
from journeylab.readers.ledger import Ledger
from journeylab.readers.values import known_text, parse_numbers

OPTIONS = CodedExportOptions

HEADINGS = {
    "color": ("color", "colour", "farbe", "kolor"),
    "memo": ("comment", "kommentar", "komentarz"),
    "group": ("document group", "dokumentgruppe", "grupa dokumentów"),
    "document_id": ("document name", "dokumentname", "nazwa dokumentu"),
    "code": ("code", "kod"),
    "first": ("beginning", "begin", "anfang", "początek"),
    "last": ("end", "ende", "koniec"),
    "weight": ("weight score", "weight", "gewicht", "waga"),
    "text": ("segment", "coded segment", "coded segments", "fragment"),
    "changed_by": ("modified by", "bearbeitet von"),
    "changed_at": ("modified", "modified on", "bearbeitet am"),
    "coder": ("created by", "author", "erstellt von", "autor"),
    "created_at": ("created", "created on", "creation date", "erstellt am", "data utworzenia"),
    "area": ("area", "fläche", "objętość"),
    "coverage": ("coverage %", "abdeckungsgrad %", "obszar %"),
}
ORDER = tuple(HEADINGS)
OLD_ORDER = (*ORDER[:9], "area", "coverage", "coder", "created_at")
LEVELS = r"\s+>\s+|\\"
LONGEST_NAME = 63


def read(path: str | Path, options: CodedExportOptions) -> CodedStudy:
    r"""Read an overview of coded segments, one row a coding.

    Raises
    ------
    DataError
        When document or code cannot be found among the columns, or no row can be used.

    Notes
    -----
    Columns are known by their heading (English, German, Polish); in other languages by their position, where the table
    has the columns that MAXQDA writes. `Parent > Child` and `Parent\Child` become `Parent/Child`. Beginning and end
    count paragraphs, so a passage has a span only where `documents` gives the texts and it stands there once, or once in
    its paragraph. Weights
    that are 0 throughout are no weights.
    """
    path = Path(path)
    raw = read_file(path, options)
    ledger = open_ledger(raw, options, "maxqda")
    named = _by_position(known_columns(raw, HEADINGS, options), raw, ledger)
    require(named, ("document_id", "code"), raw, "MAXQDA")
    frame = wanted_rows(ledger, options)
    column = named["document_id"]
    frame = ledger.drop(frame, (frame[column].str.strip() == "").to_numpy(), f"without a document ({column})")
    name = known_text(frame[column])
    group = known_text(frame[named["group"]]) if "group" in named else None
    rows = pd.DataFrame({"document_id": document_ids(name, group), "name": name})
    code = known_text(frame[named["code"]])
    levels = levels_of(options, LEVELS)
    marks = rows.assign(code=code.map(lambda text: code_path(text, levels), na_action="ignore").astype("str"))
    marks["coder"] = coders(frame, named, ledger, options)
    if "text" in named:
        marks["text"] = plain_text(frame[named["text"]])
    if "first" in named and "last" in named:
        marks["place"] = known_text((frame[named["first"]] + "-" + frame[named["last"]]).replace("-", ""))
        marks["paragraph"] = pd.to_numeric(frame[named["first"]].str.strip(), errors="coerce")
    if "memo" in named:
        marks["memo"] = plain_text(frame[named["memo"]])
    if "weight" in named:
        marks["weight"] = _weights(frame[named["weight"]], ledger)
    made = creation(frame[named["created_at"]], ledger, options) if "created_at" in named else None
    marks = marks.assign(created_at=made) if made is not None else marks
    long = code.dropna().str.split(LEVELS, regex=True).explode().str.len() >= LONGEST_NAME
    if long.any():
        ledger.note(f"names of codes with {LONGEST_NAME} signs were cut by MAXQDA and may stand for several codes")
    return build(ledger, path, rows, marks, options)


def _by_position(named: dict[str, str], raw: RawTable, ledger: Ledger) -> dict[str, str]:
    """Add the columns that no heading told, where the others stand as MAXQDA writes them."""
    present = [str(column) for column in raw.frame.columns]
    order = ORDER if len(present) == len(ORDER) else OLD_ORDER
    missing = [role for role in order if role not in named]
    if len(present) != len(order) or not missing:
        return named
    if any(role in order and present[order.index(role)] != column for role, column in named.items()):
        return named
    counts = [raw.frame[present[order.index(role)]] for role in ("first", "last", "area")]
    if (
        len(named) < 3
        and min(((text.str.strip() == "") | text.str.match(r"^\s*\d+\s*$")).mean() for text in counts) < 0.9
    ):
        return named
    by_place = {role: present[order.index(role)] for role in missing}
    ledger.note("columns known by their position: " + ", ".join(f"'{c}' as {role}" for role, c in by_place.items()))
    return named | by_place


def _weights(text: pd.Series, ledger: Ledger) -> pd.Series:
    """The weights, missing throughout where they were never used."""
    values, bad = parse_numbers(text, "," if text.str.contains(",").any() else ".")
    ledger.note_cells(text[bad], f"cells of '{text.name}' are no numbers and were left empty")
    return values if (values.fillna(0) != 0).any() else values * float("nan")
