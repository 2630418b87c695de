"""Klaviyo: Fivetran's example tables, and small samples of what they do not hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

FOLDER = "data/vendor_fixtures/klaviyo/fivetran_seeds/"
HEAD = (
    "id,person_id,campaign_id,flow_id,datetime,timestamp,metric_id,_fivetran_deleted,property_value,property_subject\n"
)
ROW = "e1,p1,c1,,2024-05-01 10:00:00.000,2024-05-01 10:00:00.000,m1,FALSE,12.50,for you ada@example.org\n"
API = {
    "type": "event", "id": "e1",
    "attributes": {
        "timestamp": 1714557600, "datetime": "2024-05-01 10:00:00+00:00",
        "event_properties": {"$value": 9.5, "$message": "c1", "Subject": "Hello Ada", "$event_id": "1"},
    },
    "relationships": {
        "profile": {"data": {"type": "profile", "id": "p1"}}, "metric": {"data": {"type": "metric", "id": "m1"}},
    },
}  # fmt: skip


def _tables(folder: Path, *rows: str, metric: str = "Opened Email") -> Path:
    (folder / "metric.csv").write_text(f"id,name\nm1,{metric}\n")
    (folder / "campaign.csv").write_text("id,name,subject\nc1,Spring,secret\n")
    (folder / "flow.csv").write_text("id,name\nf1,Welcome\n")
    (folder / "event.csv").write_text(HEAD + "".join(rows))
    return folder / "event.csv"


def test_fivetrans_tables(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / "event.csv", format="klaviyo")
    assert (report.n_read, report.n_kept) == (4, 4)
    assert events["customer_id"].tolist() == ["MCX88q", "MCX88q", "LRqEsZ", "LRqEsZ"]
    assert events["touchpoint"].tolist() == ["Received Email"] * 3 + ["Placed Order"]
    assert events["channel"].tolist()[:3] == ["e-mail"] * 3
    assert pd.isna(events.loc[3, "channel"])
    assert events["value"].tolist()[:2] == [15.0, 20.0]
    assert events.loc[0, "event_time"] == pd.Timestamp("2020-04-05T20:02:45Z")
    assert any(note.startswith("2 events with a campaign that no table campaign beside") for note in report.notes)
    renamed, _ = read_events(shared / FOLDER / "event_norename.csv", format="klaviyo")
    pd.testing.assert_frame_equal(events, renamed)


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / FOLDER / "event.csv", format="klaviyo")
    assert events_to_parquet(shared / FOLDER / "event.csv", tmp_path / "events.parquet", "klaviyo") == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)


@pytest.mark.parametrize("name", ["person.csv", "metric.csv", "flow.csv", "campaign.csv"])
def test_its_other_tables_are_no_events(shared: Path, name: str) -> None:
    with pytest.raises(DataError, match=f"{name}: holds no event.*2 without person_id"):
        read_events(shared / FOLDER / name, format="klaviyo")


def test_metrics_campaigns_and_flows_are_named_from_the_tables_beside(tmp_path: Path) -> None:
    path = _tables(tmp_path, ROW, ROW.replace("c1,,", ",f1,"), ROW.replace("m1", "m2").replace("c1", "c2"))
    events, report = read_events(path, format="klaviyo")
    assert events["touchpoint"].tolist() == ["Opened Email", "Opened Email", "m2"]
    assert events["campaign"].fillna("").tolist() == ["Spring", "", "c2"]
    assert events["flow"].fillna("").tolist() == ["", "Welcome", ""]
    assert events["value"].tolist() == [12.5] * 3
    assert sorted(note.partition(",")[0] for note in report.notes) == [
        "1 events with a campaign that no table campaign beside the file names; its id is used",
        "1 events with a metric that no table metric beside the file names; its id is used",
    ]
    for name in ("metric", "campaign", "flow"):
        (tmp_path / f"{name}.csv").unlink()
    alone, report = read_events(path, format="klaviyo")
    assert alone["touchpoint"].tolist() == ["m1", "m1", "m2"]
    assert len(report.notes) == 3
    assert not events.astype("str").apply(lambda column: column.str.contains("ada|secret|Ada")).any().any()


@pytest.mark.parametrize(
    ("metric", "channel"),
    [("Clicked Email", "e-mail"), ("Received SMS", "SMS"), ("Opened Push", "push"), ("Placed Order", None)],
)
def test_channels_are_in_the_names_of_metrics(tmp_path: Path, metric: str, channel: str | None) -> None:
    events, _ = read_events(_tables(tmp_path, ROW, metric=metric), format="klaviyo")
    assert (events.loc[0, "channel"] if channel else None) == channel


def test_what_is_lost_and_why(tmp_path: Path) -> None:
    rows = [
        ROW, ROW.replace("FALSE", "TRUE"), ROW.replace("p1", ""), ROW.replace("m1", ""),
        ROW.replace("2024-05-01 10:00:00.000", "soon"), "short,row\n",
    ]  # fmt: skip
    _, report = read_events(_tables(tmp_path, *rows), format="klaviyo")
    assert {loss.reason: loss.n for loss in report.dropped} == {
        "that were deleted (_fivetran_deleted)": 1,
        "without person_id or a related profile": 1,
        "without a metric": 1,
        "with no datetime or timestamp that is a time": 1,
        "with fewer fields than the 10 columns": 1,
    }
    assert report.n_read == report.n_kept + report.n_dropped == 6


def test_events_of_the_api_old_and_new_wrapped_and_paged(tmp_path: Path) -> None:
    (tmp_path / "metric.json").write_text('{"id": "m1", "name": "Clicked Email"}\n')
    stamped = {**API, "attributes": {**API["attributes"], "datetime": None}}
    old = {
        "object": "event", "statistic_id": "m9", "event_name": "Clicked Email", "timestamp": 1714557600,
        "person": {"id": "p1", "email": "ada@example.org"}, "event_properties": {"$value": 9.5}, "campaign_id": "c1",
    }  # fmt: skip
    records = [API, stamped, old, {"_airbyte_data": API}, {"data": [API, old], "links": {"next": None}}]
    (tmp_path / "events.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    events, report = read_events(tmp_path / "events.jsonl", format="klaviyo")
    assert (report.n_read, report.n_kept) == (6, 6)
    for column, value in {"customer_id": "p1", "touchpoint": "Clicked Email", "value": 9.5, "campaign": "c1"}.items():
        assert set(events[column]) == {value}
    assert set(events["event_time"]) == {pd.Timestamp("2024-05-01T10:00:00Z")}


def test_cells_that_are_not_what_they_should_be_are_no_crash(tmp_path: Path) -> None:
    odd = [{**API, "attributes": 3}, {**API, "relationships": []}, {"data": [1, None, API]}, API]
    (tmp_path / "events.jsonl").write_text("\n".join(json.dumps(record) for record in odd))
    assert balanced(tmp_path / "events.jsonl", "klaviyo") == (2, 4)
    (tmp_path / "metric.csv").write_text("number,title\n1,2\n")
    with pytest.raises(DataError, match=r"metric\.csv: is looked up and has no column id"):
        read_events(tmp_path / "events.jsonl", format="klaviyo")


def test_damage_loses_only_what_is_damaged(tmp_path: Path) -> None:
    path = _tables(tmp_path, *[ROW] * 50)
    copies = tmp_path / "b"
    copies.mkdir()
    shutil.copy(tmp_path / "metric.csv", copies)
    assert balanced(with_bad_lines(path, copies, (3, 30)), "klaviyo") == (48, 2)
    assert balanced(cut_short(path, copies), "klaviyo")[1] == 1
    (copies / "event.csv").unlink()
    kept, dropped = balanced(gzip_cut_short(path, copies, 0.8), "klaviyo")
    assert kept > 0
    assert dropped <= 1
    with (tmp_path / "metric.csv").open("a") as stream:
        stream.write("m2\n")
    _, report = read_events(path, format="klaviyo")
    assert "1 rows of metric.csv are damaged and were not looked up" in report.notes
