"""Every path statistic against a slow version in plain Python that anyone can check by reading."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import journeys
from journeylab.errors import JourneylabError, StudyError
from tests.journeys.slow import START, frame_of, slow_paths

event = st.tuples(st.sampled_from("pqr"), st.integers(0, 200), st.sampled_from(["home", "chat", "cart", "order"]))
tables = st.lists(event, min_size=1, max_size=40)
slowly = settings(max_examples=40, deadline=None)


@slowly
@given(tables)
def test_journeys_are_the_events_in_order(rows: list[tuple[str, int, str]]) -> None:
    j = journeys.build(frame_of(rows))
    slow = slow_paths(rows)
    assert j.ids.tolist() == list(slow)
    assert [j.path(i) for i in range(j.n_journeys)] == [tuple(name for _, name in path) for path in slow.values()]
    assert j.report["read"] == j.report["kept"] == j.n_events == len(rows)


@slowly
@given(tables)
def test_a_visit_ends_after_the_gap(rows: list[tuple[str, int, str]]) -> None:
    j = journeys.build(frame_of(rows), by="session", gap="30min")
    expected = []
    for path in slow_paths(rows).values():
        visit: list[str] = []
        last = None
        for minute, name in path:
            if last is not None and minute - last > 30:
                expected.append(tuple(visit))
                visit = []
            visit.append(name)
            last = minute
        expected.append(tuple(visit))
    assert [j.path(i) for i in range(j.n_journeys)] == expected


@slowly
@given(st.lists(st.tuples(st.sampled_from("pq"), st.integers(0, 60), st.sampled_from(["s1", "s2", None])), min_size=1))
def test_visits_that_are_known_are_kept_and_the_gap_divides_the_rest(rows: list[tuple[str, int, str | None]]) -> None:
    times = [START + pd.Timedelta(minutes=minute) for _, minute, _ in rows]
    events = pd.DataFrame(
        {
            "customer_id": [customer for customer, _, _ in rows],
            "event_time": pd.DatetimeIndex(times).as_unit("us"),
            "touchpoint": "home",
            "session_id": pd.array([visit for _, _, visit in rows], dtype="str"),
        }
    )
    sizes = []
    for who in sorted({customer for customer, _, _ in rows}):
        own = sorted((row for row in rows if row[0] == who), key=lambda row: row[1])
        for before, (_, minute, visit) in zip([None, *own], own, strict=False):
            known = before is not None and before[2] is not None and visit is not None
            new = before is None or (visit != before[2] if known else minute - before[1] > 30)
            sizes.append(1) if new else sizes.append(sizes.pop() + 1)
    assert journeys.build(events, by="session").lengths.tolist() == sizes


@pytest.mark.parametrize(("extra", "n"), [(0, 1), (1, 2)])
def test_a_visit_ends_one_microsecond_after_the_gap(extra: int, n: int, tmp_path) -> None:
    second = START + pd.Timedelta(minutes=30) + pd.Timedelta(microseconds=extra)
    events = pd.DataFrame(
        {
            "customer_id": ["p", "p"],
            "event_time": pd.DatetimeIndex([START, second]).as_unit("us"),
            "touchpoint": ["home", "cart"],
        }
    )
    events.to_parquet(tmp_path / "events.parquet")
    for source in (events, tmp_path / "events.parquet"):
        assert journeys.build(source, by="session", gap="30min").n_journeys == n


def test_equal_times_keep_their_places_in_a_table_and_in_files(tmp_path) -> None:
    names = ["c", "a", "b", "a", "d"]
    events = pd.DataFrame({"customer_id": "p", "event_time": START.as_unit("us"), "touchpoint": names})
    events.to_parquet(tmp_path / "events.parquet")
    events.to_csv(tmp_path / "events.csv", index=False)
    for source in (events, tmp_path / "events.parquet", tmp_path / "events.csv"):
        j = journeys.build(source)
        assert j.path(0) == tuple(names)
        assert j.report["ties"] == 4
    turned = journeys.build(events.assign(order=[4, 3, 2, 1, 0]))
    assert turned.path(0) == tuple(reversed(names))


@slowly
@given(tables)
def test_steps_between_touchpoints(rows: list[tuple[str, int, str]]) -> None:
    table = journeys.transitions(journeys.build(frame_of(rows))).table
    found = {(row.from_touchpoint, row.to_touchpoint): row.n for row in table.itertuples()}
    expected = Counter()
    for path in slow_paths(rows).values():
        names = [name for _, name in path]
        expected.update(itertools.pairwise(names))
    assert found == dict(expected)
    matrix = journeys.transition_matrix(journeys.build(frame_of(rows)))
    assert matrix.index.tolist() == matrix.columns.tolist() == sorted({name for _, _, name in rows})
    assert {pair: n for pair, n in matrix.stack().items() if n} == dict(expected)


def test_a_square_table_of_very_many_touchpoints_is_refused() -> None:
    frame = frame_of([("a", number, f"page {number}") for number in range(4097)])
    with pytest.raises(StudyError, match="4,097 touchpoints is too large"):
        journeys.transition_matrix(journeys.build(frame))


@slowly
@given(tables)
def test_an_ordered_funnel(rows: list[tuple[str, int, str]]) -> None:
    j = journeys.build(frame_of(rows))
    steps = [name for name in ("home", "cart", "order") if name in j.touchpoints]
    if not steps:
        return
    expected = [0] * len(steps)
    for path in slow_paths(rows).values():
        place = -1
        names = [name for _, name in path]
        for number, step in enumerate(steps):
            later = [position for position in range(place + 1, len(names)) if names[position] == step]
            if not later:
                break
            place = later[0]
            expected[number] += 1
    assert journeys.funnel(j, steps).table["n"].tolist() == expected


@slowly
@given(tables)
def test_distinct_paths_count_every_journey_once(rows: list[tuple[str, int, str]]) -> None:
    table = journeys.path_table(journeys.build(frame_of(rows))).table
    expected = Counter(tuple(name for _, name in path) for path in slow_paths(rows).values())
    assert dict(zip(table["path"], table["n"], strict=True)) == dict(expected)


@slowly
@given(tables)
def test_abandonment_is_of_those_who_came_close_and_did_not_get_there(rows: list[tuple[str, int, str]]) -> None:
    j = journeys.build(frame_of(rows))
    if not {"cart", "order"} <= set(j.touchpoints):
        return
    found = journeys.abandonment(j, "order", "cart")
    close, gone = 0, Counter()
    for path in slow_paths(rows).values():
        names = [name for _, name in path]
        if "cart" not in names:
            continue
        if "order" in names and names.index("order") < names.index("cart"):
            continue  # ordered before: not on the way to the first order
        close += 1
        if "order" not in names:
            gone[names[-1]] += 1
    assert (found.n_close, found.n_abandoned) == (close, sum(gone.values()))
    assert dict(zip(found.table["last_touchpoint"], found.table["n"], strict=True)) == dict(gone)


@slowly
@given(tables)
def test_who_goes_no_further(rows: list[tuple[str, int, str]]) -> None:
    stages = ["home", "cart", "order"]
    j = journeys.relabel(journeys.build(frame_of(rows)), {"chat": None}, drop_missing=False)
    table = journeys.stage_dropoff(j, stages).table.set_index("stage")
    for place, stage in enumerate(stages):
        n = left = 0
        for path in slow_paths(rows).values():
            names = [name for _, name in path if name != "chat"]
            if stage in names:
                n += 1
                left += not set(names[names.index(stage) + 1 :]) & set(stages[place + 1 :])
        assert (table.loc[stage, "n"], table.loc[stage, "left"]) == (n, left)


def test_each_build_reads_its_own_events() -> None:
    first = journeys.build(frame_of([("p", 0, "home"), ("p", 1, "order")]))
    second = journeys.build(frame_of([("q", 0, "chat")]))
    assert first.touchpoints == ("home", "order")
    assert second.touchpoints == ("chat",)
    assert second.ids.tolist() == ["q"]


def test_events_may_come_from_a_file(tmp_path) -> None:
    frame = frame_of([("p", 0, "home"), ("p", 1, "order"), ("q", 5, "home")])
    frame.to_parquet(tmp_path / "it's events.parquet", index=False)
    j = journeys.build(tmp_path / "it's events.parquet")
    assert [j.path(i) for i in range(2)] == [("home", "order"), ("home",)]


def test_rows_that_no_journey_can_hold_are_counted() -> None:
    frame = frame_of([("p", 0, "home"), ("p", 1, "order"), ("q", 5, "home")])
    frame.loc[0, "customer_id"] = None
    frame.loc[1, "touchpoint"] = None
    report = journeys.build(frame).report
    assert report["read"] == report["kept"] + sum(report["dropped"].values()) == 3


def test_ten_steps_where_one_would_do() -> None:
    direct = [(f"d{n}", 0, "home") for n in range(6)] + [(f"d{n}", 1, "order") for n in range(6)]
    long = [(f"l{n}", minute, name) for n in range(30) for minute, name in enumerate(["home", *["chat"] * 8, "order"])]
    found = journeys.efficiency(journeys.build(frame_of(direct + long)), "order")
    values = found.table.set_index("what")["value"]
    assert found.shortest == ("home", "order")
    assert values["steps needed"] == 2
    assert values["steps taken, median"] == 10


@pytest.mark.parametrize("gap", ["soon", "0min", "-5min"])
def test_a_gap_that_is_none(gap: str) -> None:
    with pytest.raises(JourneylabError, match="no span of time"):
        journeys.build(frame_of([("p", 0, "home")]), gap=gap)


def test_an_unknown_step() -> None:
    with pytest.raises(JourneylabError, match="Did you mean 'home'"):
        journeys.funnel(journeys.build(frame_of([("p", 0, "home")])), ["hoem"])


def test_intervals_hold_their_share() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        rows = [(f"c{n}", 0, "home") for n in range(80)] + [
            (f"c{n}", 1, "order") for n in range(80) if rng.random() < 0.3
        ]
        row = journeys.funnel(journeys.build(frame_of(rows)), ["home", "order"]).table.iloc[1]
        covered += row["ci_low"] <= 0.3 <= row["ci_high"]
    assert covered >= 89
