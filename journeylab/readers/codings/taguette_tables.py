"""Taguette: the tables of highlights and tags (`highlights.csv`, `codebook.csv`, or .xlsx)."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd

from journeylab.errors import listing
from journeylab.paths import is_file
from journeylab.readers.codings.exports import (
    CodedExportOptions,
    code_path,
    code_tree,
    coders,
    document_ids,
    known_columns,
    levels_of,
    open_ledger,
    plain_heading,
    plain_text,
    require,
    wanted_rows,
)
from journeylab.readers.codings.linked import build
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.files import read_file
from journeylab.readers.ledger import Ledger
from journeylab.readers.options import TableOptions, make_options
from journeylab.readers.values import known_text, parse_numbers
from journeylab.tables import ImportReport

OPTIONS = CodedExportOptions

HEADINGS = {
    "segment_id": ("id",),
    "document_id": ("document",),
    "code": ("tag",),
    "text": ("content",),
    "coder": ("coder",),
}
COUNT = "number of highlights"


def read(path: str | Path, options: CodedExportOptions) -> CodedStudy:
    """Read the highlights, one row a highlight and tag, and the codebook that lies beside them.

    Raises
    ------
    DataError
        When document or tag cannot be found among the columns, or no row can be used.

    Notes
    -----
    The tables hold no positions, no coders, and no highlights without a tag. A codebook beside `x_highlights.csv` is
    `x_codebook.csv` or .xlsx, or what the option `codebook` names; its counts are held against the rows. Tags are flat, as
    in Taguette, unless `hierarchy` says what parts their levels. Highlights of different numbers are different passages,
    also where their text is the same.
    """
    path = Path(path)
    raw = read_file(path, options)
    ledger = open_ledger(raw, options, "taguette_tables")
    named = known_columns(raw, HEADINGS, options)
    require(named, ("document_id", "code"), raw, "Taguette")
    frame = wanted_rows(ledger, options)
    for role, what in (("document_id", "a document"), ("code", "a tag")):
        column = named[role]
        frame = ledger.drop(frame, (frame[column].str.strip() == "").to_numpy(), f"without {what} ({column})")
    name = known_text(frame[named["document_id"]])
    rows = pd.DataFrame({"document_id": document_ids(name), "name": name})
    tags = known_text(frame[named["code"]])
    marks = rows[["document_id"]].assign(
        code=tags.map(lambda tag: code_path(tag, levels_of(options, None))).astype("str"),
        coder=coders(frame, named, ledger, options),
    )
    if "text" in named:
        marks["text"] = plain_text(frame[named["text"]])
    if "segment_id" in named:
        marks["place"] = known_text(frame[named["segment_id"]])
    codebook, report = _read_codebook(path, options)
    codes = None
    if codebook is not None:
        codes = _codes(codebook, tags, options)
        _compare(codebook, frame[named["segment_id"]] if "segment_id" in named else None, tags, ledger)
        options = dataclasses.replace(options, codebook=None)
    if options.hierarchy is None:
        _hint_levels(tags if codebook is None else codebook["tag"], ledger)
    study = build(ledger, path, rows, marks, options, codes=codes)
    return study if report is None else dataclasses.replace(study, reports=(*study.reports, report))


def _read_codebook(path: Path, options: CodedExportOptions) -> tuple[pd.DataFrame | None, ImportReport | None]:
    """Taguette's own codebook: tag, description, n; None where there is none, or the option names another kind."""
    given = dict(options.codebook or {})
    file = Path(given.pop("path", "") or _beside(path))
    if not is_file(file) and is_file(path.parent / file):
        file = path.parent / file
    if not is_file(file) or given.get("columns"):
        return None, None
    given.pop("format", None)
    given.setdefault("source", f"{options.source or path.name}.codebook")
    chosen = make_options(TableOptions, given, "codebook")
    raw = read_file(file, chosen)
    headings = {plain_heading(column): column for column in raw.frame.columns}
    if "tag" not in headings:
        return None, None
    ledger = Ledger(raw, source=chosen.source, format="taguette_tables", table="codes")
    frame = wanted_rows(ledger, chosen)
    tag = known_text(frame[headings["tag"]])
    frame = ledger.drop(frame, tag.isna(), "without a tag")
    frame = ledger.drop(frame, tag[frame.index].duplicated(), "that repeat a tag", headings["tag"])
    codebook = pd.DataFrame({"tag": tag[frame.index]})
    codebook["description"] = known_text(frame[headings["description"]]) if "description" in headings else None
    codebook["n"] = parse_numbers(frame[headings[COUNT]])[0] if COUNT in headings else float("nan")
    return codebook, ledger.close(len(frame))


def _beside(path: Path) -> str:
    """The name of the codebook that lies beside the highlights; "" where none does."""
    stems = [re.sub("(?i)highlights?", "codebook", path.stem), "codebook"]
    names = [stem + suffix for stem in stems for suffix in (path.suffix, ".csv", ".xlsx") if stem != path.stem]
    return next((name for name in names if (path.parent / name).is_file()), "")


def _codes(codebook: pd.DataFrame, tags: pd.Series, options: CodedExportOptions) -> pd.DataFrame:
    """The codes of the codebook, and of the rows where it lacks one."""
    paths = codebook["tag"].map(lambda tag: code_path(tag, levels_of(options, None)))
    codes = code_tree([*paths, *(code_path(tag, levels_of(options, None)) for tag in tags.unique())])
    said = dict(zip(paths, codebook["description"], strict=True))
    codes["description"] = codes["path"].map(said).astype("str")
    return codes


def _compare(codebook: pd.DataFrame, numbers: pd.Series | None, tags: pd.Series, ledger: Ledger) -> None:
    """Note where codebook and highlights do not say the same."""
    strange = [tag for tag in tags.unique() if tag not in set(codebook["tag"])]
    if strange:
        ledger.note(f"{len(strange)} tags are not in the codebook: {listing(strange, 5)}")
    if numbers is None:
        return
    counted = codebook["tag"].map(numbers.groupby(tags).nunique()).fillna(0)
    differ = codebook["n"].notna() & (codebook["n"] != counted)
    if differ.any():
        row = differ.idxmax()
        ledger.note(
            f"{int(differ.sum())} tags have another number of highlights in the codebook, such as "
            f"'{codebook['tag'][row]}': {codebook['n'][row]:g} there, {counted[row]:g} here"
        )


def _hint_levels(tags: pd.Series, ledger: Ledger) -> None:
    """Note where tags look as if they had levels, which Taguette does not have."""
    known = set(tags)
    for sign in (".", ":", ">", "::", "-", "_"):
        firsts = [tag.split(sign)[0].strip() for tag in known if sign in tag.strip(sign)]
        if any(first in known for first in firsts):
            ledger.note(f"tags look as if '{sign}' parted levels; they are flat unless hierarchy = '{sign}' is said")
            return
