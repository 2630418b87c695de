"""Qualtrics exports, made up: three rows of headings, what is no response, texts as numbers, nothing personal."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from journeylab.errors import DataError, StudyError
from journeylab.readers import read_survey
from journeylab.tables import ImportReport

HEAD = {
    "StartDate": ("Start Date", '{"ImportId":"startDate","timeZone":"America/Denver"}'),
    "EndDate": ("End Date", '{"ImportId":"endDate","timeZone":"America/Denver"}'),
    "Status": ("Response Type", '{"ImportId":"status"}'),
    "IPAddress": ("IP Address", '{"ImportId":"ipAddress"}'),
    "Progress": ("Progress", '{"ImportId":"progress"}'),
    "Duration (in seconds)": ("Duration (in seconds)", '{"ImportId":"duration"}'),
    "Finished": ("Finished", '{"ImportId":"finished"}'),
    "RecordedDate": ("Recorded Date", '{"ImportId":"recordedDate","timeZone":"America/Denver"}'),
    "ResponseId": ("Response ID", '{"ImportId":"_recordId"}'),
    "RecipientLastName": ("Recipient Last Name", '{"ImportId":"recipientLastName"}'),
    "RecipientEmail": ("Recipient Email", '{"ImportId":"recipientEmail"}'),
    "ExternalReference": ("External Data Reference", '{"ImportId":"externalDataReference"}'),
    "DistributionChannel": ("Distribution Channel", '{"ImportId":"distributionChannel"}'),
    "UserLanguage": ("User Language", '{"ImportId":"userLanguage"}'),
    "Q1_NPS_GROUP": ("How likely are you to recommend us? - Group", '{"ImportId":"QID1_NPS_GROUP"}'),
    "Q1": ("How likely are you\nto recommend us?", '{"ImportId":"QID1"}'),
    "Q2": ('How easy was it, "all in all"?', '{"ImportId":"QID2"}'),
    "Q3_1": ("It does what I need", '{"ImportId":"QID3_1"}'),
    "Q3_2": ("It is easy to use", '{"ImportId":"QID3_2"}'),
    "Q4": ("Anything else?", '{"ImportId":"QID4_TEXT"}'),
    "contact": ("contact", '{"ImportId":"contact"}'),
    "plan": ("plan", '{"ImportId":"plan"}'),
}
USUAL = {
    "StartDate": "2026-01-05 09:00:00",
    "EndDate": "2026-01-05 09:05:00",
    "Status": "IP Address",
    "IPAddress": "192.0.2.7",
    "Progress": "100",
    "Duration (in seconds)": "300",
    "Finished": "True",
    "RecordedDate": "2026-01-05 09:05:01",
    "RecipientLastName": "Nachname",
    "RecipientEmail": "someone@example.org",
    "DistributionChannel": "anonymous",
    "UserLanguage": "EN",
    "contact": "someone@example.org",
    "plan": "free",
}
THREE = {
    "nps": {"columns": ["Q1"], "verbatim": "Q4"},
    "ces": {"columns": ["Q2"], "touchpoint": "checkout"},
    "umux_lite": {"columns": ["Q3"], "stage": "purchase"},
}


def table(*responses: dict[str, str], columns: list[str] | None = None) -> list[list[str]]:
    names = columns or list(HEAD)
    rows = [{"ResponseId": f"R_{n}", **USUAL, **one} for n, one in enumerate(responses, start=1)]
    heads = [names, [HEAD[name][0] for name in names], [HEAD[name][1] for name in names]]
    return [*heads, *([row.get(name, "") for name in names] for row in rows)]


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8-sig", separator: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def read(folder: Path, *responses: dict[str, str], **options: object) -> tuple[pd.DataFrame, ImportReport]:
    return read_survey(write(folder / "survey.csv", table(*responses)), format="qualtrics", **options)


def losses(report: ImportReport) -> dict[str, int]:
    assert report.n_kept + report.n_dropped == report.n_read
    return {loss.reason.split(" (")[0]: loss.n for loss in report.dropped}


FULL = {"Q1": "9", "Q1_NPS_GROUP": "Promoter", "Q2": "6", "Q3_1": "7", "Q3_2": "5", "Q4": "all fine"}


def test_every_instrument_becomes_answers_in_the_contract(tmp_path: Path) -> None:
    answers, report = read(tmp_path, FULL, {**FULL, "Q1": "3", "Q4": ""}, instruments=THREE)
    assert (report.format, report.n_read, report.n_kept) == ("qualtrics", 2, 2)
    assert answers[["respondent_id", "instrument", "item", "score"]].values.tolist() == [
        ["R_1", "nps", "nps", 9],
        ["R_1", "ces", "ces", 6],
        ["R_1", "umux_lite", "Q3_1", 7],
        ["R_1", "umux_lite", "Q3_2", 5],
        ["R_2", "nps", "nps", 3],
        ["R_2", "ces", "ces", 6],
        ["R_2", "umux_lite", "Q3_1", 7],
        ["R_2", "umux_lite", "Q3_2", 5],
    ]
    assert answers[["scale_min", "scale_max"]].values.tolist()[:3] == [[0, 10], [1, 7], [1, 7]]
    assert answers["higher_is_better"].all()
    assert answers["verbatim"].fillna("").tolist() == ["all fine", *[""] * 7]
    assert answers["touchpoint"].fillna("").tolist()[:3] == ["", "checkout", ""]
    assert answers["stage"].fillna("").tolist()[:3] == ["", "", "purchase"]
    assert set(answers["response_time"].astype("str")) == {"2026-01-05 16:05:00+00:00"}  # Denver, seven hours behind
    assert answers[["finished", "progress", "distribution_channel"]].values.tolist()[0] == [True, 100, "anonymous"]


def test_the_question_that_is_marked_as_nps_needs_no_option(tmp_path: Path) -> None:
    answers, _ = read(tmp_path, FULL)
    assert answers[["instrument", "item", "score", "scale_max"]].values.tolist() == [["nps", "nps", 9, 10]]
    path = write(tmp_path / "x.csv", table(FULL, columns=[name for name in HEAD if name != "Q1_NPS_GROUP"]))
    with pytest.raises(
        DataError, match=r"which columns are which instrument.*Q1: 'How likely are you to recommend us\?'"
    ):
        read_survey(path, format="qualtrics")


def test_nobody_is_named(tmp_path: Path) -> None:
    answers, report = read(tmp_path, FULL, instruments=THREE, keep=["contact", "plan"])
    assert answers["plan"].tolist() == ["free"] * 4
    shown = answers.astype("str").to_csv() + report.to_frame().to_csv()
    for secret in ("Nachname", "someone", "192.0.2"):
        assert secret not in shown
    assert any("'contact' holds e-mail or IP addresses" in note for note in report.notes)
    assert any("'IPAddress', 'RecipientLastName', 'RecipientEmail'" in note for note in report.notes)
    with pytest.raises(DataError, match="'RecipientEmail' is a person's e-mail address"):
        read(tmp_path, FULL, instruments=THREE, keep=["RecipientEmail"])


def test_a_mapped_column_says_who_answered(tmp_path: Path) -> None:
    columns = {"respondent_id": "ExternalReference", "response_time": "StartDate"}
    answers, report = read(tmp_path, {**FULL, "ExternalReference": "c1"}, FULL, columns=columns)
    assert answers["respondent_id"].tolist() == ["c1"]
    assert str(answers["response_time"][0]) == "2026-01-05 16:00:00+00:00"
    assert losses(report) == {"without respondent_id": 1}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("Survey Preview", "that are survey previews"),
        ("1", "that are survey previews"),
        ("17", "that are survey previews"),
        ("Survey Test", "that are survey tests"),
        ("2", "that are survey tests"),
        ("Spam", "that are marked as spam"),
        ("8", "that are marked as spam"),
    ],
)
def test_what_is_no_response_is_dropped_with_its_reason(status: str, reason: str, tmp_path: Path) -> None:
    _, report = read(tmp_path, FULL, {**FULL, "Status": status}, FULL)
    assert losses(report) == {reason: 1}
    assert report.dropped[0].examples[0].startswith("row 5")  # under three rows of headings


@pytest.mark.parametrize("status", ["0", "IP Address", "Imported", "4", "16", ""])
def test_other_responses_are_kept(status: str, tmp_path: Path) -> None:
    _, report = read(tmp_path, {**FULL, "Status": status})
    assert report.n_kept == 1


def test_previews_are_known_by_their_channel_too(tmp_path: Path) -> None:
    columns = [name for name in HEAD if name != "Status"]
    path = write(tmp_path / "x.csv", table(FULL, {**FULL, "DistributionChannel": "preview"}, columns=columns))
    assert losses(read_survey(path, format="qualtrics")[1]) == {"that are survey previews": 1}


def test_unfinished_responses_are_kept_or_dropped_as_said(tmp_path: Path) -> None:
    part = {**FULL, "Finished": "False", "Progress": "60"}
    answers, report = read(tmp_path, FULL, part)
    assert answers["finished"].tolist() == [True, False]
    assert any("1 responses were not finished and are kept" in note for note in report.notes)
    _, report = read(tmp_path, FULL, part, unfinished="drop")
    assert losses(report) == {"that were not finished": 1}
    _, report = read(tmp_path, FULL, {**part, "Finished": "0"}, unfinished="drop")
    assert losses(report) == {"that were not finished": 1}


def test_empty_odd_and_impossible_answers(tmp_path: Path) -> None:
    odd = [{**FULL, "Q1": ""}, {**FULL, "Q1": "11"}, {**FULL, "Q1": "perhaps"}, FULL]
    answers, report = read(tmp_path, *odd)
    assert answers["respondent_id"].tolist() == ["R_4"]
    assert losses(report) == {"without an answer to any item": 3}
    notes = " ".join(report.notes)
    assert "1 answers in 'Q1' are outside of 0 to 10" in notes
    assert "1 answers in 'Q1' are no numbers" in notes


class TestChoiceTexts:
    @pytest.mark.parametrize(
        ("texts", "scores"),
        [
            (["Strongly disagree", "Somewhat agree", "Strongly agree"], [1, 5, 7]),
            (["Extremely difficult", "Neither easy nor difficult", "Extremely easy"], [1, 4, 7]),
            (["1 - Very hard", "4", "7 - Very easy"], [1, 4, 7]),
            (["Very hard (1)", "2", "Very easy (7)"], [1, 2, 7]),
            (["Very hard: 1", "3 = so so", "Very easy – 7"], [1, 3, 7]),
        ],
    )
    def test_texts_become_numbers_and_that_is_said(self, texts: list[str], scores: list[int], tmp_path: Path) -> None:
        answers, report = read(
            tmp_path, *({**FULL, "Q2": text} for text in texts), instrument="ces", items={"Q2": "easy"}
        )
        assert answers["score"].tolist() == scores
        assert answers["item"].unique().tolist() == ["easy"]
        assert any("choice texts of 'Q2' were read as numbers" in note for note in report.notes)

    def test_the_option_values_goes_before(self, tmp_path: Path) -> None:
        texts = [{**FULL, "Q2": text} for text in ("Leicht", "schwer", "7")]
        answers, _ = read(
            tmp_path, *texts, instruments={"ces": {"columns": ["Q2"], "values": {"leicht": 7, "Schwer": 1}}}
        )
        assert answers["score"].tolist() == [7, 1, 7]

    def test_pssuq_agrees_downwards(self, tmp_path: Path) -> None:
        texts = [{**FULL, "Q2": text} for text in ("Strongly agree", "Somewhat disagree", "4")]
        answers, _ = read(tmp_path, *texts, instruments={"pssuq": {"columns": ["Q2"]}})
        assert answers["score"].tolist() == [1, 5, 4]
        assert not answers["higher_is_better"].any()

    def test_words_of_other_turned_scales_are_not_guessed(self, tmp_path: Path) -> None:
        said = {"effort": {"columns": ["Q2"], "scale_min": 1, "scale_max": 7, "higher_is_better": False}}
        answers, report = read(tmp_path, {**FULL, "Q2": "Strongly agree"}, FULL, instruments=said)
        assert answers["score"].tolist() == [6]
        assert any("option values" in note for note in report.notes)

    @pytest.mark.parametrize(
        "text", ["I bought 3 of them", "2 - 3 times", "between 2 and 3", "1,3", "3 of 4 worked", "-"]
    )
    def test_numbers_within_texts_are_not_taken_for_answers(self, text: str, tmp_path: Path) -> None:
        _, report = read(tmp_path, {**FULL, "Q1": text}, FULL)
        assert losses(report) == {"without an answer to any item": 1}


class TestFiles:
    def test_workbooks_tabs_and_numeric_values(self, tmp_path: Path) -> None:
        rows = table(FULL, FULL)
        one, _ = read_survey(write(tmp_path / "a.csv", rows), format="qualtrics", instruments=THREE)
        two, _ = read_survey(write(tmp_path / "b.tsv", rows, "utf-16", "\t"), format="qualtrics", instruments=THREE)
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([int(cell) if cell.isdigit() else cell for cell in row])
        book.save(tmp_path / "c.xlsx")
        three, _ = read_survey(tmp_path / "c.xlsx", format="qualtrics", instruments=THREE)
        pd.testing.assert_frame_equal(one, two)
        pd.testing.assert_frame_equal(one, three)

    def test_shuffled_columns(self, tmp_path: Path) -> None:
        one, _ = read(tmp_path, FULL, instruments=THREE)
        path = write(tmp_path / "x.csv", table(FULL, columns=list(reversed(HEAD))))
        two, _ = read_survey(path, format="qualtrics", instruments=THREE)
        pd.testing.assert_frame_equal(one, two)

    def test_bad_rows_and_a_cut_cost_themselves(self, tmp_path: Path) -> None:
        rows = table(FULL, FULL, FULL)
        rows[4:4] = [["rubbish"], ["rubbish"] * 40]
        answers, report = read_survey(write(tmp_path / "x.csv", rows), format="qualtrics")
        assert len(answers) == 3
        assert sum(losses(report).values()) == 2
        whole = write(tmp_path / "y.csv", table(*[FULL] * 20)).read_bytes()
        (tmp_path / "y.csv").write_bytes(whole[: len(whole) - 40])
        answers, report = read_survey(tmp_path / "y.csv", format="qualtrics")
        assert (len(answers), report.n_dropped) == (19, 1)

    def test_a_file_with_one_row_of_headings_needs_the_zone(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", [row for n, row in enumerate(table(FULL)) if n not in (1, 2)])
        with pytest.raises(DataError, match="timezone"):
            read_survey(path, format="qualtrics")
        answers, report = read_survey(path, format="qualtrics", timezone="UTC")
        assert str(answers["response_time"][0]) == "2026-01-05 09:05:00+00:00"
        assert any("third row of headings is missing" in note for note in report.notes)

    def test_a_zone_that_nobody_knows(self, tmp_path: Path) -> None:
        rows = table(FULL)
        rows[2] = [cell.replace("America/Denver", "Mars/Base") for cell in rows[2]]
        answers, report = read_survey(write(tmp_path / "x.csv", rows), format="qualtrics", timezone="UTC")
        assert str(answers["response_time"][0]) == "2026-01-05 09:05:00+00:00"
        assert any("Mars/Base" in note for note in report.notes)

    def test_a_table_of_another_kind_is_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path / "x.csv", [["who", "answer"], ["a", "9"]])
        with pytest.raises(DataError, match="no export of responses from Qualtrics"):
            read_survey(path, format="qualtrics")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"instruments": {"nps": {"columns": ["Q11"]}}}, "no column 'Q11'.*Did you mean 'Q1'"),
        ({"instruments": {"nps": {"columns": ["Q1_NPS_GROUP"]}}}, "holds groups, not answers; name 'Q1'"),
        ({"instruments": {"joy": {"columns": ["Q1"]}}}, "'joy': which scale"),
        ({"instruments": {"nps": {"column": ["Q1"]}}}, "expected a table with columns or items"),
        ({"instruments": {"nps": {"columns": ["Q1"], "scale": 3}}}, "has no key 'scale'"),
        ({"instruments": {"nps": {"columns": "Q1"}}}, "expected a list of columns"),
        (
            {"instruments": {"nps": {"columns": ["Q1"], "scale_min": 10, "scale_max": 0}}},
            "expected more than scale_min",
        ),
        ({"instruments": THREE, "items": {"Q1": "q"}}, "leave items and instrument away"),
        ({"items": {"Q1": "q"}}, "belongs to an instrument"),
        ({"columns": {"score": "Q1"}}, "'score' is not read"),
        ({"unfinished": "maybe"}, "allowed: 'keep', 'drop'"),
        ({"keep": ["plans"]}, "no column 'plans'"),
        ({"columns": {"response_time": "Ended"}}, "no column 'Ended'"),
        ({"columns": {"respondent_id": "Who"}}, "no column 'Who'"),
        ({"instrument": "ces"}, "which columns are which instrument"),
    ],
)
def test_mistakes_of_the_options_are_named(options: dict, words: str, tmp_path: Path) -> None:
    with pytest.raises((StudyError, DataError), match=words):
        read(tmp_path, FULL, **options)


def test_scales_of_known_instruments_need_not_be_said_in_tables(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", [["respondent_id", "score"], ["a", "2"], ["b", "7"]])
    answers, _ = read_survey(path, instrument="PSSUQ")
    assert answers[["scale_min", "scale_max"]].values.tolist() == [[1, 7]] * 2
    assert not answers["higher_is_better"].any()
    for name in ("seq", "UMUX-Lite"):
        answers, _ = read_survey(path, instrument=name)
        assert answers["higher_is_better"].all()
        assert answers["scale_max"].eq(7).all()
