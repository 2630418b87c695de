"""REFI-QDA: every dialect of one study, real files, and what each element of the XML becomes."""

from __future__ import annotations

import dataclasses
import re
import warnings
from pathlib import Path

import pandas as pd
import pytest

from journeylab import open_study
from journeylab.config import InterviewSource
from journeylab.errors import DataQualityWarning, StudyError
from journeylab.readers import FORMATS, CodedStudy, read_codings
from journeylab.readers.codings.offsets import DIALECTS
from journeylab.readers.codings.refi import RefiOptions
from tests.readers.coded import FOLDER, assert_as_expected
from tests.readers.refi_files import CODES, coding, one_text, project, selection, source, write

pytestmark = pytest.mark.filterwarnings("ignore::journeylab.errors.DataQualityWarning")  # of one or two short spans

PROJECTS = {
    "spec_codepoint_lf": "codepoint",
    "nvivo_windows_utf16_crlf_bom": "utf16-crlf2",
    "atlas_windows_crlf_counted_as_one": "codepoint",
    "qualcoder_bom_name_is_text": "codepoint",
    "maxqda_uppercase_anonymous_cases": "codepoint",
    "no_users_source_variables_odd_qde": "codepoint",
}
NO_USERS = "no_users_source_variables_odd_qde"
TEXT = "The parcel came too late.\nNobody answered my mail. 😀 Then they refunded it."
LATE = (TEXT.index("too late"), TEXT.index("too late") + 8)
MAIL = (TEXT.index("Nobody"), TEXT.index(" 😀"))


def _notes(study: CodedStudy) -> str:
    return "\n".join(study.report.notes)


def _losses(study: CodedStudy) -> dict[str, int]:
    return {loss.reason: loss.n for loss in study.report.dropped}


@pytest.mark.parametrize("name", PROJECTS)
def test_every_dialect_of_a_project_holds_what_is_expected(shared: Path, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataQualityWarning)
        study = read_codings(shared / FOLDER / f"{name}.qdpx")
    assert_as_expected(study, shared, coders=name != NO_USERS)
    repeats = 1 if name == NO_USERS else 0  # one code of both coders on one passage
    assert (study.report.n_read, study.report.n_kept, study.report.n_dropped) == (15, 15 - repeats, repeats)
    found = re.search(r"\('(.*?)'\); score ([\d.]+) .* over 13 spans, margin ([\d.]+)", study.report.notes[0])
    assert found is not None
    assert found[1] == PROJECTS[name]
    assert float(found[2]) == 1
    assert float(found[3]) > 0.1
    assert "13 of 13 spans were placed in their texts" in study.report.notes
    if name == NO_USERS:
        assert set(study.codings["coder"]) == {"unknown coder"}


def test_every_dialect_of_a_project_gives_the_very_same_tables(shared: Path) -> None:
    first, *others = (read_codings(shared / FOLDER / f"{name}.qdpx") for name in PROJECTS if name != NO_USERS)
    for other in others:
        for table in ("codes", "segments", "codings", "participants"):
            pd.testing.assert_frame_equal(getattr(first, table), getattr(other, table))
        pd.testing.assert_frame_equal(
            first.documents.drop(columns="source_file"), other.documents.drop(columns="source_file")
        )


@pytest.mark.parametrize("name", ["codebook_1.0", "codebook_1_colon_0_nvivo_mac"])
def test_a_codebook_has_the_codes_of_the_project_and_no_rows_elsewhere(shared: Path, name: str) -> None:
    book = read_codings(shared / FOLDER / f"{name}.qdc")
    whole = read_codings(shared / FOLDER / "spec_codepoint_lf.qdpx")
    pd.testing.assert_frame_equal(book.codes, whole.codes)
    for table in ("documents", "segments", "codings"):
        held = getattr(book, table)
        assert len(held) == 0
        assert set(held) <= set(getattr(whole, table))
    assert book.participants is None
    assert (book.report.table, book.report.n_read, book.report.n_kept) == ("codes", 9, 9)


def test_the_codebook_of_the_standard_is_read(shared: Path) -> None:
    codes = read_codings(shared / "data/qualitative/refi_spec_MIT/spec_annexA1_codebook.qdc").codes
    assert codes["path"].tolist() == ["Topics", "Economy", "Health care", "Values", "Conservatives", "Liberals"]
    assert codes["codable"].tolist() == [False, True, True, False, True, True]
    assert codes["description"].notna().tolist() == [False, True, True, False, True, True]


