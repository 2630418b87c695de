from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError, StudyError
from journeylab.opening import open_study
from journeylab.readers import read_codings
from tests.projects import adds_up, change, expected, expected_codes, expected_marks, marks_of, survives, write_project

WINDOWS = "\ufeffA: Straße\r\nB: naïve 😀 once\r\n"
TABLES = {
    "source": (
        "id integer primary key, name text, fulltext text, mediapath text",
        [
            (1, "P1.docx", "one two three four", None),
            (2, "group.txt", WINDOWS, "/docs/group.txt"),
            (3, "photo.png", None, "/images/photo.png"),
            (4, "call", None, "audio:/elsewhere/call.mp3"),
        ],
    ),
    "code_cat": (
        "catid integer primary key, name text, memo text, supercatid integer",
        [(1, "Pain", "", None), (2, "Late", "", 1)],
    ),
    "code_name": (
        "cid integer primary key, name text, memo text, catid integer, owner text, supercid integer",
        [
            (1, "Pain", "all of it", None, "ana", None),
            (2, "Courier", None, 2, "ana", None),
            (3, "Tip/extra", "", None, "ana", 2),
        ],
    ),
    "code_text": (
        "ctid integer primary key, cid integer, fid integer, seltext text, pos0 integer, pos1 integer, owner text, date text, "
        "memo text, important integer",
        [
            (1, 1, 1, "one", 0, 3, "ana", "2026-03-29 02:30:00", "first", None),
            (2, 2, 1, "one", 0, 3, "ben", "2026-03-29 12:00:00", "second", 1),
            (3, 3, 2, "Straße", 4, 10, "ana", "yesterday", "", None),
            (4, 1, 2, "naïve 😀", 15, 22, "", None, None, None),
        ],
    ),
    "annotation": (
        "anid integer primary key, fid integer, pos0 integer, pos1 integer, memo text, owner text, date text",
        [],
    ),
    "code_image": ("imid integer primary key, id integer, cid integer", [(1, 3, 1)]),
    "code_av": (
        "avid integer primary key, id integer, pos0 integer, pos1 integer, cid integer",
        [(1, 4, 0, 900, 1), (2, 4, 5, 9, 1)],
    ),
    "cases": ("caseid integer primary key, name text", [(1, "Anna"), (2, "Bert"), (3, "Cleo")]),
    "case_text": (
        "id integer primary key, caseid integer, fid integer, pos0 integer, pos1 integer",
        [(1, 1, 1, 0, 18), (2, 2, 2, 0, 11), (3, 3, 2, 12, 27)],
    ),
    "attribute_type": (
        "name text, caseOrFile text, valuetype text",
        [
            ("age", "case", "numeric"),
            ("town", "case", "character"),
            ("length", "file", "numeric"),
            ("name", "file", "character"),
        ],
    ),
    "attribute": (
        "name text, attr_type text, value text, id integer",
        [
            ("age", "case", "31", 1),
            ("age", "case", "old", 2),
            ("town", "case", "Köln", 1),
            ("length", "file", "1.5", 1),
            ("name", "file", "other", 1),
            ("age", "case", "9", 77),
        ],
    ),
}


@pytest.fixture
def demo(shared: Path) -> Path:
    return shared / "data/qualitative/synthetic_CC0/qualcoder_demo.qda"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop.qda"
    folder.mkdir()
    write_project(folder / "data.qda", TABLES)
    return folder


def test_the_synthetic_project_says_what_all_its_files_say(demo: Path, shared: Path) -> None:
    said = expected(shared)
    study = read_codings(demo)
    assert dict(zip(study.documents["document_id"], study.documents["text"], strict=True)) == said["documents"]
    assert marks_of(study) == expected_marks(said, "ana", "ben")
    codes = study.codes[["path", "name", "parent_id", "codable"]]
    pd.testing.assert_frame_equal(codes, expected_codes(said), check_dtype=False)
    memos = study.segments.dropna(subset="memo").set_index("memo")["text"]
    wanted = {one["memo"]: one["text"] for one in said["segments"] if one["memo"]}
    assert dict(memos) == wanted | {said["uncoded_annotation"]["memo"]: said["uncoded_annotation"]["text"]}
    people = study.participants.set_index("participant_id")
    for person, variables in said["variables"].items():
        for name, value in variables.items():
            assert people.loc[person, name] == value or (value == "" and pd.isna(people.loc[person, name]))
    assert study.documents["participant_id"].tolist() == study.documents["document_id"].tolist()
    assert study.report.n_read == study.report.n_kept == 15
    assert "14 of 15 passages stand at their span word for word as the program wrote them" in study.report.notes
    adds_up(study)


