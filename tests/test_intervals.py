"""Intervals against published values, an independent implementation, and their coverage by simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control
from statsmodels.stats.proportion import confint_proportions_2indep

from journeylab import intervals


def test_wilson_and_newcombe_give_the_published_tables(shared: Path) -> None:
    values = json.loads((shared / "reference" / "values" / "proportions_power_srm.json").read_text())
    for key, ends in values["wilson"].items():
        k, n = map(int, key.split("/"))
        assert intervals.wilson(k, n)[1:] == pytest.approx(ends, abs=1e-9)
    for key, ends in values["newcombe_diff"].items():
        (k1, n1), (k0, n0) = (map(int, part.split("/")) for part in key.split("-"))
        assert intervals.newcombe(k1, n1, k0, n0)[1:] == pytest.approx(ends, abs=1e-9)


def test_benjamini_hochberg_rejects_what_the_paper_rejects(shared: Path) -> None:
    content = json.loads((shared / "reference" / "values" / "benjamini_hochberg_1995.json").read_text())
    p_values = next(value for value in content.values() if isinstance(value, list) and len(value) == 15)
    adjusted = intervals.benjamini_hochberg(p_values)
    assert (adjusted <= 0.05).sum() == 4
    assert adjusted == pytest.approx(false_discovery_control(p_values))


def test_missing_p_values_do_not_count() -> None:
    rng = np.random.default_rng(2)
    p_values = rng.random(30)
    holes = np.insert(p_values, [0, 10], np.nan)
    assert intervals.benjamini_hochberg(holes)[~np.isnan(holes)] == pytest.approx(
        intervals.benjamini_hochberg(p_values)
    )
    assert np.isnan(intervals.benjamini_hochberg(holes)[0])


@pytest.mark.parametrize(("n", "share"), [(12, 0.3), (48, 0.1), (48, 0.6), (400, 0.05)])
def test_wilson_covers_what_it_says(n: int, share: float) -> None:
    k = np.arange(n + 1)
    _, low, high = intervals.wilson(k, np.full(n + 1, n))
    covered = binom.pmf(k, n, share)[(low <= share) & (share <= high)].sum()
    assert 0.92 <= covered <= 0.99


def test_the_ratio_of_two_shares_is_that_of_the_paper_and_of_statsmodels() -> None:
    # Koopman (1984), table 1: 36 of 40 against 16 of 80
    assert intervals.risk_ratio(36, 40, 16, 80) == pytest.approx((4.5, 2.94, 7.15), abs=0.005)
    for counts in [(7, 25, 4, 60), (0, 10, 3, 20), (10, 10, 3, 20), (3, 10, 0, 20), (5, 5, 0, 5), (60, 90, 900, 1000)]:
        expected = confint_proportions_2indep(*counts, compare="ratio", method="score", correction=False)
        assert intervals.risk_ratio(*counts)[1:] == pytest.approx(expected, rel=1e-7, abs=1e-12)
    k = np.arange(1, 12)
    both = intervals.risk_ratio(k, 40, k[::-1], 80)
    turned = intervals.risk_ratio(k[::-1], 80, k, 40)
    assert both.low == pytest.approx(1 / turned.high)


def test_lift_worked_out_by_hand() -> None:
    # ratio 4.5 (2.9396 to 7.1522), a third in the first group (40 of 120: 0.2554 to 0.4217)
    value, low, high = intervals.lift(36, 40, 16, 80)
    assert value == pytest.approx((36 / 40) / (52 / 120))
    assert low == pytest.approx(2.0769 - np.hypot(2.0769 - 1.7855, 2.0769 - 1.8174), abs=5e-4)
    assert high == pytest.approx(2.0769 + np.hypot(2.3445 - 2.0769, 2.3758 - 2.0769), abs=5e-4)


@pytest.mark.parametrize("n", [300, 2000])
@pytest.mark.parametrize("first", [0.1, 0.4])
@pytest.mark.parametrize(("p1", "p0"), [(0.05, 0.05), (0.3, 0.1), (0.1, 0.3), (0.9, 0.5)])
def test_lift_covers_what_it_says(n: int, first: float, p1: float, p0: float) -> None:
    rng = np.random.default_rng(5)
    n1 = rng.binomial(n, first, 2000)
    k1, k0 = rng.binomial(n1, p1), rng.binomial(n - n1, p0)
    _, low, high = intervals.lift(k1, n1, k0, n - n1)
    truth = p1 / (first * p1 + (1 - first) * p0)
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.97


def test_empty_input_gives_nan() -> None:
    assert np.isnan(intervals.wilson(0, 0).value)
    assert np.isnan(intervals.mean([]).value)
    assert np.isnan(intervals.mean([3]).low)
    assert np.isnan(intervals.never_seen_upper(0))
    assert np.isnan(intervals.risk_ratio([0, 0, 1], [0, 9, 2], [1, 0, 0], [2, 9, 0])).all()
    assert np.isnan(intervals.lift([0, 0, 1], [0, 9, 2], [1, 0, 0], [2, 9, 0])[1:]).all()