def test_a_real_project_without_its_texts_keeps_codes_and_quotations(shared: Path) -> None:
    study = read_codings(shared / "data/qualitative/refi_spec_MIT/skyloom_TestProject.qdpx")
    assert len(study.codes) == 14
    assert len(study.documents) == 8
    assert study.documents["text"].isna().all()
    assert set(study.codings["coder"]) == {"Friedrich Markgraf"}
    assert "Oh, that was great. See you tomorrow? Eleven thirty. Mm." in set(study.segments["text"])
    simon = study.segments[study.segments["document_id"] == "Simon"]
    titled = simon[simon["memo"].notna()]
    assert titled["text"].isna().all()  # is called 'damage done by fatty foods', over 219 characters
    assert study.report.n_read == 18
    assert sum(n for reason, n in _losses(study).items() if "which is no text" in reason) == 5
    assert "0 of 11 spans were placed in their texts" in study.report.notes
    assert "16 sets were not read, such as 'Mabel'" in study.report.notes
    assert "8 documents have no text: its file is missing in the archive" in _notes(study)


def test_codes_on_one_passage_share_a_segment_and_repeats_are_lost(tmp_path: Path) -> None:
    twice = selection(*LATE, coding("c-late") + coding("c-pain") + coding("c-late"))
    study = read_codings(one_text(tmp_path, TEXT, twice, selection(*LATE, coding("c-late", "u-ben"))))
    assert study.segments["segment_id"].tolist() == [f"P01:{LATE[0]}-{LATE[1]}"]
    assert study.codings.values.tolist() == [
        [study.segments["segment_id"][0], "Pain", "ana"],
        [study.segments["segment_id"][0], "Pain/Late", "ana"],
        [study.segments["segment_id"][0], "Pain/Late", "ben"],
    ]
    assert _losses(study) == {"that repeat a coding: same passage, code and coder": 1}


def test_who_coded_is_said_by_the_coding_then_by_the_passage(tmp_path: Path) -> None:
    codings = [coding("c-pain", "u-ben"), coding("c-late", None)]
    made = selection(*LATE, "".join(codings), creatingUser="u-ana", modifyingUser="u-ben")
    changed = selection(*MAIL, coding("c-late", None), modifyingUser="u-ben")
    study = read_codings(one_text(tmp_path, TEXT, made, changed, selection(0, 10, coding("c-late", None))))
    coder = {(row.segment_id.split(":")[1], row.code_id): row.coder for row in study.codings.itertuples()}
    late, mail = f"{LATE[0]}-{LATE[1]}", f"{MAIL[0]}-{MAIL[1]}"
    assert coder == {
        (late, "Pain"): "ben",
        (late, "Pain/Late"): "ana",
        (mail, "Pain/Late"): "ben",
        ("0-10", "Pain/Late"): "unknown coder",
    }


def test_coders_without_a_name_or_with_the_same_name_stay_apart(tmp_path: Path) -> None:
    xml = project(
        source("P01", selection(*LATE, "".join(coding(user=user) for user in ("1a", "2b", "3c", "{4D}", "9z")))),
        users={"1a": "ana", "2b": "ana", "3c": "", "4d": "dora"},
    )
    study = read_codings(write(tmp_path / "x.qdpx", xml, {"sources/t-1.txt": TEXT}))
    assert sorted(study.codings["coder"]) == ["ana (1a)", "ana (2b)", "dora", "user 3c", "user 9z"]
    assert "2 coders share their name with others" in _notes(study)


def test_a_passage_without_a_code_stays_with_its_memo(tmp_path: Path) -> None:
    study = read_codings(one_text(tmp_path, TEXT, selection(*LATE, "<Description>look here</Description>")))
    assert study.segments[["start", "end", "text", "memo"]].values.tolist() == [[*LATE, "too late", "look here"]]
    assert len(study.codings) == 0
    assert study.report.n_read == study.report.n_kept == 1
    assert "1 passages have no code; they are kept as segments" in study.report.notes


