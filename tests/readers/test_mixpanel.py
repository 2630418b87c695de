"""Mixpanel: the documentation's export, a connector's table and a record of Airbyte."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError, StudyError
from journeylab.readers import read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

FOLDER = "data/vendor_fixtures/mixpanel/"


def _event(name: str = "Signed up", **properties: object) -> dict[str, object]:
    return {"event": name, "properties": {"time": 1602611311, "distinct_id": "p1", **properties}}


def _written(folder: Path, records: list[dict[str, object]]) -> Path:
    (folder / "x.jsonl").write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return folder / "x.jsonl"


def test_the_documentations_events_are_of_nobody(shared: Path, tmp_path: Path) -> None:
    raw = shared / FOLDER / "raw_export_docs.jsonl"
    with pytest.raises(DataError, match=r"2 without distinct_id, \$user_id or \$device_id"):
        read_events(raw, format="mixpanel")
    records = [json.loads(line) for line in raw.read_text().splitlines()]
    for record in records:
        record["properties"]["distinct_id"] = "someone"
    events, _ = read_events(_written(tmp_path, records), format="mixpanel")
    assert events["event_time"].tolist() == [pd.Timestamp("2020-10-13T17:48:31Z"), pd.Timestamp("2020-10-15T18:38:41Z")]


def test_the_clock_of_the_project(tmp_path: Path) -> None:
    path = _written(tmp_path, [_event(), _event(time=1606780800000)])
    events, _ = read_events(path, format="mixpanel", timezone="America/Los_Angeles")
    assert events["event_time"].tolist() == [pd.Timestamp("2020-10-14T00:48:31Z"), pd.Timestamp("2020-12-01T08:00:00Z")]
    with pytest.raises(StudyError, match="no known time zone"):
        read_events(path, format="mixpanel", timezone="Pacific")


def test_a_connectors_table(shared: Path) -> None:
    events, report = read_events(shared / FOLDER / "fivetran_event.csv", format="mixpanel")
    assert (report.n_read, report.n_kept) == (5, 5)
    assert events["touchpoint"].tolist() == [
        "plays",
        "playthrough_25",
        "playthrough_25",
        "playthrough_29",
        "playthrough_30",
    ]
    assert events.loc[0, "event_time"] == pd.Timestamp("2020-08-01T10:16:46Z")
    assert events.loc[0, "customer_id"] == "9e308c27-42ab-57af-beef-555708cde092"


def test_a_record_of_airbyte(shared: Path, tmp_path: Path) -> None:
    flat = shared / FOLDER / "airbyte_export_record.jsonl"
    events, _ = read_events(flat, format="mixpanel", timezone="America/New_York")
    assert events.loc[0, ["touchpoint", "device"]].tolist() == ["Browse", "Windows"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2023-04-12T03:54:35Z")
    wrapped, _ = read_events(_written(tmp_path, [{"_airbyte_data": json.loads(flat.read_text())}]), format="mixpanel")
    pd.testing.assert_frame_equal(wrapped, events)


def test_who_is_who(tmp_path: Path) -> None:
    rows = [
        _event(distinct_id="$device:d1", **{"$device_id": "d1"}),
        _event(distinct_id="ada", **{"$device_id": "d1", "$user_id": "ada"}),
        _event(distinct_id="ada", **{"$device_id": "d1"}),
        _event(distinct_id="eve"),
    ]
    path = _written(tmp_path, rows)
    events, _ = read_events(path, format="mixpanel")
    assert events["customer_id"].tolist() == ["d1", "ada", "ada", "eve"]
    assert events["visitor_id"].tolist() == ["d1", "d1", "d1", "eve"]
    _, report = read_events(path, format="mixpanel", customer="login")
    assert (report.n_kept, report.n_dropped) == (2, 2)


def test_repeated_insert_ids_are_dropped_as_mixpanel_does(tmp_path: Path) -> None:
    first = _event(**{"$insert_id": "i1", "revenue": "9.5"})
    rows = [
        first,
        first,
        _event(time=1602611312, **{"$insert_id": "i1"}),
        _event(time=1602611311 + 86_400, **{"$insert_id": "i1"}),
        _event("Other", **{"$insert_id": "i1"}),
        _event(),
        _event(),
    ]
    events, report = read_events(_written(tmp_path, rows), format="mixpanel")
    assert [(loss.reason, loss.n) for loss in report.dropped] == [
        ("that repeat the $insert_id of an event of the same day", 2)
    ]
    assert (report.n_read, len(events)) == (7, 5)
    assert events.loc[0, "value"] == 9.5


def test_page_views(tmp_path: Path) -> None:
    view = _event("$mp_web_page_view", **{"$current_url": "https://x.org/cart?a=1", "current_page_title": "Cart"})
    path = _written(tmp_path, [view])
    said = [
        read_events(path, format="mixpanel", pages=pages)[0].loc[0, "touchpoint"]
        for pages in ("path", "title", "event")
    ]
    assert said == ["/cart", "Cart", "$mp_web_page_view"]


def test_damage_loses_only_what_is_damaged(shared: Path, tmp_path: Path) -> None:
    file = _written(tmp_path, [_event(**{"$insert_id": str(number), "city": "Köln"}) for number in range(50)])
    (tmp_path / "b").mkdir()
    assert balanced(with_bad_lines(file, tmp_path / "b", (0, 30)), "mixpanel") == (48, 2)
    assert balanced(cut_short(file, tmp_path / "b"), "mixpanel")[1] == 1
    kept, dropped = balanced(gzip_cut_short(file, tmp_path / "b", 0.8), "mixpanel")
    assert kept > 0
    assert dropped <= 1
    assert balanced(with_bad_lines(shared / FOLDER / "fivetran_event.csv", tmp_path / "b", (2, 4)), "mixpanel") == (
        3,
        2,
    )
    odd = [
        _event(time="soon"),
        _event(time=10**400),
        _event(time=None),
        _event("", time=1),
        _event("$identify"),
        _event(),
    ]
    assert balanced(_written(tmp_path, odd), "mixpanel", timezone="Europe/Berlin") == (1, 5)
    (tmp_path / "u.json").write_bytes(json.dumps(_event("Größe"), ensure_ascii=False).encode("utf-16"))
    assert read_events(tmp_path / "u.json", format="mixpanel")[0].loc[0, "touchpoint"] == "Größe"
