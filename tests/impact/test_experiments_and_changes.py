"""Randomised tests and dated changes: published values, error rates by simulation, and what voids them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import impact
from journeylab.errors import JourneylabError
from journeylab.impact.change import ar1_regression
from journeylab.impact.experiment import _compare, _sample_ratio
from journeylab.intervals import benjamini_hochberg


def trial(n: int, lift: float, seed: int, share: float = 0.5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A randomised test of one arm, and the orders that follow."""
    rng = np.random.default_rng(seed)
    arm = np.where(rng.random(n) < share, "new", "control")
    assigned = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 40 * 86400, n), unit="s")
    ids = [f"c{number}" for number in range(n)]
    assignments = pd.DataFrame(
        {"customer_id": ids, "experiment": "button", "arm": arm, "assigned_at": assigned.as_unit("us")}
    )
    ordered = rng.random(n) < 0.2 + lift * (arm == "new")
    events = pd.DataFrame({"customer_id": ids, "event_time": assigned.as_unit("us"), "touchpoint": "page"})
    orders = events[ordered].assign(
        touchpoint="order", event_time=lambda frame: frame["event_time"] + pd.Timedelta("2d")
    )
    last = pd.DataFrame(
        {"customer_id": ["z"], "event_time": [pd.Timestamp("2026-06-01", tz="UTC")], "touchpoint": ["page"]}
    )
    return assignments, pd.concat([events, orders, last], ignore_index=True)


class TestExperiment:
    def test_published_sample_ratio(self, shared: Path) -> None:
        values = json.loads((shared / "reference/values/proportions_power_srm.json").read_text())["srm"]
        found = _sample_ratio(pd.Series(values["observed"], index=["a", "b"]), None)
        assert found == pytest.approx(values["p"], rel=1e-6)

    def test_published_difference(self) -> None:
        row = _compare(56, 70, 48, 80, 0.5)  # Newcombe (1998), table II, method 10
        assert (row["ci_low"], row["ci_high"]) == (pytest.approx(0.0524, abs=5e-4), pytest.approx(0.3339, abs=5e-4))

    def test_published_false_discovery_rate(self, shared: Path) -> None:
        values = json.loads((shared / "reference/values/benjamini_hochberg_1995.json").read_text())
        np.testing.assert_allclose(benjamini_hochberg(np.array(values["p"])), values["bh"]["adjusted"], atol=1e-9)

    def test_coverage_of_the_interval(self) -> None:
        covered = 0
        for seed in range(200):
            row = impact.experiment(*trial(400, 0.1, seed), outcome="order", window="14d").table.iloc[0]
            covered += row["ci_low"] <= 0.1 <= row["ci_high"]
        assert covered >= 180

    def test_arms_of_the_wrong_size_void_a_test(self) -> None:
        row = impact.experiment(*trial(3000, 0.1, 1, share=0.42), outcome="order", window="14d").table.iloc[0]
        assert row["srm_p"] < 0.001
        assert (row["grade"], row["verdict"]) == ("D", "not known")

    def test_someone_in_both_arms_is_excluded_and_counted(self) -> None:
        assignments, events = trial(400, 0.1, 2)
        other = {"new": "control", "control": "new"}[assignments.loc[0, "arm"]]
        both = pd.concat([assignments, assignments.iloc[[0]].assign(arm=other)], ignore_index=True)
        row = impact.experiment(both, events, outcome="order", window="14d").table.iloc[0]
        assert row["n_excluded"] == 1
        assert row["n_arm"] + row["n_control"] == 399

    def test_an_outcome_before_the_assignment_does_not_count(self) -> None:
        assignments, events = trial(400, 0.1, 3)
        early = events["touchpoint"] == "order"
        events.loc[early, "event_time"] -= pd.Timedelta("5d")
        row = impact.experiment(assignments, events, outcome="order", window="14d").table.iloc[0]
        assert row["share_arm"] == row["share_control"] == 0

    def test_unknown_outcome(self) -> None:
        with pytest.raises(JourneylabError, match="Did you mean 'order'"):
            impact.experiment(*trial(100, 0, 0), outcome="oder", window="14d")


def series(n: int, *, step: float, rho: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    noise = np.full(n, rng.normal(scale=0.02) / np.sqrt(1 - rho**2))
    for place in range(1, n):
        noise[place] = rho * noise[place - 1] + rng.normal(scale=0.02)
    value = 0.5 + 0.001 * np.arange(n) + step * (np.arange(n) >= n // 2) + noise
    return pd.DataFrame({"time": pd.date_range("2025-01-06", periods=n, freq="7D"), "value": value})


class TestDatedChange:
    def test_a_step_without_noise_is_found_exactly(self) -> None:
        frame = series(60, step=0.1, rho=0.0, seed=0)
        frame["value"] = 0.5 + 0.002 * np.arange(60) + 0.1 * (np.arange(60) >= 30) + 1e-6 * np.sin(np.arange(60))
        row = impact.dated_change(frame, changed_at=frame.loc[30, "time"]).table.iloc[0]
        assert row["estimate"] == pytest.approx(0.1, abs=1e-4)

    def test_agrees_with_an_independent_implementation(self) -> None:
        import statsmodels.api as sm

        frame = series(80, step=0.05, rho=0.4, seed=3)
        x = np.column_stack(
            [np.ones(80), np.arange(80), np.arange(80) >= 40, np.maximum(np.arange(80) - 40, 0)]
        ).astype(float)
        beta, error, rho = ar1_regression(frame["value"].to_numpy(), x)
        other = sm.GLS(frame["value"], x, sigma=rho ** np.abs(np.subtract.outer(np.arange(80), np.arange(80)))).fit()
        np.testing.assert_allclose(beta, other.params, rtol=1e-6)
        np.testing.assert_allclose(error, other.bse, rtol=1e-6)

    @pytest.mark.parametrize("rho", [0.0, 0.4])
    def test_error_rate_when_nothing_happened(self, rho: float) -> None:
        wrong = 0
        for seed in range(200):
            frame = series(60, step=0.0, rho=rho, seed=seed)
            row = impact.dated_change(frame, changed_at=frame.loc[30, "time"]).table.iloc[0]
            wrong += row["p_value"] < 0.05
        assert wrong <= 22  # 6 to 7 % in 1,000 series; a rate of 11 % or more would fail

    def test_too_few_weeks_say_so(self) -> None:
        frame = series(10, step=0.1, rho=0.0, seed=0)
        row = impact.dated_change(frame, changed_at=frame.loc[5, "time"]).table.iloc[0]
        assert np.isnan(row["estimate"])
        assert "needed on each side" in row["reason"]

    def test_without_a_control_series_the_grade_is_d(self) -> None:
        frame = series(60, step=0.2, rho=0.2, seed=0)
        control = series(60, step=0.0, rho=0.2, seed=9)
        when = frame.loc[30, "time"]
        assert impact.dated_change(frame, changed_at=when).table.iloc[0]["grade"] == "D"
        assert impact.dated_change(frame, changed_at=when, controls=control).table.iloc[0]["grade"] == "B"