def test_memos_come_from_descriptions_notes_and_links_and_are_joined(tmp_path: Path) -> None:
    inside = (
        "<Description>own</Description>" + coding(more='<NoteRef targetGUID="N-1"/>') + '<NoteRef targetGUID="n-2"/>'
    )
    again = selection(*LATE, "<Description>of another</Description>", guid="s2")
    rest = (
        '<Notes><Note guid="n-1" name="a"><PlainTextContent>of the coding</PlainTextContent></Note>'
        '<Note guid="n-2" name="b" plainTextPath="internal://n-2.txt"/><Note guid="n-3" name="linked"/>'
        '<Note guid="n-4" name="loose"/></Notes>'
        '<Links><Link guid="l" originGUID="n-3" targetGUID="{S1}"/></Links>'
    )
    xml = project(source("P01", selection(*LATE, inside, guid="s1"), again), rest=rest)
    study = read_codings(
        write(tmp_path / "x.qdpx", xml, {"sources/t-1.txt": TEXT, "sources/n-2.txt": "of the\r\nfile"})
    )
    assert study.segments["memo"].tolist() == ["own\n\nof the\nfile\n\nlinked\n\nof the coding\n\nof another"]
    assert "1 notes on documents, or on nothing that is read, were left out" in study.report.notes


def test_codes_are_told_apart_by_their_path(tmp_path: Path) -> None:
    codes = (
        '<Code guid="1" name="On/off" isCodable="false"><Code guid="2" name="x"><Description>d</Description></Code>'
        '<Code guid="3" name="x"/></Code><Code guid="4" name=" "/><Code guid="5" name="x" isCodable="0"/><Code guid="5" name="y"/>'
    )
    text = selection(*LATE, "".join(coding(each) for each in ("2", "3", "5")))
    study = read_codings(
        write(tmp_path / "x.qdpx", project(source("P01", text), codes=codes), {"sources/t-1.txt": TEXT})
    )
    assert study.codes[["path", "name", "codable"]].values.tolist() == [
        ["On∕off", "On∕off", False],
        ["On∕off/x", "x", True],
        ["On∕off/x (2)", "x (2)", True],
        ["code 4", "code 4", True],
        ["x", "x", False],
        ["y", "y", True],
    ]
    assert study.codes["parent_id"].fillna("").tolist() == ["", "On∕off", "On∕off", "", "", ""]
    assert study.codes["description"].fillna("").tolist() == ["", "d", "", "", "", ""]
    assert study.codings["code_id"].tolist() == ["On∕off/x", "On∕off/x (2)", "x"]
    notes = _notes(study)
    for said in (
        "1 codes have a slash in their name",
        "1 codes share name and parent with another",
        "1 codes have no name",
        "1 codes repeat the GUID of another",
    ):
        assert said in notes


def test_a_code_that_the_codebook_does_not_have_is_a_reported_loss(tmp_path: Path) -> None:
    study = read_codings(
        one_text(tmp_path, TEXT, selection(*LATE, coding("nowhere") + coding() + '<Coding guid="k"/>'))
    )
    assert study.codings["code_id"].tolist() == ["Pain/Late"]
    assert _losses(study) == {"whose code is not in the codebook": 2}


def test_documents_are_called_by_their_name_and_by_a_part_of_their_guid_where_it_repeats(tmp_path: Path) -> None:
    names = ["P01.txt", "P01.docx", "notes.v2.md", None, "  ", "P02.TXT"]
    sources = [source(name, guid=f"{at}0000000-aaaa", text=TEXT) for at, name in enumerate(names)]
    documents = read_codings(write(tmp_path / "x.qdpx", project(*sources))).documents
    assert documents["document_id"].tolist() == [
        "P01 (00000000)", "P01 (10000000)", "notes.v2", "document 30000000", "document 40000000", "P02",
    ]  # fmt: skip
    assert documents["name"].tolist()[:3] == ["P01.txt", "P01.docx", "notes.v2.md"]


def test_documents_that_repeat_their_guid_are_all_read(tmp_path: Path) -> None:
    same = [source("P01", selection(*LATE), guid="g", text=TEXT) for _ in range(3)]
    study = read_codings(write(tmp_path / "x.qdpx", project(*same)))
    assert study.documents["document_id"].tolist() == ["P01 (g)", "P01 (g) 2", "P01 (g) 3"]
    assert len(study.codings) == 3


