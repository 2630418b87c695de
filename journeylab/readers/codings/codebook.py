"""The codebook: from a file, or from the codes that occur; and which entry a written code means."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from journeylab.contracts import Column
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.readers.options import TableOptions
from journeylab.readers.records import read_plain
from journeylab.tables import ImportReport, Problem, raise_problems, validate
from journeylab.text import count

ROLES = (
    Column("code_id", required=False, filled=False),
    Column("path", required=False, filled=False),
    Column("name", required=False, filled=False),
    Column("parent", required=False, filled=False),
    Column("codable", "flag", required=False, filled=False),
    Column("description", required=False, filled=False),
    Column("valence", "number", required=False, filled=False),
    Column("stage", required=False, filled=False),
    Column("touchpoint", required=False, filled=False),
)
DETAILS = ("description", "valence", "stage", "touchpoint")


def tidy_path(path: str) -> str:
    """Write a code path without spaces or gaps around its slashes.

    Examples
    --------
    >>> tidy_path(" Pain / Delivery/Late/ ")
    'Pain/Delivery/Late'
    """
    return "/".join(part.strip() for part in str(path).split("/") if part.strip())


def make_codes(paths: Iterable[str]) -> pd.DataFrame:
    """Make a codebook of the codes that occur, in their order; the path is the id."""
    paths = list(dict.fromkeys(paths))
    codes = pd.DataFrame({"code_id": pd.Series(paths, dtype="str"), "path": pd.Series(paths, dtype="str")})
    codes["name"] = pd.Series([path.rsplit("/", 1)[-1] for path in paths], dtype="str")
    codes["parent_id"] = pd.Series([_parent_path(path, paths) for path in paths], dtype="str")
    codes["codable"] = True
    return codes


def read_codebook(path: str | Path, options: TableOptions) -> tuple[pd.DataFrame, ImportReport]:
    """Read a codebook: one row a code, with its path, or its name and its parent.

    Raises
    ------
    DataError
        With every row that has no path, a path twice, an unknown parent, or a valence outside of -1 to 1.
    """
    frame, report = read_plain(path, "codes", options, roles=ROLES)
    if "path" not in frame and "name" not in frame:
        raise DataError(
            f"{path}: a codebook needs a column 'path' (such as Pain/Delivery/Late), or 'name' and 'parent'; say which "
            f"with columns. There are {listing(map(str, frame.columns), 20)}."
        )
    paths = _paths(frame, str(path))
    codes = pd.DataFrame({"code_id": frame.get("code_id", paths), "path": paths}, index=frame.index)
    codes["code_id"] = codes["code_id"].fillna(codes["path"])
    last = codes["path"].str.rsplit("/", n=1).str[-1].astype("str")
    codes["name"] = frame["name"].fillna(last) if "name" in frame else last
    ids = dict(zip(codes["path"], codes["code_id"], strict=True))
    codes["parent_id"] = pd.Series(
        [ids.get(_parent_path(one, ids) or "") for one in codes["path"]], index=frame.index, dtype="str"
    )
    codes["codable"] = frame["codable"].fillna(True).astype("bool") if "codable" in frame else True
    for name in (*DETAILS, *(column for column in frame if column not in {role.name for role in ROLES})):
        if name in frame:
            codes[str(name)] = frame[name]
    validate(codes, "codes", str(path))
    return codes.reset_index(drop=True), report


def match_codes(
    written: pd.Series, codes: pd.DataFrame, path: str, unknown: str | None
) -> tuple[pd.Series, pd.DataFrame]:
    """Find the code that each written code means: by path, by id, or by a name that only one code has.

    Parameters
    ----------
    written : Series of str
        Index ``row``.
    codes : DataFrame
        The codebook.
    path : str
        The file of the codings, for messages.
    unknown : str, optional
        "keep": codes that the codebook does not know are added to it.

    Returns
    -------
    code_ids : Series of str
    codes : DataFrame
        The codebook, with the added codes.

    Raises
    ------
    DataError
        With every code that the codebook does not know, its rows and the nearest that it knows.
    """
    names = codes.groupby("name")["code_id"].agg(["size", "first"])
    meaning = dict(names.loc[names["size"] == 1, "first"])
    meaning |= dict(zip(codes["code_id"], codes["code_id"], strict=True))
    meaning |= dict(zip(codes["path"], codes["code_id"], strict=True))
    tidied = written.map(tidy_path)
    strange = tidied[~tidied.isin(list(meaning))]
    if len(strange) and unknown != "keep":
        lines = []
        for word, rows in strange.groupby(strange, sort=False):
            row = ", ".join(str(number) for number in rows.index[:3])
            hint = did_you_mean(str(word), meaning)
            lines.append(
                f"{path}: row {row}: code '{word}' is not in the codebook ({count(len(rows))} codings).{hint} Correct it, add "
                "it to the codebook, or set unknown_codes = 'keep'."
            )
        rest = [f"{path}: and {len(lines) - 20} more codes that are not in the codebook."] if len(lines) > 20 else []
        raise DataError("\n".join(lines[:20] + rest))
    if len(strange):
        added = make_codes(strange)
        codes = pd.concat([codes, added[~added["code_id"].isin(codes["code_id"])]], ignore_index=True)
        codes["codable"] = codes["codable"].astype("bool")
        meaning |= {word: word for word in strange}
    return tidied.map(meaning).astype("str"), codes


def _parent_path(path: str, known: Iterable[str]) -> str | None:
    """The path of the nearest ancestor that is a code itself."""
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        if path in known:
            return path
    return None


def _paths(frame: pd.DataFrame, source: str) -> pd.Series:
    """The path of every code, from its own column or from its parents."""
    problems: list[Problem] = []
    if "path" in frame:
        paths = frame["path"].map(tidy_path, na_action="ignore").astype("str")
        missing = paths.isna() | (paths == "")
        problems = [Problem(int(row), "path", "is empty; every code needs a path.") for row in frame.index[missing]]
        raise_problems(problems, source)
        return paths
    names = frame["name"]
    parents = frame["parent"] if "parent" in frame else pd.Series(index=frame.index, dtype="str")
    by_key: dict[str, int] = {}
    for key in ("name", "code_id"):
        if key in frame:
            by_key |= {str(word): int(row) for row, word in frame[key].dropna().items()}
    paths = {}
    for row in frame.index:
        if pd.isna(names[row]):
            problems.append(Problem(int(row), "name", "is empty; every code needs a name."))
            continue
        trail, here = [tidy_path(names[row])], row
        while not pd.isna(parents[here]) and len(trail) <= len(frame):
            parent = str(parents[here])
            if parent not in by_key:
                hint = did_you_mean(parent, by_key)
                problems.append(Problem(int(row), "parent", f"found '{parent}', which is no code of this table.{hint}"))
                break
            here = by_key[parent]
            trail.insert(0, tidy_path(names[here]))
        if len(trail) > len(frame):
            problems.append(Problem(int(row), "parent", f"code '{names[row]}' is its own ancestor; break the circle."))
        paths[row] = "/".join(trail)
    raise_problems(problems, source)
    return pd.Series(paths, index=frame.index, dtype="str")
