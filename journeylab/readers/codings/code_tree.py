"""Codes and categories of a project become a codebook: each with its path, none twice, none its own ancestor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from journeylab.readers.codings.names import SLASH, plain_name
from journeylab.readers.codings.sql_cells import as_keys, short_texts
from journeylab.readers.ledger import Ledger, shorten
from journeylab.text import count

DEEPEST = 100
"""Steps in the path of a code."""


def name_codes(codes: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Give every code its path; one whose path is taken gets a number behind its name.

    Parameters
    ----------
    codes : DataFrame
        See `Found.codes`.
    ledger : Ledger
        For notes.

    Returns
    -------
    DataFrame
        Index: the key; code_id, path, name, parent_id, codable, description.
    """
    written = {key: name if isinstance(name, str) else "" for key, name in codes["name"].items()}
    slashed = [name for name in written.values() if "/" in name]
    if slashed:
        ledger.note(
            f"{count(len(slashed))} names of codes hold a slash, which is written as '{SLASH}' here ({shorten(slashed[0])})"
        )
    parents = _parents(codes, ledger)
    paths: dict[Any, str] = {}
    taken: set[str] = set()
    renamed: list[str] = []
    for key in written:
        trail = [key]
        while trail[-1] in parents and parents[trail[-1]] not in paths:
            trail.append(parents[trail[-1]])
        for step in reversed(trail):
            if step in paths:
                continue
            name = plain_name(written[step]) or str(step)
            stem = f"{paths[parents[step]]}/{name}" if step in parents else name
            path, number = stem, 2
            while path in taken:
                path, number = f"{stem} ({number})", number + 1
            if path != stem:
                renamed.append(path)
            taken.add(path)
            paths[step] = path
    if renamed:
        ledger.note(
            f"{count(len(renamed))} codes share name and parent with another; a number was added ({shorten(renamed[0])})"
        )
    made = pd.DataFrame({"code_id": pd.Series(paths, dtype="str").reindex(codes.index)})
    made["path"] = made["code_id"]
    made["name"] = pd.Series([paths[key].rsplit("/", 1)[-1] for key in codes.index], index=codes.index, dtype="str")
    above = [paths[parents[key]] if key in parents else None for key in codes.index]
    made["parent_id"] = pd.Series(above, index=codes.index, dtype="str")
    made["codable"] = codes["codable"].astype("bool")
    made["description"] = codes["description"].astype("str")
    return made


def _parents(codes: pd.DataFrame, ledger: Ledger) -> dict[Any, Any]:
    """The parent of every code that has one, without circles and chains that nobody writes."""
    known = set(codes.index)
    parents = {key: parent for key, parent in codes["parent"].items() if parent in known}
    astray = int(codes["parent"].notna().sum()) - len(parents)
    if astray:
        ledger.note(
            f"{count(astray)} codes lie under a code or category that is not in the project; they stand at the top"
        )
    cut = 0
    for key in codes.index:
        trail = [key]
        while (above := parents.get(trail[-1])) is not None:
            if (
                above in trail or len(trail) == DEEPEST
            ):  # the code that closes the circle, or this one, stands at the top
                parents.pop(above if above in trail else key)
                trail, cut = [key], cut + 1
            else:
                trail.append(above)
    if cut:
        ledger.note(
            f"{count(cut)} codes are their own ancestor, or more than {DEEPEST} steps deep; they stand at the top"
        )
    return parents


def in_categories(
    codes: pd.DataFrame, categories: pd.DataFrame, pairs: Iterable[tuple[Any, Any]], notes: list[str]
) -> pd.DataFrame:
    """Codes under categories that may hold any of them, as `Found.codes`.

    Parameters
    ----------
    codes, categories : DataFrame
        Index: the key; name, memo.
    pairs : iterable of tuple
        Keys of a code and of a category that holds it; the first category of a code is its parent.
    notes : list of str
    """
    above: dict[Any, list[Any]] = {}
    for code, category in pairs:
        if code in codes.index and category in categories.index and category not in above.setdefault(code, []):
            above[code].append(category)
    several = [code for code, here in above.items() if len(here) > 1]
    if several:
        notes.append(
            f"{count(len(several))} codes lie in several categories ({shorten(codes['name'].get(several[0]))}); they stand in the "
            "first"
        )
    parts = []
    for kind, frame in (("category", categories), ("code", codes)):
        first = [above[key][0] if kind == "code" and above.get(key) else None for key in frame.index]
        index = pd.Index([f"{kind} {key}" for key in frame.index], dtype="object")
        part = pd.DataFrame({"name": short_texts(frame["name"]), "description": short_texts(frame["memo"])})
        part.index = index
        parts.append(part.assign(parent=as_keys([None if key is None else f"category {key}" for key in first], index)))
        parts[-1]["codable"] = kind == "code"
    return pd.concat([part for part in parts if len(part)] or parts[-1:])
