"""PostHog: samples made after its documentation, since no customer's export is published."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.readers import read_events
from tests.exports import balanced, cut_short, gzip_cut_short, with_bad_lines

CHAIN = (
    'button.btn.btn-primary:attr__class="btn btn-primary"nth-child="1"text="Add; to \\"cart\\""'
    ';div.shop:attr__text="no"text="outer"'
)


def _event(name: str = "$pageview", **more: object) -> dict[str, object]:
    properties = {
        "$current_url": "https://x.org/cart?a=1#b", "$session_id": "s1", "$device_type": "Mobile", "utm_medium": "email",
        "title": "Cart",
    }  # fmt: skip
    return {
        "uuid": "018f", "event": name, "distinct_id": "d1", "person_id": "p1",
        "timestamp": "2024-05-01T10:00:00.123000+00:00", "properties": properties, **more,
    }  # fmt: skip


def _written(folder: Path, records: list[dict[str, object]]) -> Path:
    (folder / "x.jsonl").write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return folder / "x.jsonl"


def test_a_page_view(tmp_path: Path) -> None:
    path = _written(tmp_path, [_event()])
    events, report = read_events(path, format="posthog")
    row = events.iloc[0]
    assert (report.n_read, report.n_kept) == (1, 1)
    assert row["event_time"] == pd.Timestamp("2024-05-01T10:00:00.123Z")
    assert row[["customer_id", "visitor_id", "touchpoint"]].tolist() == ["p1", "d1", "/cart"]
    assert row[["session_id", "device", "channel"]].tolist() == ["s1", "Mobile", "email"]
    said = [read_events(path, format="posthog", pages=pages)[0].loc[0, "touchpoint"] for pages in ("title", "event")]
    assert said == ["Cart", "$pageview"]
    assert read_events(path, format="posthog", customer="visitor")[0].loc[0, "customer_id"] == "d1"


def test_what_was_clicked(tmp_path: Path) -> None:
    rows = [
        _event("$autocapture", elements_chain=CHAIN),
        _event("$autocapture", elements_chain='a:href="/x"nth-child="1";div:text="outer"'),
        _event("$autocapture", elements=[{"tag_name": "button", "text": "Buy"}]),
        _event("$autocapture", properties={"$el_text": "Send"}),
        _event("$autocapture"),
    ]
    events, _ = read_events(_written(tmp_path, rows), format="posthog")
    assert events["touchpoint"].tolist() == [
        'autocapture: Add; to "cart"', "autocapture: a", "autocapture: Buy", "autocapture: Send", "autocapture",
    ]  # fmt: skip


def test_a_table_with_properties_as_text_and_as_columns(tmp_path: Path) -> None:
    record = _event("purchase", properties={"revenue": 12.5, "$session_id": "s2"}, timestamp="2024-05-01 10:00:00.123")
    flat = {"event": "purchase", "timestamp": "2024-05-01 10:00:00", "distinct_id": "d", "properties.revenue": "3"}
    for number, row in enumerate([{**record, "properties": json.dumps(record["properties"])}, flat]):
        with (tmp_path / f"{number}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, sorted(row))
            writer.writeheader()
            writer.writerow(row)
    events, _ = read_events(tmp_path / "0.csv", format="posthog")
    assert events.loc[0, ["touchpoint", "value", "session_id"]].tolist() == ["purchase", 12.5, "s2"]
    assert events.loc[0, "event_time"] == pd.Timestamp("2024-05-01T10:00:00.123Z")
    events, _ = read_events(tmp_path / "1.csv", format="posthog")
    assert events.loc[0, ["customer_id", "value"]].tolist() == ["d", 3.0]


def test_parquet_holds_properties_as_text(tmp_path: Path) -> None:
    rows = [{**_event(), "properties": json.dumps(_event()["properties"]), "person_properties": "{}"}]
    pd.DataFrame(rows).assign(timestamp=pd.Timestamp("2024-05-01T10:00:00Z")).to_parquet(tmp_path / "x.parquet")
    events, _ = read_events(tmp_path / "x.parquet", format="posthog")
    assert events.loc[0, "touchpoint"] == "/cart"
    assert events.loc[0, "event_time"] == pd.Timestamp("2024-05-01T10:00:00Z")


def test_rows_without_what_an_event_needs_are_named(tmp_path: Path) -> None:
    rows = [_event(), _event(""), _event("$identify"), _event(person_id=None, distinct_id=""), _event(timestamp="soon")]
    _, report = read_events(_written(tmp_path, rows), format="posthog")
    assert [(loss.reason, loss.n) for loss in report.dropped] == [
        ("without event", 1),
        ("that identify a person, not an event", 1),
        ("without distinct_id or person_id", 1),
        ("with no timestamp that is a time", 1),
    ]
    (tmp_path / "y.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"y\.csv: holds no event that can be read as 'posthog': 1 without event"):
        read_events(tmp_path / "y.csv", format="posthog")


def test_damage_loses_only_what_is_damaged(tmp_path: Path) -> None:
    file = _written(tmp_path, [_event(uuid=str(number)) for number in range(50)])
    (tmp_path / "b").mkdir()
    assert balanced(with_bad_lines(file, tmp_path / "b", (0, 30)), "posthog") == (48, 2)
    assert balanced(cut_short(file, tmp_path / "b"), "posthog") == (30, 1)
    kept, dropped = balanced(gzip_cut_short(file, tmp_path / "b", 0.8), "posthog")
    assert kept > 0
    assert dropped <= 1
    for encoding in ("latin-1", "utf-16"):
        (tmp_path / "e.json").write_bytes(json.dumps(_event("Größe"), ensure_ascii=False).encode(encoding))
        events, report = read_events(tmp_path / "e.json", format="posthog")
        assert events.loc[0, "touchpoint"] == "Größe"
        assert report.notes
