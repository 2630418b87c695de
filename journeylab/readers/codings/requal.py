"""requal: its ``.requal`` file, with the segments of every user."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from journeylab.readers.codings.code_tree import in_categories
from journeylab.readers.codings.databases import Database, opened
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.people import Cases, spread_variables
from journeylab.readers.codings.project import Found, ProjectOptions, choose_project, finish
from journeylab.readers.codings.sql_cells import as_keys, keyed, numbered, only, plain_texts, short_texts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(ProjectOptions):
    """Options of requal.

    Attributes
    ----------
    project : str, optional
        Name or number of the project, where the file holds several.
    """

    project: str | None = None


OPTIONS = Options


def read(path: str | Path, options: Options) -> CodedStudy:
    """Read a requal project.

    Parameters
    ----------
    path : str or Path
        The ``.requal`` file.
    options : Options

    Returns
    -------
    CodedStudy
        Categories and codes as one tree, in which categories cannot be given; segments of all users; cases as participants.

    Raises
    ------
    DataError
        When the file is no requal project, damaged, or holds several projects.

    Notes
    -----
    requal counts code points from 1 and includes the last one: ``segment_text`` is R's ``substr(text, start, end)``. A code
    in several categories stands in the first.
    """
    path = Path(path)
    with opened(path, "requal") as database:
        project = choose_project(database, "project_id", "project_name", options.project)
        found = _gather(database, project)
    return finish(found, path, options, "requal")


def _gather(database: Database, project: int | None) -> Found:
    """Documents, codes, segments and cases of one project."""
    notes = database.notes
    documents = keyed(
        _rows(database, project, "documents", ["doc_id", "doc_text"], ["doc_name"]), "doc_id", "documents", notes
    )
    documents = pd.DataFrame(
        {"name": short_texts(documents["doc_name"]), "text": plain_texts(documents["doc_text"]).fillna("")}
    )
    names = Cases()
    if database.has("cases"):
        cases = keyed(_rows(database, project, "cases", ["case_id", "case_name"]), "case_id", "cases", notes)
        links = _rows(database, project, "cases_documents_map", ["case_id", "doc_id"])
        pairs = zip(numbered(links["case_id"]), numbered(links["doc_id"]), strict=True)
        names = Cases(short_texts(cases["case_name"]), [(case, document, None, None) for case, document in pairs])
    documents, marks = names.owners(documents, _marks(database, project), notes)
    documents = documents.join(_variables(database, project, "document", "doc_id", documents.index))
    people = names.table(_variables(database, project, "case", "case_id", names.names.index), notes)
    return Found(documents, _codes(database, project), marks, people, [], notes)


def _rows(
    database: Database, project: int | None, table: str, needed: list[str], others: list[str] | None = None
) -> pd.DataFrame:
    """The rows of a table that belong to the project; none where the version has no such table."""
    if not database.has(table) and table not in ("documents", "codes", "segments"):
        return pd.DataFrame(columns=[*needed, *(others or [])], dtype="object")
    frame = database.read(table, needed, [*(others or []), "project_id"])
    return frame if project is None else only(frame, "project_id", project)


def _codes(database: Database, project: int | None) -> pd.DataFrame:
    """Codes in their categories."""
    codes = _rows(database, project, "codes", ["code_id", "code_name"], ["code_description"])
    codes = keyed(codes, "code_id", "codes", database.notes)
    categories = _rows(database, project, "categories", ["category_id", "category_name"], ["category_description"])
    categories = keyed(categories, "category_id", "categories", database.notes)
    links = _rows(database, project, "categories_codes_map", ["category_id", "code_id"])
    pairs = list(zip(numbered(links["code_id"]), numbered(links["category_id"]), strict=True))
    plain = {"code_name": "name", "category_name": "name", "code_description": "memo", "category_description": "memo"}
    return in_categories(codes.rename(columns=plain), categories.rename(columns=plain), pairs, database.notes)


def _marks(database: Database, project: int | None) -> pd.DataFrame:
    """Segments, and memos on a passage as passages without a code."""
    users, memos = _users(database), _memos(database, project)
    columns = ["doc_id", "code_id", "segment_start", "segment_end"]
    segments = _rows(database, project, "segments", columns, ["segment_id", "segment_text", "user_id"])
    links = _rows(database, None, "memos_segments_map", ["memo_id", "segment_id"])
    on_segments: dict[int | None, list[str]] = {}
    for memo, segment in zip(numbered(links["memo_id"]), numbered(links["segment_id"]), strict=True):
        if memo in memos:
            on_segments.setdefault(segment, []).append(memos[memo][1] or "")
    keys = numbered(segments["segment_id"])
    coded = _spans(segments, "segment_start", "segment_end").assign(
        code=[f"code {key}" for key in numbered(segments["code_id"])],
        coder=[users.get(user) for user in numbered(segments["user_id"])],
        text=plain_texts(segments["segment_text"]),
        memo=["\n".join(on_segments.get(key, ())) or None for key in keys],
    )
    coded.index = [f"segment {place if key is None else key}" for place, key in enumerate(keys, 1)]
    free = _rows(database, None, "memos_documents_map", ["memo_id", "doc_id"], ["memo_start", "memo_end"])
    known = np.array([key in memos for key in numbered(free["memo_id"])], dtype=bool)
    free = free[known & free["memo_start"].notna() & free["memo_end"].notna()]
    own = [memos[key] for key in numbered(free["memo_id"])]
    noted = _spans(free, "memo_start", "memo_end").assign(
        code=None, coder=[users.get(user) for user, _ in own], text=None, memo=[text for _, text in own]
    )
    noted.index = [f"memo {key}" for key in numbered(free["memo_id"])]
    marks = pd.concat([part for part in (coded, noted) if len(part)] or [coded])
    return marks.astype({"code": "object", "coder": "str", "text": "str", "memo": "str"})


def _spans(frame: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    """Document, start from 0, and end exclusive."""
    return pd.DataFrame(
        {
            "document": as_keys(numbered(frame["doc_id"]), frame.index),
            "start": pd.array(numbered(frame[start]), dtype="Int64") - 1,
            "end": pd.array(numbered(frame[end]), dtype="Int64"),
        },
        index=frame.index,
    )


def _users(database: Database) -> dict[int | None, str | None]:
    """What users are called."""
    if not database.has("users"):
        return {}
    frame = database.read("users", ["user_id"], ["user_name", "user_login"])
    names = short_texts(frame["user_name"]).fillna(short_texts(frame["user_login"]))
    return {
        key: name if isinstance(name, str) else f"user {key}"
        for key, name in zip(numbered(frame["user_id"]), names, strict=True)
        if key is not None
    }


def _memos(database: Database, project: int | None) -> dict[int | None, tuple[int | None, str | None]]:
    """Memos of the project: who wrote them, and what."""
    frame = _rows(database, project, "memos", ["memo_id", "text"], ["user_id"])
    texts = [text if isinstance(text, str) else None for text in short_texts(frame["text"])]
    return {
        key: (user, text)
        for key, user, text in zip(numbered(frame["memo_id"]), numbered(frame["user_id"]), texts, strict=True)
        if key is not None
    }


def _variables(database: Database, project: int | None, what: str, key: str, keys: pd.Index) -> pd.DataFrame:
    """Attributes of documents or cases."""
    kinds = _rows(database, None, "attributes", ["attribute_id", "attribute_name"], ["attribute_type"])
    names = dict(zip(numbered(kinds["attribute_id"]), short_texts(kinds["attribute_name"]), strict=True))
    types = dict(zip(numbered(kinds["attribute_id"]), map(str, kinds["attribute_type"]), strict=True))
    written = _rows(database, None, "attribute_values", ["attribute_value_id", "value"])
    values = dict(zip(numbered(written["attribute_value_id"]), short_texts(written["value"]), strict=True))
    links = _rows(database, project, f"attributes_{what}s_map", [key, "attribute_id", "attribute_value_id"])
    used = numbered(links["attribute_id"])
    made = pd.DataFrame(
        {
            "id": numbered(links[key]),
            "name": [names.get(one) for one in used],
            "value": [values.get(one) for one in numbered(links["attribute_value_id"])],
        },
        dtype="object",
    )
    made["numeric"] = [types.get(one) == "numeric" for one in used]
    return spread_variables(made, keys, what, database.notes)