def test_folder_database_and_archive_say_the_same(demo: Path, tmp_path: Path) -> None:
    archive = tmp_path / "demo.qda.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(demo / "data.qda", "demo.qda/data.qda")
        packed.writestr("demo.qda/documents/x.txt", "x")
    first = read_codings(demo)
    for path in (demo / "data.qda", archive):
        other = read_codings(path)
        for table in ("codes", "segments", "codings", "participants"):
            pd.testing.assert_frame_equal(getattr(first, table), getattr(other, table))
        assert set(other.documents["source_file"]) == {path.name}


def test_passages_of_windows_texts_stand_where_they_are_read(project: Path) -> None:
    study = read_codings(project)
    text = study.documents.set_index("document_id").loc["group", "text"]
    assert text == "A: Straße\nB: naïve 😀 once\n"
    spans = study.segments.set_index("text")[["start", "end"]]
    assert spans.loc["Straße"].tolist() == [3, 9]
    assert spans.loc["naïve 😀"].tolist() == [13, 20]
    adds_up(study)


def test_categories_and_codes_are_one_tree(project: Path) -> None:
    study = read_codings(project)
    codes = study.codes.set_index("path")
    assert codes["codable"].to_dict() == {
        "Pain": False,
        "Pain/Late": False,
        "Pain (2)": True,
        "Pain/Late/Courier": True,
        "Pain/Late/Courier/Tip∕extra": True,
    }
    assert codes.loc["Pain (2)", "description"] == "all of it"
    assert codes.loc["Pain/Late/Courier/Tip∕extra", "parent_id"] == "Pain/Late/Courier"
    notes = " ".join(study.report.notes)
    assert "1 codes share name and parent with another; a number was added ('Pain (2)')" in notes
    assert "1 names of codes hold a slash" in notes


def test_coders_memos_and_times_are_kept(project: Path) -> None:
    study = read_codings(project, timezone="Europe/Berlin", coder="cleo")
    assert study.segments.set_index("segment_id").loc["P1:0-3", "memo"] == "first\nsecond"
    found = study.codings.set_index("coder")
    assert set(found.index) == {"ana", "ben", "cleo"}
    assert str(found.loc["ben", "created_at"]) == "2026-03-29 10:00:00+00:00"
    assert not any("read as UTC" in note for note in study.report.notes)
    assert any("read as UTC" in note for note in read_codings(project).report.notes)
    assert "unknown coder" in set(read_codings(project).codings["coder"])


def test_codings_of_media_are_counted_as_lost(project: Path) -> None:
    report = read_codings(project).report
    losses = {loss.reason: loss.n for loss in report.dropped}
    assert losses == {
        "of a part of an image: only passages of text are read": 1,
        "of a stretch of audio or video: only passages of text are read": 2,
    }
    assert (report.n_read, report.n_kept) == (7, 4)
    assert any("2 sources are images, audio or video" in note for note in report.notes)


def test_cases_are_participants_of_documents_or_of_passages(project: Path) -> None:
    study = read_codings(project)
    documents = study.documents.set_index("document_id")
    assert documents.loc["P1", "participant_id"] == "Anna"
    assert pd.isna(documents.loc["group", "participant_id"])
    whose = study.segments.set_index("text")["participant_id"]
    assert whose.to_dict() == {"one": "Anna", "Straße": "Bert", "naïve 😀": "Cleo"}
    people = study.participants.set_index("participant_id")
    assert people["age"].tolist()[0] == 31
    assert people["age"].isna().tolist() == [False, True, True]
    assert people.loc["Anna", "town"] == "Köln"
    assert documents.loc["P1", ["length", "name (file)"]].tolist() == [1.5, "other"]
    notes = " ".join(study.report.notes)
    assert "1 values of 'age' are no numbers" in notes
    assert "1 documents belong to several cases" in notes
    assert "1 attributes of a case belong to none" in notes


def test_participants_by_name_fill_the_gaps_and_take_the_variables_of_the_document(
    project: Path, tmp_path: Path
) -> None:
    path = change(
        project / "data.qda", tmp_path / "data.qda", "DELETE FROM case_text", "DELETE FROM cases WHERE caseid > 1"
    )
    study = read_codings(path, participant="document")
    people = study.participants.set_index("participant_id")
    assert list(people.index) == ["Anna", "P1", "group"]
    assert people.loc["P1", "length"] == 1.5
    assert read_codings(project, participant="document").documents["participant_id"].tolist() == ["Anna", "group"]


