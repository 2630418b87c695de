"""Amplitude: a true line of the export, a connector's table and a record of Airbyte."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

FOLDER = "data/vendor_fixtures/amplitude/"
EVENT = {
    "event_type": "buy", "event_time": "2024-05-01 10:00:00.250000", "user_id": None, "device_id": "d1",
    "amplitude_id": 7, "session_id": 1714557600000, "event_id": 3, "platform": "iOS",
    "event_properties": {"$revenue": 12.5}, "user_properties": {"utm_medium": "cpc"},
}  # fmt: skip


def _written(folder: Path, records: list[dict[str, object]]) -> Path:
    (folder / "x.jsonl").write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return folder / "x.jsonl"


def test_a_line_of_the_export(shared: Path, tmp_path: Path) -> None:
    line = shared / FOLDER / "export_api_lines.jsonl"
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(line.read_bytes()))
    for path in (line, tmp_path / "x.json.gz"):
        events, report = read_events(path, format="amplitude")
        row = events.iloc[0]
        assert (report.n_read, report.n_kept) == (1, 1)
        assert row["event_time"] == pd.Timestamp("2019-11-12T14:43:52.137Z")
        assert (row["customer_id"], row["visitor_id"]) == ("REDACTED-USER-1", "REDACTED-DEVICE-1R")
        assert (row["touchpoint"], row["device"], row["order"]) == ("USER_OPENED_APP", "Android", 683)


def test_a_connectors_table(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / "fivetran_event.csv", format="amplitude")
    assert (report.n_read, report.n_kept) == (10, 10)
    assert events["touchpoint"].str[:24].value_counts().to_dict() == {
        "watch_test_amplitude_2": 3, "a" * 24: 3, "watch_test_amplitude": 2, "watch_test_amplitude_3": 1,
        "test_event_01": 1,
    }  # fmt: skip
    assert events.loc[0, "customer_id"] == "dev@gmail.com"
    assert events.loc[0, "event_time"] == pd.Timestamp("2025-03-01T19:42:58.123Z")
    assert events["session_id"].isna().all()
    with pytest.raises(DataError, match="6 without event_type"):
        read_events(shared / FOLDER / "fivetran_event_type.csv", format="amplitude")


def test_airbyte_flat_and_wrapped(shared: Path, tmp_path: Path) -> None:
    flat = shared / FOLDER / "airbyte_events_record.jsonl"
    record = json.loads(flat.read_text())
    expected, _ = read_events(flat, format="amplitude")
    assert expected.loc[0, ["touchpoint", "customer_id"]].tolist() == [
        "Daily Ad Metrics",
        "google-ad-4651612872-643022056303",
    ]
    assert expected.loc[0, "event_time"] == pd.Timestamp("2023-08-24T07:00:00Z")
    assert expected.loc[0, "session_id"] is None or pd.isna(expected.loc[0, "session_id"])
    for wrapped in (
        {"_airbyte_ab_id": "1", "_airbyte_data": record},
        {"_airbyte_ab_id": "1", "_airbyte_data": json.dumps(record)},
        {"stream": "events", "data": record, "emitted_at": 1},
        {"type": "RECORD", "record": {"stream": "events", "data": record}},
    ):
        events, _ = read_events(_written(tmp_path, [wrapped]), format="amplitude")
        pd.testing.assert_frame_equal(events, expected)


def test_value_session_channel_and_the_device_as_customer(tmp_path: Path) -> None:
    outside = {**EVENT, "session_id": -1, "device_id": None, "event_properties": '{"revenue": "3"}'}
    page = {**EVENT, "event_type": "[Amplitude] Page Viewed", "event_properties": {"[Amplitude] Page Path": "/cart"}}
    events, _ = read_events(_written(tmp_path, [EVENT, outside, page]), format="amplitude")
    assert events["value"].tolist()[:2] == [12.5, 3.0]
    assert events["customer_id"].tolist() == ["d1", "7", "d1"]
    assert events.loc[0, ["session_id", "channel"]].tolist() == ["d1.1714557600000", "cpc"]
    assert pd.isna(events.loc[1, "session_id"])
    assert events.loc[2, "touchpoint"] == "/cart"


def test_rows_without_what_an_event_needs_are_named(tmp_path: Path) -> None:
    rows = [EVENT, {**EVENT, "event_type": ""}, {**EVENT, "device_id": None, "amplitude_id": None}]
    rows += [{**EVENT, "event_time": "soon"}, {**EVENT, "event_type": "$identify"}]
    _, report = read_events(_written(tmp_path, rows), format="amplitude")
    assert sorted((loss.reason, loss.n) for loss in report.dropped) == [
        ("that identify a person, not an event", 1),
        ("with no event_time that is a time", 1),
        ("without event_type", 1),
        ("without user_id, device_id or amplitude_id", 1),
    ]


def test_damage_loses_only_what_is_damaged(shared: Path, tmp_path: Path) -> None:
    file = _written(tmp_path, [{**EVENT, "event_id": number} for number in range(50)])
    (tmp_path / "b").mkdir()
    assert balanced(with_bad_lines(file, tmp_path / "b", (1, 30)), "amplitude") == (48, 2)
    assert balanced(cut_short(file, tmp_path / "b"), "amplitude")[1] == 1
    kept, dropped = balanced(gzip_cut_short(file, tmp_path / "b", 0.8), "amplitude")
    assert kept > 0
    assert dropped <= 1
    table = shared / FOLDER / "fivetran_event.csv"
    assert balanced(with_bad_lines(table, tmp_path / "b", (2, 5)), "amplitude") == (8, 2)
    kept, dropped = balanced(cut_short(table, tmp_path / "b"), "amplitude")
    assert kept >= 4
    assert dropped == 1


def test_columns_in_another_order(shared: Path, tmp_path: Path) -> None:
    table = shared / FOLDER / "fivetran_event.csv"
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"), newline="")))
    with (tmp_path / "x.csv").open("w", newline="", encoding="utf-16") as stream:
        writer = csv.DictWriter(stream, sorted(rows[0], reverse=True))
        writer.writeheader()
        writer.writerows(rows)
    shuffled, _ = read_events(tmp_path / "x.csv", format="amplitude")
    pd.testing.assert_frame_equal(shuffled, read_events(table, format="amplitude")[0])


def test_the_zip_that_the_export_comes_in_is_refused_with_advice(tmp_path: Path) -> None:
    (tmp_path / "export.zip").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(DataError, match=r"export\.zip: is a zip archive; unpack it"):
        read_events(tmp_path / "export.zip", format="amplitude")
