"""What a project holds: valid against the standard's schema, texts, places, codes and people as in the tables."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_refi import project, read_back, validate

from journeylab.errors import DataError
from journeylab.export.codetree import code_tree
from journeylab.export.guids import guids
from journeylab.export.people import People
from journeylab.export.plain import for_xml, plain_text
from journeylab.export.refi import Coded, codebook_file, project_file
from journeylab.export.variables import Variable, variables_of

LETTERS = st.sampled_from([*"ab É\n\t&<>\"'/.", "😀", "👩‍🚀", "e\u0301", "\r\n", "\r", "\u2028", "\ufeff", "\x0b"])
WORDS = st.lists(LETTERS, max_size=12).map("".join)
NAMES = st.lists(st.sampled_from([*"ab &<>\"'/É😀"]), min_size=1, max_size=5).map("".join).filter(str.strip)
TIMES = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
CODERS = ("anna", "Ben & Co", "Ð")


@st.composite
def trees(draw: st.DrawFn) -> pd.DataFrame:
    """A codebook; names may hold slashes, and no two siblings share one."""
    rows: list[dict[str, object]] = []
    for number in range(draw(st.integers(0, 7))):
        parent = draw(st.none() | st.sampled_from(rows)) if rows else None
        name = draw(NAMES)
        path = name if parent is None else f"{parent['path']}/{name}"
        if any(row["path"] == path for row in rows):
            continue
        rows.append(
            {
                "code_id": f"k{number}",
                "path": path,
                "name": name,
                "parent_id": None if parent is None else parent["code_id"],
                "codable": draw(st.booleans()),
                "description": draw(st.none() | NAMES),
            }
        )
    frame = pd.DataFrame(rows, columns=["code_id", "path", "name", "parent_id", "codable", "description"])
    return frame.astype({name: "str" for name in frame if name != "codable"}).astype({"codable": "bool"})


def frame_of(codings: list[tuple[str, str, str, datetime | None]]) -> pd.DataFrame:
    frame = pd.DataFrame(codings, columns=["segment_id", "code_id", "coder", "created_at"]).astype({"coder": "str"})
    return frame.assign(created_at=pd.to_datetime(frame["created_at"], utc=True).astype("datetime64[us, UTC]"))


@st.composite
def coded_studies(draw: st.DrawFn) -> Coded:
    """Documents with hostile texts, passages anywhere in them, several coders, memos without a code."""
    codes = draw(trees())
    n = draw(st.integers(0, 4))
    ids = [f"d{number}" for number in range(n)]
    texts = [draw(st.none() | WORDS) for _ in ids]
    documents = pd.DataFrame({"document_id": ids, "name": [f"Talk {number}" for number in range(n)], "text": texts})
    documents["participant_id"] = [draw(st.none() | st.sampled_from(["p1", "p2"])) for _ in ids]
    segments, codings = [], []
    for number in range(draw(st.integers(0, 8)) if n else 0):
        document = draw(st.integers(0, n - 1))
        size = len(texts[document] or "")
        start = draw(st.integers(0, size + 1))
        segments.append(
            (f"s{number}", ids[document], start, draw(st.integers(start, size + 1)), draw(st.none() | NAMES))
        )
        marks = (
            draw(st.sets(st.tuples(st.sampled_from(list(codes["code_id"])), st.sampled_from(CODERS))))
            if len(codes)
            else ()
        )
        codings += [(f"s{number}", code, coder, draw(TIMES)) for code, coder in sorted(marks)]
    people = People(
        ("p1", "p2"),
        documents.dropna(subset=["participant_id"]).set_index("document_id")["participant_id"].to_dict(),
        (Variable("age & sex", "Text", {"p1": draw(NAMES)}), Variable("n", "Integer", {"p2": draw(st.integers())})),
    )
    return Coded(
        documents,
        codes,
        pd.DataFrame(segments, columns=["segment_id", "document_id", "start", "end", "memo"]),
        frame_of(codings),
        people,
    )


def as_written(text: str) -> str:
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def words_of(text: str, start: int, end: int) -> str | None:
    """The words of a span of the text before, with line ends never cut in two; None where there are none."""
    if not 0 <= start < end <= len(text):
        return None
    if text[start - 1 : start + 1] == "\r\n" and start > 0:
        start -= 1
    if text[end - 1 : end + 1] == "\r\n":
        end += 1
    marks = len(text) - len(text.lstrip("\ufeff"))
    return text[max(start, marks) : end].replace("\r\n", "\n").replace("\r", "\n") or None


@pytest.fixture(scope="session")
def schemas(shared: Path) -> Path:
    """The folder of the standard's schemas."""
    folder = shared / "data" / "qualitative" / "refi_spec_MIT"
    if not folder.is_dir():
        pytest.skip("needs the schemas of REFI-QDA in ../shared, which are not on this machine")
    return folder


