"""XES: the running example of process mining, logs with and without a namespace, and files that are hostile or broken."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from journeylab.errors import DataError, JourneylabError, StudyError
from journeylab.readers import events_to_parquet, read_events
from tests.exports import balanced, cut_short, gzip_cut_short

EXAMPLE = "data/vendor_fixtures/xes/running-example.xes"


def _event(name: str = "pay", time: str = "2024-05-01T10:00:00.000+02:00", **more: str) -> str:
    pairs = {"concept:name": name, "time:timestamp": time} | {key.replace("_", ":"): more[key] for key in more}
    return (
        "<event>" + "".join(f'<string key="{key}" value="{pairs[key]}"/>' for key in pairs if pairs[key]) + "</event>"
    )


def _log(*traces: str, opening: str = "<log>") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}<global scope="trace"><string key="concept:name" value="name"/>'
        '</global><global scope="event"><string key="concept:name" value="no"/></global>' + "\n".join(traces) + "</log>"
    )


def _trace(name: str, *events: str, more: str = "") -> str:
    return f'<trace>{more}<string key="concept:name" value="{name}"/>{"".join(events)}</trace>'


def _written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "x.xes").write_bytes(text.encode(encoding))
    return folder / "x.xes"


def test_the_running_example_keeps_every_event(shared: Path) -> None:
    events, report = read_events(shared / EXAMPLE, format="xes", value="Costs")
    assert (report.n_read, report.n_kept) == (42, 42)
    assert events["customer_id"].nunique() == 6
    row = events.iloc[0]
    assert row[["customer_id", "touchpoint", "value", "order"]].tolist() == ["3", "register request", 50.0, 1]
    assert row["event_time"] == pd.Timestamp("2010-12-30T14:32:00+01:00")
    assert events["touchpoint"].value_counts()[["check ticket", "pay compensation"]].tolist() == [9, 3]


@pytest.mark.parametrize(
    "opening", ["<log>", '<log xes.version="1.0" xmlns="http://www.xes-standard.org/">', '<x:log xmlns:x="http://x">']
)
def test_a_log_with_and_without_a_namespace(tmp_path: Path, opening: str) -> None:
    text = _log(_trace("c1", _event("a"), _event("b")), opening=opening)
    if "x:" in opening:
        for tag in ("log", "trace", "event", "string", "global"):
            text = (
                text.replace(f"<{tag}>", f"<x:{tag}>")
                .replace(f"<{tag} ", f"<x:{tag} ")
                .replace(f"</{tag}", f"</x:{tag}")
            )
    (tmp_path / "x.xes.gz").write_bytes(gzip.compress(text.encode()))
    events, _ = read_events(tmp_path / "x.xes.gz", format="xes")
    assert events[["customer_id", "touchpoint", "order"]].values.tolist() == [["c1", "a", 1], ["c1", "b", 2]]


def test_what_was_only_started_is_left_out_unless_wanted(tmp_path: Path) -> None:
    events = [_event("a", lifecycle_transition=step) for step in ("start", "COMPLETE", "assign", "")]
    path = _written(tmp_path, _log(_trace("c", *events)))
    kept, report = read_events(path, format="xes")
    assert kept["order"].tolist() == [2, 4]
    assert [(loss.reason, loss.n) for loss in report.dropped] == [
        ("that are not complete (lifecycle:transition; option lifecycle = 'all' reads them)", 2)
    ]
    assert len(read_events(path, format="xes", lifecycle="all")[0]) == 4
    with pytest.raises(StudyError, match=r"option lifecycle: found 'al'"):
        read_events(path, format="xes", lifecycle="al")


def test_another_attribute_may_be_the_customer(tmp_path: Path) -> None:
    owner = '<string key="customer" value="ann"/>'
    path = _written(tmp_path, _log(_trace("t1", _event(), more=owner), _trace("t2", _event(customer="bob"), _event())))
    events, report = read_events(path, format="xes", case="customer")
    assert events[["customer_id", "session_id"]].values.tolist() == [["ann", "t1"], ["bob", "t2"]]
    assert report.dropped[0].reason == "without customer of the trace"


def test_events_without_what_they_need_are_named(tmp_path: Path) -> None:
    traces = [
        _trace("c", _event(), _event(name=""), _event(time="soon"), _event(time="")),
        _trace("", _event()),
        _trace("d"),
        _event(),
    ]
    _, report = read_events(_written(tmp_path, _log(*traces)), format="xes")
    assert (report.n_read, report.n_kept) == (7, 1)
    assert {loss.reason: loss.n for loss in report.dropped} == {
        "without concept:name": 1,
        "with no time:timestamp that is a time": 2,
        "without concept:name of the trace": 2,
        "without events": 1,
    }
    assert report.dropped[0].examples == ("trace 1, event 2",)


def test_times_without_a_zone_are_in_the_wanted_one(tmp_path: Path) -> None:
    path = _written(tmp_path, _log(_trace("c", _event(time="2024-05-01T10:00:00"))))
    for zone, hour in (("Europe/Berlin", 8), (None, 10)):
        events, _ = read_events(path, format="xes", timezone=zone)
        assert events.loc[0, "event_time"] == pd.Timestamp(2024, 5, 1, hour, tz="UTC")


def test_a_file_cut_short_keeps_every_whole_event(shared: Path, tmp_path: Path) -> None:
    assert balanced(cut_short(shared / EXAMPLE, tmp_path), "xes") == (24, 1)
    text = _log(_trace("c", _event("a"), _event("b"), _event("c")))
    assert balanced(_written(tmp_path, text[: text.rindex("time:timestamp")]), "xes") == (2, 1)
    kept, dropped = balanced(gzip_cut_short(shared / EXAMPLE, tmp_path, 0.8), "xes")
    assert kept > 5
    assert dropped == 1


def test_damage_inside_a_value_costs_only_the_event(tmp_path: Path) -> None:
    events = [
        _event(f"e{number}", time="\0 broken" if number in (5, 30) else "2024-05-01T10:00:00Z") for number in range(50)
    ]
    path = _written(tmp_path, _log(_trace("c", *events)))
    assert balanced(path, "xes") == (48, 2)


@pytest.mark.parametrize("damage", ["<event", "</trace></string>", "& ", "<trace>", "</event>"])
@pytest.mark.parametrize("namespace", ["", ' xmlns="http://www.xes-standard.org/"'])
def test_broken_tags_cost_the_rest_of_their_trace(tmp_path: Path, damage: str, namespace: str) -> None:
    traces = [_trace(f"c{n}", _event("a"), _event(damage * (n in (7, 31)) + "b"), _event("c")) for n in range(50)]
    text = _log(*traces, opening=f"<log{namespace}>")
    for _ in (7, 31):  # out of the attribute and between the events
        text = text.replace(f'value="{damage}b"', f'value="b"/></event>{damage}<event><string key="x" value="y"')
    events, report = read_events(_written(tmp_path, text), format="xes")
    whole = events[~events["customer_id"].isin(["c7", "c31"])]
    assert len(whole) == 48 * 3
    assert whole["customer_id"].nunique() == 48
    assert 0 < report.n_dropped <= 8
    assert all(loss.examples for loss in report.dropped)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_another_encoding_than_the_declared_one(tmp_path: Path, encoding: str) -> None:
    events, report = read_events(_written(tmp_path, _log(_trace("c", _event("Prüfen"))), encoding), format="xes")
    assert events["touchpoint"].tolist() == ["Prüfen"]
    assert ("Windows-1252" in " ".join(report.notes)) == (encoding == "latin-1")
    text = _log(_trace("c", _event("Prüfen"))).replace('encoding="UTF-8"', 'encoding="klingon"')
    assert "klingon" in read_events(_written(tmp_path, text), format="xes")[1].notes[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><log><trace>&b;</trace></log>', "defines entities"),
        ('<!DOCTYPE l SYSTEM "file:///etc/hostname"><log/>', "defines entities or a document type"),
        ("<log><trace>" + "<list>" * 2_000, "deeper than"),
        ("<log>" + "<trace><list>" * 2_000, "no longer XML"),
        ('{"hits": []}', "no longer XML"),
        ("a;b\n1;2\n", "no longer XML"),
        (" \n", "no longer XML"),
        ("<log></log>", "holds no event"),
        ("", "is empty"),
    ],
)
def test_what_is_hostile_or_no_log_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(JourneylabError, match=rf"x\.xes: .*{says}"):
        read_events(_written(tmp_path, text), format="xes")


def test_an_endless_value_is_not_held(tmp_path: Path) -> None:
    with (tmp_path / "x.xes").open("w") as stream:
        stream.write(_log(_trace("c", _event("a"))).removesuffix("</log>") + "<trace><string>")
        for _ in range(70):
            stream.write("x" * 1024**2)
    events, report = read_events(tmp_path / "x.xes", format="xes")
    assert len(events) == 1
    assert "longer than" in report.dropped[0].reason


def test_the_same_table_without_holding_it(shared: Path, tmp_path: Path) -> None:
    events, report = read_events(shared / EXAMPLE, format="xes")
    assert events_to_parquet(shared / EXAMPLE, tmp_path / "events.parquet", "xes") == report
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "events.parquet"), events)
    with pytest.raises(DataError, match="there is no such file"):
        read_events(shared / "none.xes", format="xes")
