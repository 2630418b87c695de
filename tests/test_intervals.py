"""Intervals against published values, an independent implementation, and their coverage by simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, false_discovery_control

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


def test_empty_input_gives_nan() -> None:
    assert np.isnan(intervals.wilson(0, 0).value)
    assert np.isnan(intervals.mean([]).value)
    assert np.isnan(intervals.mean([3]).low)
    assert np.isnan(intervals.never_seen_upper(0))