@settings(max_examples=100, deadline=None)
@given(coded=coded_studies())
def test_everything_is_read_back(coded: Coded) -> None:
    written = project_file("study", "A <study> & more", "About it", coded)
    back = read_back(written.content)
    name_of = dict(zip(coded.documents["document_id"], coded.documents["name"], strict=True))
    text_of = dict(zip(coded.documents["document_id"], coded.documents["text"], strict=True))
    held = {document: text for document, text in text_of.items() if isinstance(text, str)}
    assert back.texts == {name_of[document]: as_written(text) for document, text in held.items()}

    expected = {}
    for row in coded.segments.itertuples():
        words = words_of(held[row.document_id], row.start, row.end) if row.document_id in held else None
        if words is not None:
            memo = row.memo if isinstance(row.memo, str) else None
            expected[row.segment_id] = (name_of[row.document_id], words, memo)
    found = [(name, back.texts[name][start:end], memo) for name, start, end, memo in back.passages]
    assert sorted(found, key=str) == sorted(expected.values(), key=str)

    trail = {}
    for row in coded.codes.itertuples():
        trail[row.code_id] = (*trail.get(row.parent_id, ()), row.name)
    assert back.codes == {trail[row.code_id]: row.codable for row in coded.codes.itertuples()}
    marks = [
        (*expected[row.segment_id][:2], trail[row.code_id], row.coder, row.created_at)
        for row in coded.codings.itertuples()
        if row.segment_id in expected
    ]
    read = [
        (name, back.texts[name][start:end], code, coder, pd.Timestamp(time) if time else pd.NaT)
        for name, start, end, code, coder, time in back.codings
    ]
    assert sorted(read, key=str) == sorted(marks, key=str)
    assert back.cases["p1"]["age & sex"] == coded.people.variables[0].values["p1"]
    assert back.cases["p2"]["n"] == str(coded.people.variables[1].values["p2"])
    for outcome in written.outcomes:
        assert outcome.n == outcome.written + sum(loss.n for loss in outcome.lost)


@settings(max_examples=60, deadline=None)
@given(coded=coded_studies())
def test_it_is_valid_and_every_guid_is_one_of_its_kind(schemas: Path, coded: Coded) -> None:
    content = project(project_file("study", "Study", "", coded).content)
    validate(content, schemas / "Project.xsd")
    declared = [
        element.get("guid") for element in read_back(project_file("study", "Study", "", coded).content).root.iter()
    ]
    declared = [own for own in declared if own]
    assert len(declared) == len(set(declared))
    if len(coded.codes):
        validate(codebook_file("study", coded.codes).content, schemas / "Codebook.xsd")


@settings(max_examples=60, deadline=None)
@given(text=WORDS)
def test_places_move_with_the_ends_of_lines(text: str) -> None:
    plain = plain_text(text)
    assert plain.text == as_written(text)
    for start in range(-1, len(text) + 2):
        for end in range(start, len(text) + 2):
            place = plain.place(start, end)
            assert (None if place is None else plain.text[slice(*place)]) == words_of(text, start, end)


def nothing() -> Coded:
    return Coded(
        pd.DataFrame(columns=["document_id", "name", "text"]),
        pd.DataFrame(columns=["code_id", "path", "name", "codable"]),
        pd.DataFrame(columns=["segment_id", "document_id", "start", "end"]),
        pd.DataFrame(columns=["segment_id", "code_id", "coder"]),
        People(),
    )


def test_a_project_of_nothing_is_valid(schemas: Path) -> None:
    validate(project(project_file("study", "Study", "", nothing()).content), schemas / "Project.xsd")


def test_one_text_file_a_document_in_a_flat_folder_without_times() -> None:
    documents = pd.DataFrame({"document_id": ["a", "b"], "name": ["A", "B"], "text": ["one", "two"]})
    written = project_file("study", "Study", "", dataclasses.replace(nothing(), documents=documents))
    with zipfile.ZipFile(io.BytesIO(written.content)) as opened:
        assert opened.namelist()[0] == "project.qde"
        assert all(name == name.lower() and name.count("/") == 1 for name in opened.namelist()[1:])
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert sorted(opened.read(name) for name in opened.namelist()[1:]) == [b"one", b"two"]


