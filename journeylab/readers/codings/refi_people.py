"""Cases and variables of a REFI-QDA project as participants, and whose each document is."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from journeylab.readers.account import Account
from journeylab.readers.cells import shorten
from journeylab.readers.codings.refi_records import Case, Project, Variable
from journeylab.readers.values import parse_flags, parse_numbers

MOST_WHOLE = 2**63


@dataclasses.dataclass(frozen=True)
class People:
    """Who was asked.

    Attributes
    ----------
    participants : DataFrame or None
        participant_id and variables.
    of_document : list of str or None
        The participant of each document; empty where nobody or several are known.
    attributes : DataFrame
        Variables of the documents themselves, one row a document; without columns where they went to the participants.
    """

    participants: pd.DataFrame | None
    of_document: list[str | None]
    attributes: pd.DataFrame


def find_people(
    project: Project,
    document_ids: Sequence[str],
    places: dict[str, list[int]],
    marked: dict[str, set[int]],
    account: Account,
) -> People:
    """Make participants of cases, or of documents that have variables where there are no cases.

    Parameters
    ----------
    project : Project
    document_ids : sequence of str
    places : dict
        GUID of a source to the documents that hold its text.
    marked : dict
        GUID of a case to the documents in which a passage was given to it.
    account : Account
        For notes.

    Notes
    -----
    A case without a name that has exactly one source is that document's person: programs write the variables of a document
    so. Where the document has a named case as well, the values go to that one. A document in several cases belongs to none of
    them, for a passage of it may be anybody's.
    """
    owners: dict[int, list[int]] = defaultdict(list)  # document to cases
    for number, case in enumerate(project.cases):
        held = {at for guid in case.sources for at in places.get(guid, ())} or marked.get(case.guid, set())
        missing = sum(guid not in places for guid in case.sources)
        if missing:
            account.see("sources of cases have no text in the project", f"of case {shorten(case.name)}", n=missing)
        for at in sorted(held):
            owners[at].append(number)
    values = [dict(case.values) for case in project.cases]
    nameless = {number for number, case in enumerate(project.cases) if not case.name}
    gone: set[int] = set()
    for at, numbers in owners.items():
        named = [number for number in numbers if number not in nameless]
        loose = [number for number in numbers if number in nameless]
        if loose and len(named) == 1:  # the variables of the document of one person
            for number in loose:
                values[named[0]] = {**values[number], **values[named[0]]}
                gone.add(number)
            owners[at] = named
    names = _names(project.cases, nameless, owners, document_ids, account)
    kept = [number for number in range(len(project.cases)) if number not in gone]
    of_document: list[str | None] = [None] * len(document_ids)
    several = [at for at, numbers in owners.items() if len(numbers) > 1]
    for at, numbers in owners.items():
        if len(numbers) == 1:
            of_document[at] = names[numbers[0]]
    for at in several:
        account.see(
            "documents belong to several cases; participant_id was left empty", f"document {shorten(document_ids[at])}"
        )
    own = [dict(document.values) for document in project.documents]
    blank = pd.DataFrame(index=range(len(document_ids)))
    if kept:
        table = _table(project.variables, [values[number] for number in kept], account)
        table.insert(0, "participant_id", pd.Series([names[number] for number in kept], dtype="str"))
        attributes = _table(project.variables, own, account) if any(own) else blank
        return People(table, of_document, attributes)
    if any(own):
        rows = [at for at, found in enumerate(own) if found]
        table = _table(project.variables, [own[at] for at in rows], account)
        table.insert(0, "participant_id", pd.Series([document_ids[at] for at in rows], dtype="str"))
        account.note("the file has no cases; the variables of its documents are those of a participant each")
        owned: list[str | None] = [name if found else None for name, found in zip(document_ids, own, strict=True)]
        return People(table, owned, blank)
    return People(None, of_document, blank)


def _names(
    cases: Sequence[Case],
    nameless: set[int],
    owners: dict[int, list[int]],
    document_ids: Sequence[str],
    account: Account,
) -> list[str]:
    """A participant_id for every case: its name, or that of its only document, with a part of its GUID where it repeats."""
    of_case: dict[int, list[int]] = defaultdict(list)
    for at, numbers in owners.items():
        for number in numbers:
            of_case[number].append(at)
    names = []
    for number, case in enumerate(cases):
        if number not in nameless:
            names.append(case.name)
        elif len(of_case[number]) == 1:
            names.append(document_ids[of_case[number][0]])
        else:
            names.append(f"case {case.guid[:8]}".strip())
    return unique_names(names, [case.guid for case in cases], "participants", account)


def unique_names(names: Sequence[str], guids: Sequence[str], kind: str, account: Account) -> list[str]:
    """Names that stand once: those that repeat get a part of their GUID, and a number where that repeats as well."""
    counts = Counter(names)
    found: list[str] = []
    taken = {name for name, n in counts.items() if n == 1}
    again: Counter[str] = Counter()
    for name, guid in zip(names, guids, strict=True):
        if counts[name] > 1:
            account.see(f"{kind} share their name with others; a part of their GUID was added", shorten(name))
            base = name = f"{name} ({guid[:8] or 'no GUID'})"
            while name in taken:
                again[base] += 1
                name = f"{base} {again[base] + 1}"
            taken.add(name)
        found.append(name)
    return found


def _table(variables: dict[str, Variable], rows: list[dict[str, str]], account: Account) -> pd.DataFrame:
    """One row a unit, one column a variable that has values, typed as the file says."""
    used = [guid for guid in variables if any(guid in row for row in rows)]
    unknown = sum(1 for row in rows for guid in row if guid not in variables)
    if unknown:
        account.see("values of variables that the project does not have were left out", n=unknown)
    names: list[str] = []
    columns: list[pd.Series] = []
    for guid in used:
        variable = variables[guid]
        name = variable.name.removeprefix("Cases:") or f"variable {guid[:8]}"
        if name in ("participant_id", *names):
            account.note(f"the variable '{name}' is called '{name} ({guid[:8]})', as its name was taken")
            name = f"{name} ({guid[:8]})"
        names.append(name)
        text = pd.Series([row.get(guid, "") for row in rows], dtype="str")
        columns.append(_typed(text, variable, name, account))
    table = pd.DataFrame(index=range(len(rows)))
    return pd.concat([table, *columns], axis=1, keys=None).set_axis(names, axis=1) if columns else table


def _typed(text: pd.Series, variable: Variable, name: str, account: Account) -> pd.Series:
    """Values by the type of their variable; what is none of it is left empty and counted."""
    filled = text != ""
    values: Any
    if variable.kind == "Boolean":
        values = parse_flags(text)[0]
        values = values if values.isna().any() else values.astype("bool")
    elif variable.kind in ("Integer", "Float"):
        values = parse_numbers(text)[0]
        if variable.kind == "Integer":
            whole = (values % 1 == 0) & (values.abs() < MOST_WHOLE)
            numbers = [
                None if not good else int(one) if one.lstrip("+-").isdecimal() else int(number)
                for one, number, good in zip(text, values, whole, strict=True)
            ]
            values = pd.Series(pd.array(numbers, dtype="Int64"))
            values = values if values.isna().any() else values.astype("int64")
    elif variable.kind in ("Date", "DateTime"):
        values = times_of(text.tolist())[0]
    else:
        return text.where(filled)
    bad = text[filled.to_numpy() & values.isna().to_numpy()]
    if len(bad):
        account.see(f"values of '{name}' are no {variable.kind} and were left empty", "value", bad.iloc[0], n=len(bad))
    return pd.Series(values)


def times_of(texts: Sequence[str], timezone: str | None = None) -> tuple[pd.Series, int]:
    """ISO times to UTC in microseconds, NaT where none; and how many name no zone: those are in `timezone`, else in UTC."""
    raw = pd.Series(texts, dtype="str").str.strip()
    times = pd.to_datetime(raw.where(raw != ""), format="ISO8601", utc=True, errors="coerce")
    times = times.astype("datetime64[us, UTC]")
    bare = times.notna() & ~raw.str.contains(r"T.*(?:Z|[+-]\d{2}:?\d{2})$", case=False, regex=True)
    if timezone is not None and bare.any():
        local = times[bare].dt.tz_localize(None)
        first = np.ones(len(local), dtype=bool)  # of two equal times in autumn
        zoned = local.dt.tz_localize(timezone, ambiguous=first, nonexistent="shift_forward")
        times[bare] = zoned.dt.tz_convert("UTC")
    return times, int(bare.sum())
