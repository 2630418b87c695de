from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import read_codings
from tests.projects import adds_up, change, survives, write_project

REQUAL = {
    "projects": ("project_id integer primary key, project_name text", [(1, "Shop")]),
    "users": (
        "user_id integer primary key, user_login text, user_name text",
        [(1, "a@x.org", "ana"), (2, "ben", None)],
    ),
    "documents": (
        "doc_id integer primary key, project_id integer, doc_name text, doc_text text",
        [(1, 1, "P1", "naïve 😀 one two"), (2, 1, "P2", "three")],
    ),
    "codes": (
        "project_id integer, code_id integer primary key, code_name text, code_description text",
        [(1, 1, "Late", "too late"), (1, 2, "Dear", "")],
    ),
    "categories": (
        "project_id integer, category_id integer primary key, category_name text, category_description text",
        [(1, 1, "Pain", ""), (1, 2, "Price", "")],
    ),
    "categories_codes_map": (
        "project_id integer, category_id integer, code_id integer",
        [(1, 1, 1), (1, 1, 2), (1, 2, 2)],
    ),
    "segments": (
        "project_id integer, user_id integer, doc_id integer, code_id integer, segment_id integer primary key, "
        "segment_start integer, segment_end integer, segment_text text",
        [(1, 1, 1, 1, 1, 1, 7, "naïve 😀"), (1, 2, 1, 2, 2, 9, 11, "one"), (1, None, 2, 2, 3, 1, 5, "three")],
    ),
    "memos": (
        "project_id integer, memo_id integer primary key, user_id integer, text text",
        [(1, 1, 1, "angry"), (1, 2, 2, "look")],
    ),
    "memos_segments_map": ("memo_id integer, segment_id integer", [(1, 1)]),
    "memos_documents_map": (
        "memo_id integer, doc_id integer, memo_start integer, memo_end integer",
        [(2, 1, 13, 15), (1, 1, None, None)],
    ),
    "cases": ("project_id integer, case_id integer primary key, case_name text", [(1, 1, "Anna")]),
    "cases_documents_map": ("project_id integer, case_id integer, doc_id integer", [(1, 1, 1)]),
    "attributes": (
        "attribute_id integer primary key, attribute_name text, attribute_object text, attribute_type text",
        [(1, "town", "case", "categorical")],
    ),
    "attribute_values": ("attribute_value_id integer primary key, attribute_id integer, value text", [(1, 1, "Köln")]),
    "attributes_cases_map": (
        "case_id integer, attribute_id integer, attribute_value_id integer, project_id integer",
        [(1, 1, 1, 1)],
    ),
}
RQDA = {
    "source": (
        "name text, id integer, file text, status integer",
        [("P1", 1, "naïve 😀 one two", 1), ("P2", 2, "three", 1), ("gone", 3, "x", 0)],
    ),
    "freecode": (
        "name text, memo text, id integer, status integer",
        [("Late", "too late", 1, 1), ("Dear", None, 2, 1), ("Old", None, 3, 0)],
    ),
    "codecat": ("name text, catid integer, memo text, status integer", [("Pain", 1, None, 1)]),
    "treecode": ("cid integer, catid integer, status integer", [(1, 1, 1), (2, 1, 0)]),
    "coding": (
        "cid integer, fid integer, seltext text, selfirst real, selend real, status integer, owner text, date text, memo text",
        [
            (1, 1, "naïve 😀", 0.0, 7.0, 1, "ana", "Tue Feb 10 14:38:54 2015", "angry"),
            (2, 1, "one", 8.0, 11.0, 0, "ana", None, None),
            (2, 2, "three", 0.0, 5.0, 1, "ana", "?", None),
            (1, 3, "x", 0.0, 1.0, 1, "ana", None, None),
        ],
    ),
    "coding2": (
        "cid integer, fid integer, seltext text, selfirst real, selend real, status integer, owner text",
        [(1, 1, "naïve 😀", 0.0, 7.0, 1, "ben")],
    ),
    "cases": ("name text, id integer, status integer", [("Anna", 1, 1)]),
    "caselinkage": ("caseid integer, fid integer, selfirst real, selend real, status integer", [(1, 1, 0.0, 15.0, 1)]),
    "attributes": ("name text, status integer, class text", [("age", 1, "numeric")]),
    "caseAttr": ("variable text, value text, caseID integer, status integer", [("age", "31", 1, 1)]),
    "annotation": ("fid integer, position real, annotation text, status integer", [(1, 4.0, "hm", 1)]),
}


@pytest.fixture
def requal(tmp_path: Path) -> Path:
    return write_project(tmp_path / "shop.requal", REQUAL)


@pytest.fixture
def rqda(tmp_path: Path) -> Path:
    return write_project(tmp_path / "shop.rqda", RQDA)