def test_a_coding_that_does_not_fit_is_reported_with_its_number(project: Path, tmp_path: Path) -> None:
    path = change(
        project / "data.qda",
        tmp_path / "data.qda",
        "UPDATE code_text SET pos1 = 99 WHERE ctid = 1",
        "UPDATE code_text SET seltext = 'xne' WHERE ctid = 2",
        "UPDATE code_text SET fid = 9 WHERE ctid = 3",
        "UPDATE code_text SET cid = 'none' WHERE ctid = 4",
        "INSERT INTO code_text SELECT 5, 2, 1, 'one', 0, 3, 'ben', date, memo, NULL FROM code_text WHERE ctid = 1",
    )
    study = read_codings(path)
    losses = {loss.reason: loss.examples for loss in study.report.dropped}
    assert losses["of a document that is not in the project"] == ("coding 3",)
    assert losses["with a code that is not in the project"] == ("coding 4",)
    assert losses["that repeat a coding: same passage, code and coder"] == ("coding 5",)
    notes = " ".join(study.report.notes)
    assert "1 of 3 passages have a span that cannot be" in notes
    assert "such as coding 1 ('one')" in notes
    assert (
        "1 of 3 passages read differently from the document at their span; they keep span and words, such as coding 2"
        in notes
    )
    assert study.segments["segment_id"].tolist() == ["P1:0-3"]


def test_circles_of_codes_are_broken_and_noted(project: Path, tmp_path: Path) -> None:
    circle = (
        "UPDATE code_name SET supercid = 5 - cid WHERE cid > 1",
        "UPDATE code_cat SET supercatid = 1 WHERE catid = 1",
    )
    study = read_codings(change(project / "data.qda", tmp_path / "data.qda", *circle))
    assert any("their own ancestor" in note for note in study.report.notes)
    assert study.codes["path"].is_unique


def test_older_versions_lack_columns_and_tables(project: Path, tmp_path: Path) -> None:
    path = change(
        project / "data.qda",
        tmp_path / "data.qda",
        "ALTER TABLE code_name DROP COLUMN supercid",
        "ALTER TABLE code_text DROP COLUMN important",
        "ALTER TABLE source DROP COLUMN mediapath",
        *(
            f"DROP TABLE {table}"
            for table in (
                "code_av",
                "code_image",
                "annotation",
                "attribute",
                "attribute_type",
                "case_text",
                "cases",
                "code_cat",
            )
        ),
    )
    study = read_codings(path)
    assert study.participants is None
    assert study.report.n_kept == study.report.n_read == 4


def test_what_is_no_project_is_refused(project: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.qda"
    bare.mkdir()
    with pytest.raises(DataError, match=r"holds no data\.qda"):
        read_codings(bare)
    (bare / "data.qda").touch()
    with pytest.raises(DataError, match="is empty"):
        read_codings(bare)
    shutil.copyfile(project / "data.qda", tmp_path / "other.sqlite3")
    with pytest.raises(DataError, match="a project of QualCoder; read it with format = 'qualcoder'"):
        read_codings(tmp_path / "other.sqlite3", format="taguette")
    assert read_codings(tmp_path / "other.sqlite3").report.format == "qualcoder"
    with pytest.raises(StudyError, match="has no option 'separator'"):
        read_codings(project, separator=".")


def test_archives_are_read_by_name_and_within_bounds(project: Path, tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a/data.qda", b"")
        packed.writestr("b/data.qda", b"")
    with pytest.raises(DataError, match=r"holds 2 files data\.qda"):
        read_codings(archive)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("../data.qda", b"SQLite format 3\0" + bytes(50_000_000))
    with pytest.raises(DataError, match="would unpack to"):
        read_codings(archive)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(project / "data.qda", "../../x.qda/data.qda")
    assert len(read_codings(archive).codings) == 4
    assert not (tmp_path.parent / "x.qda").exists()
    data = bytearray(archive.read_bytes())
    data[200:260] = bytes(60)
    archive.write_bytes(data)
    with pytest.raises(DataError, match="cannot be read"):
        read_codings(archive)


def test_mutated_projects_are_read_or_refused(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mutated"
    folder.mkdir()
    read = survives(
        project / "data.qda", folder, lambda path: read_codings(path, format="qualcoder"), seed=7, rounds=40
    )
    assert 5 < read < 40


def test_a_study_reads_its_interviews_from_a_folder_in_its_own_time_zone(project: Path, tmp_path: Path) -> None:
    settings = '[study]\nname = "x"\ntitle = "X"\ntimezone = "Europe/Berlin"\n'
    settings += '[interviews]\nformat = "qualcoder"\npath = "shop.qda"\n'
    (tmp_path / "study.toml").write_text(settings, encoding="utf-8")
    study = open_study(tmp_path, data_dir=tmp_path)
    assert study.participants["participant_id"].tolist() == ["Anna", "Bert", "Cleo"]
    assert str(study.codings.set_index("coder").loc["ben", "created_at"]) == "2026-03-29 10:00:00+00:00"
    assert study.reports["interviews"].format == "qualcoder"
