from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError, StudyError
from journeylab.opening import open_study
from journeylab.readers import read_codings
from journeylab.readers.codings.taguette_text import flatten
from tests.projects import (
    adds_up,
    change,
    expected,
    expected_codes,
    expected_marks,
    marks_of,
    survives,
    write_project,
)

DOCUMENT = "<p>Straße: naïve 😀</p><p>zwei</p>\n<ul><li>drei</li></ul>"
TABLES = {
    "projects": ("id integer primary key, name text", [(1, "Shop")]),
    "documents": (
        "id integer primary key, name text, project_id integer, contents text",
        [(1, "P1.txt", 1, DOCUMENT), (2, "P2.docx", 1, "<p>Nothing yet</p>")],
    ),
    "tags": (
        "id integer primary key, project_id integer, path text, description text",
        [(1, 1, "Pain.Late", "too late"), (2, 1, "Pain.Cost.Hidden", ""), (3, 1, "on/off", "")],
    ),
    "highlights": (
        "id integer primary key, document_id integer, start_offset integer, end_offset integer, snippet text",
        [
            (1, 1, 0, 7, "<p>Straße</p>"),
            (2, 1, 9, 20, "<p>naïve 😀</p>"),
            (3, 1, 9, 24, "<p>naïve 😀</p><p>zwei</p>"),
            (4, 1, 20, 29, "<p>zwei</p>\n<ul><li>drei</li></ul>"),
        ],
    ),
    "highlight_tags": ("highlight_id integer, tag_id integer", [(1, 1), (1, 2), (2, 3), (3, 1), (4, 2)]),
    "commands": (
        "id integer primary key, date text, user_login text, project_id integer, document_id integer, payload text",
        [],
    ),
}


@pytest.fixture
def demo(shared: Path) -> Path:
    return shared / "data/qualitative/synthetic_CC0/taguette_demo.sqlite3"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "shop.sqlite3", TABLES)


def command(number: int, user: str, **payload: object) -> tuple[object, ...]:
    return number, f"2026-01-0{number} 10:00:00", user, 1, 1, json.dumps(payload)


def with_commands(path: Path, *commands: tuple[object, ...]) -> Path:
    return write_project(path, {**TABLES, "commands": (TABLES["commands"][0], list(commands))})


def test_the_synthetic_project_says_what_all_its_files_say(demo: Path, shared: Path) -> None:
    said = expected(shared)
    study = read_codings(demo, separator=".", coder="ana")
    assert dict(zip(study.documents["document_id"], study.documents["text"], strict=True)) == said["documents"]
    assert marks_of(study) == expected_marks(said, "ana")
    codes = study.codes[["path", "name", "parent_id", "codable"]]
    pd.testing.assert_frame_equal(codes, expected_codes(said), check_dtype=False)
    assert study.codes.set_index("name").loc["Trust", "description"] == "about Trust"
    assert (study.documents["source_file"] == "taguette_demo.sqlite3").all()
    assert study.report.n_read == study.report.n_kept == len(study.codings) == 9
    adds_up(study)


def test_tags_are_flat_unless_a_separator_is_named(demo: Path) -> None:
    codes = read_codings(demo).codes
    assert codes["parent_id"].isna().all()
    assert "Stage.Discovery" in set(codes["path"])
    assert codes["codable"].all()


def test_every_highlight_of_seventeen_people_stands_where_taguette_put_it(shared: Path) -> None:
    file = shared / "data/qualitative/serdif_GPL3/data/transcripts/thematic-analysis/SERDIF_P2_ThematicAnalysis.sqlite3"
    study = read_codings(file, participant=r"^(P\d+)_")
    assert set(study.participants["participant_id"]) == {f"P{number}" for number in range(1, 18)}
    assert study.documents["participant_id"].nunique() == len(study.documents) == 17
    assert len(study.codes) == 22
    assert len(study.codings) == 1930
    assert study.codings["created_at"].notna().mean() > 0.9
    notes = " ".join(study.report.notes)
    assert "1,794 of 1,794 passages stand at their span word for word" in notes  # at least 1,789
    assert len(study.segments) == 1794  # two of them on spans that others have, too
    assert "without a code, kept as segments without a coding: 1" in notes
    assert "option coder" in notes
    adds_up(study)
    assist = study.codings[study.codings["code_id"] == "Moderator assist"]
    assert len(assist) == 174  # as its codebook says


