"""What is written and read again is the same study: documents, codes, passages, codings, coders and people."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from plain_refi import project, validate
from test_project import coded_studies, words_of

import journeylab as jl
from journeylab.export import export
from journeylab.export.people import People
from journeylab.export.refi import Coded, codebook_file, project_file
from journeylab.export.variables import variables_of
from journeylab.readers import CodedStudy, read_codings
from journeylab.simulate import write_study

MARKS = ["name", "start", "end", "path", "coder", "created_at"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> jl.Study:
    folder = tmp_path_factory.mktemp("there") / "shop"
    write_study(folder, customers=300, seed=5)
    return jl.open_study(folder)


@pytest.fixture(scope="module")
def again(shop: jl.Study) -> CodedStudy:
    return read_codings(export(shop, shop.folder / "shop.qdpx").path, format="refi")


def by_name(study: jl.Study | CodedStudy) -> pd.DataFrame:
    """Documents by their name, since a reader makes ids of its own."""
    return study.documents.set_index("name").sort_index()


def marks(study: jl.Study | CodedStudy) -> pd.DataFrame:
    """Codings by what they say rather than by ids."""
    codings = study.codings.drop(columns="document_id", errors="ignore")
    frame = codings.merge(study.segments, on="segment_id").merge(study.codes, on="code_id")
    frame = frame.merge(study.documents[["document_id", "name"]], on="document_id", suffixes=("_code", ""))
    return frame[MARKS].sort_values(MARKS, ignore_index=True)


def test_documents(shop: jl.Study, again: CodedStudy) -> None:
    before, after = by_name(shop), by_name(again)
    for column in ("text", "participant_id", "collected_at"):
        pd.testing.assert_series_equal(after[column], before[column], check_dtype=False)


def test_codes(shop: jl.Study, again: CodedStudy) -> None:
    before = shop.codes.set_index("path").sort_index()
    after = again.codes.set_index("path").sort_index()
    assert list(before.index) == list(after.index)
    for column in ("name", "codable", *(["description"] if "description" in before else [])):
        pd.testing.assert_series_equal(after[column], before[column], check_dtype=False)


def test_passages_and_codings(shop: jl.Study, again: CodedStudy) -> None:
    pd.testing.assert_frame_equal(marks(again), marks(shop), check_dtype=False)
    assert set(again.codings["coder"]) == set(shop.codings["coder"])
    assert len(again.segments) == len(shop.segments)
    assert sorted(again.segments["text"]) == sorted(shop.segments["text"])


def test_people(shop: jl.Study, again: CodedStudy) -> None:
    own = list(shop.participants.columns)
    pd.testing.assert_frame_equal(
        again.participants[own].sort_values("participant_id", ignore_index=True),
        shop.participants.sort_values("participant_id", ignore_index=True),
        check_dtype=False,
    )
    linked = again.participants.set_index("participant_id")
    consent = shop.crosswalk.set_index("participant_id")
    pd.testing.assert_series_equal(
        linked["consent to quotes"].sort_index().astype(bool),
        consent["consent_quotes"].sort_index().astype(bool),
        check_names=False,
    )
    assert linked["score: nps"].between(0, 10).sum() == linked["score: nps"].notna().sum() > 0


def test_nothing_was_lost_on_the_way(again: CodedStudy) -> None:
    assert again.report.n_read == again.report.n_kept
    assert any("score 1.000 by passages quoted in the file" in note for note in again.report.notes)


def written(read: CodedStudy, file: Path) -> Path:
    """A study that was read, written again with all of its people."""
    people = People()
    if read.participants is not None:
        person_of = read.documents.dropna(subset=["participant_id"]).set_index("document_id")["participant_id"]
        columns = [name for name in read.participants if name != "participant_id"]
        variables = variables_of(read.participants, "participant_id", columns)
        people = People(tuple(read.participants["participant_id"]), person_of.to_dict(), tuple(variables))
    whole = Coded(read.documents, read.codes, read.segments, read.codings, people)
    file.write_bytes(project_file("again", "Again", "", whole).content)
    return file


def assert_same(after: CodedStudy, before: CodedStudy) -> None:
    """Every table the same, but for the name of the file."""
    for name in ("documents", "codes", "segments", "codings", "participants"):
        frames = [getattr(study, name) for study in (after, before)]
        if frames[1] is None:
            assert frames[0] is None
        else:
            pd.testing.assert_frame_equal(*(frame.drop(columns="source_file", errors="ignore") for frame in frames))


def test_what_was_read_is_written_and_read_the_same(again: CodedStudy, tmp_path: Path) -> None:
    assert_same(read_codings(written(again, tmp_path / "again.qdpx"), format="refi"), again)


def test_projects_of_other_programs_are_written_as_the_standard_has_it(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "qualitative"
    files = sorted((folder / "synthetic_CC0").rglob("*.qdpx"))
    if not files:
        pytest.skip("needs the projects of synthetic_CC0 in ../shared, which are not on this machine")
    for file in files:
        before = read_codings(file, format="refi")
        to = written(before, tmp_path / file.name)
        validate(project(to.read_bytes()), folder / "refi_spec_MIT" / "Project.xsd")
        after = read_codings(to, format="refi")
        assert_same(after, before)
        assert any("'codepoint'" in note for note in after.report.notes), file.name


def test_a_codebook(shop: jl.Study, tmp_path: Path) -> None:
    file = export(shop, tmp_path / "shop.qdc").path
    codes = read_codings(file, format="refi").codes
    assert dict(zip(codes["path"], codes["codable"], strict=True)) == dict(
        zip(shop.codes["path"], shop.codes["codable"], strict=True)
    )


def squeezed(words: str) -> str:
    """As the reader has names: one space between words, and a slash within a name told from that of a path."""
    return " ".join(words.split()).replace("/", "∕")


@settings(max_examples=50, deadline=None)
@given(coded=coded_studies())
@pytest.mark.filterwarnings("ignore:.*:journeylab.DataQualityWarning")
def test_any_study(coded: Coded) -> None:
    texts = {row.document_id: row.text for row in coded.documents.itertuples() if isinstance(row.text, str)}
    spans = [
        words_of(texts[row.document_id], row.start, row.end)
        for row in coded.segments.itertuples()
        if row.document_id in texts
    ]
    quoted = [bool(words.strip()) for words in spans if words is not None]
    assume(2 * sum(quoted) > len(quoted) or not quoted)  # passages of blanks alone tell no reader how positions count
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "study.qdpx"
        file.write_bytes(project_file("study", "Study", "", coded).content)
        read = read_codings(file, format="refi")
        if len(coded.codes):
            book = Path(folder) / "study.qdc"
            book.write_bytes(codebook_file("study", coded.codes).content)
            assert list(read_codings(book, format="refi").codes["codable"]) == list(read.codes["codable"])

    names = coded.documents.set_index("document_id")["name"]
    assert sorted(read.documents["name"]) == sorted(names[document] for document in texts)

    paths: dict[str, str] = {}
    for row in coded.codes.itertuples():
        above = f"{paths[row.parent_id]}/" if row.parent_id in paths else ""
        paths[row.code_id] = above + squeezed(row.name)
    if len(set(paths.values())) == len(paths):  # names that differ in spaces alone are one name to the reader
        assert set(read.codes["path"]) == set(paths.values())
        found = read.codings.merge(read.segments, on="segment_id").merge(
            read.documents, on="document_id", suffixes=("", "_d")
        )
        expected = Counter()
        for row in coded.codings.merge(coded.segments, on="segment_id").itertuples():
            words = words_of(texts[row.document_id], row.start, row.end) if row.document_id in texts else None
            if words is not None:
                expected[names[row.document_id], words, paths[row.code_id], row.coder] += 1
        got = Counter(zip(found["name"], found["text"], found["code_id"], found["coder"], strict=True))
        assert set(got) == set(expected)
    memos = {
        (names[row.document_id], words, row.memo.strip())
        for row in coded.segments.itertuples()
        if isinstance(row.memo, str)
        and row.document_id in texts
        and (words := words_of(texts[row.document_id], row.start, row.end)) is not None
    }
    segments = read.segments.merge(read.documents[["document_id", "name"]], on="document_id")
    held = segments.assign(memo=segments["memo"].fillna("")) if "memo" in segments else segments.assign(memo="")
    together = held.groupby(["name", "text"])["memo"].agg("\n".join)  # the same words may stand twice in a document
    for name, words, memo in memos:
        assert memo in together[name, words]
