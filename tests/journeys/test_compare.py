"""Differences of two segments: against plain Python and scipy, and as sure as they say when there are none."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import figures, journeys
from journeylab.errors import StudyError
from journeylab.intervals import benjamini_hochberg, newcombe, wilson
from journeylab.journeys import Journeys, differences, groups
from journeylab.journeys.model import relabel
from tests.journeys.quick import Rows, arrays, journeys_of

event = st.tuples(st.sampled_from("pqrstu"), st.integers(0, 200), st.sampled_from(["home", "cart", "order"]))
tables = st.lists(event, min_size=4, max_size=60)
slowly = settings(max_examples=80, deadline=None)
Walks = list[tuple[str, tuple[str, ...]]]


def walks(j: Journeys) -> Walks:
    """The customer and touchpoints of each journey."""
    return [(j.customer_ids[j.customer[i]], j.path(i)) for i in range(j.n_journeys)]


def counts(walks: Walks, name: str, to: str) -> dict[str, tuple[int, int]]:
    """For each customer: how often, out of how many."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for who, path in walks:
        if to:
            found[who][0] += sum(pair == (name, to) for pair in itertools.pairwise(path))
            found[who][1] += sum(one == name for one, _ in itertools.pairwise(path))
        else:
            found[who][0] += name in path
            found[who][1] += 1
    return {who: (s, n) for who, (s, n) in found.items() if n}


def worth(own: dict[str, tuple[int, int]], share: float, base: int) -> float:
    variance = sum((s - share * n) ** 2 for s, n in own.values()) / base**2
    return min(max(share * (1 - share) / variance if variance > 1e-15 else len(own), 1), base)


def slow(a: Walks, b: Walks, name: str, to: str, plain: bool) -> tuple[float, ...]:
    """The difference, its interval and p-value, customer by customer."""
    own = counts(a, name, to), counts(b, name, to)
    k, n = ([sum(pair[place] for pair in each.values()) for each in own] for place in (0, 1))
    if not all(n):
        return (math.nan,) * 4
    share = [k[0] / n[0], k[1] / n[1]]
    pooled = sum(k) / sum(n)
    if plain:
        variance = pooled * (1 - pooled) * (1 / n[0] + 1 / n[1])
        ends = tuple(newcombe(k[0], n[0], k[1], n[1]))
    else:

        def part(place: int, who: str, at: float) -> float:
            s, base = own[place].get(who, (0, 0))
            return (s - at * base) / n[place]

        everyone = {*own[0], *own[1]}
        variance = sum((part(0, who, pooled) - part(1, who, pooled)) ** 2 for who in everyone)
        (p1, l1, u1), (p0, l0, u0) = (
            wilson(share[g] * worth(own[g], share[g], n[g]), worth(own[g], share[g], n[g])) for g in (0, 1)
        )
        squares = [sum(part(g, who, share[g]) ** 2 for who in everyone) for g in (0, 1)]
        joint = sum(part(0, who, share[0]) * part(1, who, share[1]) for who in everyone)
        r = max(-1, min(1, joint / math.sqrt(squares[0] * squares[1]))) if min(squares) > 1e-15 else 0
        low = max((p1 - l1) ** 2 + (u0 - p0) ** 2 - 2 * r * (p1 - l1) * (u0 - p0), 0)
        high = max((u1 - p1) ** 2 + (p0 - l0) ** 2 - 2 * r * (u1 - p1) * (p0 - l0), 0)
        ends = (p1 - p0, p1 - p0 - math.sqrt(low), p1 - p0 + math.sqrt(high))
    z = abs(share[0] - share[1]) / math.sqrt(variance) if variance > 1e-15 else math.nan
    return (*ends, math.erfc(z / math.sqrt(2)))


@slowly
@given(tables, st.sampled_from(["customer", "session"]), st.randoms(use_true_random=False))
def test_differences_against_plain_python(rows: Rows, by: str, draw) -> None:
    j = journeys_of(rows, by)
    first = np.array([draw.random() < 0.5 for _ in range(j.n_journeys)])
    one, other = journeys.select(j, first), journeys.select(j, ~first)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "EVENTS", 7)
        patch.setattr(differences, "LEAST", 1)
        found = journeys.compare(one, other)
    a, b = walks(one), walks(other)
    assert (found.n_a, found.n_b) == (len(a), len(b))
    assert len(found.table) == len(j.touchpoints) + 1 + len({p for _, path in a + b for p in itertools.pairwise(path)})
    for row in found.table[found.table["kind"] != "length"].itertuples():
        plain = row.kind == "reach" and by == "customer"
        expected = slow(a, b, row.touchpoint, row.to_touchpoint, plain)
        assert (row.difference, row.ci_low, row.ci_high) == pytest.approx(expected[:3], nan_ok=True, abs=1e-7)
        if not row.reason:
            assert row.p_value == pytest.approx(expected[3], abs=1e-9)
        else:
            assert np.isnan(row.p_value)
    assert found.table["q_value"].to_numpy() == pytest.approx(benjamini_hochberg(found.table["p_value"]), nan_ok=True)
    assert found.summary()
    assert found.to_json()


def test_the_shares_and_their_intervals_are_those_of_transitions() -> None:
    a, b = population(60, 1), population(80, 2, "d")
    steps = journeys.compare(a, b).table.query("kind == 'step'").set_index(["touchpoint", "to_touchpoint"])
    for j, side in ((a, "a"), (b, "b")):
        table = journeys.transitions(j).table.set_index(["from_touchpoint", "to_touchpoint"])
        assert steps.loc[table.index, f"value_{side}"].to_numpy() == pytest.approx(table["share"].to_numpy())