VARIABLES = "".join(
    f'<Variable guid="v{kind}" name="{name}" typeOfVariable="{kind}"/>'
    for kind, name in {
        "Text": "Cases:Age group",
        "Integer": "visits",
        "Float": "rate",
        "Boolean": "member",
        "Date": "since",
        "DateTime": "called",
    }.items()
)


def _value(kind: str, value: str, element: str | None = None) -> str:
    element = element or f"{kind}Value"
    return f'<VariableValue><VariableRef targetGUID="V{kind.upper()}"/><{element}>{value}</{element}></VariableValue>'


def _case(name: str | None, *inside: str, guid: str = "k", sources: tuple[str, ...] = (), selections: str = "") -> str:
    refs = "".join(f'<SourceRef targetGUID="{each}"/>' for each in sources)
    named = "" if name is None else f' name="{name}"'
    return f'<Case guid="{guid}"{named}>{"".join(inside)}{refs}{selections}</Case>'


def _people(folder: Path, cases: str, *sources: str) -> CodedStudy:
    sources = sources or tuple(
        source(f"D{at}", selection(*LATE, guid=f"s{at}"), guid=f"t-{at}", text=TEXT) for at in range(3)
    )
    return read_codings(write(folder / "x.qdpx", project(*sources, variables=VARIABLES, cases=cases)))


def test_variables_have_the_type_that_the_file_says(tmp_path: Path) -> None:
    full = [
        _value("Text", "007"), _value("Integer", "12345678901234567"), _value("Float", "-1.5"), _value("Boolean", "true"),
        _value("Date", "2024-02-29"), _value("DateTime", "2024-02-29T10:00:00+01:00"),
    ]  # fmt: skip
    bad = [
        _value("Integer", "many"),
        _value("Boolean", "0", "TextValue"),
        _value("Date", "2023-02-29"),
        _value("Float", ""),
    ]
    study = _people(tmp_path, _case("ann", *full, sources=("t-0",)) + _case("bob", *bad, guid="k2"))
    assert study.participants is not None
    people = study.participants.set_index("participant_id")
    assert people.loc["ann"].tolist() == [
        "007", 12345678901234567, -1.5, True, pd.Timestamp("2024-02-29", tz="UTC"), pd.Timestamp("2024-02-29T09:00", tz="UTC"),
    ]  # fmt: skip
    assert people.columns.tolist() == ["Age group", "visits", "rate", "member", "since", "called"]
    assert [str(kind) for kind in people.dtypes] == [
        "str", "Int64", "float64", "bool", "datetime64[us, UTC]", "datetime64[us, UTC]",
    ]  # fmt: skip
    assert people.loc["bob"].isna().tolist() == [True, True, True, False, True, True]
    assert "1 values of 'visits' are no Integer and were left empty, such as value ('many')" in study.report.notes
    assert "1 values of 'since' are no Date" in _notes(study)
    assert study.documents["participant_id"].fillna("").tolist() == ["ann", "", ""]


def test_a_case_without_a_name_takes_that_of_its_only_document(tmp_path: Path) -> None:
    study = _people(
        tmp_path,
        _case(None, _value("Text", "young"), sources=("t-0",))
        + _case("bob", guid="k2", sources=("t-1",))
        + _case(None, _value("Text", "old"), guid="k3", sources=("t-1",))
        + _case(None, guid="abcdefgh-ijk", sources=()),
    )
    assert study.participants is not None
    assert study.participants["participant_id"].tolist() == ["D0", "bob", "case abcdefgh"]
    assert study.participants["Age group"].fillna("").tolist() == ["young", "old", ""]
    assert study.documents["participant_id"].fillna("").tolist() == ["D0", "bob", ""]


def test_a_document_of_several_people_is_nobodys(tmp_path: Path) -> None:
    study = _people(tmp_path, _case("ann", sources=("t-0", "t-1")) + _case("bob", guid="k2", sources=("t-1", "gone")))
    assert study.documents["participant_id"].fillna("").tolist() == ["ann", "", ""]
    assert (
        "1 documents belong to several cases; participant_id was left empty, such as document 'D1'"
        in study.report.notes
    )
    assert "1 sources of cases have no text in the project" in _notes(study)