def test_requal_counts_from_one_and_includes_the_last_sign(requal: Path) -> None:
    study = read_codings(requal)
    found = study.segments.set_index("segment_id")
    assert found["text"].to_dict() == {"P1:0-7": "naïve 😀", "P1:8-11": "one", "P2:0-5": "three", "P1:12-15": "two"}
    assert found.loc["P1:0-7", "memo"] == "angry"
    assert found.loc["P1:12-15", "memo"] == "look"
    assert study.codings["coder"].tolist() == ["ana", "ben", "unknown coder"]
    assert study.codings["code_id"].tolist() == ["Pain/Late", "Pain/Dear", "Pain/Dear"]
    assert study.codes["codable"].to_dict() == {0: False, 1: False, 2: True, 3: True}
    assert study.participants.to_dict("list") == {"participant_id": ["Anna"], "town": ["Köln"]}
    assert study.documents["participant_id"].isna().tolist() == [False, True]
    assert any("1 codes lie in several categories ('Dear')" in note for note in study.report.notes)
    assert "3 of 4 passages stand at their span word for word as the program wrote them" in study.report.notes
    adds_up(study)


def test_the_real_requal_file_is_known_and_holds_nothing_yet(shared: Path) -> None:
    file = shared / "data/qualitative/requal_MIT/test_basic.requal"
    with pytest.raises(DataError, match=r"test_basic\.requal: the project holds no document"):
        read_codings(file)


def test_the_real_requal_file_filled_is_read(shared: Path, tmp_path: Path) -> None:
    file = shared / "data/qualitative/requal_MIT/test_basic.requal"
    path = change(
        file,
        tmp_path / "filled.requal",
        "INSERT INTO documents (doc_id, project_id, user_id, doc_name, doc_text) VALUES (1, 1, 1, 'P1.txt', 'It was 😀 late')",
        "INSERT INTO codes (project_id, code_id, user_id, code_name) VALUES (1, 1, 1, 'Late')",
        "INSERT INTO segments VALUES (1, 1, 1, 1, 1, 10, 13, 'late')",
    )
    study = read_codings(path)
    assert study.codings.to_dict("list") == {"segment_id": ["P1:9-13"], "code_id": ["Late"], "coder": ["skvrnami"]}
    adds_up(study)


def test_rqda_leaves_out_what_was_deleted(rqda: Path) -> None:
    study = read_codings(rqda, timezone="Europe/Berlin")
    found = study.codings.merge(study.segments, on="segment_id")
    rows = set(found[["segment_id", "text", "code_id", "coder"]].itertuples(index=False, name=None))
    assert rows == {
        ("P1:0-7", "naïve 😀", "Pain/Late", "ana"),
        ("P1:0-7", "naïve 😀", "Pain/Late", "ben"),
        ("P2:0-5", "three", "Dear", "ana"),
    }
    assert str(found["created_at"].iloc[0]) == "2015-02-10 13:38:54+00:00"
    assert found["created_at"].isna().tolist() == [False, True, True]
    assert found["memo"].iloc[0] == "angry"
    assert {loss.reason: loss.n for loss in study.report.dropped} == {
        "that were deleted in RQDA (status 0)": 1,
        "of a document that is not in the project": 1,
    }
    assert list(study.documents["document_id"]) == ["P1", "P2"]
    assert list(study.codes["path"]) == ["Pain", "Pain/Late", "Dear"]
    assert study.participants.to_dict("list") == {"participant_id": ["Anna"], "age": [31]}
    assert any("annotations at a point" in note for note in study.report.notes)
    adds_up(study)


def test_each_program_is_told_by_its_tables(requal: Path, rqda: Path, tmp_path: Path) -> None:
    for path, format in ((requal, "requal"), (rqda, "rqda")):
        renamed = path.rename(tmp_path / f"{format}.sqlite3")
        assert read_codings(renamed).report.format == format
        with pytest.raises(DataError, match=f"format = '{format}'"):
            read_codings(renamed, format="qualcoder")


def test_the_three_programs_give_the_same_tables(requal: Path, rqda: Path, tmp_path: Path) -> None:
    one = read_codings(requal)
    two = read_codings(
        change(rqda, tmp_path / "other.rqda", "UPDATE coding SET status = 1", "DELETE FROM coding2"), coder="x"
    )
    for column in ("segment_id", "document_id", "start", "end", "text"):
        first = one.segments[one.segments["segment_id"].isin(one.codings["segment_id"])]
        assert first[column].tolist() == two.segments[column].tolist()
    texts = ["document_id", "name", "text"]
    pd.testing.assert_frame_equal(one.documents[texts], two.documents[texts])


@pytest.mark.parametrize("format", ["requal", "rqda"])
def test_mutated_projects_are_read_or_refused(format: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = tmp_path / "mutated"
    folder.mkdir()
    project = request.getfixturevalue(format)
    read = survives(project, folder, lambda path: read_codings(path, format=format), seed=11, rounds=40)
    assert 5 < read < 40
