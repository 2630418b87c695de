"""RQDA: its ``.rqda`` file, with the codings that were not deleted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from journeylab.readers.codings.code_tree import in_categories
from journeylab.readers.codings.databases import Database, opened
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.people import Cases, spread_variables
from journeylab.readers.codings.project import Found, ProjectOptions, finish
from journeylab.readers.codings.sql_cells import as_keys, keyed, moments, numbered, only, plain_texts, short_texts
from journeylab.tables import Loss
from journeylab.text import count

OPTIONS = ProjectOptions

LIVE = 1
"""The status of what was not deleted."""

DATE = "%a %b %d %H:%M:%S %Y"
"""How R writes a time: Tue Feb 10 14:38:54 2015."""


def read(path: str | Path, options: ProjectOptions) -> CodedStudy:
    """Read an RQDA project.

    Parameters
    ----------
    path : str or Path
        The ``.rqda`` file.
    options : ProjectOptions

    Returns
    -------
    CodedStudy
        Code categories and codes as one tree, in which categories cannot be given; codings of both coders; cases as
        participants with their attributes.

    Raises
    ------
    DataError
        When the file is no RQDA project, or damaged.

    Notes
    -----
    RQDA counts characters from 0, the end exclusive. What was deleted stays in its file with status 0 and is counted as
    lost where it is a coding. A code in several categories stands in the first. Annotations stand at a point, not on a
    passage, and are only counted. Dates are the clock of the computer: the option timezone says which it was.
    """
    path = Path(path)
    with opened(path, "rqda") as database:
        found = _gather(database, options)
    return finish(found, path, options, "rqda")


def _gather(database: Database, options: ProjectOptions) -> Found:
    """Sources, codes, codings and cases that are not deleted."""
    notes = database.notes
    sources = keyed(_live(database, "source", ["id", "file"], ["name"]), "id", "sources", notes)
    documents = pd.DataFrame({"name": short_texts(sources["name"]), "text": plain_texts(sources["file"]).fillna("")})
    marks, losses = _marks(database, options)
    cases = _cases(database)
    documents, marks = cases.owners(documents, marks, notes)
    documents = documents.join(_variables(database, "fileattr", "fileid", documents.index, "file"))
    people = cases.table(_variables(database, "caseattr", "caseid", cases.names.index, "case"), notes)
    points = len(_live(database, "annotation", [], ["fid", "annotation"]))
    if points:
        notes.append(f"annotations at a point of a text, which are not read: {count(points)}")
    if options.timezone is None and marks["created_at"].notna().any():
        notes.append("RQDA writes times by the computer's clock; they were read as UTC (option timezone)")
    return Found(documents, _codes(database), marks, people, losses, notes)


def _live(database: Database, table: str, needed: list[str], others: list[str] | None = None) -> pd.DataFrame:
    """The rows of a table that are not deleted; none where there is no such table."""
    if not database.has(table):
        return pd.DataFrame(columns=[*needed, *(others or [])], dtype="object")
    return only(database.read(table, needed, [*(others or []), "status"]), "status", LIVE)


def _codes(database: Database) -> pd.DataFrame:
    """Codes in their categories."""
    codes = keyed(_live(database, "freecode", ["id", "name"], ["memo"]), "id", "codes", database.notes)
    categories = keyed(_live(database, "codecat", ["catid", "name"], ["memo"]), "catid", "categories", database.notes)
    links = _live(database, "treecode", ["cid", "catid"])
    pairs = list(zip(numbered(links["cid"]), numbered(links["catid"]), strict=True))
    return in_categories(codes, categories, pairs, database.notes)


def _marks(database: Database, options: ProjectOptions) -> tuple[pd.DataFrame, list[Loss]]:
    """Codings of both tables."""
    needed, others = ["cid", "fid", "selfirst", "selend"], ["seltext", "owner", "date", "memo", "status"]
    parts, deleted = [], 0
    for table in ("coding", "coding2"):
        if not database.has(table):
            continue
        frame = database.read(table, needed, others)
        live = only(frame, "status", LIVE)
        deleted += len(frame) - len(live)
        frame = live
        part = pd.DataFrame(
            {
                "document": as_keys(numbered(frame["fid"]), frame.index),
                "code": as_keys([f"code {key}" for key in numbered(frame["cid"])], frame.index),
                "coder": short_texts(frame["owner"]),
                "start": pd.array(numbered(frame["selfirst"]), dtype="Int64"),
                "end": pd.array(numbered(frame["selend"]), dtype="Int64"),
                "text": plain_texts(frame["seltext"]),
                "memo": short_texts(frame["memo"]),
                "created_at": moments(frame["date"].map(_iso), options.timezone or "UTC"),
            },
            index=frame.index,
        )
        part.index = pd.Index([f"{table} {row + 1}" for row in frame.index], dtype="object")
        parts.append(part)
    losses = [Loss("that were deleted in RQDA (status 0)", deleted)] if deleted else []
    return pd.concat([part for part in parts if len(part)] or parts[:1]), losses


def _iso(date: object) -> object:
    """A time as R writes it, in the form of ISO 8601."""
    try:
        return dt.datetime.strptime(str(date), DATE).isoformat()
    except ValueError:
        return date


def _cases(database: Database) -> Cases:
    """Cases, and the parts of texts that are theirs."""
    cases = keyed(_live(database, "cases", ["id", "name"]), "id", "cases", database.notes)
    links = _live(database, "caselinkage", ["caseid", "fid"], ["selfirst", "selend"])
    columns = (numbered(links[name]) for name in ("caseid", "fid", "selfirst", "selend"))
    return Cases(short_texts(cases["name"]), list(zip(*columns, strict=True)))


def _variables(database: Database, table: str, key: str, keys: pd.Index, what: str) -> pd.DataFrame:
    """Attributes of cases or files."""
    kinds = _live(database, "attributes", ["name"], ["class"])
    numeric = {
        name for name, kind in zip(short_texts(kinds["name"]), kinds["class"], strict=True) if str(kind) == "numeric"
    }
    frame = _live(database, table, ["variable", "value", key])
    names = list(short_texts(frame["variable"]))
    made = pd.DataFrame(
        {"id": numbered(frame[key]), "name": names, "value": list(short_texts(frame["value"]))}, dtype="object"
    )
    return spread_variables(made.assign(numeric=[name in numeric for name in names]), keys, what, database.notes)
