"""Tables of coding programs and Qualtrics responses as sources of a study, as the documentation says."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

import journeylab as jl
from journeylab.config import InterviewSource, SurveySource
from journeylab.errors import StudyError
from journeylab.readers import FORMATS, read_codings

TABLES = ("maxqda", "atlasti", "dedoose", "nvivo", "taguette_tables")

STUDY = """
[study]
name = "calls"
title = "Calls, coded and rated"
timezone = "Europe/Berlin"
[interviews]
format = "maxqda"
path = "segments.csv"
[interviews.documents]
path = "documents.csv"
"""

SEGMENTS = """Dokumentname;Code;Anfang;Ende;Gewicht;Segment;Erstellt von;Erstellt am
Anruf 1.docx;Pain > Late;2;2;0;It came late.;ana;31.01.2026 12:00:00
Anruf 2.docx;Pain > Late;1;1;0;Late again.;ben;31.07.2026 12:00:00
"""

RESPONSES = """EndDate,Status,ResponseId,RecipientEmail,Q1,Q2,Q3_1,Q3_2
End Date,Response Type,Response ID,Recipient Email,Recommend?,Why?,Needs,Easy
"{""ImportId"":""endDate"",""timeZone"":""Z""}","{""ImportId"":""status""}","{""ImportId"":""_recordId""}",x,x,x,x,x
2026-02-01 10:00:00,0,R_1,a@example.org,9,It works,7,6
2026-02-01 11:00:00,1,R_2,b@example.org,1,,1,1
"""


def _options(kind: str, name: str) -> set[str]:
    found = FORMATS[kind][name]
    return {field.name for field in dataclasses.fields(getattr(importlib.import_module(found.module), found.options))}


def test_a_study_may_say_every_option() -> None:
    for name in TABLES:
        assert _options("codings", name) <= {*InterviewSource.model_fields, "source"}
    assert _options("survey", "qualtrics") <= {*SurveySource.model_fields, "source"}


def test_every_format_and_option_is_explained(repository: Path) -> None:
    text = (repository / "docs" / "coded-tables.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) - {"format"} == set(TABLES)
    usual = _options("codings", "tabular")
    for option in {option for name in TABLES for option in _options("codings", name)} - usual:
        assert f"`{option}`" in text, option
    text = (repository / "docs" / "surveys.md").read_text(encoding="utf-8")
    for option in _options("survey", "qualtrics") - _options("survey", "tabular"):
        assert f"`{option}`" in text, option


@pytest.fixture(params=["format said", "format guessed"])
def study(repository: Path, tmp_path: Path, request: pytest.FixtureRequest) -> jl.Study:
    """A study whose survey is the example of the documentation."""
    text = (repository / "docs" / "surveys.md").read_text(encoding="utf-8")
    example = "\n".join(line[4:] for line in text.split("\n") if line.startswith("    "))
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "responses.csv").write_text(RESPONSES, encoding="utf-8")
    (tmp_path / "segments.csv").write_text(SEGMENTS, encoding="utf-8")
    documents = (
        'document_id,participant_id,name,text\nd1,p1,Anruf 1.docx,"Hello.\nIt came late."\nd2,p2,Anruf 2,Late again.\n'
    )
    (tmp_path / "documents.csv").write_text(documents, encoding="utf-8")
    said = STUDY if request.param == "format said" else STUDY.replace('format = "maxqda"\n', "")
    (tmp_path / "study.toml").write_text(said + example, encoding="utf-8")
    return jl.open_study(tmp_path)


def test_codings_of_a_program_are_linked_to_the_documents_of_the_study(study: jl.Study) -> None:
    assert study.segments[["document_id", "start", "end"]].values.tolist() == [["d1", 7, 20], ["d2", 0, 11]]
    assert study.codings["code_id"].tolist() == ["Pain/Late"] * 2
    assert [str(time) for time in study.codings["created_at"]] == [
        "2026-01-31 11:00:00+00:00",
        "2026-07-31 10:00:00+00:00",
    ]
    assert study.participants["participant_id"].tolist() == ["p1", "p2"]
    assert study.reports["interviews"].format == "maxqda"


def test_the_example_of_a_survey_is_right(study: jl.Study) -> None:
    columns = ["respondent_id", "instrument", "item", "score", "verbatim", "touchpoint"]
    assert study.responses[columns].fillna("").values.tolist() == [
        ["R_1", "nps", "nps", 9, "It works", ""],
        ["R_1", "umux_lite", "Q3_1", 7, "", "checkout"],
        ["R_1", "umux_lite", "Q3_2", 6, "", "checkout"],
    ]
    assert str(study.responses["response_time"][0]) == "2026-02-01 10:00:00+00:00"
    assert study.reports["surveys.relationship"].dropped[0].reason == "that are survey previews"


def test_stage_and_valence_beside_quotes_point_to_codes(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("document_id,code,text,Stage,valence\nI1,Late,it was late,purchase,-1\n")
    (tmp_path / "codes.csv").write_text("path,stage\nLate,purchase\n")
    noted = read_codings(tmp_path / "q.csv").report.notes
    assert any("'Stage', 'valence' of a coding cannot be used" in note and "[[codes]]" in note for note in noted)
    with_codebook = read_codings(tmp_path / "q.csv", codebook={"path": tmp_path / "codes.csv"})
    assert not any("cannot be used" in note for note in with_codebook.report.notes)
    with pytest.raises(StudyError, match=r"columns.stage: belongs to a code.*\[\[codes\]\]"):
        read_codings(tmp_path / "q.csv", columns={"stage": "Stage"})
    said = {}
    for more in ("", '[[codes]]\npath = "Late"\nstage = "purchase"\n'):
        (tmp_path / "study.toml").write_text(f'[study]\nname = "s"\ntitle = "S"\n[interviews]\npath = "q.csv"\n{more}')
        study = jl.open_study(tmp_path)
        said[more] = [note for report in study.reports.values() for note in report.notes if "cannot be used" in note]
    assert list(map(len, said.values())) == [1, 0]
