"""QualCoder: the folder ``x.qda``, the database ``data.qda`` in it, or a zip archive of the folder."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from journeylab.errors import DataError, listing
from journeylab.readers.codings.databases import MOST_BYTES, Database, opened
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.people import Cases, spread_variables
from journeylab.readers.codings.project import Found, ProjectOptions, finish
from journeylab.readers.codings.sql_cells import as_keys, keyed, moments, numbered, plain_texts, short_texts
from journeylab.tables import Loss
from journeylab.text import count

OPTIONS = ProjectOptions

DATABASE = "data.qda"
MEDIA = ("/images/", "/audio/", "/video/", "images:", "audio:", "video:")
"""How the place of a source begins that is no text."""

MOST_RATIO, SMALL = 200, 10 * 1024**2
"""A database over 10 MB that grew more than so many times out of its archive is no project."""


def read(path: str | Path, options: ProjectOptions) -> CodedStudy:
    """Read a QualCoder project.

    Parameters
    ----------
    path : str or Path
        The folder ``x.qda``, its ``data.qda``, or a zip archive that holds one such file.
    options : ProjectOptions

    Returns
    -------
    CodedStudy
        Categories and codes as one tree, in which categories cannot be given; codings of text and annotations as segments;
        cases as participants with their attributes.

    Raises
    ------
    DataError
        When there is no QualCoder project, or it is damaged.

    Notes
    -----
    Positions are code points, the end exclusive; QualCoder keeps the coded words beside them, so every span is held against
    these. Codings of images, audio and video are counted as lost: the contract has no place for them. A document belongs to
    the case that its text is assigned to; where parts of it are assigned to several, `segments` names the participant of
    each passage. Dates are the clock of the computer: the option timezone says which it was.
    """
    place = Path(path)
    data = None
    if place.is_dir():
        place = place / DATABASE
        if not place.is_file():
            names = sorted(item.name for item in Path(path).iterdir())
            raise DataError(
                f"{path}: is no QualCoder project: it holds no {DATABASE}, but {listing(names) or 'nothing'}; name the "
                "folder that QualCoder made."
            )
    elif place.is_file() and zipfile.is_zipfile(place):
        data = _unpack(place)
    shown = Path(path) if Path(path).is_dir() else place
    with opened(place, "qualcoder", data) as database:
        found = _gather(database, options)
    return finish(found, shown, options, "qualcoder")


def _unpack(path: Path) -> bytes:
    """The database in an archive, without unpacking anything else."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [one for one in archive.infolist() if PurePosixPath(one.filename).name == DATABASE]
            if len(inside) != 1:
                raise DataError(f"{path}: holds {len(inside)} files {DATABASE}; an archive of one project holds one.")
            size = inside[0].file_size
            bomb = size > SMALL and size > MOST_RATIO * max(inside[0].compress_size, 1)
            if size > MOST_BYTES or bomb or inside[0].compress_size > path.stat().st_size:
                raise DataError(
                    f"{path}: {inside[0].filename} would unpack to {count(size)} bytes, which no project has."
                )
            with archive.open(inside[0]) as stream:
                return stream.read(size + 1)[:size]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path}: is a zip archive that cannot be read ({error}); make it again.") from None


def _gather(database: Database, options: ProjectOptions) -> Found:
    """Sources, codes, codings and cases."""
    notes = database.notes
    sources = keyed(database.read("source", ["id", "fulltext"], ["name", "mediapath"]), "id", "sources", notes)
    media = np.array([str(cell or "").startswith(MEDIA) for cell in sources["mediapath"]], dtype=bool)
    if media.any():
        notes.append(f"{count(media.sum())} sources are images, audio or video and are left out")
    sources = sources[~media]
    documents = pd.DataFrame(
        {"name": short_texts(sources["name"]), "text": plain_texts(sources["fulltext"]).fillna("")}
    )
    cases = _cases(database)
    documents, marks = cases.owners(documents, _codings(database, options), notes)
    documents = documents.join(spread_variables(_attributes(database, "file"), documents.index, "file", notes))
    people = cases.table(spread_variables(_attributes(database, "case"), cases.names.index, "case", notes), notes)
    if options.timezone is None and marks["created_at"].notna().any():
        notes.append("QualCoder writes times by the computer's clock; they were read as UTC (option timezone)")
    return Found(documents, _codes(database), marks, people, _media_codings(database), notes)


