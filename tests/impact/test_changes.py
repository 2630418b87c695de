"""Dated changes of one series: published values, an independent implementation, error rates, and what lowers the grade."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylab as jl
from journeylab import findings, impact
from journeylab.errors import JourneylabError
from journeylab.impact.interrupted import ar1_regression, count_regression, ljung_box, step_design


def errors(rng: np.random.Generator, n: int, rho: float, spread: float = 0.02) -> np.ndarray:
    """Errors that remember, stationary from the first."""
    noise = rng.normal(scale=spread, size=n)
    noise[0] /= np.sqrt(1 - rho**2)
    for place in range(1, n):
        noise[place] += rho * noise[place - 1]
    return noise


def series(n: int, *, step: float, rho: float = 0.0, seed: int = 0, freq: str = "7D") -> pd.DataFrame:
    value = 0.5 + 0.001 * np.arange(n) + step * (np.arange(n) >= n // 2) + errors(np.random.default_rng(seed), n, rho)
    return pd.DataFrame({"time": pd.date_range("2025-01-06", periods=n, freq=freq), "value": value})


@pytest.fixture(scope="module")
def sicily(shared: Path) -> tuple[pd.DataFrame, dict]:
    """Heart attacks in Sicily by month, before and after smoking was forbidden indoors."""
    raw = pd.read_csv(shared / "reference/values/sicily.csv")
    time = pd.to_datetime({"year": raw["year"], "month": raw["month"], "day": 1})
    frame = pd.DataFrame({"time": time, "value": raw["aces"], "exposure": raw["stdpop"]})
    return frame, json.loads((shared / "reference/values/its_sicily.json").read_text())


class TestPublished:
    @pytest.mark.parametrize(("season", "key"), [("none", "quasipoisson_step"), ("auto", "seasonal_quasi")])
    def test_sicily(self, sicily: tuple[pd.DataFrame, dict], season: str, key: str) -> None:
        frame, known = sicily
        found = impact.dated_change(frame, changed_at="2005-01-01", counts=True, slope=False, season=season)
        row = found.table.iloc[0]
        np.testing.assert_allclose(row[["estimate", "ci_low", "ci_high"]].astype(float), known[key]["rr"], atol=1e-3)
        assert row["measure"] == "ratio"
        if season == "auto":
            assert row["ljung_box_p"] == pytest.approx(known["ljungbox12_p"], abs=1e-6)

    def test_sicily_without_overdispersion(self, sicily: tuple[pd.DataFrame, dict]) -> None:
        frame, known = sicily
        fit = count_regression(
            frame["value"].to_numpy(), step_design(np.arange(59), 36, slope=False), frame["exposure"].to_numpy()
        )
        level = fit.contrast(0, 0, 1)
        spread = level.error / np.sqrt(known["quasipoisson_step"]["dispersion"])
        ends = np.exp([level.estimate, level.estimate - 1.96 * spread, level.estimate + 1.96 * spread])
        np.testing.assert_allclose(ends, known["poisson_step"]["rr"], atol=1e-3)

    def test_sicily_change_of_slope(self, sicily: tuple[pd.DataFrame, dict]) -> None:
        frame, known = sicily
        row = impact.dated_change(frame, changed_at="2005-01-01", counts=True).table.iloc[0]
        slope = known["seasonal_slope_change"]
        found = row[["slope", "slope_low", "slope_high"]].astype(float)
        np.testing.assert_allclose(found, slope["rr_slope_per_month"], atol=1e-3)
        # There the level is that of the month before the ban.
        assert row["estimate"] / row["slope"] == pytest.approx(slope["rr_level"][0], abs=1e-3)


class TestRegression:
    def test_agrees_with_generalised_least_squares_at_each_autocorrelation(self) -> None:
        import statsmodels.api as sm

        frame = series(80, step=0.05, rho=0.4, seed=3)
        place = np.delete(np.arange(81), 40)
        x = step_design(place, 41)
        fit = ar1_regression(frame["value"].to_numpy(), x, place)
        for number in (0, len(fit.rho) // 2, -1):
            sigma = fit.rho[number] ** np.abs(np.subtract.outer(place, place))
            other = sm.GLS(frame["value"], x, sigma=sigma).fit()
            np.testing.assert_allclose(fit.beta[number], other.params, rtol=1e-6)
            np.testing.assert_allclose(fit.covariance[number], other.cov_params(), rtol=1e-6)

    def test_weights_are_the_restricted_likelihood(self) -> None:
        frame = series(40, step=0.0, rho=0.5, seed=1)
        y, x = frame["value"].to_numpy(), step_design(np.arange(40), 20)
        fit = ar1_regression(y, x)
        logs = []
        for rho in fit.rho[[10, 30]]:
            inverse = np.linalg.inv(rho ** np.abs(np.subtract.outer(np.arange(40), np.arange(40))))
            gram = x.T @ inverse @ x
            left = y - x @ np.linalg.solve(gram, x.T @ inverse @ y)
            squares = left @ inverse @ left
            logs.append(0.5 * (np.linalg.slogdet(inverse)[1] - np.linalg.slogdet(gram)[1] - 36 * np.log(squares)))
        assert np.log(fit.weight[10] / fit.weight[30]) == pytest.approx(logs[0] - logs[1], abs=1e-8)

    def test_interval_ends_where_p_is_five_in_a_hundred(self) -> None:
        frame = series(40, step=0.05, rho=0.5, seed=2)
        y, x = frame["value"].to_numpy(), step_design(np.arange(40), 20)
        level = ar1_regression(y, x).contrast(0, 0, 1)
        for end in (level.low, level.high):
            assert ar1_regression(y - end * x[:, 2], x).contrast(0, 0, 1).p_value == pytest.approx(0.05, abs=1e-4)

    @pytest.mark.parametrize(("n", "rho"), [(40, 0.0), (40, 0.6), (100, 0.6)])
    def test_error_rate_when_nothing_happened(self, n: int, rho: float) -> None:
        rng = np.random.default_rng(8)
        x = step_design(np.arange(n), n // 2)
        wrong = sum(ar1_regression(errors(rng, n, rho), x).contrast(0, 0, 1).p_value < 0.05 for _ in range(300))
        assert wrong <= 27  # 4 to 6 % in benchmarks/validity/changes.py; a rate of 12 % or more would fail

    def test_ljung_box_agrees_with_an_independent_implementation(self) -> None:
        from statsmodels.stats.diagnostic import acorr_ljungbox

        noise = errors(np.random.default_rng(4), 60, 0.3)
        other = acorr_ljungbox(noise, lags=[12], model_df=1)["lb_pvalue"].iloc[0]
        assert ljung_box(noise, fitted=1) == pytest.approx(other, rel=1e-9)


class TestDatedChange:
    def test_a_step_without_noise_is_found_exactly(self) -> None:
        frame = series(60, step=0.1)
        frame["value"] = 0.5 + 0.002 * np.arange(60) + 0.1 * (np.arange(60) >= 30) + 1e-6 * np.sin(np.arange(60))
        row = impact.dated_change(frame, changed_at=frame.loc[30, "time"]).table.iloc[0]
        assert row["estimate"] == pytest.approx(0.1, abs=1e-4)
        assert row["average"] == pytest.approx(0.1, abs=1e-4)

    def test_too_few_weeks_say_so(self) -> None:
        frame = series(10, step=0.1)
        row = impact.dated_change(frame, changed_at=frame.loc[5, "time"]).table.iloc[0]
        assert np.isnan(row["estimate"])
        assert "needed on each side" in row["reason"]

    def test_the_week_of_the_change_and_the_donut_are_left_out(self) -> None:
        frame = series(60, step=0.1)
        when = frame.loc[30, "time"] + pd.Timedelta("3d")
        frame.loc[[29, 30, 31], "value"] = 99.0
        found = impact.dated_change(frame, changed_at=when, donut=1)
        assert (found.table["n_before"].iloc[0], found.table["n_after"].iloc[0]) == (29, 28)
        assert found.series["value"].max() < 1

    def test_daily_series_have_days_of_the_week(self) -> None:
        frame = series(70, step=0.0, freq="D")
        frame["value"] += 0.2 * (frame["time"].dt.weekday >= 5)
        when = frame.loc[35, "time"]
        without, within = (impact.dated_change(frame, changed_at=when, season=season) for season in ("none", "auto"))
        width = [float((one.table["ci_high"] - one.table["ci_low"]).iloc[0]) for one in (without, within)]
        assert width[1] < width[0] / 2
        assert "day of the week" in within.method

    def test_uneven_times_are_an_error(self) -> None:
        frame = series(30, step=0.0)
        frame.loc[10, "time"] += pd.Timedelta("3d")
        with pytest.raises(JourneylabError, match="not evenly spaced"):
            impact.dated_change(frame, changed_at=frame.loc[15, "time"])

    def test_counts_take_no_control(self) -> None:
        frame = series(30, step=0.0)
        with pytest.raises(JourneylabError, match="give rates"):
            impact.dated_change(frame, changed_at=frame.loc[15, "time"], controls=frame, counts=True)


class TestControl:
    def of(self, step: float, *, drift: float = 0.0, seed: int = 0, **options: object) -> impact.DatedChange:
        """A change of a series that shares its ups and downs with a control."""
        rng = np.random.default_rng(seed)
        common, time = errors(rng, 60, 0.6, 0.05), pd.date_range("2025-01-06", periods=60, freq="7D")
        own = 0.4 + common + rng.normal(scale=0.02, size=60) + step * (np.arange(60) >= 30)
        other = 0.4 + common + rng.normal(scale=0.02, size=60) + drift * np.arange(60)
        return impact.dated_change(
            pd.Series(own, time), changed_at=time[30], controls=pd.Series(other, time), control_name="other", **options
        )

    def test_with_a_clean_control_the_grade_is_b_and_there_is_a_verdict(self) -> None:
        assert impact.dated_change(series(60, step=0.2), changed_at="2025-08-04").table["grade"].iloc[0] == "D"
        row = self.of(-0.1, lower_is_better=True).table.iloc[0]
        assert (row["grade"], row["verdict"], row["reason"]) == ("B", "keep", "fell, which is better")
        assert row["did_low"] < -0.1 < row["did_high"]

    def test_difference_in_differences_is_the_difference_of_means_when_errors_do_not_remember(self) -> None:
        frame = self.of(-0.1).series
        after = np.arange(60) >= 30
        plain = frame["value"][after].mean() - frame["value"][~after].mean()
        assert self.of(-0.1).table["did"].iloc[0] == pytest.approx(plain, abs=0.003)

    def test_a_control_that_drifts_away_is_found(self) -> None:
        row = self.of(-0.1, drift=0.004).table.iloc[0]
        assert row["grade"] == "D"
        assert "drifted away" in row["reason"]

    def test_a_change_no_clearer_than_at_other_dates_is_no_evidence(self) -> None:
        time = pd.date_range("2025-01-06", periods=60, freq="7D")
        noise = np.random.default_rng(1).normal(scale=0.01, size=60)
        value = 0.4 + 0.1 * (np.arange(60) >= 30) + 0.2 * (np.arange(60) >= 14) * (np.arange(60) < 22) + noise
        row = impact.dated_change(
            pd.Series(value, time), changed_at=time[30], controls=pd.Series(0.2, time)
        ).table.iloc[0]
        assert row["grade"] == "D"

    def test_checks_say_what_was_looked_at(self) -> None:
        checks = self.of(-0.1).checks
        assert list(checks[0]["frame"]["passed"]) == ["yes"] * 3
        assert len(checks[1]["frame"]) == 30 - 2 * 8 + 1

    def test_figure_and_json(self) -> None:
        found = self.of(-0.1)
        assert "less" in found.plot().figure.get_label()
        assert json.loads(found.to_json())["table"][0]["control"] == "other"


def visits(n: int = 6000, *, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """One order a customer in 40 weeks, from a device; some call."""
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 280, n)
    after = day >= 140
    device = np.where(rng.random(n) < 0.4 + shift * after, "mobile", "desktop")
    time = pd.Timestamp("2025-01-06 12:00", tz="UTC") + pd.to_timedelta(day, unit="D")
    orders = pd.DataFrame(
        {"customer_id": [f"c{k}" for k in range(n)], "event_time": time, "device": device, "touchpoint": "order"}
    )
    calls = orders[rng.random(n) < 0.3].assign(
        touchpoint="call", event_time=lambda frame: frame["event_time"] + pd.Timedelta("1d")
    )
    return pd.concat([orders, calls], ignore_index=True)


class TestTrafficMix:
    def test_a_step_in_devices_is_found_and_doubted(self) -> None:
        mix = impact.traffic_mix(visits(shift=0.25), changed_at="2025-05-26", denominator="order")
        assert set(mix.loc[mix["shifted"], "value"]) == {"mobile", "desktop"}
        assert mix.set_index("value")["estimate"]["mobile"] == pytest.approx(0.25, abs=0.08)
        row = impact.dated_change(
            impact.weekly_rate(visits(), "call", "order"), changed_at="2025-05-26", mix=mix
        ).table.iloc[0]
        assert "mix of customers shifted" in row["reason"]

    def test_an_even_mix_is_let_be(self) -> None:
        assert not impact.traffic_mix(visits(), changed_at="2025-05-26")["shifted"].any()


class TestStudy:
    """A change that reached some regions only, or that has a control touchpoint."""

    def study(self, folder: Path, changes: str, units: str = "") -> jl.Study:
        events = visits(3000)
        late = events["event_time"] >= "2025-05-26"
        ids = events["customer_id"].str[1:].astype(int) % 10
        gone = late & (events["touchpoint"] == "call") & (ids < 6) & (ids % 3 > 0)
        events[~gone].to_csv(folder / "events.csv", index=False)
        names = [f"c{k}" for k in range(3000)]
        regions = [f"r{k % 10}" for k in range(3000)]
        pd.DataFrame({"customer_id": names, "region": regions}).to_csv(folder / "customers.csv", index=False)
        (folder / "changes.csv").write_text(changes)
        (folder / "study.toml").write_text(
            '[study]\nname = "s"\ntitle = "S"\n[events]\npath = "events.csv"\n[customers]\npath = "customers.csv"\n'
            '[[touchpoints]]\nmatch = "call"\nplanned = false\n'
            f'[changes]\npath = "changes.csv"\n{units}\n[parameters."08_experiments"]\nper = "order"\n'
        )
        return jl.open_study(folder)

    def test_units(self, tmp_path: Path) -> None:
        rows = "".join(f"2025-05-26,call,mail,r{k}\n" for k in range(10) if k < 6 and k % 3)
        study = self.study(tmp_path, f"changed_at,touchpoint,description,unit\n{rows}", 'units = "region"')
        (found,) = findings.measure_changes(study)
        row = found.table.iloc[0]
        assert isinstance(found, impact.ChangedUnits)
        assert (row["n_changed"], row["n_units"], row["inference"]) == (4, 10, "shuffled")
        assert (row["grade"], row["verdict"]) == ("B", "keep")
        assert row["ci_low"] < -0.3 < row["ci_high"]

    def test_units_need_a_name(self, tmp_path: Path) -> None:
        study = self.study(tmp_path, "changed_at,touchpoint,description,unit\n2025-05-26,call,mail,r1\n")
        with pytest.raises(JourneylabError, match='units = "region"'):
            findings.measure_changes(study)

    def test_an_unknown_unit(self, tmp_path: Path) -> None:
        text = "changed_at,touchpoint,description,unit\n2025-05-26,call,mail,r11\n"
        with pytest.raises(JourneylabError, match="no customer is of unit 'r11'"):
            findings.measure_changes(self.study(tmp_path, text, 'units = "region"'))