def test_cases_with_the_same_name_stay_apart(tmp_path: Path) -> None:
    study = _people(tmp_path, _case("ann", sources=("t-0",)) + _case("ann", guid="k2", sources=("t-1",)))
    assert study.participants is not None
    assert study.participants["participant_id"].tolist() == ["ann (k)", "ann (k2)"]


def test_a_case_may_be_given_to_passages(tmp_path: Path) -> None:
    texts = (
        source("D0", selection(*LATE, guid="s0"), guid="t-0", text=TEXT),
        source("D1", selection(*LATE, coding("K2") + coding()), guid="t-1", text=TEXT),
    )
    study = _people(
        tmp_path, _case("ann", selections='<SelectionRef targetGUID="S0"/>') + _case("bob", guid="k2"), *texts
    )
    assert study.documents["participant_id"].tolist() == ["ann", "bob"]
    assert _losses(study) == {"that give a passage to a case, not a code": 1}


def test_a_case_that_is_a_code_as_well_is_a_case(tmp_path: Path) -> None:
    texts = (
        source("D0", selection(*LATE, coding("K")), selection(*MAIL, coding("k") + coding()), coding("k"), text=TEXT),
        source("D1", selection(*LATE), guid="t-2", text=TEXT),
    )
    codes = CODES + '<Code guid="K" name="ann" isCodable="true"/>'
    study = read_codings(write(tmp_path / "x.qdpx", project(*texts, codes=codes, cases=_case("ann"))))
    assert study.documents["participant_id"].fillna("").tolist() == ["ann", ""]
    assert study.codes.set_index("path")["codable"].to_dict() == {"Pain": True, "Pain/Late": True, "ann": False}
    assert study.codings["code_id"].tolist() == ["Pain/Late", "Pain/Late"]
    assert study.segments["text"].tolist() == [TEXT[slice(*MAIL)], "too late"]
    assert _losses(study) == {"that give a passage to a case, not a code": 3}
    assert "1 codes are cases as well, and count as these, such as 'ann'" in study.report.notes


def test_variables_of_documents_are_of_participants_only_without_cases(tmp_path: Path) -> None:
    texts = source("D0", _value("Text", "young"), text=TEXT), source("D1", guid="t-2", text=TEXT)
    study = _people(tmp_path, "", *texts)
    assert study.participants is not None
    assert study.participants.values.tolist() == [["D0", "young"]]
    assert study.documents["participant_id"].fillna("").tolist() == ["D0", ""]
    study = _people(tmp_path, _case("ann", sources=("t-1",)), *texts)
    assert study.participants is not None
    assert study.participants.columns.tolist() == ["participant_id"]
    assert study.documents["Age group"].fillna("").tolist() == ["young", ""]


def test_without_cases_and_variables_nobody_is_named(tmp_path: Path) -> None:
    study = read_codings(one_text(tmp_path, TEXT, selection(*LATE)))
    assert study.participants is None
    assert "participant_id" not in study.documents


