"""JSON of any size and line breaks, sound and damaged, against json.loads of the whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab.readers import json_objects as module
from journeylab.readers.account import Account
from journeylab.readers.json_objects import DAMAGED, json_objects
from journeylab.readers.stream import records_of

Read = tuple[list[dict[str, Any]], dict[str, int], list[str]]
RECORDS = [
    {"id": number, "names": ["}{", 'a"b\\'], "inner": {"x": [{"z": 1}, {"z": None}]}, "list": [{"k": 1.5}, {"k": "é"}]}
    for number in range(50)
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES), max_size=8)


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def _read(text: str, size: int = 64, **options: Any) -> Read:
    account = Account(Path("x.json"), None, "x")
    found = [value for _, _, value in json_objects(_pieces(text, size), account, **options)]
    account.read(len(found) + 1)
    report = account.close(len(found) + 1)
    return found, {loss.reason: loss.n for loss in report.dropped}, list(report.notes)


@settings(max_examples=60, deadline=None)
@given(OBJECTS, st.sampled_from([None, 0, 2]), st.integers(1, 40), st.booleans())
def test_objects_are_those_of_the_whole_text(
    objects: list[dict[str, Any]], indent: int | None, size: int, array: bool
) -> None:
    one_by_one = "\n".join(json.dumps(value, indent=indent) for value in objects)
    text = json.dumps(objects, indent=indent, ensure_ascii=False) if array else one_by_one
    assert _read(text, size) == (objects, {}, [])


@pytest.mark.parametrize("indent", [None, 1])
def test_a_text_cut_anywhere_loses_one_object_and_says_so(indent: int | None) -> None:
    text = json.dumps(RECORDS, indent=indent)
    for end in range(len(text) // 25, len(text), 61):
        found, lost, notes = _read(text[:end])
        assert found == RECORDS[: len(found)]
        assert lost == {DAMAGED: 1} or notes == ["the file ends before its list is closed; it may be cut short"]


@pytest.mark.parametrize("rubbish", ["", "\0 broken {", '"', "{", "}", "[[[", '"a":', "x"])
def test_a_damaged_line_costs_one_object(rubbish: str) -> None:
    lines = json.dumps(RECORDS, indent=1).split("\n")
    for place in range(1, len(lines) - 1, 7):
        found, lost, _ = _read("\n".join([*lines[:place], rubbish, *lines[place + 1 :]]))
        sound = [value for value in found if value in RECORDS]
        assert len(sound) >= 49
        assert sum(lost.values()) + len(found) in (50, 51)


def test_objects_of_several_kinds_are_found_behind_a_damaged_one() -> None:
    kinds = [{"page": 1, "url": "a"}, {"order": 2, "total": 3}, {"mail": 4, "to": {"page": 1}}] * 5
    texts = [json.dumps(value) for value in kinds]
    texts[7] = texts[7][:-4]
    found, lost, _ = _read(f"[{', '.join(texts)}]")
    assert found == kinds[:7] + kinds[8:]
    assert lost == {DAMAGED: 1}


def test_arrays_of_an_outer_object_come_with_their_key() -> None:
    text = json.dumps(
        {"n": 1, "rows": RECORDS[:3], "empty": [], "info": {"rows": [1]}, "more_rows": RECORDS[3:5]}, indent=1
    )
    account = Account(Path("x.json"), None, "x")
    for size in (1, 9, 10_000):
        found = list(json_objects(_pieces(text, size), account, within=r"\w*rows|empty"))
        keys = [("rows", 0), ("rows", 1), ("rows", 2), ("more_rows", 3), ("more_rows", 4)]
        assert [(key, value["id"]) for key, _, value in found] == keys
        assert found[-1][1] == "more_rows 2"
    damaged = text.replace('"id": 2', '"id" 2')
    found_keys = [key for key, _, _ in json_objects([damaged], account, within=r"\w*rows|empty")]
    assert found_keys == ["rows", "rows", "more_rows", "more_rows"]


def test_what_is_no_object_is_lost() -> None:
    assert _read('[1, "a", {"b": 2}, null, [3]]') == ([{"b": 2}], {"that is no JSON object": 4}, [])
    assert _read('[{"a": 1}, {"a": ' + "9" * 5_000 + '}, {"a": 2}]')[:2] == ([{"a": 1}, {"a": 2}], {DAMAGED: 1})
    assert _read("[" * 100_000)[0] == []


def test_an_endless_object_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 10_000)
    monkeypatch.setattr(module._Text.peek, "__defaults__", (10_000,))
    found, lost, _ = _read('[{"a": 1}, {"a": "' + "x" * 200_000 + '"}, {"a": 2}]', 500)
    assert found[0] == {"a": 1}
    assert sum(lost.values()) == 1


def test_an_array_in_one_line_longer_than_a_line_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("journeylab.readers.stream.LONGEST", 1_000)
    (tmp_path / "x.json").write_text(json.dumps(RECORDS))
    account = Account(tmp_path / "x.json", None, "x")
    assert [value for _, value in records_of(tmp_path / "x.json", account)] == RECORDS


def test_bytes_that_are_not_utf8_and_utf16(tmp_path: Path) -> None:
    for encoding in ("latin-1", "utf-16", "utf-8-sig"):
        (tmp_path / "x.json").write_bytes(json.dumps(RECORDS, ensure_ascii=False).encode(encoding))
        account = Account(tmp_path / "x.json", None, "x")
        assert [value for _, value in records_of(tmp_path / "x.json", account)] == RECORDS
        account.read()
        assert bool(account.close(1).notes) == (encoding != "utf-8-sig")