def test_bytes_become_code_points_and_blocks_become_lines(project: Path) -> None:
    study = read_codings(project, coder="ana")
    assert study.documents.set_index("document_id").loc["P1", "text"] == "Straße: naïve 😀\nzwei\ndrei\n"
    spans = study.segments.set_index("segment_id")["text"]
    assert dict(spans) == {
        "P1:0-6": "Straße",
        "P1:8-15": "naïve 😀",
        "P1:8-20": "naïve 😀\nzwei",
        "P1:16-25": "zwei\ndrei",
    }
    assert "4 of 4 passages stand at their span word for word as the program wrote them" in study.report.notes
    assert list(study.documents["document_id"]) == ["P1", "P2"]


def test_text_nodes_are_counted_without_tags_and_comments() -> None:
    flat = flatten("<div><p>a<b>b</b><!-- no -->c&amp;</p>\r\n\r\n<p>d<br>e</p></div>")
    assert flat.text == "abc&\n\nd\ne\n"
    assert flat.edges.tolist() == list(range(9))
    assert flat.bare == "abc&\n\nde"
    assert flat.span(7, 8) == (7, 8)
    assert flat.shown(7, 8) == (8, 9)
    assert flat.span(0, 9) == (None, None)


def test_a_separator_makes_the_steps_that_are_no_tag(project: Path) -> None:
    codes = read_codings(project, separator=".").codes.set_index("path")
    assert list(codes.index) == ["Pain", "Pain/Late", "Pain/Cost", "Pain/Cost/Hidden", "on∕off"]
    assert codes["codable"].tolist() == [False, True, False, True, True]
    assert codes.loc["Pain/Cost/Hidden", "parent_id"] == "Pain/Cost"
    slashed = read_codings(project, separator="/")
    assert "on/off" in set(slashed.codes["path"])
    assert not any("slash" in note for note in slashed.report.notes)
    assert any("slash" in note for note in read_codings(project).report.notes)


def test_coders_come_from_the_log_and_who_added_a_tag_is_its_coder(tmp_path: Path) -> None:
    path = with_commands(
        tmp_path / "shop.sqlite3",
        command(1, "ana", type="highlight_add", highlight_id=1, start_offset=0, end_offset=7, tags=[1]),
        command(2, "ben", type="highlight_add", highlight_id=1, start_offset=0, end_offset=7, tags=[1, 2]),
        command(3, "ben", type="highlight_add", highlight_id=2, start_offset=9, end_offset=20, tags=[9]),
        command(4, "ana", type="tag_merge", src_tag_id=9, dest_tag_id=3),
        command(5, "ana", type="highlight_add", highlight_id="4", start_offset=20, end_offset=29, tags="?"),
        (6, "yesterday", None, 1, 1, "{broken"),
    )
    study = read_codings(path, coder="cleo")
    found = study.codings.merge(study.segments[["segment_id", "text"]], on="segment_id")
    assert set(zip(found["text"], found["code_id"], found["coder"], strict=True)) == {
        ("Straße", "Pain.Late", "ana"),
        ("Straße", "Pain.Cost.Hidden", "ben"),
        ("naïve 😀", "on∕off", "ben"),
        ("naïve 😀\nzwei", "Pain.Late", "cleo"),
        ("zwei\ndrei", "Pain.Cost.Hidden", "ana"),
    }
    assert found.set_index("coder").loc["cleo", "created_at"] is pd.NaT
    assert str(found["created_at"].iloc[0]) == "2026-01-01 10:00:00+00:00"
    without = read_codings(path)
    assert "unknown coder" in set(without.codings["coder"])
    assert any("1 of 5 codings" in note and "unknown coder" in note for note in without.report.notes)


def test_admin_is_nobody_where_the_option_says_who_coded(tmp_path: Path) -> None:
    add = command(1, "admin", type="highlight_add", highlight_id=1, start_offset=0, end_offset=7, tags=[1, 2])
    path = with_commands(tmp_path / "shop.sqlite3", add)
    assert set(read_codings(path, coder="ana").codings["coder"]) == {"ana"}
    assert any("'admin'" in note for note in read_codings(path).report.notes)