def test_texts_of_pdfs_pictures_and_recordings_are_documents_and_the_rest_is_counted(tmp_path: Path) -> None:
    points = '<SyncPoint guid="p1" position="0"/><SyncPoint guid="P2" position="26"/>'
    xml = project(
        '<PDFSource guid="pdf" name="Leaflet.pdf" path="internal://x.pdf">'
        f'<PDFSelection guid="a" page="1">{coding()}{coding("c-pain")}</PDFSelection>'
        f'<PDFSelection guid="b" page="1">{coding()}<Representation guid="r2"><PlainTextContent>on a picture</PlainTextContent>'
        "</Representation></PDFSelection>"
        f'<Representation guid="r" plainTextPath="internal://t-1.txt">{selection(*LATE)}</Representation>{coding("c-pain")}'
        "</PDFSource>",
        '<AudioSource guid="audio" name="call.mp3" path="relative:///call.mp3">'
        f'<Transcript guid="tr" plainTextPath="internal://t-2.txt">{points}'
        f'<TranscriptSelection guid="c" fromSyncPoint="P1" toSyncPoint="p2">{coding()}</TranscriptSelection></Transcript>'
        f'<AudioSelection guid="d" begin="0" end="9">{coding()}</AudioSelection></AudioSource>',
        f'<PictureSource guid="picture" name="shop.jpg"><PictureSelection guid="e"/>{coding()}</PictureSource>',
        f'<VideoSource guid="v" name="tour.mp4">{_value("Text", "x")}</VideoSource>',
        variables=VARIABLES,
        cases=_case("ann", sources=("pdf",)) + _case("bob", guid="k2", sources=("audio",)),
    )
    study = read_codings(write(tmp_path / "x.qdpx", xml, {"sources/t-1.txt": TEXT, "sources/t-2.txt": TEXT}))
    assert study.documents[["document_id", "participant_id", "text"]].values.tolist() == [
        ["Leaflet", "ann", TEXT],
        ["call.mp3", "bob", TEXT],
    ]
    segments = study.segments.fillna({"start": -1, "end": -1, "text": ""})
    assert segments[["segment_id", "start", "end", "text"]].values.tolist() == [
        [f"Leaflet:{LATE[0]}-{LATE[1]}", *LATE, "too late"],
        ["Leaflet#2", -1, -1, "on a picture"],
        ["Leaflet", -1, -1, ""],
        ["call.mp3:0-26", 0, 26, TEXT[:26]],
    ]
    assert _losses(study) == {
        "on a rectangle of a page or picture (PDF), which is no text": 2,
        "on a stretch of a recording (audio), which is no text": 1,
        "on a rectangle of a page or picture (picture), which is no text": 1,
        "on a whole picture source, which has no text": 1,
    }
    assert study.report.n_kept == len(study.codings) == 4
    for said in (
        "1 codings stand on a whole document",
        "1 picture sources without a text were not read, such as 'shop.jpg'",
    ):
        assert said in _notes(study)


def test_the_transcript_that_is_a_source_as_well_is_one_document(tmp_path: Path) -> None:
    video = (
        f'<VideoSource guid="v" name="a.mp4"><Transcript guid="t" name="P01" plainTextPath="internal://T-1.txt">'
        f"{selection(*MAIL)}</Transcript></VideoSource>"
    )
    xml = project(source("P01", selection(*LATE)), video, cases=_case("ann", sources=("v",)))
    study = read_codings(write(tmp_path / "x.qdpx", xml, {"sources/t-1.txt": TEXT}))
    assert study.documents[["document_id", "participant_id"]].values.tolist() == [["P01", "ann"]]
    assert study.segments["text"].tolist() == ["too late", TEXT[slice(*MAIL)]]


def test_passages_in_notes_and_in_other_elements_are_counted(tmp_path: Path) -> None:
    note = (
        f'<Notes><Note guid="n" name="diary"><PlainTextContent>x y</PlainTextContent>{selection(0, 1)}</Note></Notes>'
    )
    odd = f"<Elsewhere>{selection(0, 3)}</Elsewhere>"
    xml = project(source("P01", selection(*LATE)), rest=note + odd)
    study = read_codings(write(tmp_path / "x.qdpx", xml, {"sources/t-1.txt": TEXT}))
    assert _losses(study) == {
        "in a note, which is no document": 1,
        "in <Elsewhere>, where none belongs": 1,
    }


def test_times_are_utc_and_those_without_a_zone_are_said(tmp_path: Path) -> None:
    times = ["2026-01-05T09:00:00Z", "2026-01-05T09:00:00", "2026-07-05T09:00:00.123+02:00", "yesterday", None]
    codings = "".join(coding(code, user, creationDateTime=time) for (code, user), time in zip(
        [("c-pain", "u-ana"), ("c-late", "u-ana"), ("c-pain", "u-ben"), ("c-late", "u-ben"), ("c-late", "u-x")], times, strict=True
    ))  # fmt: skip
    path = one_text(tmp_path, TEXT, selection(*LATE, codings))
    study = read_codings(path)
    found = study.codings.set_index(["code_id", "coder"])["created_at"]
    assert found["Pain", "ana"] == found["Pain/Late", "ana"] == pd.Timestamp("2026-01-05T09:00", tz="UTC")
    assert found["Pain", "ben"] == pd.Timestamp("2026-07-05T07:00:00.123", tz="UTC")
    assert found.isna().sum() == 2
    assert "1 times of codings name no zone and were read as UTC" in study.report.notes
    found = read_codings(path, timezone="Europe/Berlin").codings.set_index(["code_id", "coder"])["created_at"]
    assert found["Pain/Late", "ana"] == pd.Timestamp("2026-01-05T08:00", tz="UTC")
    assert found["Pain", "ana"] == pd.Timestamp("2026-01-05T09:00", tz="UTC")


