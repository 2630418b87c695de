"""Journeys against a plan, with every fault counted in plain Python."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeylab import figures, intervals, journeys
from journeylab.errors import StudyError
from journeylab.journeys.series import longest_series
from journeylab.journeys.shares import Clusters, clusters, mean_of_journeys, share_of_journeys
from tests.journeys.direct import journeys_of
from tests.journeys.slow import slow_visits
from tests.walks import Rows, slowly, tables

kinds = st.sampled_from(["customer", "session"])
plans = st.sampled_from(
    [["home"], ["home", "cart", "order"], ["order", "home"], ["home", ["cart", "chat"], "order"],
     [["cart", "order", "chat"], "home"], ["chat", ["home"], "cart", "never"]]
)  # fmt: skip


def slow_longest(names: list[str], places: list[list[str]]) -> int:
    """The longest subsequence in the planned order, out of all."""
    number = {step: place for place, steps in enumerate(places) for step in steps}
    kept = [name for name in names if name in number]
    best = 0
    for length in range(1, len(number) + 1):
        for some in itertools.combinations(kept, length):
            in_order = all(number[a] <= number[b] for a, b in itertools.pairwise(some))
            if in_order and len(set(some)) == length:
                best = length
                break
    return best


@slowly
@given(tables, kinds, plans)
def test_every_fault_of_every_journey(rows: Rows, by: str, plan: list[str | list[str]]) -> None:
    found = journeys.conformance(journeys_of(rows, by), plan, never_met=True)
    places = [[step] if isinstance(step, str) else step for step in plan]
    paths = [[name for _, name in visit] for _, visit in slow_visits(rows, by)]
    n = len(paths)
    assert found.n == n
    assert list(found.table["touchpoint"]) == [step for steps in places for step in steps]
    faults: Counter[tuple[str, str]] = Counter()
    as_planned = 0
    for names in paths:
        sound = set(names) == {step for steps in places for step in steps} and len(names) == len(set(names))
        for place, steps in enumerate(places):
            earlier = {step for others in places[:place] for step in others}
            for step in steps:
                faults["missed", step] += step not in names
                faults["repeated", step] += names.count(step) > 1
                early = step in names and bool(
                    earlier & set(names[names.index(step) :]) - set(names[: names.index(step)])
                )
                faults["out_of_order", step] += early
                sound = sound and not early
        as_planned += sound
    for row in found.table.itertuples():
        assert row.n == n - faults["missed", row.touchpoint]
        for fault in ("missed", "repeated", "out_of_order"):
            assert getattr(row, fault) == pytest.approx(faults[fault, row.touchpoint] / n)
            low, high = getattr(row, f"{fault}_ci_low"), getattr(row, f"{fault}_ci_high")
            assert 0 <= low <= getattr(row, fault) + 1e-12
            assert getattr(row, fault) - 1e-12 <= high <= 1
    assert found.conforming == pytest.approx(as_planned / n)
    planned = {step for steps in places for step in steps}
    met = Counter(name for names in paths for name in set(names) - planned)
    assert dict(zip(found.extra["touchpoint"], found.extra["n"], strict=True)) == dict(met)
    assert found.summary()


@slowly
@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=9), min_size=1, max_size=6), st.data())
def test_the_longest_series_in_the_planned_order(paths: list[list[str]], data: st.DataObject) -> None:
    order = data.draw(st.permutations("abcd"))
    cuts = sorted(data.draw(st.sets(st.integers(1, 3))))
    places = [order[begin:end] for begin, end in itertools.pairwise([0, *cuts, 4])]
    j = journeys_of([(f"c{who}", step, name) for who, names in enumerate(paths) for step, name in enumerate(names)])
    assert longest_series(j, places).tolist() == [slow_longest(names, places) for names in paths]


@pytest.mark.parametrize(
    ("names", "fitness"),
    [("abc", 1), ("axbxc", 1), ("aabbcc", 1), ("acb", 2 / 3), ("cba", 1 / 3), ("xyz", 0), ("bca", 2 / 3), ("cabac", 1)],
)
def test_fitness_by_hand(names: str, fitness: float) -> None:
    j = journeys_of([("p", step, name) for step, name in enumerate(names)])
    assert journeys.conformance(j, list("abc"), never_met=True).fitness == pytest.approx(fitness)


def test_a_plan_from_the_touchpoints_of_a_study() -> None:
    table = pd.DataFrame(
        {
            "touchpoint": ["home", "robot", "cart", "chat", "order", "other"],
            "stage": ["one", "one", "two", "two", "three", None],
            "planned": [True, False, True, True, True, True],
        }
    )
    rows = [("p", step, name) for step, name in enumerate(["home", "chat", "cart", "robot"])]
    found = journeys.conformance(journeys_of(rows), table)
    assert found.table["place"].tolist() == [1, 2, 2, 3]
    assert found.table["missed"].tolist() == [0, 0, 0, 1]
    assert found.table["out_of_order"].sum() == 0
    assert found.extra["touchpoint"].tolist() == ["robot"]
    assert found.fitness == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ([], "no steps"),
        (["home", "home"], "more than once"),
        (["hoem"], "Did you mean 'home'"),
        (pd.DataFrame({"touchpoint": ["home"]}), "'planned', 'stage'"),
    ],
)
def test_plans_that_are_none(plan: object, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        journeys.conformance(journeys_of([("p", 0, "home")]), plan)


def test_no_journeys_and_a_picture() -> None:
    rows = [
        (f"c{who}", step, name) for who in range(9) for step, name in enumerate(["home", "chat", "cart"][: who % 4])
    ]
    j = journeys_of(rows)
    none = journeys.conformance(journeys.select(j, np.zeros(j.n_journeys, dtype=bool)), ["home"])
    assert none.summary() == "There are no journeys."
    found = journeys.conformance(j, ["home", "cart"])
    ax = found.plot()
    figures.png(ax)
    assert "planned steps" in figures.alt_text(ax)
    assert found.to_json()


@slowly
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_shares_and_means_of_journeys_clustered_by_customer(rows: list[tuple[int, bool]]) -> None:
    customer = np.sort(np.array([who for who, _ in rows]))
    hit = np.array([is_hit for _, is_hit in rows])
    who, own = np.unique(customer, return_inverse=True)
    of = Clusters(own, np.bincount(own))
    share = share_of_journeys(of, np.flatnonzero(hit))
    mean = mean_of_journeys(of, hit.astype(float))
    n, p = len(rows), hit.mean()
    assert (share.value, mean.value) == pytest.approx((p, p))
    if len(who) == n:
        assert share[1:] == pytest.approx(intervals.wilson(hit.sum(), n)[1:])
        assert mean == pytest.approx(tuple(intervals.mean(hit)), nan_ok=True)
        return
    if p in (0, 1):
        assert share[1:] == pytest.approx(intervals.wilson(p * len(who), len(who))[1:])
        return
    sums = [(hit[customer == each] - p).sum() for each in who]
    variance = sum(off**2 for off in sums) / n**2 * len(who) / max(len(who) - 1, 1)
    worth = min(max(p * (1 - p) / variance, 1), n) if variance > 1e-15 else n
    assert share[1:] == pytest.approx(intervals.wilson(p * worth, worth)[1:])


def test_intervals_cover_where_the_visits_of_a_customer_are_alike() -> None:
    rng = np.random.default_rng(6)
    covered, simulations = np.zeros(2), 1500
    truth = None
    for number in range(simulations + 1):
        n = 200 if number else 1_000_000
        visits = 1 + rng.poisson(2, n)
        own = np.repeat(np.arange(n), visits)
        hit = rng.random(len(own)) < (rng.beta(1, 2, n) * np.where(visits > 2, 1.2, 0.8))[own]
        if not number:
            truth = hit.mean()
            continue
        of = Clusters(own, visits)
        for place, end in enumerate(
            (share_of_journeys(of, np.flatnonzero(hit)), mean_of_journeys(of, hit.astype(float)))
        ):
            covered[place] += end.low <= truth <= end.high
    assert (covered / simulations >= 0.935).all()
    assert (covered / simulations <= 0.97).all()


def test_customers_are_numbered_among_those_who_have_journeys() -> None:
    j = journeys_of([("p", 0, "home"), ("q", 0, "home"), ("q", 100, "home"), ("r", 0, "home")], "session")
    of = clusters(journeys.select(j, np.array([False, True, True, True])))
    assert of.customer.tolist() == [0, 0, 1]
    assert of.journeys.tolist() == [2, 1]