def test_a_highlight_without_a_tag_stays_and_repeated_tags_are_counted(project: Path, tmp_path: Path) -> None:
    path = change(
        project,
        tmp_path / "other.sqlite3",
        "DELETE FROM highlight_tags WHERE highlight_id = 2",
        "INSERT INTO highlight_tags VALUES (1, 1), (77, 1), (1, 88)",
    )
    study = read_codings(path)
    assert "P1:8-15" in set(study.segments["segment_id"])
    assert "P1:8-15" not in set(study.codings["segment_id"])
    losses = {loss.reason: loss.n for loss in study.report.dropped}
    assert losses == {
        "that name a highlight or a tag that is not in the project": 1,
        "with a code that is not in the project": 1,
        "that repeat a coding: same passage, code and coder": 1,
    }
    assert study.report.n_read == 8


def test_spans_that_cannot_be_are_looked_for_or_lost(project: Path, tmp_path: Path) -> None:
    path = change(
        project,
        tmp_path / "other.sqlite3",
        "UPDATE highlights SET start_offset = 5 WHERE id = 1",  # within ß
        "UPDATE highlights SET end_offset = 'x' WHERE id = 2",
        "UPDATE highlights SET end_offset = 900, snippet = '<p>e</p>' WHERE id = 3",
        "UPDATE highlights SET start_offset = 24, end_offset = 20, snippet = NULL WHERE id = 4",
    )
    study = read_codings(path)
    found = study.segments.set_index("text")
    assert found.loc["Straße", ["start", "end"]].tolist() == [0, 6]
    assert found.loc["naïve 😀", ["start", "end"]].tolist() == [8, 15]
    assert found.loc["e", ["start", "end"]].isna().all()
    assert [(loss.reason, loss.n, loss.examples) for loss in study.report.dropped] == [
        ("without a usable span or a text", 1, ("highlight 4",))
    ]
    adds_up(study)


def test_a_passage_that_reads_differently_keeps_its_words_and_is_reported(project: Path, tmp_path: Path) -> None:
    path = change(project, tmp_path / "other.sqlite3", "UPDATE highlights SET snippet = '<p>Strasse</p>' WHERE id = 1")
    study = read_codings(path)
    assert "Strasse" in set(study.segments["text"])
    assert any("1 of 4 passages read differently" in note for note in study.report.notes)
    adds_up(study)


def test_one_of_several_projects_is_named(tmp_path: Path) -> None:
    tables = {name: (columns, list(rows)) for name, (columns, rows) in TABLES.items()}
    tables["projects"][1].append((2, "Other"))
    tables["documents"][1].append((3, "X.txt", 2, "<p>abc</p>"))
    tables["tags"][1].append((9, 2, "Other tag", ""))
    tables["highlights"][1].append((9, 3, 0, 1, "a"))
    tables["highlight_tags"][1].append((9, 9))
    path = write_project(tmp_path / "two.sqlite3", tables)
    with pytest.raises(DataError, match=r"holds 2 projects, 'Shop' \(number 1\), 'Other' .* project = 'name'"):
        read_codings(path)
    with pytest.raises(DataError, match="found 'Third'"):
        read_codings(path, project="Third")
    assert list(read_codings(path, project="Other").codings["code_id"]) == ["Other tag"]
    first = read_codings(path, project="1")
    assert len(first.codings) == first.report.n_read == 5
    assert "Other tag" not in set(first.codes["path"])


def test_participants_are_found_in_names(project: Path) -> None:
    study = read_codings(project, participant=r"^(P1)")
    assert study.participants["participant_id"].tolist() == ["P1"]
    assert study.documents["participant_id"].isna().tolist() == [False, True]
    assert any("1 documents have no participant" in note for note in study.report.notes)
    assert read_codings(project, participant="document").participants["participant_id"].tolist() == ["P1", "P2"]
    for wrong, says in (("(", "no regular expression"), ("P1", "has no group"), (3, "expected 'document'")):
        with pytest.raises(StudyError, match=says):
            read_codings(project, participant=wrong)


def test_options_of_the_wrong_kind_are_refused(project: Path) -> None:
    with pytest.raises(StudyError, match="option separator"):
        read_codings(project, separator=3)
    with pytest.raises(StudyError, match=r"has no option 'seperator'.*separator"):
        read_codings(project, seperator=".")