@pytest.mark.parametrize("namespace", ["urn:QDA-XML:project:1.0", "urn:QDA-XML:project:0:4", "", "http://elsewhere"])
def test_namespaces_do_not_matter(tmp_path: Path, namespace: str) -> None:
    xml = project(source("P01", selection(*LATE))).replace("urn:QDA-XML:project:1.0", namespace)
    if namespace.startswith("http"):
        xml = re.sub(r"<(/?)(\w)", r"<\1q:\2", xml).replace("xmlns=", "xmlns:q=").replace("<?q:xml", "<?xml")
    study = read_codings(write(tmp_path / "x.qdpx", xml, {"Sources/T-1.TXT": TEXT}, name="Whatever.QDE"))
    assert study.codings["code_id"].tolist() == ["Pain/Late"]
    assert study.segments["text"].tolist() == ["too late"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8-sig", False), ("utf-16", False), ("utf-16-le", False), ("utf-16-be", False), ("cp1252", True)],
)
def test_texts_in_other_encodings(tmp_path: Path, encoding: str, said: bool) -> None:
    text = "Café\r\nThe parcel came – too late"
    start = text.index("too") - 1
    study = read_codings(
        one_text(tmp_path, text.encode(encoding), selection(start, start + 8), selection(0, 4)), offsets="codepoint"
    )
    assert study.documents["text"].tolist() == [text.replace("\r\n", "\n")]
    assert study.segments["text"].tolist() == ["Café", "too late"]
    assert ("not UTF-8 and were read as Windows-1252, such as 'P01'" in _notes(study)) is said


def test_a_project_without_codings_or_without_documents_is_read(tmp_path: Path) -> None:
    study = read_codings(one_text(tmp_path, TEXT))
    assert study.documents["text"].tolist() == [TEXT]
    assert (len(study.segments), len(study.codings), study.report.n_read) == (0, 0, 0)
    study = read_codings(write(tmp_path / "x.qdpx", project()))
    assert len(study.documents) == 0
    assert study.codes["path"].tolist() == ["Pain", "Pain/Late"]


def test_a_codebook_in_a_file_with_another_name_and_options_that_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "codes.xml").write_text(f"<CodeBook><Codes>{CODES}</Codes><Sets/></CodeBook>")
    assert len(read_codings(tmp_path / "codes.xml", format="refi").codes) == 2
    with pytest.raises(StudyError, match=r"option offsets: found 'utf-16', allowed: .* Did you mean 'utf16'\?"):
        read_codings(tmp_path / "codes.xml", format="refi", offsets="utf-16")
    with pytest.raises(StudyError, match="no option 'unit'"):
        read_codings(tmp_path / "codes.xml", format="refi", unit="utf16")
    with pytest.raises(StudyError, match="no known time zone"):
        read_codings(tmp_path / "codes.xml", format="refi", timezone="Berlin")


def test_a_study_reads_its_interviews_from_a_project(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "x"\ntitle = "X"\n[interviews]\nformat = "refi"\noffsets = "utf16-crlf2"\n'
        f'path = "{(shared / FOLDER).as_posix()}/nvivo_windows_utf16_crlf_bom.qdpx"\n'
        '[[codes]]\npath = "Pain/Hidden cost"\nstage = "purchase"\nvalence = -1\n'
    )
    study = open_study(tmp_path)
    assert study.coded is not None
    assert_as_expected(study.coded, shared)
    assert study.codings is not None
    assert len(study.codings) == 14
    codes = study.codes
    assert codes is not None
    assert codes.set_index("path").loc["Pain/Hidden cost", "stage"] == "purchase"
    assert study.reports["interviews"].format == "refi"


def test_the_page_on_coded_texts_names_every_option_and_dialect(repository: Path) -> None:
    text = (repository / "docs" / "codings.md").read_text(encoding="utf-8")
    options = {field.name for field in dataclasses.fields(RefiOptions)}
    assert options <= set(InterviewSource.model_fields) | {"source"}
    for name in ("refi", *options, *(name for name in DIALECTS if not name.endswith("-inclusive"))):
        assert f"`{name}`" in text, name
    for suffix in FORMATS["codings"]["refi"].suffixes:
        assert f"`{suffix}`" in text
