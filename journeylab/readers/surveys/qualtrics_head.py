"""The three rows of headings of a Qualtrics export: what columns are called, asked, and marked as."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from journeylab.errors import DataError, listing
from journeylab.readers.files import RawTable
from journeylab.readers.ledger import shorten

PERSONAL = {
    "ipaddress": "IP address",
    "recipientlastname": "name",
    "recipientfirstname": "name",
    "recipientemail": "e-mail address",
    "locationlatitude": "place",
    "locationlongitude": "place",
    "externalreference": "id of the contact list",
    "externaldatareference": "id of the contact list",
}
"""Columns that say who somebody is; none of them is kept unless `columns` names it."""

EXTRA = {"Finished": "finished", "Progress": "progress", "DistributionChannel": "distribution_channel"}
"""What is kept of each response beside its answers, and how it is called here."""


STANDARD = {
    *PERSONAL,
    *("startdate", "enddate", "recordeddate", "status", "progress", "finished", "durationinseconds"),
    *("responseid", "distributionchannel", "userlanguage"),
}
"""Columns that every export has; the others are questions and embedded data."""


@dataclasses.dataclass(frozen=True)
class Head:
    """The headings of an export, and the responses under them.

    Attributes
    ----------
    raw : RawTable
        Without the further rows of headings.
    texts : dict of str to str
        Column to the text of its question.
    marks : dict of str to dict
        Column to what the third row says of it: ImportId, timeZone.
    """

    raw: RawTable
    texts: Mapping[str, str]
    marks: Mapping[str, Mapping[str, Any]]

    @property
    def present(self) -> list[str]:
        """The columns of the file."""
        return [str(column) for column in self.raw.frame.columns]

    def find(self, name: str) -> str | None:
        """The column that Qualtrics calls so, by its heading, its mark or its text."""
        wanted = {plain_word(name)} | ({"recordid"} if name == "ResponseId" else set())
        for words in (
            {column: column for column in self.present},
            {column: str(mark.get("ImportId", "")) for column, mark in self.marks.items()},
            self.texts,
        ):
            for column, word in words.items():
                if plain_word(word) in wanted:
                    return column
        return None

    def questions(self) -> str:
        """The columns with their question, for messages."""
        named = [column for column in self.present if plain_word(column) not in STANDARD]
        return listing([f"{column}: {shorten(self.texts.get(column, ''), 60)}".rstrip(": ") for column in named], 30)


def read_head(raw: RawTable) -> Head:
    """Take the second and third row of headings off the responses.

    Raises
    ------
    DataError
        When neither these rows nor the columns of Qualtrics are there.
    """
    top = raw.frame.iloc[:3]
    present = [str(column) for column in raw.frame.columns]
    own = [column for column in present if plain_word(column) in STANDARD]
    marked = next((n for n in range(len(top)) if top.iloc[n].str.contains('"ImportId"', regex=False).any()), None)
    if marked is not None:
        n_heads, asked = marked + 1, marked == 1
    else:
        asked = bool(len(top)) and any(plain_word(top[column].iloc[0]) == plain_word(column) for column in own)
        n_heads = int(asked)
    if marked is None and not own:
        raise DataError(
            f"{raw.path}: is no export of responses from Qualtrics: neither its three rows of headings nor columns such as "
            f"ResponseId or StartDate are there. There are {listing(present, 40)}."
        )
    texts = dict(zip(present, top.iloc[0], strict=True)) if asked else {}
    marks = {} if marked is None else {column: _mark(top[column].iloc[marked]) for column in present}
    notes = list(raw.notes)
    if marked is None:
        notes.append("the third row of headings is missing, so the file does not say in which zone its times are")
    raw = dataclasses.replace(raw, frame=raw.frame.iloc[n_heads:], n_read=raw.n_read - n_heads, notes=tuple(notes))
    return Head(raw, texts, marks)


def _mark(cell: str) -> dict[str, Any]:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def plain_word(word: str) -> str:
    """A name without signs and capitals."""
    return re.sub(r"[\W_]+", "", str(word)).lower()
