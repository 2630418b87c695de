"""Snowplow: the vendor's test events as a table, as enriched lines and as JSON, and bad rows."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError, StudyError
from journeylab.readers import events_to_parquet, read_events
from journeylab.readers.events.snowplow import ENRICHED
from tests.exports import balanced, cut_short, gzip_cut_short, plain_bytes, with_bad_lines

FOLDER = "data/vendor_fixtures/snowplow/"
TABLE = FOLDER + "atomic_events/snowplow_web_events.csv.gz"
VITALS = FOLDER + "atomic_events/snowplow_web_vital_events.csv.gz"
LINES = FOLDER + "enriched_tsv/input-events.tsv.gz"
WIDE = FOLDER + "enriched_tsv/output-widerows.jsonl.gz"
BAD = FOLDER + "enriched_tsv/output-badrows.jsonl"


def test_the_table_keeps_every_event(shared: Path) -> None:
    events, report = read_events(shared / TABLE, format="snowplow")
    assert (report.n_read, report.n_kept) == (160, 160)
    row = events.iloc[0]
    assert row["customer_id"] == "dupe: event_id different collector_tstamp"
    assert row["event_time"] == pd.Timestamp("2021-03-03T21:27:32.695Z")
    assert row["touchpoint"] == "link_click"
    assert row["session_id"] == "6b379f3eea11eb4ead878125af9cb708f8a91c455d9405b0bc617fa78c2e4291"
    counts = events["touchpoint"].value_counts()
    assert counts[["cmp_visible", "page ping", "authentication: login", "/"]].tolist() == [33, 8, 6, 12]
    assert events["channel"].value_counts().to_dict() == {"display": 9, "ppc": 3}


def test_a_visitor_without_domain_userid_is_known_by_the_network(shared: Path) -> None:
    events, _ = read_events(shared / TABLE, format="snowplow", customer="visitor")
    by_network = "a66d14dbd61e04cdf7eaba27b2b7a0cca3147b311d02b20fc26c5121a8ff86c9"
    assert (events["customer_id"] == by_network).sum() == 1


def test_page_pings_can_be_left_out(shared: Path) -> None:
    events, report = read_events(shared / TABLE, format="snowplow", pings="drop", pages="event")
    assert (len(events), report.dropped[0].n) == (152, 8)
    assert (events["touchpoint"] == "page_view").sum() == 50
    with pytest.raises(StudyError, match=r"option pings: found 'dorp'.*Did you mean 'drop'"):
        read_events(shared / TABLE, format="snowplow", pings="dorp")


def test_rows_without_an_event_are_lost(shared: Path) -> None:
    events, report = read_events(shared / VITALS, format="snowplow")
    assert (report.n_read, len(events)) == (1031, 1000)
    assert [(loss.reason, loss.n, loss.examples[0]) for loss in report.dropped] == [
        ("without event or event_name", 31, "row 1002")
    ]
    assert events["device"].value_counts().to_dict() == {"desktop": 697, "mobile": 303}
    assert events.loc[0, "event_time"] == pd.Timestamp("2023-03-01T06:16:09.201Z")


def test_enriched_lines_lose_the_two_bad_ones(shared: Path) -> None:
    assert len(ENRICHED) == 131
    events, report = read_events(shared / LINES, format="snowplow")
    assert (report.n_read, len(events)) == (50, 48)
    assert report.dropped[0].examples == ("row 1 ('130')", "row 2 ('129')")
    row = events.iloc[0]
    assert (row["customer_id"], row["touchpoint"]) == ("ada.blackjack@iglu.com", "/x9undfqbhicntzV")
    assert row["event_time"] == pd.Timestamp("2021-09-27T01:15:51.334Z")
    assert (row["channel"], row["visitor_id"]) == ("email", "3d8103fa-989c-43ec-a526-099fd0c76c5b")


def test_wide_rows_are_the_same_events_but_for_a_total_that_the_vendor_has_put_into_one_file(shared: Path) -> None:
    wide, report = read_events(shared / WIDE, format="snowplow")
    enriched, _ = read_events(shared / LINES, format="snowplow")
    assert (report.n_read, report.n_dropped) == (48, 0)
    assert enriched["value"].dropna().tolist() == [123.43]
    assert wide["value"].isna().all()
    wide, enriched = (
        frame.drop(columns="value").sort_values("session_id", ignore_index=True) for frame in (wide, enriched)
    )
    pd.testing.assert_frame_equal(wide, enriched)


def test_bad_rows_are_lost_with_snowplows_reason(shared: Path, tmp_path: Path) -> None:
    reason = "that Snowplow refused: 'loader_parsing_error', 'FieldNumberMismatch'"
    with pytest.raises(DataError, match=f"2 {reason}.*fieldCount 130"):
        read_events(shared / BAD, format="snowplow")
    (tmp_path / "x.jsonl").write_bytes(plain_bytes(shared / BAD) + plain_bytes(shared / WIDE))
    _, report = read_events(tmp_path / "x.jsonl", format="snowplow")
    assert (report.n_read, report.n_kept) == (50, 48)
    assert [(loss.reason, loss.n) for loss in report.dropped] == [(reason, 2)]


def test_the_worth_of_an_order_and_of_a_structured_event(tmp_path: Path) -> None:
    base = {"user_id": "u", "derived_tstamp": None, "collector_tstamp": "2024-05-01T10:00:00Z"}
    rows = [
        {**base, "event": "transaction", "event_name": "transaction", "tr_total": 49.5},
        {**base, "event": "struct", "se_category": "shop", "se_action": "add", "se_value": "12"},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    events, _ = read_events(tmp_path / "x.jsonl", format="snowplow")
    assert events["value"].tolist() == [49.5, 12.0]
    assert events["touchpoint"].tolist() == ["transaction", "shop: add"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2024-05-01T10:00:00Z")


@pytest.mark.parametrize("damage", [cut_short, gzip_cut_short])
@pytest.mark.parametrize(("name", "least"), [(TABLE, 60), (LINES, 20), (WIDE, 20)])
def test_a_file_cut_short_gives_what_comes_before(shared: Path, tmp_path: Path, damage, name: str, least: int) -> None:  # type: ignore[no-untyped-def]
    kept, dropped = balanced(damage(shared / name, tmp_path), "snowplow")
    assert kept >= least
    assert dropped <= (3 if name == LINES else 1)


@pytest.mark.parametrize(("name", "kept"), [(TABLE, 158), (LINES, 46), (WIDE, 46)])
def test_two_bad_lines_lose_two_events(shared: Path, tmp_path: Path, name: str, kept: int) -> None:
    first, _ = balanced(shared / name, "snowplow")
    assert first - kept == 2
    assert balanced(with_bad_lines(shared / name, tmp_path, (5, 40)), "snowplow")[0] == kept


def test_a_damaged_first_line_does_not_hide_what_the_file_is(shared: Path, tmp_path: Path) -> None:
    for name in (LINES, WIDE):
        kept, dropped = balanced(with_bad_lines(shared / name, tmp_path, (0,)), "snowplow")
        assert (kept, dropped) == ((48, 2) if name == LINES else (47, 1))


def test_columns_in_another_order_and_another_encoding(shared: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(plain_bytes(shared / TABLE).decode(), newline="")))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, sorted(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (tmp_path / "x.csv").write_bytes(text.getvalue().encode("utf-16"))
    shuffled, report = read_events(tmp_path / "x.csv", format="snowplow")
    pd.testing.assert_frame_equal(shuffled, read_events(shared / TABLE, format="snowplow")[0])
    assert report.notes == ("the file is UTF-16",)


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / TABLE, format="snowplow")
    assert events_to_parquet(shared / TABLE, tmp_path / "events.parquet", "snowplow") == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)
