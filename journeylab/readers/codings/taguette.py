"""Taguette: its SQLite file, with the highlights in their place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.readers.cells import object_of, text_of, whole_of
from journeylab.readers.codings.databases import Database, opened
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.codings.project import Found, ProjectOptions, choose_project, finish
from journeylab.readers.codings.sql_cells import as_keys, keyed, moments, numbered, only, plain_texts, short_texts
from journeylab.readers.codings.taguette_text import DEEPEST, Flat, flatten, too_deep
from journeylab.tables import Loss
from journeylab.text import count

ONLY_USER = "admin"
"""The user of a Taguette without logins, and in whose name a single project is exported."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(ProjectOptions):
    """Options of Taguette.

    Attributes
    ----------
    separator : str, optional
        What divides the steps in a tag such as ``Pain.Delivery``; tags are flat where not said.
    project : str, optional
        Name or number of the project, where the file holds several.
    """

    separator: str | None = None
    project: str | None = None


OPTIONS = Options


def read(path: str | Path, options: Options) -> CodedStudy:
    """Read a Taguette project.

    Parameters
    ----------
    path : str or Path
        The ``.sqlite3`` file.
    options : Options

    Returns
    -------
    CodedStudy
        Documents in LF with a line for every block, tags as codes, highlights as segments.

    Raises
    ------
    DataError
        When the file is no Taguette project, damaged, or holds several projects.

    Notes
    -----
    Taguette counts the UTF-8 bytes of the text nodes of a document, as html5lib reads it, without tags. Between blocks that
    have no line break between them one is put in, and the positions are moved along, so that the text reads as it is seen;
    no other sign is added. Who coded, and when, stands in the log of commands, as far as that was exported.
    """
    path = Path(path)
    with opened(path, "taguette") as database:
        project = choose_project(database, "id", "name", options.project)
        found = _gather(database, project, options)
    return finish(found, path, options, "taguette")


def _gather(database: Database, project: int | None, options: Options) -> Found:
    """Documents, tags and highlights of one project."""
    notes = database.notes
    documents = keyed(database.read("documents", ["id", "contents"], ["name", "project_id"]), "id", "documents", notes)
    tags = keyed(database.read("tags", ["id", "path"], ["description", "project_id"]), "id", "tags", notes)
    foreign: set[int] = set()
    if project is not None:
        own = only(documents, "project_id", project)
        foreign = set(documents.index) - set(own.index)
        documents, tags = own, only(tags, "project_id", project)
    flat = _flatten_all(documents, notes)
    marks, losses = _marks(database, flat, foreign)
    marks = _with_coders(marks, _log(database), options, notes)
    texts = pd.Series({key: one.text for key, one in flat.items()}, index=documents.index, dtype="str")
    shown = pd.DataFrame({"name": short_texts(documents["name"]), "text": texts})
    return Found(shown, _codes(tags, options.separator), marks, None, losses, notes, apart=True)


def _flatten_all(documents: pd.DataFrame, notes: list[str]) -> dict[int, Flat]:
    """The texts of all documents that have one."""
    texts = plain_texts(documents["contents"])
    usable = {key: html for key, html in texts.items() if isinstance(html, str) and not too_deep(html)}
    if len(usable) < len(texts):
        notes.append(
            f"{count(len(texts) - len(usable))} documents have no text, or elements that stand more than {DEEPEST} deep in each "
            "other, and cannot be read"
        )
    return {key: flatten(html) for key, html in usable.items()}


# Tags and highlights


def _codes(tags: pd.DataFrame, separator: str | None) -> pd.DataFrame:
    """Tags as codes; with a separator, steps that are no tag themselves become codes that cannot be given."""
    steps = {key: _steps(path, separator) for key, path in short_texts(tags["path"]).items()}
    keys: dict[tuple[str, ...], Any] = {trail: key for key, trail in steps.items()}
    names, parents, codable = {}, {}, {}
    for key, trail in steps.items():
        for depth in range(1, len(trail)):
            above = trail[:depth]
            if above not in keys:
                made = f"above {len(keys)}"
                names[made], parents[made], codable[made] = above[-1], keys.get(above[:-1]), False
                keys[above] = made
        names[key], parents[key], codable[key] = trail[-1], keys.get(trail[:-1]), True
    index = pd.Index(list(names), dtype="object")
    return pd.DataFrame(
        {
            "name": pd.Series(names, index=index, dtype="str"),
            "parent": as_keys(parents.values(), index),
            "codable": pd.Series(codable, index=index, dtype="bool"),
            "description": short_texts(tags["description"]).reindex(index),
        }
    )


def _steps(path: object, separator: str | None) -> tuple[str, ...]:
    """The steps of a tag's path."""
    text = path if isinstance(path, str) else ""
    steps = tuple(step.strip() for step in text.split(separator) if step.strip()) if separator else ()
    return steps or (text,)