def _codes(database: Database) -> pd.DataFrame:
    """Categories and codes, under keys of their own."""
    parts = []
    if database.has("code_cat"):
        columns = ["name", "memo", "supercatid"]
        categories = keyed(database.read("code_cat", ["catid"], columns), "catid", "categories", database.notes)
        above = [None if key is None else f"category {key}" for key in numbered(categories["supercatid"])]
        parts.append(_part(categories, "category", above, False))
    codes = database.read("code_name", ["cid", "name"], ["memo", "catid", "supercid"])
    codes = keyed(codes, "cid", "codes", database.notes)
    above = [
        f"code {code}" if code is not None else None if category is None else f"category {category}"
        for code, category in zip(numbered(codes["supercid"]), numbered(codes["catid"]), strict=True)
    ]
    parts.append(_part(codes, "code", above, True))
    return pd.concat([part for part in parts if len(part)] or parts[-1:])


def _part(frame: pd.DataFrame, kind: str, above: list[str | None], codable: bool) -> pd.DataFrame:
    index = pd.Index([f"{kind} {key}" for key in frame.index], dtype="object")
    part = pd.DataFrame({"name": short_texts(frame["name"]), "description": short_texts(frame["memo"])})
    part.index = index
    return part.assign(parent=as_keys(above, index), codable=codable)


def _codings(database: Database, options: ProjectOptions) -> pd.DataFrame:
    """Codings of text, and annotations as passages without a code."""
    others = ["ctid", "seltext", "owner", "date", "memo"]
    codings = database.read("code_text", ["cid", "fid", "pos0", "pos1"], others)
    codings["code"] = as_keys([f"code {key}" for key in numbered(codings["cid"])], codings.index)
    parts = [_marks(codings, "coding", "ctid", options)]
    if database.has("annotation"):
        notes = database.read("annotation", ["fid", "pos0", "pos1"], ["anid", "memo", "owner", "date"])
        notes["code"], notes["seltext"] = as_keys([None] * len(notes), notes.index), None
        parts.append(_marks(notes, "annotation", "anid", options))
    return pd.concat([part for part in parts if len(part)] or parts[:1])


def _marks(frame: pd.DataFrame, kind: str, key: str, options: ProjectOptions) -> pd.DataFrame:
    spans = {
        name: pd.array(numbered(frame[column]), dtype="Int64") for name, column in (("start", "pos0"), ("end", "pos1"))
    }
    marks = pd.DataFrame(
        {
            "document": as_keys(numbered(frame["fid"]), frame.index),
            "code": frame["code"],
            "coder": short_texts(frame["owner"]),
            **spans,
            "text": plain_texts(frame["seltext"]),
            "memo": short_texts(frame["memo"]),
            "created_at": moments(frame["date"], options.timezone or "UTC"),
        },
        index=frame.index,
    )
    numbers = numbered(frame[key])
    marks.index = pd.Index(
        [f"{kind} {position if n is None else n}" for position, n in enumerate(numbers, 1)], dtype="object"
    )
    return marks


def _media_codings(database: Database) -> list[Loss]:
    """Codings that the contract has no place for."""
    losses = []
    for table, what in (("code_image", "of a part of an image"), ("code_av", "of a stretch of audio or video")):
        n = len(database.read(table, [], ["cid", "id"])) if database.has(table) else 0
        if n:
            losses.append(Loss(f"{what}: only passages of text are read", n))
    return losses


def _cases(database: Database) -> Cases:
    """Who is who, and which passages are whose."""
    if not database.has("cases"):
        return Cases()
    frame = keyed(database.read("cases", ["caseid", "name"]), "caseid", "cases", database.notes)
    names = short_texts(frame["name"])
    spans: list[tuple[Any, ...]] = []
    if database.has("case_text"):
        links = database.read("case_text", ["caseid", "fid"], ["pos0", "pos1"])
        spans = list(zip(*(numbered(links[name]) for name in ("caseid", "fid", "pos0", "pos1")), strict=True))
    return Cases(names, spans)


def _attributes(database: Database, kind: str) -> pd.DataFrame:
    """Attributes of cases or of files: id, name, value, and whether it is a number."""
    if not database.has("attribute"):
        return pd.DataFrame({"id": [], "name": [], "value": [], "numeric": []}, dtype="object")
    frame = database.read("attribute", ["name", "value", "id"], ["attr_type"])
    frame = frame[frame["attr_type"].map(str) == kind]
    numeric: set[object] = set()
    if database.has("attribute_type"):
        types = database.read("attribute_type", ["name"], ["caseorfile", "valuetype"])
        fitting = [
            str(what) == kind and str(value) == "numeric"
            for what, value in zip(types["caseorfile"], types["valuetype"], strict=True)
        ]
        numeric = set(short_texts(types["name"][fitting]).dropna())
    made = pd.DataFrame(
        {
            "id": numbered(frame["id"]),
            "name": list(short_texts(frame["name"])),
            "value": list(short_texts(frame["value"])),
        },
        dtype="object",
    )
    return made.assign(numeric=made["name"].isin(numeric))
