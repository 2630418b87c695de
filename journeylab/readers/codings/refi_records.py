"""What the XML of REFI-QDA says, element by element, not yet held against the texts; GUIDs are in lower case, without braces."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from typing import NamedTuple


class Coding(NamedTuple):
    """One code on a passage: who, when, the code's GUID, and the GUIDs of notes."""

    user: str
    time: str
    code: str
    notes: tuple[str, ...]


class Passage(NamedTuple):
    """A selection: positions as the file has them (None where it has no number), what it is called, memo and codings.

    `user` made it; `fixed` says that its end is the place behind it in every dialect; `text` is what it says, where the file
    tells that apart from what it is called.
    """

    guid: str
    start: int | None
    end: int | None
    name: str
    memo: str
    user: str
    notes: tuple[str, ...]
    codings: tuple[Coding, ...]
    fixed: bool = False
    text: str = ""


@dataclasses.dataclass
class Document:
    """A text of the project, inline or in a file of the archive: a source, or what belongs to a PDF, picture or recording.

    `aliases` are GUIDs that mean it as well, such as that of the PDF; `notes` says how many notes are about all of it, and
    `rich` that there is only a styled text.
    """

    guid: str
    name: str
    path: str
    content: str | None
    passages: list[Passage]
    codings: tuple[Coding, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    notes: int = 0
    aliases: tuple[str, ...] = ()
    rich: bool = False


class Code(NamedTuple):
    """An entry of the codebook; `parent` is its parent's place in the list, or -1."""

    guid: str
    name: str
    codable: bool
    description: str
    notes: tuple[str, ...]
    parent: int


class Case(NamedTuple):
    """A person, or another unit of analysis: values by variable, and what belongs to it."""

    guid: str
    name: str
    values: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    selections: tuple[str, ...]


class Variable(NamedTuple):
    """A variable of cases and sources."""

    name: str
    kind: str


class Area(NamedTuple):
    """A selection that is no text, or codings of a whole source that is none: its kind, source and codings."""

    kind: str
    source: str
    rows: int


@dataclasses.dataclass
class Project:
    """All that the XML says.

    Attributes
    ----------
    root : str
        "Project" or "CodeBook".
    users : dict
        GUID to name.
    notes : dict
        GUID to (inline text or None, path of its file, description or name).
    links : list of pairs of GUIDs
    areas : list of Area
        What cannot be a passage of a text.
    others : dict
        What else the file holds, by how the report calls it, with the names.
    repeated : Counter
        GUIDs that stand again, by kind of element.
    """

    root: str = ""
    users: dict[str, str] = dataclasses.field(default_factory=dict)
    codes: list[Code] = dataclasses.field(default_factory=list)
    variables: dict[str, Variable] = dataclasses.field(default_factory=dict)
    cases: list[Case] = dataclasses.field(default_factory=list)
    documents: list[Document] = dataclasses.field(default_factory=list)
    notes: dict[str, tuple[str | None, str, str]] = dataclasses.field(default_factory=dict)
    links: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    areas: list[Area] = dataclasses.field(default_factory=list)
    others: dict[str, list[str]] = dataclasses.field(default_factory=lambda: defaultdict(list))
    repeated: Counter[str] = dataclasses.field(default_factory=Counter)