def _marks(database: Database, flat: dict[int, Flat], foreign: set[int]) -> tuple[pd.DataFrame, list[Loss]]:
    """One row a highlight and tag; a highlight without a tag has one row, too."""
    columns = ["id", "document_id", "start_offset", "end_offset"]
    highlights = keyed(database.read("highlights", columns, ["snippet"]), "id", "highlights", database.notes)
    links = database.read("highlight_tags", ["highlight_id", "tag_id"])
    pairs = list(zip(numbered(links["highlight_id"]), numbered(links["tag_id"]), strict=True))
    tags: dict[int, list[int]] = {}
    loose = [(key, tag) for key, tag in pairs if key not in highlights.index or tag is None]
    for key, tag in pairs:
        if key is not None and tag is not None:
            tags.setdefault(key, []).append(tag)
    losses = []
    if loose:
        some = tuple(f"highlight {key}, tag {tag}" for key, tag in loose[:3])
        losses.append(Loss("that name a highlight or a tag that is not in the project", len(loose), some))
    rows = []
    documents, starts, ends = (numbered(highlights[name]) for name in columns[1:])
    snippets = plain_texts(highlights["snippet"])
    for key, document, start, end, html in zip(highlights.index, documents, starts, ends, snippets, strict=True):
        if document in foreign:
            continue
        snippet = flatten(html, part=True) if isinstance(html, str) and not too_deep(html) else None
        text: str | None = snippet.text if snippet else None
        span: tuple[int | None, int | None] = (None, None)
        whole = flat.get(document) if document is not None else None
        first, last = whole.span(start, end) if whole else (None, None)
        if whole and first is not None and last is not None:
            span = whole.shown(first, last)
            if snippet and whole.bare[first:last] == snippet.bare:
                text = whole.text[span[0] : span[1]]
        rows += [(f"highlight {key}", key, document, tag, *span, text) for tag in tags.get(key, [None])]
    names = ["highlight", "document", "code", "start", "end", "text"]
    marks = pd.DataFrame([row[1:] for row in rows], columns=names, index=[row[0] for row in rows], dtype="object")
    return marks.astype({"start": "Int64", "end": "Int64", "text": "str"}), losses


# Who highlighted


@dataclasses.dataclass(frozen=True)
class Log:
    """Who did what and when, as far as the commands say.

    Attributes
    ----------
    made : dict of int to tuple
        Highlight to user and time.
    tagged : dict of int to dict of int to tuple
        Tag to highlight to user and time.
    """

    made: dict[int, tuple[str, Any]] = dataclasses.field(default_factory=dict)
    tagged: dict[int, dict[int, tuple[str, Any]]] = dataclasses.field(default_factory=dict)

    def find(self, highlight: int, tag: int | None) -> tuple[str | None, Any]:
        """Who put this tag on this highlight, else who made the highlight."""
        made = self.made.get(highlight, (None, None))
        return self.tagged.get(tag, {}).get(highlight, made) if tag is not None else made


def _log(database: Database) -> Log:
    """Replay the commands: changed highlights are added again with all their tags, merged tags take over highlights."""
    log = Log()
    if not database.has("commands"):
        return log
    commands = database.read("commands", ["payload"], ["id", "date", "user_login"])
    order = pd.Series(numbered(commands["id"]), dtype="Int64").sort_values(kind="stable").index
    for payload, date, user in commands.loc[order, ["payload", "date", "user_login"]].itertuples(index=False):
        said = object_of(payload)
        who = text_of(user), date
        highlight = whole_of(said.get("highlight_id"))
        if said.get("type") == "highlight_add" and highlight is not None:
            log.made.setdefault(highlight, who)
            given = said.get("tags")
            tags = {whole_of(tag) for tag in given} if isinstance(given, list) else set()
            for tag in tags:
                if tag is not None:
                    log.tagged.setdefault(tag, {}).setdefault(highlight, who)
            for tag, where in log.tagged.items():
                if tag not in tags:
                    where.pop(highlight, None)
        elif said.get("type") == "tag_merge":
            source, target = whole_of(said.get("src_tag_id")), whole_of(said.get("dest_tag_id"))
            if source is not None and target is not None and source != target:
                into = log.tagged.setdefault(target, {})
                for key, first in log.tagged.pop(source, {}).items():
                    into.setdefault(key, first)
    return log


def _with_coders(marks: pd.DataFrame, log: Log, options: Options, notes: list[str]) -> pd.DataFrame:
    """Add coder and created_at from the log."""
    found = [log.find(key, tag) for key, tag in zip(marks["highlight"], marks["code"], strict=True)]
    coders = pd.Series([who or None for who, _ in found], index=marks.index, dtype="str")
    if coders.notna().any() and set(coders.dropna()) == {ONLY_USER}:
        if options.coder is not None:
            coders = coders.mask(coders == ONLY_USER)
            notes.append(f"the log names '{ONLY_USER}' only, who is '{options.coder}' by option coder")
        else:
            notes.append(
                f"the log names '{ONLY_USER}' only: Taguette calls everyone so when it exports one project or runs without logins "
                "(option coder names who it was)"
            )
    dates = pd.Series([date for _, date in found], index=marks.index, dtype="object")
    # Taguette's clock is UTC
    return marks.drop(columns="highlight").assign(coder=coders, created_at=moments(dates, "UTC"))
