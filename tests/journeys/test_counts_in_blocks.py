"""What is counted block by block is what plain Python counts, whatever the blocks."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import journeys
from journeylab.errors import JourneylabError
from journeylab.intervals import wilson
from journeylab.journeys import groups
from tests.journeys.slow import frame_of, slow_visits

event = st.tuples(st.sampled_from("pqrstu"), st.integers(0, 300), st.sampled_from(["home", "chat", "cart", "order"]))
tables = st.lists(event, min_size=1, max_size=60)
kinds = st.sampled_from(["customer", "session"])
slowly = settings(max_examples=60, deadline=None)
small = st.sampled_from([(1, 1), (7, 3), (1 << 18, 1 << 24)])


@contextmanager
def limits(events: int, dense: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "EVENTS", events)
        patch.setattr(groups, "DENSE", dense)
        yield


@slowly
@given(tables, kinds, st.integers(1, 70))
def test_blocks_are_all_journeys_of_whole_customers(rows: list[tuple[str, int, str]], by: str, most: int) -> None:
    j = journeys.build(frame_of(rows), by=by)
    parts = list(groups.blocks(j, most))
    assert [part.path(i) for part in parts for i in range(part.n_journeys)] == [j.path(i) for i in range(j.n_journeys)]
    assert np.array_equal(np.concatenate([part.customer for part in parts]), j.customer)
    for one, other in itertools.pairwise(parts):
        assert one.customer[-1] < other.customer[0]
    for part in parts:
        assert part.n_events <= most or part.n_customers == 1


@slowly
@given(tables, kinds, small)
def test_steps_their_customers_times_and_intervals(
    rows: list[tuple[str, int, str]], by: str, limit: tuple[int, int]
) -> None:
    with limits(*limit):
        table = journeys.transitions(journeys.build(frame_of(rows), by=by)).table
    steps, waits = defaultdict(Counter), defaultdict(list)
    for customer, path in slow_visits(rows, by):
        for (start, a), (end, b) in itertools.pairwise(path):
            steps[a, b][customer] += 1
            waits[a, b].append(60 * (end - start))
    assert len(table) == len(steps)
    for row in table.itertuples():
        pair = row.from_touchpoint, row.to_touchpoint
        leaving = Counter()
        for (a, _), counts in steps.items():
            if a == pair[0]:
                leaving.update(counts)
        away = sum(leaving.values())
        share = sum(steps[pair].values()) / away
        variance = sum((steps[pair][who] - share * n) ** 2 for who, n in leaving.items()) / away**2
        worth = share * (1 - share) / variance if variance > 1e-12 else away
        worth = min(max(worth, 1), away)
        assert (row.n, row.customers) == (sum(steps[pair].values()), len(steps[pair]))
        assert row.median_seconds == median(waits[pair])
        assert (row.share, row.ci_low, row.ci_high) == pytest.approx(tuple(wilson(share * worth, worth)))


@slowly
@given(tables, kinds, small)
def test_stretches(rows: list[tuple[str, int, str]], by: str, limit: tuple[int, int]) -> None:
    with limits(*limit):
        table = journeys.subpaths(journeys.build(frame_of(rows), by=by), 4).table
    n, who = Counter(), defaultdict(set)
    for customer, path in slow_visits(rows, by):
        names = [name for _, name in path]
        for length in (2, 3, 4):
            for start in range(len(names) - length + 1):
                n[tuple(names[start : start + length])] += 1
                who[tuple(names[start : start + length])].add(customer)
    assert dict(zip(table["subpath"], table["n"], strict=True)) == dict(n)
    assert dict(zip(table["subpath"], table["customers"], strict=True)) == {key: len(part) for key, part in who.items()}
    assert table["n"].is_monotonic_decreasing


@slowly
@given(tables, kinds, small)
def test_reach_and_the_wait_until_the_first_meeting(
    rows: list[tuple[str, int, str]], by: str, limit: tuple[int, int]
) -> None:
    with limits(*limit):
        table = journeys.reach(journeys.build(frame_of(rows), by=by)).table.set_index("touchpoint")
    waits = defaultdict(list)
    for _, path in slow_visits(rows, by):
        for name in {name for _, name in path}:
            waits[name].append(60 * (min(minute for minute, other in path if other == name) - path[0][0]))
    assert table["n"].to_dict() == {name: len(part) for name, part in waits.items()}
    assert table["median_seconds_from_start"].to_dict() == {name: median(part) for name, part in waits.items()}


@slowly
@given(tables)
def test_dwell_loops_and_extra_steps_before_the_goal(rows: list[tuple[str, int, str]]) -> None:
    j = journeys.build(frame_of(rows), gap="30min")
    if "order" not in j.touchpoints:
        return
    table = journeys.friction(j, "order").table.set_index("touchpoint")
    dwell, loops, looping, met, steps = defaultdict(list), Counter(), Counter(), defaultdict(list), []
    for _, path in slow_visits(rows, "customer"):
        names = [name for _, name in path]
        reached = "order" in names
        path = path[: names.index("order")] if reached else path
        names = [name for _, name in path]
        steps += [len(path)] * reached
        for (start, name), (end, _) in itertools.pairwise(path):
            if end - start <= 30:
                dwell[name].append(60 * (end - start))
        back = Counter(a for a, b, c in zip(names, names[1:], names[2:], strict=False) if a == c != b)
        loops.update(back)
        looping.update(back.keys())
        for name, times in Counter(names).items():
            met[name].append((times, len(path) if reached else None))
    assert set(table.index) == set(met)
    for name, row in table.iterrows():
        assert (row["visits"], row["loops"]) == (len(met[name]), loops[name])
        assert row["loop_share"] == pytest.approx(looping[name] / len(met[name]))
        assert row["revisits"] == pytest.approx(np.mean([times - 1 for times, _ in met[name]]))
        through = [length for _, length in met[name] if length is not None]
        extra = median(through) - median(steps) if through else np.nan
        assert row["excess_steps"] == pytest.approx(extra, nan_ok=True)
        waits = dwell[name] or [np.nan]
        assert row["median_seconds"] == pytest.approx(np.median(waits), nan_ok=True)
        assert row["q90_seconds"] == pytest.approx(np.quantile(waits, 0.9), nan_ok=True)


@slowly
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), max_size=40),
    st.sampled_from([1, 1 << 50, 1 << 59]),
)
def test_quantiles_in_groups(rows: list[tuple[int, int]], scale: int) -> None:
    group = np.array([number for number, _ in rows], dtype=np.int64)
    value = np.array([number for _, number in rows], dtype=np.int64) * scale
    found = groups.quantiles(group, value, 5, (0.5, 0.9))
    for number in range(5):
        own = value[group == number]
        expected = np.quantile(own.astype(float), (0.5, 0.9)) if len(own) else [np.nan, np.nan]
        assert found[:, number] == pytest.approx(expected, nan_ok=True, rel=1e-12, abs=scale * 1e-9)


def test_quantiles_of_numbers_that_are_further_apart_than_the_largest() -> None:
    value = np.array([-9, 9]) * (1 << 59)
    found = groups.quantiles(np.zeros(2, dtype=np.int64), value, 1, (0.0, 0.5, 1.0))
    assert found[:, 0] == pytest.approx([-9.0 * 2**59, 0, 9.0 * 2**59])


def test_stretches_whose_numbers_are_near_the_largest() -> None:
    names = ["home", "chat", "cart", "order"] * 8
    rows = [(f"c{who:02}", minute, name) for who in range(20) for minute, name in enumerate(names)]
    j = journeys.build(frame_of(rows))
    table = journeys.subpaths(j, 31).table.set_index("subpath")
    assert table.loc[[tuple(names[:31])], "n"].item() == table.loc[[tuple(names[:31])], "customers"].item() == 20
    assert set(table.index.map(len)) == set(range(2, 32))
    with pytest.raises(JourneylabError, match="too long for 4 touchpoints"):
        journeys.subpaths(j, 32)


def test_paths_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng

    class Poor:
        def integers(self, *_, size: int, dtype: type) -> np.ndarray:
            return np.ones(size, dtype=dtype)  # every path of one length shares a hash

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Poor() if seed < 2 else draw(seed))
    rows = [("p", 0, "home"), ("p", 1, "cart"), ("q", 0, "cart"), ("q", 1, "home"), ("r", 0, "home"), ("r", 1, "cart")]
    table = journeys.path_table(journeys.build(frame_of(rows))).table
    assert dict(zip(table["path"], table["n"], strict=True)) == {("home", "cart"): 2, ("cart", "home"): 1}


def test_no_journeys_at_all() -> None:
    j = journeys.build(frame_of([("p", 0, "home"), ("p", 1, "cart")]))
    empty = journeys.select(j, np.zeros(1, dtype=bool))
    for found in (
        journeys.transitions(empty), journeys.subpaths(empty), journeys.subpaths(empty, outcome="home"), journeys.reach(empty),
        journeys.path_table(empty), journeys.funnel(empty, ["home", "cart"]), journeys.friction(empty, "cart"),
        journeys.efficiency(empty, "cart"), journeys.step_matrix(empty),
    ):  # fmt: skip
        assert found.summary()
    assert empty.n_customers == 0
