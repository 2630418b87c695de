"""Cases of coding programs become participants: whose a document is, whose a passage, and what is known of each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from journeylab.contracts import TABLES
from journeylab.readers.ledger import shorten
from journeylab.readers.values import parse_numbers
from journeylab.text import count

TAKEN = {"participant", *(column.name for name in ("documents", "participants") for column in TABLES[name].columns)}
"""Names that no variable may have."""


@dataclasses.dataclass(frozen=True)
class Cases:
    """The cases of a project.

    Attributes
    ----------
    names : Series of str
        Index: the program's key; what the case is called.
    spans : list of tuple
        Key of the case, key of the document, start and end, which are None where all of the document is meant.
    """

    names: pd.Series = dataclasses.field(default_factory=lambda: pd.Series([], dtype="str"))
    spans: list[tuple[Any, Any, int | None, int | None]] = dataclasses.field(default_factory=list)

    def owners(
        self, documents: pd.DataFrame, marks: pd.DataFrame, notes: list[str]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Give documents their participant, and passages theirs, where a document has several.

        Returns
        -------
        documents, marks : DataFrame
            With a column participant, where there is any to name.
        """
        parts: dict[Any, list[tuple[str, int, float]]] = {}
        astray = 0
        for case, document, start, end in self.spans:
            name = self.names.get(case)
            if document not in documents.index or not isinstance(name, str):
                astray += 1
                continue
            parts.setdefault(document, []).append((name, start or 0, float("inf") if end is None else end))
        if astray:
            notes.append(f"{count(astray)} links name a case or a document that is not in the project")
        own = {document: {name for name, _, _ in here} for document, here in parts.items()}
        single = {document: next(iter(names)) for document, names in own.items() if len(names) == 1}
        if single:
            documents = documents.assign(participant=pd.Series(single, dtype="str").reindex(documents.index))
        several = [document for document, names in own.items() if len(names) > 1]
        if several:
            found, unsure = [], 0
            for document, start, end in zip(marks["document"], marks["start"], marks["end"], strict=True):
                names = {single[document]} if document in single else set()
                if document in own and document not in single and pd.notna(start) and pd.notna(end):
                    names = {name for name, first, last in parts[document] if first <= start and end <= last}
                    unsure += len(names) != 1
                found.append(next(iter(names)) if len(names) == 1 else None)
            marks = marks.assign(participant=pd.Series(found, index=marks.index, dtype="str"))
            some = shorten(documents["name"].get(several[0]))
            notes.append(
                f"{count(len(several))} documents belong to several cases ({some}): they have no participant of their own, but "
                f"their passages have (column participant_id of segments); {count(unsure)} of these lie in no case, or in more "
                "than one"
            )
        return documents, marks

    def table(self, variables: pd.DataFrame, notes: list[str]) -> pd.DataFrame | None:
        """The participants with their variables; None where the project has no case."""
        named = self.names.dropna()
        if named.empty:
            return None
        people = pd.DataFrame({"participant_id": named}).join(variables)
        twice = people["participant_id"].duplicated()
        if twice.any():
            notes.append(
                f"{count(int(twice.sum()))} cases have the name of another one and are one participant with it"
            )
            people = people.groupby("participant_id", sort=False).first().reset_index()
        return people.reset_index(drop=True)


def spread_variables(attributes: pd.DataFrame, keys: pd.Index, what: str, notes: list[str]) -> pd.DataFrame:
    """One column a variable.

    Parameters
    ----------
    attributes : DataFrame
        id (a key), name, value (text), numeric (bool): one row a value.
    keys : Index
        Whom the variables belong to.
    what : str
        "case" or "file"; stands behind names that the contract has already.
    notes : list of str

    Returns
    -------
    DataFrame
        Index `keys`; numbers where the program says so, else text.
    """
    usable = attributes["id"].isin(keys) & attributes["name"].notna()
    if not usable.all():
        notes.append(f"{count(int((~usable).sum()))} attributes of a {what} belong to none, or have no name")
    attributes = attributes[usable & attributes["value"].notna()].drop_duplicates(["id", "name"])
    columns = {}
    for name in dict.fromkeys(attributes["name"]):
        rows = attributes[attributes["name"] == name]
        values = pd.Series(pd.array(list(rows["value"]), dtype="str"), index=list(rows["id"]))
        if rows["numeric"].all():
            numbers, bad = parse_numbers(values)
            if bad.any():
                notes.append(
                    f"{count(int(bad.sum()))} values of '{name}' are no numbers and were left empty "
                    f"({shorten(values[bad].iloc[0])})"
                )
            values = numbers
        values = values.reindex(keys)
        filled = values.dropna()
        if values.dtype == "float64" and (filled % 1 == 0).all() and (filled.abs() < 2**53).all():
            values = values.astype("int64" if len(filled) == len(values) else "Int64")
        columns[f"{name} ({what})" if name in TAKEN else str(name)] = values
    return pd.DataFrame(columns, index=keys)
