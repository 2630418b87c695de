"""The codebook as the nested elements of REFI-QDA."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement

import pandas as pd

from journeylab.errors import DataError
from journeylab.export.guids import guid
from journeylab.export.plain import for_xml
from journeylab.text import is_missing

SLASH = "∕"
"""What a reader of these files writes for a slash inside a name, since slashes part the names of a path."""

COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")


def code_tree(codes: pd.DataFrame, guid_of: dict[str, str], study: str) -> list[Element]:
    """Nest the codes under their parents.

    Parameters
    ----------
    codes : DataFrame
        Contract codes; a column ``color`` is used where it holds ``#RGB`` or ``#RRGGBB``.
    guid_of : dict of str to str
        Of each code_id.
    study : str
        Name of the study, for the GUIDs of folders.

    Returns
    -------
    list of Element
        ``Code`` elements of the first level, in the order of the table.

    Raises
    ------
    DataError
        When codes are each other's parents.

    Notes
    -----
    Levels of a path that are no code themselves become folders that cannot be applied (``isCodable="false"``). A code
    is written under its name, and where siblings share it, under the end of its path.
    """
    paths = dict(zip(codes["code_id"], codes["path"], strict=True))
    by_path = {path: code_id for code_id, path in paths.items()}
    parents = _parents(codes, paths, by_path)
    homes = {code_id: _home(code_id, name, paths, parents) for code_id, name in zip(paths, codes["name"], strict=True)}
    shared = Counter((homes[code_id], name) for code_id, name in zip(paths, codes["name"], strict=True))
    elements = {}
    for row in codes.to_dict("records"):
        code_id, name = row["code_id"], str(row["name"])
        alone = name.strip() and shared[homes[code_id], row["name"]] == 1
        label = name if alone else str(row["path"]).rsplit("/", 1)[-1] or str(row["path"])
        elements[code_id] = _code(guid_of[code_id], label, bool(row["codable"]))
        colour = row.get("color")
        if isinstance(colour, str) and COLOUR.fullmatch(colour):
            elements[code_id].set("color", colour)
        if not is_missing(row.get("description")) and str(row["description"]).strip():
            SubElement(elements[code_id], "Description").text = for_xml(str(row["description"]))
    return _nest(elements, homes, study)


def _parents(codes: pd.DataFrame, paths: dict[str, str], by_path: dict[str, str]) -> dict[str, str | None]:
    """The code above each code: its parent_id, else the nearest that its path goes through, unless its name is the path."""
    given = codes["parent_id"] if "parent_id" in codes else [None] * len(codes)
    parents: dict[str, str | None] = {}
    for (code_id, path), name, parent in zip(paths.items(), codes["name"], given, strict=True):
        if is_missing(parent) or parent not in paths:
            parent = next((by_path[above] for above in _above(path) if path != name and above in by_path), None)
        parents[code_id] = parent
    for code_id in paths:
        seen, here = {code_id}, parents[code_id]
        while here is not None:
            if here in seen:
                raise DataError(f"code '{paths[code_id]}': stands under itself; mend parent_id in the codebook.")
            seen.add(here)
            here = parents[here]
    return parents


def _above(path: str) -> Iterable[str]:
    """The paths above a path, the nearest first."""
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def _home(
    code_id: str, name: str, paths: dict[str, str], parents: dict[str, str | None]
) -> tuple[str | None, tuple[str, ...]]:
    """Where a code hangs: under which code, and within which folders there."""
    parent, rest = parents[code_id], paths[code_id]
    if parent is not None and rest.startswith(f"{paths[parent]}/"):
        rest = rest[len(paths[parent]) + 1 :]
    if rest == name:  # a name may hold a slash itself
        return parent, ()
    folders = rest.removesuffix(f"/{name}") if rest.endswith(f"/{name}") else rest.rpartition("/")[0]
    return parent, tuple(folder for folder in folders.split("/") if folder)


def _nest(
    elements: dict[str, Element], homes: dict[str, tuple[str | None, tuple[str, ...]]], study: str
) -> list[Element]:
    """Hang every code into its home, and make the folders on the way."""
    top: list[Element] = []
    folders: dict[tuple[str | None, tuple[str, ...]], Element] = {}

    def children(home: tuple[str | None, tuple[str, ...]]) -> list[Element] | Element:
        parent, inside = home
        if not inside:
            return top if parent is None else elements[parent]
        if home not in folders:
            folders[home] = _code(guid(study, "folder", parent or "", *inside), inside[-1], False)
            children((parent, inside[:-1])).append(folders[home])
        return folders[home]

    for code_id, element in elements.items():
        children(homes[code_id]).append(element)
    return top


def _code(guid: str, name: str, codable: bool) -> Element:
    name = for_xml(name).replace(SLASH, "/")
    return Element("Code", {"guid": guid, "name": name, "isCodable": "true" if codable else "false"})
