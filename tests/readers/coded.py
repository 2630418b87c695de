"""Holds a coded study against what the files of ``synthetic_CC0`` say, whichever program wrote the file.

All those files are one study: 3 documents, 9 codes, 12 coded passages and one note without a code, 2 coders. Call
`assert_as_expected` with the study and the folder ``../shared``; switch off only what the format of a file cannot hold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from journeylab.readers import CodedStudy

FOLDER = "data/qualitative/synthetic_CC0"


def expected_study(shared: Path) -> dict[str, Any]:
    """What the files say, as `expected.json` has it."""
    return json.loads((shared / FOLDER / "expected.json").read_text(encoding="utf-8"))


def assert_as_expected(
    study: CodedStudy,
    shared: Path,
    *,
    texts: bool = True,
    offsets: bool = True,
    coders: bool = True,
    only: str | None = None,
    paths: bool = True,
    categories: bool = True,
    memos: bool = True,
    uncoded: bool = True,
    variables: bool = True,
) -> None:
    """Hold every table of a study against `expected.json`.

    Parameters
    ----------
    study : CodedStudy
    shared : Path
        The fixture of that name.
    texts : bool
        False where the file has no texts of whole documents.
    offsets : bool
        False where it has no positions; passages are then told by their text.
    coders : bool
        False where it does not say who coded; the same code of two coders on one passage is then one.
    only : str, optional
        The one coder whose work the file holds.
    paths : bool
        False where codes have no parents; they are then told by name.
    categories : bool
        False where codes that nobody may give, or that nobody gave, are not listed.
    memos, uncoded : bool
        False where there are no memos, or no passages without a code.
    variables : bool
        False where nothing is said about participants.
    """
    expected = expected_study(shared)
    segments = [one for one in expected["segments"] if only in (None, one["coder"])]
    names = {code["name"]: _path(code, expected["codes"]) if paths else code["name"] for code in expected["codes"]}

    _same_codes(study.codes, expected["codes"], names, paths, categories)
    if texts:
        found = dict(zip(study.documents["document_id"], study.documents["text"], strict=True))
        assert found == expected["documents"]
    else:
        assert set(study.documents["document_id"]) == {one["document"] for one in segments}

    shown = study.codes.set_index("code_id")["path" if paths else "name"]
    table = study.codings.merge(study.segments, on="segment_id", validate="many_to_one")
    assert len(table) == len(study.codings)
    who = table["coder"] if coders else [""] * len(table)
    found_codings = [
        (*place, shown[code], coder)
        for place, code, coder in zip(_places(table, offsets), table["code_id"], who, strict=True)
    ]
    wanted = {
        (*_place(one, offsets), names[code], one["coder"] if coders else "")
        for one in segments
        for code in one["codes"]
    }
    assert len(found_codings) == len(set(found_codings)), "a coding stands twice"
    assert set(found_codings) == wanted

    memo_of = {_place(one, offsets): one["memo"] for one in segments if one["memo"]}
    note = expected["uncoded_annotation"]
    text = expected["documents"][note["document"]]
    start = text.index(note["text"])
    note = {**note, "start": start, "end": start + len(note["text"])}
    coded = study.segments["segment_id"].isin(study.codings["segment_id"])
    loose = study.segments[~coded]
    assert _places(loose, offsets) == ([_place(note, offsets)] if uncoded else [])
    if uncoded:
        memo_of[_place(note, offsets)] = note["memo"]
    if memos:
        noted = study.segments[study.segments["memo"].notna()]
        assert dict(zip(_places(noted, offsets), noted["memo"], strict=True)) == memo_of
    if variables:
        _same_people(study, expected["variables"])


def _path(code: dict[str, Any], codes: list[dict[str, Any]]) -> str:
    parent = next((one for one in codes if one["name"] == code["parent"]), None)
    return code["name"] if parent is None else f"{_path(parent, codes)}/{code['name']}"


def _same_codes(
    found: pd.DataFrame, expected: list[dict[str, Any]], names: dict[str, str], paths: bool, categories: bool
) -> None:
    if paths:
        assert (found["code_id"] == found["path"]).all()
        wanted = [(names[one["name"]], names.get(one["parent"], ""), one["codable"]) for one in expected]
        rows = zip(found["path"], found["parent_id"].fillna(""), found["codable"], strict=True)
        assert sorted(rows) == sorted(wanted)
    elif categories:
        assert sorted(found["name"]) == sorted(names)
    else:
        assert set(found["name"]) <= set(names)


def _places(table: pd.DataFrame, offsets: bool) -> list[tuple[Any, ...]]:
    columns = ["document_id", *(["start", "end"] if offsets else []), "text"]
    return list(table[columns].itertuples(index=False, name=None))


def _place(one: dict[str, Any], offsets: bool) -> tuple[Any, ...]:
    return (one["document"], *((one["start"], one["end"]) if offsets else ()), one["text"])


def _same_people(study: CodedStudy, expected: dict[str, dict[str, Any]]) -> None:
    """The variables of every participant, numbers as numbers; and each document is its participant's."""
    assert study.participants is not None
    people = study.participants.set_index("participant_id")
    assert sorted(people.index) == sorted(expected)
    for name, values in expected.items():
        for variable, value in values.items():
            found = people.loc[name, variable]
            assert ("" if pd.isna(found) else found) == value, f"{variable} of {name}"
    assert study.documents["participant_id"].tolist() == study.documents["document_id"].tolist()