def tree(*rows: tuple[str, str, str | None], names: dict[str, str] | None = None) -> list[tuple[str, ...]]:
    """The paths that codes (id, path, parent) are written under."""
    frame = pd.DataFrame(rows, columns=["code_id", "path", "parent_id"])
    frame["name"] = [(names or {}).get(row[0], row[1].rsplit("/", 1)[-1]) for row in rows]
    frame["codable"] = True
    own = guids("study", "code", frame["code_id"], set())
    found: list[tuple[str, ...]] = []

    def visit(element, above: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
        path = (*above, element.get("name") + ("" if element.get("isCodable") == "true" else "*"))
        found.append(path)
        for child in element.findall("Code"):
            visit(child, path)

    for element in code_tree(frame, own, "study"):
        visit(element, ())
    return found


def test_levels_that_are_no_code_become_folders() -> None:
    assert tree(("1", "Pain/Delivery/Late", None), ("2", "Pain/Delivery/Broken", None), ("3", "Pain", None)) == [
        ("Pain",),
        ("Pain", "Delivery*"),
        ("Pain", "Delivery*", "Late"),
        ("Pain", "Delivery*", "Broken"),
    ]


def test_a_parent_may_stand_behind_its_child() -> None:
    assert tree(("1", "a/b", "2"), ("2", "a", None)) == [("a",), ("a", "b")]


def test_a_name_may_hold_a_slash() -> None:
    names = {"1": "price/value", "2": "this/that"}
    assert tree(("1", "price/value", None), ("2", "price/value/this/that", "1"), names=names) == [
        ("price/value",),
        ("price/value", "this/that"),
    ]


def test_siblings_of_one_name_are_told_apart_by_their_path() -> None:
    assert tree(("1", "Pain/Late", None), ("2", "Pain/Late (2)", None), names={"1": "Late", "2": "Late"}) == [
        ("Pain*",),
        ("Pain*", "Late"),
        ("Pain*", "Late (2)"),
    ]


def test_codes_that_stand_under_themselves_are_refused() -> None:
    with pytest.raises(DataError, match="stands under itself"):
        tree(("1", "a", "2"), ("2", "b", "1"))


def test_ids_that_are_guids_stay_unless_two_things_share_one() -> None:
    own = "{AB26B6C7-2C5B-4B0B-8A8F-0F3F0D0C0B0A}"
    taken: set[str] = set()
    assert guids("study", "code", [own], taken) == {own: "ab26b6c7-2c5b-4b0b-8a8f-0f3f0d0c0b0a"}
    assert guids("study", "document", [own], taken)[own] not in {"ab26b6c7-2c5b-4b0b-8a8f-0f3f0d0c0b0a", own}
    assert guids("study", "code", ["x"], set()) == guids("study", "code", ["x"], set())
    assert guids("study", "code", ["x"], set()) != guids("other", "code", ["x"], set())


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert for_xml("a\x00\x1f\ufffe\ud800b\r\nc") == "a\ufffd\ufffd\ufffd\ufffdb\nc"


def test_columns_become_variables_of_their_kind(schemas: Path) -> None:
    frame = pd.DataFrame(
        {
            "participant_id": ["p1", "p2"],
            "yes": [True, False],
            "n": pd.array([3, None], dtype="Int64"),
            "x": [1e-9, float("inf")],
            "when": pd.to_datetime(["2026-03-01T10:00:00+01:00", None], utc=True),
            "word": ["a & b", ""],
        }
    )
    found = variables_of(frame, "participant_id", list(frame.columns[1:]))
    assert [one.kind for one in found] == ["Boolean", "Integer", "Float", "DateTime", "Text"]
    written = project_file("s", "S", "", dataclasses.replace(nothing(), people=People(("p1", "p2"), {}, tuple(found))))
    validate(project(written.content), schemas / "Project.xsd")
    assert read_back(written.content).cases == {
        "p1": {"yes": "true", "n": "3", "x": "0.000000001", "when": "2026-03-01T09:00:00Z", "word": "a & b"},
        "p2": {"yes": "false"},
    }


def test_columns_of_documents_are_kept_with_them(schemas: Path) -> None:
    documents = pd.DataFrame({"document_id": ["a"], "name": ["A"], "text": ["one"], "place": ["Köln"]})
    people = People(("p1",), {}, (Variable("Place", "Text", {"p1": "Bonn"}),))
    written = project_file("s", "S", "", dataclasses.replace(nothing(), documents=documents, people=people))
    content = project(written.content)
    validate(content, schemas / "Project.xsd")
    assert b"place (document)" in content
    assert "Köln".encode() in content


def test_weights_and_other_words_are_told() -> None:
    coded = dataclasses.replace(
        nothing(),
        documents=pd.DataFrame({"document_id": ["a"], "name": ["A"], "text": ["one two"]}),
        codes=pd.DataFrame({"code_id": ["k"], "path": ["k"], "name": ["k"], "codable": [True], "stage": ["purchase"]}),
        segments=pd.DataFrame({"segment_id": ["s"], "document_id": ["a"], "start": [0], "end": [3], "text": ["two"]}),
        codings=pd.DataFrame(
            {"segment_id": ["s", "s"], "code_id": ["k", "k"], "coder": ["anna", "anna"], "weight": [2.0, None]}
        ),
    )
    written = project_file("s", "S", "", coded)
    notes = " ".join(written.notes)
    assert "1 passages read differently" in notes
    assert "Weights of 1 codings" in notes
    assert "Stage of codes" in notes
    lost = {outcome.what: outcome.lost for outcome in written.outcomes}
    assert [loss.reason for loss in lost["codings"]] == ["repeat a coding: same passage, code and coder"]