def test_length_is_welchs_t_test() -> None:
    from scipy.stats import ttest_ind

    a, b = population(60, 3), population(90, 4, "d", more=2)
    row = journeys.compare(a, b).table.query("kind == 'length'").iloc[0]
    expected = ttest_ind(a.lengths, b.lengths, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert (row["difference"], row["p_value"]) == pytest.approx((a.lengths.mean() - b.lengths.mean(), expected.pvalue))
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((interval.low, interval.high))


def population(n: int, seed: int, prefix: str = "c", more: int = 0, by: str = "customer") -> Journeys:
    """Customers with steps of their own kind, so that the steps of one are alike; visits change at random."""
    rng = np.random.default_rng(seed)
    usual = np.array([[1, 4, 1, 1, 2], [1, 1, 5, 1, 1], [2, 1, 1, 4, 1], [1, 2, 1, 1, 3], [3, 1, 1, 2, 1]]) / 2
    own = np.cumsum(rng.gamma(usual, size=(n, 5, 5)), axis=2)
    own /= own[:, :, -1:]
    length = 2 + more + np.minimum(rng.negative_binomial(1.5, 0.2, n), 60)
    begin, owner = np.cumsum(length) - length, np.repeat(np.arange(n), length)
    codes, at = np.empty(len(owner), dtype=int), rng.integers(0, 3, n)
    for step in range(length.max()):
        live = np.flatnonzero(length > step)
        if step:
            at[live] = (rng.random((len(live), 1)) > own[live, at[live]]).sum(axis=1)
        codes[begin[live] + step] = at[live]
    new = rng.random(len(owner)) < 0.3
    new[begin] = False
    visits = np.cumsum(new) - np.repeat(np.cumsum(new)[begin], length)
    ids = np.array([f"{prefix}{number:04}" for number in range(n)], dtype=object)
    names = ("cart", "chat", "home", "order", "search")
    return arrays(ids, owner, codes, names, np.arange(len(owner)), visits.astype(np.int32), by)


@pytest.mark.parametrize("by", ["customer", "session"])
def test_where_there_is_no_difference_few_are_found_and_intervals_hold_zero(by: str) -> None:
    found, held = 0, []
    for seed in range(150):
        j = population(150, seed, by=by)
        first = np.random.default_rng(seed).random(j.n_journeys) < 0.45  # by session customers are in both
        table = journeys.compare(journeys.select(j, first), journeys.select(j, ~first)).table
        found += (table["q_value"] <= 0.10).any()
        held += ((table["ci_low"] <= 0) & (table["ci_high"] >= 0))[table["p_value"].notna()].tolist()
    assert found / 150 <= 0.13  # 0.10, and the chance of 150 samples
    assert 0.93 <= np.mean(held) <= 0.97


def test_visits_of_the_same_customers_are_not_taken_for_independent() -> None:
    rows = [
        (f"c{who:02}", 1_000 * visit + minute, name)
        for who in range(40)
        for visit in range(6)
        for minute, name in enumerate(["home", "cart"] if who % 2 else ["home", "chat"])
    ]
    j = journeys_of(rows, "session")
    even = np.arange(j.n_journeys) % 2 == 0
    row = (
        journeys.compare(journeys.select(j, even), journeys.select(j, ~even))
        .table.query("touchpoint == 'cart'")
        .iloc[0]
    )
    assert row["difference"] == pytest.approx(0, abs=1e-12)
    assert row["ci_high"] - row["ci_low"] < 1e-6  # every customer does in one half what he does in the other


def test_a_planted_difference_is_found_and_drawn() -> None:
    a, b = population(400, 5), population(400, 6, "d")
    b = relabel(b, {"chat": "call"})
    found = journeys.compare(a, b, names=("clickers", "callers"))
    top = found.found[found.found["kind"] == "reach"]
    assert {"chat", "call"} == set(top["touchpoint"])
    assert "clickers" in found.summary()
    ax = found.plot()
    figures.png(ax)
    for axis in (ax.get_yticklabels(), ax.child_axes[0].get_yticklabels(), ax.get_xticklabels()):
        boxes = [label.get_window_extent() for label in axis if label.get_text()]
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_too_few_customers_are_not_tested() -> None:
    a, b = population(9, 7), population(50, 8, "d")
    found = journeys.compare(a, b)
    assert found.table["p_value"].isna().all()
    assert (found.table["reason"] != "").all()
    assert found.table["ci_low"].notna().any()
    none = journeys.compare(journeys.select(a, np.zeros(9, dtype=bool)), b)
    assert "too few" in none.summary()
    assert set(none.table["reason"]) == {"nobody in a segment could", "fewer than 10 customers"}
    assert figures.png(none.plot())


def test_segments_that_cannot_be_compared() -> None:
    a, b = population(20, 9), population(20, 10, "d")
    with pytest.raises(StudyError, match="20 customers are in both"):
        journeys.compare(a, a)
    with pytest.raises(StudyError, match="split both alike"):
        journeys.compare(a, population(20, 10, "d", by="session"))
    with pytest.raises(StudyError, match="two different names"):
        journeys.compare(a, b, names=("a", "a"))
