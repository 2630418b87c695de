"""What things are called in every coded study: documents by their name, codes by their path, participants by a rule."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

import pandas as pd

from journeylab.contracts import TABLES
from journeylab.errors import StudyError
from journeylab.patterns import first_group, require_regular
from journeylab.readers.codings.model import CodedStudy
from journeylab.readers.ledger import shorten
from journeylab.text import count

EXTENSION = re.compile(r"\.(txt|docx?|odt|rtf|md|html?|pdf)$", re.IGNORECASE)
"""What programs leave at the end of a document's name."""

SLASH = "\u2215"
"""Stands for a slash in the name of a code, where it would read as a step of the path."""


UNKNOWN = "unknown coder"
"""Who coded, where nobody says it."""


def document_ids(names: Iterable[object], keys: Iterable[object]) -> list[str]:
    """Name documents: without the extension of a text file where that is unique, else with their number.

    Parameters
    ----------
    names : iterable
        Text, or what is none.
    keys : iterable
        What the program calls them; unique.

    Examples
    --------
    >>> document_ids(["P1.docx", "P2", "P2.txt", None], [1, 2, 3, 4])
    ['P1', 'P2 (2)', 'P2 (3)', 'document (4)']
    """
    keys = list(keys)
    written = [" ".join(name.split()) if isinstance(name, str) else "" for name in names]
    stems = [EXTENSION.sub("", name).strip() or "document" for name in written]
    counts = pd.Series(stems).value_counts()
    found = [
        stem if counts[stem] == 1 and stem != "document" else f"{stem} ({key})"
        for stem, key in zip(stems, keys, strict=True)
    ]
    while len(set(found)) < len(found):  # 'P2 (3)' may be the name of another document
        twice = pd.Series(found).duplicated(keep=False)
        found = [f"{one} ({key})" if again else one for one, key, again in zip(found, keys, twice, strict=True)]
    return found


def plain_name(name: str | None) -> str:
    """The name of a code as one step of a path: no slash, no gaps around it.

    Examples
    --------
    >>> plain_name(" on/off ")
    'on∕off'
    """
    return " ".join((name or "").split()).replace("/", SLASH)


@dataclasses.dataclass(frozen=True)
class ByName:
    """How participants are found in the names of documents.

    Attributes
    ----------
    pattern : str or None
        Its first group is the participant; None: each document is a participant.
    """

    pattern: str | None

    def find(self, name: str) -> str | None:
        """The participant of one document."""
        if self.pattern is None:
            return name
        return (first_group(self.pattern, name) or "").strip() or None


def read_rule(participant: object) -> ByName:
    """Read the option ``participant``.

    Parameters
    ----------
    participant : str
        "document" (every document is a participant), or a regular expression whose first group is the participant,
        searched in the document's name.

    Raises
    ------
    StudyError
        When it is neither.
    """
    if not isinstance(participant, str):
        raise StudyError(f"option participant: found {participant!r}, expected 'document' or a regular expression.")
    if participant == "document":
        return ByName(None)
    try:
        return ByName(require_regular(participant, groups=1))
    except ValueError as error:
        raise StudyError(
            f"option participant: {error} Put what names the participant into brackets, such as "
            r"'^(P\d+)_', or write 'document'."
        ) from None


def name_participants(study: CodedStudy, rule: ByName) -> CodedStudy:
    """Give documents that have no participant the one in their name.

    Returns
    -------
    CodedStudy
        With `documents.participant_id` and the new people in `participants`; what the file says of a document beyond the
        contract becomes a variable of its participant. Documents whose name does not fit are named in the report.
    """
    documents = study.documents
    names = documents["name"].fillna(documents["document_id"])
    own = (
        documents["participant_id"] if "participant_id" in documents else pd.Series(None, documents.index, dtype="str")
    )
    found = names.map(rule.find) if rule.pattern else documents["document_id"]
    people = own.fillna(found.astype("str"))
    documents = documents.assign(participant_id=people.astype("str"))
    order = [column.name for column in TABLES["documents"].columns]
    extra = [column for column in documents if column not in order]
    documents = documents[[*(name for name in order if name in documents), *extra]]
    told = documents[["participant_id", *extra]].dropna(subset="participant_id")
    told = told.groupby("participant_id", sort=False)[extra].first().reset_index() if extra else told.drop_duplicates()
    participants = told.reset_index(drop=True)
    if study.participants is not None:
        new = participants[~participants["participant_id"].isin(study.participants["participant_id"])]
        participants = pd.concat([study.participants, new], ignore_index=True) if len(new) else study.participants
    notes = [_found(people, own.isna())]
    loose = names[people.isna()]
    if len(loose):
        some = ", ".join(shorten(name) for name in loose.head(3))
        notes.append(
            f"{count(len(loose))} documents have no participant: option participant does not fit their name ({some})"
        )
    report = dataclasses.replace(study.report, notes=(*study.report.notes, *notes))
    reports = tuple(report if one is study.report else one for one in study.reports)
    named = dataclasses.replace(study, documents=documents, participants=participants, report=report, reports=reports)
    return named.check()


def _found(people: pd.Series, asked: pd.Series) -> str:
    found = people[asked].dropna()
    return f"option participant: {count(found.nunique())} participants were found in the names of {count(len(found))} documents"
