"""Segment: the payloads of the published spec, and a row of a warehouse's pages."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

FOLDER = "data/vendor_fixtures/segment/"
TRACK = {
    "type": "track", "event": "Order Completed", "userId": "u1", "anonymousId": "a1",
    "timestamp": "2024-05-01T10:00:00.000Z", "properties": {"revenue": 25.5, "total": 30, "value": 1},
}  # fmt: skip


def _written(folder: Path, records: list[dict[str, object]], name: str = "x.jsonl") -> Path:
    (folder / name).write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return folder / name


def test_the_payload_with_every_field(shared: Path) -> None:
    events, _ = read_events(shared / FOLDER / "spec_common.jsonl", format="segment")
    row = events.iloc[0]
    assert row["customer_id"] == "97980cfea0067"
    assert row["visitor_id"] == "507f191e810c19729de860ea"
    assert row["event_time"] == pd.Timestamp("2015-12-10T04:08:31.905Z")
    assert (row["touchpoint"], row["channel"], row["device"]) == ("Report Submitted", "email", "ios")


def test_tracks_and_pages_lose_those_of_nobody(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / "spec_track.jsonl", format="segment")
    assert events["touchpoint"].tolist() == ["Course Clicked", "Button Clicked"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2015-12-12T19:11:01.249Z")
    assert (report.dropped[0].reason, report.n_dropped) == ("without userId or anonymousId", 1)
    page = shared / FOLDER / "spec_page.jsonl"
    assert balanced(page, "segment") == (1, 1)
    said = [
        read_events(page, format="segment", pages=pages)[0].loc[0, "touchpoint"] for pages in ("path", "title", "event")
    ]
    assert said == ["/", "Welcome | Initech", "Home"]


def test_a_warehouses_pages(shared: Path) -> None:
    events, _ = read_events(shared / FOLDER / "warehouse_pages.csv", format="segment")
    assert events.loc[0, ["customer_id", "touchpoint", "channel"]].tolist() == ["97980cfea0067", "/product", "social"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2015-02-23T22:28:55Z")


def test_a_warehouses_tracks_and_screens(tmp_path: Path) -> None:
    head = "id,anonymous_id,user_id,received_at,event,event_text,revenue\n"
    (tmp_path / "tracks.csv").write_text(head + "1,a,,2024-05-01 10:00:00,order_completed,Order Completed,9.5\n")
    events, _ = read_events(tmp_path / "tracks.csv", format="segment")
    assert events.loc[0, ["customer_id", "touchpoint", "value"]].tolist() == ["a", "Order Completed", 9.5]
    (tmp_path / "screens.csv").write_text("anonymous_id,timestamp,name\na,2024-05-01 10:00:00,Home\n")
    assert read_events(tmp_path / "screens.csv", format="segment")[0].loc[0, "touchpoint"] == "Home"
    (tmp_path / "identifies.csv").write_text("user_id,timestamp,name\na,2024-05-01 10:00:00,Ada\n")
    with pytest.raises(DataError, match="1 that are neither track, page nor screen"):
        read_events(tmp_path / "identifies.csv", format="segment")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("spec_identify.jsonl", "2 that identify a person, not an event"),
        ("spec_group.jsonl", "2 that identify a person, not an event"),
        ("spec_alias.jsonl", "2 that identify a person, not an event"),
        ("spec_screen.jsonl", "1 without userId or anonymousId"),
        ("spec_email.jsonl", "6 with no timestamp that is a time"),
        ("spec_live-chat.jsonl", "3 with no timestamp that is a time"),
        ("spec_b2b-saas.jsonl", "10 with no timestamp that is a time"),
    ],
)
def test_payloads_of_nobody_or_of_no_time_are_lost_with_the_reason(shared: Path, name: str, why: str) -> None:
    with pytest.raises(DataError, match=f"{name}: holds no event.*{why}"):
        read_events(shared / FOLDER / name, format="segment")


def test_persons_are_counted_in_notes(tmp_path: Path) -> None:
    records = [TRACK, {**TRACK, "type": "identify"}, {**TRACK, "type": "group"}, {**TRACK, "type": "identify"}]
    events, report = read_events(_written(tmp_path, records), format="segment")
    assert events.loc[0, ["value", "session_id"]].tolist()[0] == 25.5
    assert [(loss.reason, loss.n) for loss in report.dropped] == [("that identify a person, not an event", 3)]
    assert [note.partition(",")[0] for note in report.notes] == [
        "2 identify records that tell who somebody is",
        "1 group records that tell who somebody is",
    ]


def test_the_second_best_time_and_value(tmp_path: Path) -> None:
    record = {
        **TRACK,
        "timestamp": None,
        "originalTimestamp": "2024-05-01T12:00:00+02:00",
        "properties": {"total": "30"},
    }
    events, _ = read_events(_written(tmp_path, [record]), format="segment", customer="visitor")
    assert events.loc[0, ["customer_id", "value"]].tolist() == ["a1", 30.0]
    assert events.loc[0, "event_time"] == pd.Timestamp("2024-05-01T10:00:00Z")


def test_damage_loses_only_what_is_damaged(tmp_path: Path) -> None:
    file = _written(tmp_path, [{**TRACK, "event": f"Größe {number}"} for number in range(50)])
    (tmp_path / "b").mkdir()
    assert balanced(with_bad_lines(file, tmp_path / "b", (0, 49)), "segment") == (48, 2)
    assert balanced(with_bad_lines(file, tmp_path / "b", (7,), b'[1, "x"]'), "segment") == (49, 1)
    kept, dropped = balanced(cut_short(file, tmp_path / "b"), "segment")
    assert (kept, dropped) == (30, 1)
    kept, dropped = balanced(gzip_cut_short(file, tmp_path / "b", 0.8), "segment")
    assert kept > 0
    assert dropped <= 1
    text = "\n".join(json.dumps({**TRACK, "event": "Größe"}, ensure_ascii=False) for _ in range(5))
    for encoding in ("latin-1", "utf-16"):
        (tmp_path / "e.json").write_bytes(text.encode(encoding))
        events, report = read_events(tmp_path / "e.json", format="segment")
        assert set(events["touchpoint"]) == {"Größe"}
        assert report.n_kept == 5
        assert report.notes


def test_cells_that_are_not_what_they_should_be_are_no_crash(tmp_path: Path) -> None:
    odd = [
        {**TRACK, "context": "none", "properties": [1]},
        {**TRACK, "context": {"campaign": 3, "device": "x", "page": []}, "properties": {"revenue": 10**400}},
        {**TRACK, "event": "half \ud83d of a sign", "timestamp": "9999-99-99"},
        {**TRACK, "event": "half \ud83d of a sign"},
    ]
    events, report = read_events(_written(tmp_path, odd), format="segment")
    assert (report.n_kept, report.n_dropped) == (3, 1)
    assert events["touchpoint"].tolist()[-1] == "half ? of a sign"
