"""Retention, repeats and lapse against plain Python, by simulation, and what they say of data that cannot tell."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import figures, journeys
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.journeys import clusters, groups
from journeylab.journeys.survival import kaplan_meier
from tests.journeys.quick import Rows, arrays, journeys_of

HOUR = 60
DAY = 24 * HOUR
BEGIN = datetime(2026, 3, 1, 10)

hours = st.integers(0, 1_500).map(lambda hour: hour * HOUR)
event = st.tuples(st.sampled_from("pqrst"), hours, st.sampled_from(["home", "chat", "order"]))
tables = st.lists(event, min_size=1, max_size=40)
kinds = st.sampled_from(["customer", "session"])
slowly = settings(max_examples=100, deadline=None)


def walks(rows: Rows) -> list[list[tuple[int, str]]]:
    own = defaultdict(list)
    for who, minute, name in sorted(rows, key=lambda row: row[:2]):
        own[who].append((minute, name))
    return list(own.values())


def number(minute: int, period: str) -> int:
    """The calendar period of an event."""
    when = BEGIN + timedelta(minutes=minute)
    if period == "month":
        return 12 * when.year + when.month
    return (when - datetime(1970, 1, 5)) // timedelta(days=int(period.removesuffix("D")))


@slowly
@given(
    tables, kinds, st.sampled_from([None, "home"]), st.sampled_from([None, "order"]),
    st.sampled_from(["1D", "7D", "30D", "month"]), st.sampled_from(["calendar", "customer"]),
)  # fmt: skip
def test_retention(rows: Rows, by: str, start: str | None, activity: str | None, period: str, clock: str) -> None:
    if not {start, activity} - {None} <= {row[2] for row in rows} or (period == "month" and clock == "customer"):
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "EVENTS", 7)
        found = journeys.retention(journeys_of(rows, by), start, activity, period, 3, clock=clock)
    end = max(minute for _, minute, _ in rows)
    size, active, whole = defaultdict(int), defaultdict(int), defaultdict(lambda: True)
    for walk in walks(rows):
        begun = next((place for place, (_, name) in enumerate(walk) if start in (name, None)), None)
        if begun is None:
            continue
        came = walk[begun][0]
        cohort = number(came, period)
        size[cohort] += 1
        for later in range(4):
            if clock == "calendar":
                here = {minute for minute, _ in walk if number(minute, period) == cohort + later}
                whole[cohort, later] = number(end, period) > cohort + later
            else:
                length = DAY * int(period.removesuffix("D"))
                here = {minute for minute, _ in walk if (minute - came) // length == later}
                whole[cohort, later] &= came + (later + 1) * length <= end
            did = [name for minute, name in walk[begun:] if minute in here]
            active[cohort, later] += any(activity in (name, None) for name in did)
    table = found.table
    assert (found.n, found.cohorts) == (sum(size.values()), len(size))
    assert len(table) == 4 * (1 + len(size))
    for row, (cohort, later) in zip(
        table[4:].itertuples(), [(c, k) for c in sorted(size) for k in range(4)], strict=True
    ):
        assert (row.period, row.n, row.active) == (later, size[cohort], active[cohort, later])
        expected = wilson(row.active, row.n) if whole[cohort, later] else (np.nan,) * 3
        assert (row.share, row.ci_low, row.ci_high) == pytest.approx(tuple(expected), nan_ok=True)
        assert bool(row.reason) != whole[cohort, later]
        if period != "month":
            day = datetime(1970, 1, 5) + cohort * timedelta(days=int(period.removesuffix("D")))
            assert row.cohort == f"{day:%Y-%m-%d}"
    for row in table[:4].itertuples():
        seen = [cohort for cohort in size if whole[cohort, row.period]]
        assert row.n == sum(size[cohort] for cohort in seen)
        expected = wilson(sum(active[cohort, row.period] for cohort in seen), row.n)
        assert (row.share, row.ci_low, row.ci_high) == pytest.approx(tuple(expected), nan_ok=True)
    assert found.summary()


def test_a_week_begins_on_monday_and_a_last_week_counts_when_the_end_is_given() -> None:
    rows = [
        ("p", 0, "home"),
        ("p", 14 * HOUR, "home"),
        ("q", 7 * DAY, "home"),
    ]  # Sunday 1 March, Monday, Sunday 8 March
    table = journeys.retention(journeys_of(rows), periods=1).table.set_index(["cohort", "period"])
    assert table.loc[("2026-02-23", 0), "share"] == 1
    assert np.isnan(table.loc[("2026-02-23", 1), "share"])
    table = journeys.retention(journeys_of(rows), periods=1, until_time="2026-03-09").table.set_index(
        ["cohort", "period"]
    )
    assert table.loc[("2026-02-23", 1), "share"] == table.loc[("2026-03-02", 0), "share"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"period": "36h"}, "whole days"), ({"period": "weekly"}, "whole days"), ({"periods": 0}, "at least 1"),
        ({"clock": "custom"}, "Did you mean 'customer'"), ({"period": "month", "clock": "customer"}, "'30D'"),
        ({"start": "hom"}, "Did you mean 'home'"), ({"activity": "hom"}, "Did you mean 'home'"),
    ],
)  # fmt: skip
def test_what_retention_does_not_understand(options: dict, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        journeys.retention(journeys_of([("p", 0, "home")]), **options)


@slowly
@given(tables, kinds)
def test_repeats(rows: Rows, by: str) -> None:
    if "order" not in {row[2] for row in rows}:
        return
    found = journeys.repeat(journeys_of(rows, by), "order", horizons=(20, 40))
    end = max(minute for _, minute, _ in rows)
    waits = defaultdict(list)
    for walk in walks(rows):
        times = sorted({minute for minute, name in walk if name == "order"})
        for place, minute in enumerate(times):
            again = place + 1 < len(times)
            waits[place + 2].append(((times[place + 1] if again else end) - minute, again))
    assert found.table["occurrence"].tolist() == [k for k in (2, 3, 4, 5) if waits[k]]
    for row in found.table.itertuples():
        own = waits[row.occurrence]
        done = [wait / DAY for wait, again in own if again]
        assert (row.n, row.repeated) == (len(own), len(done))
        assert (row.share, row.ci_low, row.ci_high) == pytest.approx(tuple(wilson(len(done), len(own))))
        assert row.days_between == pytest.approx(np.median(done) if done else np.nan, nan_ok=True)
    for row in found.horizons.itertuples():
        own, limit = waits[row.occurrence], row.within_days * DAY
        still = 1.0
        for minute in sorted({wait for wait, again in own if again and wait <= limit}):
            still *= 1 - own.count((minute, True)) / sum(wait >= minute for wait, _ in own)
        watched = sum(wait >= limit for wait, _ in own)
        assert row.at_risk == watched
        assert row.repeated == sum(again and wait <= limit for wait, again in own)
        if watched or still < 1e-9:
            assert row.share == pytest.approx(1 - still)
            assert row.ci_low - 1e-9 <= row.share <= row.ci_high + 1e-9
        else:
            assert np.isnan(row.share)
            assert row.reason
    assert found.summary()


def test_repeats_of_customers_watched_for_less_long_are_not_taken_for_none() -> None:
    rng = np.random.default_rng(2)
    came, wait = rng.uniform(0, 120, 4_000), rng.exponential(40, 4_000)
    rows = [("end", 120 * DAY, "home")]
    for n in range(4_000):
        rows += [(f"c{n}", int(day * DAY), "order") for day in (came[n], came[n] + wait[n]) if day <= 120]
    found = journeys.repeat(journeys_of(rows), "order")
    row = found.horizons[found.horizons["within_days"] == 60].iloc[0]
    assert row["ci_low"] < 1 - np.exp(-1.5) < row["ci_high"]
    assert found.table["share"].iloc[0] < 0.72  # of those who repeat within 60 days, 78 %
    assert found.table["median_ci_low"].iloc[0] < 40 * np.log(2) < found.table["median_ci_high"].iloc[0]
    assert np.isnan(found.horizons["share"].iloc[3])


@slowly
@given(tables, kinds, st.sampled_from(["order", None]))
def test_lapse(rows: Rows, by: str, outcome: str | None) -> None:
    if outcome is not None and outcome not in {row[2] for row in rows}:
        return
    found = journeys.lapse(journeys_of(rows, by), outcome, 0.8, risk=0.5, least=1)
    end = max(minute for _, minute, _ in rows)
    gaps, silent = [], []
    for walk in walks(rows):
        if outcome is None:
            own = [b - a for (a, _), (b, _) in itertools.pairwise(walk) if b - a > 30]
            last = walk[-1][0]
        else:
            times = sorted({minute for minute, name in walk if name == outcome})
            if not times:
                continue
            own = [b - a for a, b in itertools.pairwise(times)]
            last = times[-1]
        gaps += own
        silent.append((end - last, len(own) + 1))
    assert (found.n, found.gaps) == (len(silent), len(gaps))
    assert found.summary()
    if not gaps:
        assert found.table["share"].isna().all()
        assert (found.table["reason"] != "").all()
        return
    middle, border = np.quantile(gaps, [0.5, 0.8])
    status = ["active" if wait <= middle else "at risk" if wait <= border else "lapsed" for wait, _ in silent]
    for row in found.table.itertuples():
        assert row.n == status.count(row.status)
        assert row.once == sum(own == row.status and times == 1 for own, (_, times) in zip(status, silent, strict=True))
        assert (row.share, row.ci_low, row.ci_high) == pytest.approx(tuple(wilson(row.n, len(silent))))
    chosen = found.rules[found.rules["chosen"]].iloc[0]
    assert chosen["days"] == pytest.approx(border / DAY)
    assert chosen["lapsed"] == status.count("lapsed")


def test_the_border_of_lapse_is_as_sure_as_its_interval_says() -> None:
    rng = np.random.default_rng(30)
    draw = rng.gamma(2.0, 1.0, 1_000_000) * rng.exponential(1e9, 1_000_000)
    truth, hits, naive = np.quantile(draw, 0.9), 0, 0
    for _ in range(1_000):
        each = 1 + rng.poisson(6, 150)
        owner = np.repeat(np.arange(150), each)
        gap = (rng.gamma(2.0, 1.0, 150)[owner] * rng.exponential(1e9, len(owner))).astype(np.int64)
        _, low, high = clusters.quantile(gap, owner, 0.9)
        hits += low <= truth <= high
        _, low, high = clusters.quantile(gap, np.arange(len(gap)), 0.9)
        naive += low <= truth <= high
    assert 0.93 <= hits / 1_000 <= 0.97
    assert naive / 1_000 < 0.90


def test_intervals_of_shares_within_customers_are_as_sure_as_they_say() -> None:
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(2_000):
        base = 1 + rng.poisson(5, 120)
        count = rng.binomial(base, rng.beta(2, 3, 120))
        _, low, high = clusters.share(count.astype(float), base.astype(float))
        hits += low <= 0.4 <= high
    assert 0.93 <= hits / 2_000 <= 0.97


def test_the_curve_does_not_say_zero_for_certain() -> None:
    none = kaplan_meier(np.full(20, 100), np.zeros(20, dtype=bool)).reached_by(50)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(wilson(0, 20).high)
    every = kaplan_meier(np.arange(1, 21), np.ones(20, dtype=bool)).reached_by(30)
    assert (every.value, every.high) == (1, 1)
    assert every.low < 0.9


def test_pictures_and_wrong_options() -> None:
    j = journeys_of([("p", 0, "home"), ("p", 40 * DAY, "order"), ("q", 3, "order"), ("q", 50 * DAY, "order")])
    none = journeys.select(j, np.zeros(2, dtype=bool))
    for of in (j, none, arrays(np.empty(0, object), np.empty(0, int), np.empty(0, int), ("order",), np.empty(0))):
        for found in (
            journeys.retention(of), journeys.retention(of, clock="customer"), journeys.repeat(of, "order"),
            journeys.lapse(of), journeys.lapse(of, "order"),
        ):  # fmt: skip
            assert len(figures.alt_text(found.plot())) > 20
            assert found.to_json()
    for wrong in ({"most": 1}, {"horizons": (0,)}):
        with pytest.raises(StudyError, match=r"needs|first repeat"):
            journeys.repeat(j, "order", **wrong)
    with pytest.raises(StudyError, match="risk < quantile"):
        journeys.lapse(j, "order", 0.5)


def test_no_two_labels_of_the_repeat_curves_lie_on_each_other() -> None:
    rng = np.random.default_rng(7)
    rows = [(f"c{n}", int(day * DAY), "order") for n in range(300) for day in np.cumsum(rng.exponential(12, 6))]
    ax = journeys.repeat(journeys_of(rows), "order").plot()
    figures.png(ax)
    boxes = [label.get_window_extent() for label in ax.texts]
    assert len(boxes) == 5
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:place])
