"""Google Analytics 360: a day of a real shop, nested and flat, and sessions as BigQuery writes them to JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

NESTED = "data/ga360_merch_store/ga_sample.parquet"
FLAT = "data/ga360_merch_store/hits_flat.parquet"


def _hit(number: int = 1, **more: Any) -> dict[str, Any]:
    page = {"pagePath": "/home?utm=1", "pageTitle": "Home"}
    return {"hitNumber": str(number), "time": str(number * 1000), "type": "PAGE", "page": page, **more}


def _session(*hits: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "fullVisitorId": "007", "visitId": "1501583974", "visitStartTime": "1501583974", "channelGrouping": "Direct",
        "trafficSource": {"medium": "(none)"}, "device": {"deviceCategory": "mobile"}, "hits": list(hits), **more,
    }  # fmt: skip


def _written(folder: Path, sessions: list[dict[str, Any]]) -> Path:
    (folder / "x.json").write_text("\n".join(json.dumps(session) for session in sessions), encoding="utf-8")
    return folder / "x.json"


def test_a_days_sessions_keep_every_hit_and_every_sale(shared: Path) -> None:
    events, report = read_events(shared / NESTED, format="ga360")
    assert (report.n_read, report.n_kept) == (13_233, 13_233)
    assert events["session_id"].nunique() == 2_556
    assert events["customer_id"].nunique() == 2_293
    assert events["channel"].nunique() == 7
    counts = events["touchpoint"].value_counts()
    assert counts[["click-through", "product view", "add to cart", "remove from cart"]].tolist() == [
        1676,
        1267,
        494,
        75,
    ]
    assert counts[["checkout", "purchase", "/home"]].tolist() == [330, 45, 2212]
    assert events["value"].sum() == pytest.approx(8_902.0)
    assert report.notes[0].startswith("47 purchases are sent again with the same order")
    row = events.iloc[0]
    assert row[["customer_id", "session_id"]].tolist() == ["2248281639583218707", "2248281639583218707.1501583974"]
    assert row["event_time"] == pd.Timestamp("2017-08-01T10:39:34Z")


def test_a_table_of_hits_is_the_same_events(shared: Path) -> None:
    keys = ["session_id", "order"]
    nested, flat = (
        read_events(shared / name, format="ga360")[0].sort_values(keys, ignore_index=True) for name in (NESTED, FLAT)
    )
    pd.testing.assert_frame_equal(nested, flat)


def test_pages_can_be_called_by_their_title(shared: Path) -> None:
    titles, _ = read_events(shared / FLAT, format="ga360", pages="title")
    assert "YouTube | Shop by Brand | Google Merchandise Store" in set(titles["touchpoint"])
    kinds, _ = read_events(shared / FLAT, format="ga360", pages="event")
    assert kinds["touchpoint"].value_counts()[["page view", "Contact Us: Onsite Click"]].tolist() == [9297, 18]


def test_whole_numbers_may_be_text(tmp_path: Path) -> None:
    sale = {"transactionId": "T1", "transactionRevenue": "12500000"}
    event = {"eventCategory": "Video", "eventAction": "play"}
    hits = [
        _hit(1),
        _hit(2, type="EVENT", eventInfo=event, eCommerceAction={"action_type": "0"}),
        _hit(3, type="EVENT", eventInfo=event, eCommerceAction={"action_type": "3"}),
        _hit(4, eCommerceAction={"action_type": "6"}, transaction=sale),
        _hit(5, eCommerceAction={"action_type": "6"}, transaction={"transactionId": "T1"}),
        _hit(6, type="APPVIEW", appInfo={"screenName": "Start"}),
        _hit(7, type="SOCIAL"),
    ]
    path = _written(tmp_path, [_session(*hits, userId="u1"), _session(_hit(1), channelGrouping=None)])
    events, report = read_events(path, format="ga360")
    assert events["touchpoint"].tolist() == [
        "/home", "Video: play", "add to cart", "purchase", "/home", "Start", "social", "/home",
    ]  # fmt: skip
    assert events["value"].dropna().tolist() == [12.5]
    assert events["order"].tolist() == [1, 2, 3, 4, 5, 6, 7, 1]
    assert events["customer_id"].tolist() == ["u1"] * 7 + ["007"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2017-08-01T10:39:35Z")
    assert events["channel"].tolist() == ["Direct"] * 7 + ["(none)"]
    assert report.n_dropped == 0
    by_visitor, _ = read_events(path, format="ga360", customer="visitor")
    assert set(by_visitor["customer_id"]) == {"007"}


def test_a_table_as_bigquery_flattens_it(tmp_path: Path) -> None:
    columns = {
        "fullVisitorId": "007", "visitId": "5", "visitStartTime": "1501583974", "hits_time": "2780", "hits_hitNumber": "2",
        "hits_type": "PAGE", "hits_page_pagePath": "/a", "hits_eCommerceAction_action_type": "0",
        "hits_transaction_transactionRevenue": "1000000", "trafficSource_medium": "organic",
    }  # fmt: skip
    for separator in (".", "_"):
        names = [name.replace("_", separator) if name.startswith("hits") else name for name in columns]
        text = io.StringIO()
        csv.writer(text).writerows([names[::-1], list(columns.values())[::-1]])
        (tmp_path / "x.csv").write_text(text.getvalue())
        row = read_events(tmp_path / "x.csv", format="ga360")[0].iloc[0]
        assert row[["customer_id", "touchpoint", "channel", "session_id"]].tolist() == ["007", "/a", "organic", "007.5"]
        assert row["event_time"] == pd.Timestamp("2017-08-01T10:39:36.780Z")
        assert (row["order"], row["value"]) == (2, 1.0)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    sessions = [
        _session(_hit(), 5, _hit(time="soon"), {"time": 0}),  # type: ignore[arg-type]
        _session(),
        _session(_hit(), fullVisitorId=None),
        _session(_hit(), visitStartTime=None),
        {"fullVisitorId": "1", "visitId": 2, "totals": {}},
    ]
    _, report = read_events(_written(tmp_path, sessions), format="ga360")
    assert (report.n_read, report.n_kept) == (8, 1)
    assert {loss.reason: loss.n for loss in report.dropped} == {
        "that are no hit": 1,
        "with no visitStartTime and time that are a time": 2,
        "without type": 1,
        "without hits": 2,
        "without fullVisitorId or userId": 1,
    }
    (tmp_path / "y.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"y\.csv: holds no event that can be read as 'ga360': 1 without hits"):
        read_events(tmp_path / "y.csv", format="ga360")
    (tmp_path / "z.json").write_text('{"hits": ' + "[" * 100_000)
    with pytest.raises(DataError, match="that is not JSON"):
        read_events(tmp_path / "z.json", format="ga360")


def test_damage_loses_only_what_is_damaged(tmp_path: Path) -> None:
    file = _written(tmp_path, [_session(_hit(1), _hit(2), visitId=number) for number in range(50)])
    (tmp_path / "b").mkdir()
    assert balanced(with_bad_lines(file, tmp_path / "b", (0, 30)), "ga360") == (96, 2)
    assert balanced(cut_short(file, tmp_path / "b"), "ga360") == (60, 1)
    kept, dropped = balanced(gzip_cut_short(file, tmp_path / "b", 0.8), "ga360")
    assert kept > 0
    assert dropped <= 1
    for encoding in ("latin-1", "utf-16"):
        hit = _hit(page={"pagePath": "/größe"})
        (tmp_path / "e.json").write_bytes(json.dumps(_session(hit), ensure_ascii=False).encode(encoding))
        events, report = read_events(tmp_path / "e.json", format="ga360")
        assert events.loc[0, "touchpoint"] == "/größe"
        assert report.notes


def test_a_table_with_its_columns_shuffled_is_the_same(shared: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(shared / FLAT).head(200)
    table[sorted(table.columns)].to_csv(tmp_path / "x.csv", index=False)
    table.to_parquet(tmp_path / "x.parquet")
    shuffled, plain = (read_events(tmp_path / f"x.{kind}", format="ga360")[0] for kind in ("csv", "parquet"))
    pd.testing.assert_frame_equal(shuffled, plain)


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / NESTED, format="ga360")
    assert events_to_parquet(shared / NESTED, tmp_path / "events.parquet", "ga360") == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)
