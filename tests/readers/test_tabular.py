"""The tabular readers: the law of rows, and how people's files are really written."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab.errors import JourneylabError
from journeylab.readers import read_codings, read_events, read_survey, read_table

COLUMNS = {"customer_id": "who", "event_time": "at", "touchpoint": "what"}


def write(folder: Path, text: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


cell = st.sampled_from(
    ["", " ", "c1", "c2", "2026-03-01T10:00:00Z", "2026-03-02 11:00:00+02:00", "soon", "home", "=1+1", '"', "ü"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=12))
def test_kept_and_dropped_add_up_to_read_or_it_is_refused(tmp_path_factory, rows: list[tuple[str, str, str]]) -> None:
    text = io.StringIO()
    pd.DataFrame(rows, columns=list(COLUMNS.values())).to_csv(text, index=False)
    path = write(tmp_path_factory.mktemp("law"), text.getvalue())
    try:
        events, report = read_events(path, columns=COLUMNS)
    except JourneylabError as error:
        refusal = str(error)
        assert str(path) in refusal
        return
    assert report.n_read == report.n_kept + report.n_dropped
    assert report.n_read == sum(any(text.strip() for text in row) for row in rows)  # lines of nothing are noted only
    assert len(events) == report.n_kept
    assert events[["customer_id", "event_time", "touchpoint"]].notna().all().all()
    assert str(events["event_time"].dt.tz) == "UTC"


class TestHowFilesAreWritten:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    def test_encodings(self, encoding: str, tmp_path: Path) -> None:
        path = write(tmp_path, "who,at,what\nc1,2026-03-01T10:00Z,Größe\n".encode(encoding))
        events, _ = read_events(path, columns=COLUMNS)
        assert events["touchpoint"].tolist() == ["Größe"]

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_separators(self, separator: str, tmp_path: Path) -> None:
        path = write(
            tmp_path,
            separator.join(["who", "at", "what"]) + "\n" + separator.join(["c1", "2026-03-01T10:00Z", "home"]) + "\n",
        )
        assert len(read_events(path, columns=COLUMNS)[0]) == 1

    def test_decimal_comma(self, tmp_path: Path) -> None:
        path = write(tmp_path, "who;at;what;eur\nc1;2026-03-01T10:00Z;order;1.234,50\n")
        events, _ = read_events(path, columns={**COLUMNS, "value": "eur"}, decimal=",")
        assert events["value"].tolist() == [1234.5]

    @pytest.mark.parametrize(("day_first", "month"), [(True, 4), (False, 3)])
    def test_day_first_is_said(self, day_first: bool, month: int, tmp_path: Path) -> None:
        path = write(tmp_path, "who,at,what\nc1,03/04/2026 10:00,home\n")
        events, _ = read_events(path, columns=COLUMNS, day_first=day_first, timezone="UTC")
        assert events["event_time"].dt.month.tolist() == [month]

    def test_local_times_with_a_change_of_the_clock(self, tmp_path: Path) -> None:
        path = write(tmp_path, "who,at,what\nc1,2026-10-25 02:30,home\nc1,2026-07-01 12:00,home\n")
        events, report = read_events(path, columns=COLUMNS, timezone="Europe/Berlin")
        assert events["event_time"].dt.hour.sort_values().tolist() == [0, 10]
        assert any("occur twice" in note for note in report.notes)

    @pytest.mark.parametrize(
        ("form", "stamp"),
        [("unix", "1772359200"), ("unix_ms", "1772359200000"), ("%d.%m.%Y %H:%M", "01.03.2026 10:00")],
    )
    def test_other_forms_of_time(self, form: str, stamp: str, tmp_path: Path) -> None:
        path = write(tmp_path, f"who,at,what\nc1,{stamp},home\n")
        events, _ = read_events(path, columns=COLUMNS, date_format=form, timezone="UTC")
        assert events["event_time"].tolist() == [pd.Timestamp("2026-03-01T10:00Z")]

    def test_ids_stay_text(self, tmp_path: Path) -> None:
        path = write(tmp_path, "who,at,what\n007,2026-03-01T10:00Z,home\n1e5,2026-03-01T10:00Z,home\n")
        assert read_events(path, columns=COLUMNS)[0]["customer_id"].tolist() == ["007", "1e5"]

    def test_formulas_stay_text(self, tmp_path: Path) -> None:
        path = write(tmp_path, 'who,at,what\nc1,2026-03-01T10:00Z,"=HYPERLINK(""http://x"",""y"")"\n')
        assert read_events(path, columns=COLUMNS)[0]["touchpoint"].tolist() == ['=HYPERLINK("http://x","y")']


class TestWideEvents:
    TEXT = (
        "order,placed,delivered,promised\n"
        "o1,2026-03-01 10:00,2026-03-05 10:00,2026-03-06 10:00\n"
        "o2,2026-03-01 10:00,2026-03-09 10:00,2026-03-06 10:00\n"
        "o3,2026-03-01 10:00,,2026-03-06 10:00\n"
    )

    def test_one_column_of_times_is_one_touchpoint(self, tmp_path: Path) -> None:
        touchpoints = [
            {"name": "ordered", "time": "placed"},
            {"name": "on time", "time": "delivered", "when": "delivered is not empty and delivered <= promised"},
            {"name": "late", "time": "delivered", "when": "delivered is not empty and delivered > promised"},
            {"name": "never", "time": "promised", "when": "delivered is empty"},
        ]
        events, report = read_events(
            write(tmp_path, self.TEXT),
            shape="wide",
            columns={"customer_id": "order"},
            touchpoints=touchpoints,
            timezone="UTC",
        )
        assert events.groupby("customer_id")["touchpoint"].apply(set).to_dict() == {
            "o1": {"ordered", "on time"}, "o2": {"ordered", "late"}, "o3": {"ordered", "never"},
        }  # fmt: skip
        assert report.n_read == 3

    @pytest.mark.parametrize(
        "condition",
        ["delivered = promised", "delivred > promised", "delivered >", "__import__('os')", "delivered or promised"],
    )
    def test_a_condition_that_cannot_be_read(self, condition: str, tmp_path: Path) -> None:
        touchpoints = [{"name": "x", "time": "delivered", "when": condition}]
        with pytest.raises(JourneylabError, match=r"events\.csv"):
            read_events(
                write(tmp_path, self.TEXT),
                shape="wide",
                columns={"customer_id": "order"},
                touchpoints=touchpoints,
                timezone="UTC",
            )


class TestCodings:
    def test_one_column_a_code(self, tmp_path: Path) -> None:
        path = write(tmp_path, "doc,slow,kind\nd1,1,0\nd2,1,1\nd3,0,0\n", "codes.csv")
        coded = read_codings(
            path, shape="wide", columns={"document_id": "doc"}, codes={"slow": "slow", "kind": "kind"}, coder="anna"
        )
        assert len(coded.codings) == 3
        assert len(coded.documents) == 3

    def test_one_column_of_votes_a_code(self, tmp_path: Path) -> None:
        path = write(tmp_path, "doc,slow,kind\nd1,3,0\nd2,2,1\nd3,0,3\n", "votes.csv")
        coded = read_codings(
            path, shape="votes", columns={"document_id": "doc"}, codes={"slow": "slow", "kind": "kind"}, coders=3
        )
        assert len(coded.codings) == 9
        assert not coded.coders_identified

    def test_more_votes_than_coders(self, tmp_path: Path) -> None:
        path = write(tmp_path, "doc,slow\nd1,4\n", "votes.csv")
        with pytest.raises(JourneylabError, match=r"votes\.csv.*slow"):
            read_codings(path, shape="votes", columns={"document_id": "doc"}, codes={"slow": "slow"}, coders=3)


class TestSurveysAndTables:
    def test_wide_answers(self, tmp_path: Path) -> None:
        path = write(tmp_path, "id,day,q1,q2\nr1,2026-03-01,5,7\nr2,2026-03-01,,3\n", "ces.csv")
        answers, report = read_survey(
            path, shape="wide", columns={"respondent_id": "id", "response_time": "day"}, items={"q1": "easy", "q2": "fast"},
            instrument="ces", scale_min=1, scale_max=7, timezone="UTC",
        )  # fmt: skip
        assert len(answers.dropna(subset=["score"])) == 3
        assert report.n_read == report.n_kept + report.n_dropped == 2

    def test_a_score_outside_its_scale(self, tmp_path: Path) -> None:
        path = write(
            tmp_path, "respondent_id,response_time,item,score\nr1,2026-03-01,nps,11\nr2,2026-03-01,nps,9\n", "nps.csv"
        )
        answers, report = read_survey(path, instrument="nps", scale_min=0, scale_max=10, timezone="UTC")
        said = " ".join([*report.notes, *(loss.reason for loss in report.dropped)])
        assert len(answers.dropna(subset=["score"])) == 1
        assert "outside of 0 to 10" in said

    def test_every_mistake_of_a_table_is_named(self, tmp_path: Path) -> None:
        text = "participant_id,customer_id,link_method,consent_linkage,consent_quotes\np1,c1,x,maybe,yes\n,c2,x,yes,perhaps\n"
        with pytest.raises(JourneylabError) as error:
            read_table(write(tmp_path, text, "crosswalk.csv"), "crosswalk")
        assert all(words in str(error.value) for words in ("row 2", "'maybe'", "row 3", "'perhaps'", "participant_id"))


@pytest.mark.parametrize(
    "stray", ['"', 'c,"2024-01-01T00:00:00Z,page', '"c,2024-01-01T00:00:00Z,page', 'c,2024-01-01T00:00:00Z,"p']
)
def test_two_stray_quotation_marks_cost_two_rows(tmp_path: Path, stray: str) -> None:
    rows = [f"c{number},2024-01-01T00:{number:02}:00Z,page" for number in range(50)]
    rows[7] = rows[31] = stray
    rows[40] = 'c40,2024-01-01T00:40:00Z,"two\nlines"'
    (tmp_path / "x.csv").write_text("customer_id,event_time,touchpoint\n" + "\n".join(rows) + "\n")
    events, report = read_events(tmp_path / "x.csv")
    assert (report.n_read, report.n_kept, report.n_dropped) == (50, 48, 2)
    assert events["customer_id"].tolist() == [f"c{number}" for number in range(50) if number not in (7, 31)]
    assert report.dropped[0].examples[0].startswith("row 9")
