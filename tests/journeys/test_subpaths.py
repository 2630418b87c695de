"""Stretches with and without gaps, and how converters differ in them, against plain Python and by simulation."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import figures, journeys
from journeylab.errors import StudyError
from journeylab.intervals import benjamini_hochberg, lift
from journeylab.journeys import Journeys, stretches
from tests.journeys.direct import journeys_of
from tests.journeys.slow import slow_visits
from tests.walks import Rows, frame_of, slowly, tables

kinds = st.sampled_from(["customer", "session"])
small = st.sampled_from([1, 50, 1 << 20])


def stretches_of(names: list[str], gapped: bool) -> Iterable[tuple[str, ...]]:
    for length in (2, 3):
        if gapped:
            yield from set(itertools.combinations(names, length))
        else:
            yield from (tuple(names[start : start + length]) for start in range(len(names) - length + 1))


@slowly
@given(tables, kinds, small, st.sampled_from([1, 1 << 24]))
def test_stretches_with_gaps(rows: Rows, by: str, limit: int, dense: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "ROWS", limit)
        patch.setattr(stretches, "TOGETHER", limit)
        patch.setattr(stretches, "DENSE", dense)
        patch.setattr(stretches, "SHORT", 1 << 16 if dense > 1 else 0)
        table = journeys.subpaths(journeys_of(rows, by), gapped=True).table
    n, who = Counter(), defaultdict(set)
    for customer, visit in slow_visits(rows, by):
        for stretch in stretches_of([name for _, name in visit], gapped=True):
            n[stretch] += 1
            who[stretch].add(customer)
    assert dict(zip(table["subpath"], table["n"], strict=True)) == dict(n)
    assert dict(zip(table["subpath"], table["customers"], strict=True)) == {key: len(ids) for key, ids in who.items()}
    assert table["n"].is_monotonic_decreasing


@slowly
@given(tables, kinds, st.booleans(), st.integers(1, 3), small)
def test_converters_against_the_others(rows: Rows, by: str, gapped: bool, least: int, limit: int) -> None:
    j = journeys_of(rows, by)
    if "order" not in j.touchpoints:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "ROWS", limit)
        patch.setattr(stretches, "TOGETHER", limit)
        found = journeys.subpaths(j, 3, "order", least=least, gapped=gapped)
    journey = []  # customer, converted, stretches before the outcome
    for customer, visit in slow_visits(rows, by):
        names = [name for _, name in visit]
        before = names[: names.index("order")] if "order" in names else names
        journey.append((customer, "order" in names, set(stretches_of(before, gapped))))
    customers = {
        stretch: {who for who, _, own in journey if stretch in own} for _, _, own in journey for stretch in own
    }
    tested = {stretch for stretch, ids in customers.items() if len(ids) >= least}
    assert set(found.table["subpath"]) == tested
    assert found.untested == len(customers) - len(tested)
    x = np.mean([converted for _, converted, _ in journey])
    n1, n = sum(converted for _, converted, _ in journey), len(journey)
    for row in found.table.itertuples():
        p = np.mean([row.subpath in own for _, _, own in journey])
        scores = [(who, (converted - x) * ((row.subpath in own) - p)) for who, converted, own in journey]
        sums = Counter()
        for who, score in scores:
            sums[who] += score
        alone = sum(score**2 for _, score in scores)
        effect = max(sum(total**2 for total in sums.values()) / alone, 1) if alone > 1e-12 else 1
        k1 = sum(converted and row.subpath in own for _, converted, own in journey)
        k0 = round(n * p) - k1
        expected = lift(*(np.array([k1, n1, k0, n - n1]) / effect))
        assert (row.lift, row.lift_ci_low, row.lift_ci_high) == pytest.approx(tuple(expected), nan_ok=True)
        if 0 < n1 < n and p < 1:
            z = (k1 / n1 - k0 / (n - n1)) / np.sqrt(effect * p * (1 - p) * (1 / n1 + 1 / (n - n1)))
            assert row.p_value == pytest.approx(float(_two_sided(z)))
    assert found.table["q_value"].to_numpy() == pytest.approx(benjamini_hochberg(found.table["p_value"]), nan_ok=True)


def _two_sided(z: float) -> float:
    from scipy.stats import norm

    return 2 * norm.sf(abs(z))


@slowly
@given(tables, kinds, st.integers(1, 3))
def test_only_the_touchpoints_most_met_are_looked_at_and_the_others_are_named(rows: Rows, by: str, most: int) -> None:
    found = journeys.subpaths(journeys_of(rows, by), gapped=True, most=most)
    visits = [[name for _, name in visit] for _, visit in slow_visits(rows, by)]
    met = Counter(name for visit in visits for name in set(visit))
    order = sorted(met, key=lambda name: (-met[name], name))
    assert found.left_out == tuple(order[most:])
    n = Counter(key for visit in visits for key in stretches_of([name for name in visit if name in order[:most]], True))
    assert dict(zip(found.table["subpath"], found.table["n"], strict=True)) == dict(n)
    assert ("not looked at" in found.summary()) == bool(len(found.table) and found.left_out)


def visits_of(customer: np.ndarray, has_it: np.ndarray, converted: np.ndarray) -> Journeys:
    """Visits that may have a → b before z and may order after it."""
    offsets = np.concatenate(([0], np.cumsum(1 + 2 * has_it + converted))).astype(np.int64)
    codes = np.full(offsets[-1], 3, dtype=np.int32)
    codes[offsets[:-1][has_it]], codes[offsets[:-1][has_it] + 1] = 0, 1
    codes[offsets[1:][converted] - 1] = 2
    times, session = np.zeros(len(codes), dtype="datetime64[us]"), np.zeros(len(codes), dtype=np.int32)
    who = np.unique(customer).astype(object)
    ids = np.arange(len(customer)).astype(object)
    return Journeys(ids, customer, who, offsets, codes, times, session, ("a", "b", "order", "z"), "session")


@pytest.mark.parametrize(("times_as_likely", "visits"), [(1.0, 0), (1.0, 3), (1.8, 3)])
def test_lift_covers_what_it_says_where_the_visits_of_a_customer_are_alike(times_as_likely: float, visits: int) -> None:
    rng = np.random.default_rng(4)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        customer = np.repeat(np.arange(n), 1 + rng.poisson(visits, n))
        has_it = rng.random(len(customer)) < rng.beta(0.75, 2.25, n)[customer]
        share = rng.beta(0.9, 2.1, n)[customer] * np.where(has_it, times_as_likely, 1)
        return customer, has_it, rng.random(len(customer)) < share

    _, has_it, converted = draw(1_000_000)
    truth = (has_it & converted).mean() / has_it.mean() / converted.mean()
    covered = rejected = 0
    for _ in range(200):
        row = journeys.subpaths(visits_of(*draw(200)), 2, "order").table.set_index("subpath").loc[[("a", "b")]].iloc[0]
        covered += row["lift_ci_low"] <= truth <= row["lift_ci_high"]
        rejected += row["p_value"] < 0.05
    assert 0.92 <= covered / 200 <= 0.98
    if times_as_likely == 1:
        assert rejected / 200 <= 0.085


@pytest.mark.parametrize(("ends", "words"), [(["order"] * 12, "Every journey"), (["home"] * 12, "No journey")])
def test_without_anyone_to_compare_with_there_is_no_interval(ends: list[str], words: str) -> None:
    rows = [("p", 200, "order")] if words.startswith("No") else []
    rows = [(f"c{who}", step, name) for who, end in enumerate(ends) for step, name in enumerate(["home", "cart", end])]
    j = journeys.build(frame_of([*rows, ("last", 0, "order")]))
    found = journeys.subpaths(journeys.select(j, j.ids != "last"), outcome="order")
    row = found.table.iloc[0]
    assert np.isnan([row["lift_ci_low"], row["lift_ci_high"], row["p_value"], row["q_value"]]).all()
    assert any(line.startswith(words) for line in found.assumptions)
    assert found.summary()


def test_too_few_customers_are_said() -> None:
    found = journeys.subpaths(
        journeys.build(frame_of([("p", 0, "home"), ("p", 1, "cart"), ("p", 2, "order")])), 2, "order"
    )
    assert found.untested == 1
    assert "of too few customers" in found.summary()
    assert any("fewer than 10 customers" in line for line in found.assumptions)


@pytest.mark.parametrize("options", [{"max_length": 4, "gapped": True}, {"max_length": 1}, {"most": 0, "gapped": True}])
def test_what_cannot_be_counted(options: dict[str, int]) -> None:
    with pytest.raises(StudyError, match="touchpoint"):
        journeys.subpaths(journeys.build(frame_of([("p", 0, "home")])), **options)


@pytest.mark.parametrize("outcome", [None, "order"])
@pytest.mark.parametrize("gapped", [False, True])
def test_a_picture_of_stretches(outcome: str | None, gapped: bool) -> None:
    rows = [(f"c{who}", step, name) for who in range(60) for step, name in enumerate(["home", "cart", "chat"])]
    rows += [(f"c{who}", 9, "order") for who in range(25)] + [(f"c{who}", 4, "cart") for who in range(20)]
    for found in (
        journeys.subpaths(journeys_of(rows), outcome=outcome, gapped=gapped),
        journeys.subpaths(journeys_of(rows), outcome=outcome, gapped=gapped, least=1000),
    ):
        ax = found.plot()
        figures.png(ax)
        assert len(figures.alt_text(ax)) > 20


def test_no_events_with_gaps() -> None:
    none = journeys.select(journeys.build(frame_of([("p", 0, "home")])), np.array([False]))
    assert journeys.subpaths(none, gapped=True).table.empty
    assert journeys.subpaths(none, outcome="home", gapped=True).table.empty


@settings(max_examples=8, deadline=None)
@given(tables, kinds)
def test_journeys_put_together_by_hand_are_those_that_are_built(rows: Rows, by: str) -> None:
    one, other = journeys_of(rows, by), journeys.build(frame_of(rows), by=by)
    for name in ("ids", "customer", "offsets", "codes", "times", "session", "touchpoints"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