def test_what_is_no_taguette_project_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite3").touch()
    (tmp_path / "text.sqlite3").write_text("id,document,tag\n")
    (tmp_path / "cut.sqlite3").write_bytes(project.read_bytes()[:9000])
    write_project(tmp_path / "bookmarks.sqlite3", {"bookmarks": ("id integer", [(1,)])})
    change(project, tmp_path / "half.sqlite3", "DROP TABLE highlight_tags")
    change(project, tmp_path / "column.sqlite3", "ALTER TABLE highlights DROP COLUMN end_offset")
    change(project, tmp_path / "bare.sqlite3", "DELETE FROM highlights", "DELETE FROM highlight_tags")
    change(project, tmp_path / "no.sqlite3", "DELETE FROM documents")
    for name, says in (
        ("empty", "is empty"),
        ("text", "is no SQLite database"),
        ("cut", "damaged"),
        ("bookmarks", "no project of Taguette.*'bookmarks'"),
        ("half", "'highlight_tags' is missing"),
        ("column", "table highlights has no column 'end_offset'"),
        ("bare", "no passage in them is coded"),
        ("no", "holds no document"),
    ):
        with pytest.raises(DataError, match=says):
            read_codings(tmp_path / f"{name}.sqlite3", format="taguette")
    with pytest.raises(DataError, match="no project of"):
        read_codings(tmp_path / "bookmarks.sqlite3")
    with pytest.raises(DataError, match="no such file"):
        read_codings(tmp_path / "absent.sqlite3")


def test_views_and_deep_documents_are_not_followed(project: Path, tmp_path: Path) -> None:
    endless = (
        "CREATE VIEW documents AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id FROM n"
    )
    path = change(project, tmp_path / "view.sqlite3", "DROP TABLE documents", endless)
    with pytest.raises(DataError, match="'documents' is missing"):
        read_codings(path, format="taguette")
    again = "".join(f"<b id={number}>" for number in range(90)) + "<p>x</p>" * 20_000
    for html in ("<b>" * 90_000 + "x", again):
        hostile = f"INSERT INTO documents VALUES (3, 'hostile', 1, '{html}')"
        study = read_codings(change(project, tmp_path / "hostile.sqlite3", hostile))
        assert any("1 documents have no text, or elements" in note for note in study.report.notes)
        assert study.documents["text"].isna().tolist() == [False, False, True]


def test_names_with_signs_of_addresses_logs_beside_and_broken_text_are_no_trouble(
    project: Path, tmp_path: Path
) -> None:
    path = change(
        project, tmp_path / "a?mode=rwc#b%20.sqlite3", "UPDATE tags SET path = CAST(x'4cff' AS TEXT) WHERE id = 1"
    )
    path.with_name(path.name + "-wal").write_bytes(b"x")
    study = read_codings(path)
    assert "L\ufffd" in set(study.codes["path"])
    notes = " ".join(study.report.notes)
    assert "some texts are not UTF-8" in notes
    assert "close the program that has it open" in notes


def test_nothing_is_written_and_a_read_only_folder_is_enough(project: Path) -> None:
    before = {item: item.read_bytes() for item in project.parent.iterdir()}
    read_codings(project)
    assert {item: item.read_bytes() for item in project.parent.iterdir()} == before


def test_mutated_projects_are_read_or_refused(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mutated"
    folder.mkdir()
    read = survives(
        project, folder, lambda path: read_codings(path, format="taguette", separator="."), seed=4, rounds=40
    )
    assert 5 < read < 40


def test_a_study_reads_its_interviews_from_taguette(project: Path, tmp_path: Path) -> None:
    settings = '[study]\nname = "x"\ntitle = "X"\n[interviews]\nformat = "taguette"\npath = "shop.sqlite3"\n'
    settings += 'participant = \'^(P\\d)\'\ncoder = "ana"\nseparator = "."\n'
    (tmp_path / "study.toml").write_text(settings + '[[codes]]\npath = "Pain/Late"\nvalence = -1.0\n', encoding="utf-8")
    study = open_study(tmp_path, data_dir=tmp_path)
    assert study.participants["participant_id"].tolist() == ["P1", "P2"]
    assert study.documents["participant_id"].tolist() == ["P1", "P2"]
    assert set(study.codings["coder"]) == {"ana"}
    assert study.codes.set_index("path").loc["Pain/Late", "valence"] == -1
    assert study.reports["interviews"].n_kept == 5
