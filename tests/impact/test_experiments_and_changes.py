"""Dated changes: an independent implementation, error rates by simulation, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylab import impact
from journeylab.impact.change import ar1_regression


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
