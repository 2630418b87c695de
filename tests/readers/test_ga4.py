"""Google Analytics 4: a real shop's events, one true row as BigQuery writes it, and a connector's table."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab import journeys
from journeylab.errors import DataError, StudyError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short, plain_bytes, with_bad_lines

SHOP = "data/ga4_merch_store/"
LINES = SHOP + "first500_events.derived.jsonl.gz"


def test_one_row_as_bigquery_writes_it(shared: Path) -> None:
    events, report = read_events(shared / "data/vendor_fixtures/ga4/bigquery_export_row_web.json", format="ga4")
    row = events.iloc[0]
    assert (report.n_read, report.n_kept) == (1, 1)
    assert row["customer_id"] == "745846450.1644156613"
    assert row["event_time"] == pd.Timestamp("2022-05-27T19:30:18.347831Z")
    assert (row["touchpoint"], row["channel"], row["device"]) == ("session_start", "organic", "mobile")
    assert row["session_id"] == "745846450.1644156613.1653679817"


def test_a_connectors_flat_table(shared: Path) -> None:
    events, _ = read_events(shared / "data/vendor_fixtures/ga4/fivetran_event.csv", format="ga4")
    assert list(events["touchpoint"][:2]) == ["purchase", "add_to_cart"]
    assert events.loc[0, ["customer_id", "visitor_id", "value"]].tolist() == ["user_123", "pseudo_123", 29.99]


def test_nested_parquet_keeps_every_event(shared: Path) -> None:
    events, report = read_events(shared / SHOP / "ga4_events_sampled.snappy.parquet", format="ga4")
    assert (len(events), report.n_dropped) == (24_219, 0)
    assert events["customer_id"].notna().all()
    by_event, _ = read_events(shared / SHOP / "ga4_events_sampled.snappy.parquet", format="ga4", pages="event")
    assert set(by_event["touchpoint"]) == set(events["event"])


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / LINES, format="ga4")
    streamed = events_to_parquet(shared / LINES, tmp_path / "events.parquet", "ga4")
    assert streamed == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)
    assert journeys.build(tmp_path / "events.parquet").n_events == 500


@pytest.mark.parametrize("damage", [cut_short, gzip_cut_short])
def test_a_file_cut_short_gives_what_comes_before(shared: Path, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    kept, dropped = balanced(damage(shared / LINES, tmp_path), "ga4")
    assert 200 < kept < 400
    assert dropped <= 1


def test_two_bad_lines_lose_two_events(shared: Path, tmp_path: Path) -> None:
    assert balanced(with_bad_lines(shared / LINES, tmp_path, (3, 40)), "ga4") == (498, 2)


def test_another_encoding_is_read_and_said(shared: Path, tmp_path: Path) -> None:
    text = plain_bytes(shared / LINES).decode()
    for encoding in ("utf-16", "utf-8-sig"):
        (tmp_path / "x.json").write_bytes(text.encode(encoding))
        assert balanced(tmp_path / "x.json", "ga4") == (500, 0)
    first = {**json.loads(text.splitlines()[0]), "event_name": "Größe"}
    (tmp_path / "y.json").write_bytes(json.dumps(first, ensure_ascii=False).encode("cp1252"))
    events, report = read_events(tmp_path / "y.json", format="ga4")
    assert events.loc[0, "touchpoint"] == "Größe"
    assert "Windows-1252" in report.notes[0]


def test_rows_without_what_an_event_needs_are_named(tmp_path: Path) -> None:
    good = {"event_name": "scroll", "event_timestamp": "1653679818347831", "user_pseudo_id": "v1"}
    rows = [good, {**good, "event_name": None}, {**good, "user_pseudo_id": ""}, {**good, "event_timestamp": "soon"}]
    (tmp_path / "x.json").write_text("\n".join(json.dumps(row) for row in rows))
    _, report = read_events(tmp_path / "x.json", format="ga4")
    assert [(loss.reason, loss.n) for loss in report.dropped] == [
        ("without event_name", 1),
        ("without user_pseudo_id or user_id", 1),
        ("with no event_timestamp that is a time", 1),
    ]
    assert "soon" in report.dropped[2].examples[0]


def test_the_wrong_file_and_the_wrong_option_say_so(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"x\.csv: holds no event"):
        read_events(tmp_path / "x.csv", format="ga4")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="no Parquet file"):
        read_events(tmp_path / "x.parquet", format="ga4")
    with pytest.raises(StudyError, match="Did you mean 'path'"):
        read_events(tmp_path / "x.csv", format="ga4", pages="paths")
