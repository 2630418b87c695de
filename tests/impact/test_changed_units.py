"""Units that changed: explicit regressions, brute force, planted truth, and where two-way fixed effects fail."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from journeylab import impact
from journeylab.errors import JourneylabError
from journeylab.impact import shuffling


def panel(
    seed: int,
    *,
    n: int = 30,
    periods: int = 12,
    groups: dict[int, int] | None = None,
    growth: float = 0.0,
    level: float = 1.0,
) -> pd.DataFrame:
    """Units with levels of their own, common ups and downs, and errors that remember; the true effect stands beside."""
    rng = np.random.default_rng(seed)
    start = np.full(n, np.inf)
    start[: sum((groups or {}).values())] = np.repeat(list(groups or {}), list((groups or {}).values()))
    noise = rng.normal(size=(n, periods))
    for period in range(1, periods):
        noise[:, period] += 0.5 * noise[:, period - 1]
    since = np.arange(periods) - start[:, None]
    effect = np.where(since >= 0, level + growth * np.maximum(np.nan_to_num(since, neginf=0), 0), 0.0)
    value = 2 * rng.normal(size=(n, 1)) + rng.normal(size=periods) + noise + effect
    time = pd.date_range("2025-01-06", periods=periods, freq="7D")
    frame = pd.DataFrame({"unit": np.repeat(np.arange(n), periods), "time": np.tile(time, n), "value": value.ravel()})
    dates = [time[int(first)] if np.isfinite(first) else pd.NaT for first in start]
    return frame.assign(
        changed_at=np.repeat(pd.Series(dates).to_numpy(), periods),
        effect=effect.ravel(),
        start=np.repeat(start, periods),
    )


def truth(frame: pd.DataFrame) -> float:
    after = frame[frame["time"] >= frame["changed_at"]]
    return float(after.groupby("unit")["effect"].mean().mean())


def dummies(frame: pd.DataFrame) -> np.ndarray:
    """Columns of effects of unit and period."""
    units, times = pd.get_dummies(frame["unit"]), pd.get_dummies(frame["time"]).iloc[:, 1:]
    return np.hstack([units, times]).astype(float)


def two_way(frame: pd.DataFrame) -> float:
    """The two-way fixed effects estimate, by explicit least squares."""
    treated = (frame["time"] >= frame["changed_at"]).to_numpy(float)
    return float(np.linalg.lstsq(np.column_stack([treated, dummies(frame)]), frame["value"], rcond=None)[0][0])


class TestOneDate:
    def test_agrees_with_the_regression_and_its_clustered_errors(self) -> None:
        import statsmodels.api as sm

        frame = panel(1, groups={6: 10})
        treated = (frame["time"] >= frame["changed_at"]).to_numpy(float)
        fit = sm.OLS(frame["value"], np.column_stack([treated, dummies(frame)])).fit()
        cluster = fit.get_robustcov_results("cluster", groups=frame["unit"], use_correction=False)
        row = impact.changed_units(frame).table.iloc[0]
        assert row["estimate"] == pytest.approx(fit.params.iloc[0], abs=1e-9)
        # By hand: the variance of each unit's mean change, by group, which is the clustered one freed of its small-sample bias.
        wide = frame.pivot(index="unit", columns="time", values="value").to_numpy()
        change = wide[:, 6:].mean(axis=1) - wide[:, :6].mean(axis=1)
        plain = change[:10].var() / 10 + change[10:].var() / 20
        assert plain == pytest.approx(cluster.bse[0] ** 2, rel=1e-6)
        from scipy.stats import ttest_ind

        other = ttest_ind(change[:10], change[10:], equal_var=False)
        assert row["p_value"] == pytest.approx(other.pvalue, rel=1e-9)
        assert row["ci_low"] == pytest.approx(other.confidence_interval().low, rel=1e-9)

    def test_the_smallest_panel_is_the_difference_of_differences(self) -> None:
        frame = panel(2, n=4, periods=2, groups={1: 2})
        wide = frame.pivot(index="unit", columns="time", values="value").to_numpy()
        by_hand = (wide[:2, 1] - wide[:2, 0]).mean() - (wide[2:, 1] - wide[2:, 0]).mean()
        assert impact.changed_units(frame).table["estimate"].iloc[0] == pytest.approx(by_hand, abs=1e-12)

    def test_leads_and_lags_agree_with_the_regression(self) -> None:
        frame = panel(3, groups={6: 10})
        since = (frame["time"] - frame["changed_at"]).dt.days // 7
        whens = [when for when in range(-6, 6) if when != -1]
        x = np.column_stack([*((since == when).to_numpy(float) for when in whens), dummies(frame)])
        beta = np.linalg.lstsq(x, frame["value"], rcond=None)[0][: len(whens)]
        found = impact.changed_units(frame).events
        assert list(found["since"]) == whens
        np.testing.assert_allclose(found["estimate"], beta, atol=1e-9)

    def test_bands_hold_all_periods_at_once(self) -> None:
        held = 0
        for seed in range(60):
            events = impact.changed_units(panel(seed, n=20, groups={6: 8}, level=0.0), draws=400).events
            held += ((events["band_low"] <= 0) & (events["band_high"] >= 0)).all()
        assert held >= 51

    def test_other_trends_before_the_change_lower_the_grade(self) -> None:
        frame = panel(4, groups={6: 10})
        assert impact.changed_units(frame).table["grade"].iloc[0] == "B"
        weeks = (frame["time"] - frame["time"].min()).dt.days / 7
        frame["value"] += 0.6 * weeks * frame["changed_at"].notna()
        row = impact.changed_units(frame).table.iloc[0]
        assert row["grade"] == "D"
        assert "otherwise before the change too" in row["reason"]


class TestFewUnits:
    def test_p_and_interval_agree_with_brute_force(self) -> None:
        frame = panel(5, n=8, groups={6: 3})
        row = impact.changed_units(frame).table.iloc[0]
        wide = frame.pivot(index="unit", columns="time", values="value").to_numpy()

        def p_value(effect: float) -> float:
            freed = wide.copy()
            freed[:3, 6:] -= effect
            change = freed[:, 6:].mean(axis=1) - freed[:, :6].mean(axis=1)
            found = []
            for chosen in itertools.combinations(range(8), 3):
                inside = np.isin(np.arange(8), chosen)
                found.append(abs(change[inside].mean() - change[~inside].mean()))
            return float(np.mean(np.array(found) >= found[0] - 1e-12))

        assert row["inference"] == "shuffled"
        assert row["p_value"] == pytest.approx(p_value(0.0), abs=1e-12)
        for inside, outside in ((1e-6, -1e-6), (-1e-6, 1e-6)):
            end = row["ci_low"] if inside > 0 else row["ci_high"]
            assert p_value(end + inside) > 0.05 >= p_value(end + outside)

    def test_a_single_unit_of_ten_can_prove_nothing(self) -> None:
        row = impact.changed_units(panel(6, n=10, groups={6: 1}, level=9.0)).table.iloc[0]
        assert row["p_value"] == pytest.approx(0.1)
        assert np.isinf([row["ci_low"], row["ci_high"]]).all()
        assert (row["grade"], row["verdict"]) == ("D", "not known")

    def test_error_rate_when_nothing_happened(self) -> None:
        wrong = [
            impact.changed_units(panel(seed, n=16, groups={6: 2}, level=0.0)).table["p_value"].iloc[0]
            for seed in range(100)
        ]
        assert np.mean(np.array(wrong) < 0.05) <= 0.12

    def test_sampled_assignments_hold_the_true_one(self) -> None:
        labels = np.repeat([0, 1, 2], [3, 3, 14])
        given = shuffling.assignments(labels, np.random.default_rng(0))
        assert (given[0] == labels).all()
        assert (np.sort(given, axis=1) == labels).all()


class TestSeveralDates:
    GROUPS = {3: 12, 6: 12, 9: 12}  # noqa: RUF012

    def test_two_way_fixed_effects_are_biased_where_effects_grow_and_this_is_not(self) -> None:
        ours, theirs, covered = [], [], []
        for seed in range(40):
            frame = panel(seed, n=48, groups=self.GROUPS, growth=0.5)
            row = impact.changed_units(frame, draws=50).table.iloc[0]
            ours.append(row["estimate"] - truth(frame))
            theirs.append(two_way(frame) - truth(frame))
            covered.append(row["ci_low"] <= truth(frame) <= row["ci_high"])
        assert abs(np.mean(ours)) < 0.15
        assert np.mean(theirs) < -0.5
        assert np.mean(covered) >= 0.85

    def test_group_times_are_differences_of_means_by_hand(self) -> None:
        frame = panel(7, n=48, groups=self.GROUPS, growth=0.5)
        found = impact.changed_units(frame).group_times
        wide = frame.pivot(index="unit", columns="time", values="value").to_numpy()
        start = frame.groupby("unit")["start"].first().to_numpy()
        times = list(np.sort(frame["time"].unique()))
        for cell in found.itertuples():
            g, t = times.index(cell.changed_at), times.index(cell.time)
            others = (start > max(t, g - 1)) & (start != g)
            change = wide[:, t] - wide[:, g - 1]
            assert cell.estimate == pytest.approx(change[start == g].mean() - change[others].mean(), abs=1e-9)
        assert len(found) == 3 * 11

    def test_later_units_serve_as_controls_where_none_never_changed(self) -> None:
        frame = panel(8, n=36, groups=self.GROUPS)
        found = impact.changed_units(frame)
        assert found.group_times["time"].max() == frame["changed_at"].max() - pd.Timedelta("7d")
        assert np.isfinite(found.table["estimate"].iloc[0])

    def test_units_changed_from_the_start_are_left_out(self) -> None:
        row = impact.changed_units(panel(9, n=48, groups={0: 5, **self.GROUPS})).table.iloc[0]
        assert (row["n_excluded"], row["n_units"]) == (5, 43)


class TestInput:
    def test_two_dates_of_one_unit(self) -> None:
        frame = panel(0, groups={6: 10})
        frame.loc[0, "changed_at"] = pd.Timestamp("2025-01-20")
        with pytest.raises(JourneylabError, match="several dates"):
            impact.changed_units(frame)

    def test_a_unit_with_two_values(self) -> None:
        frame = panel(0, groups={6: 10})
        with pytest.raises(JourneylabError, match="two values"):
            impact.changed_units(pd.concat([frame, frame.iloc[:1]]))

    def test_nothing_changed(self) -> None:
        row = impact.changed_units(panel(0)).table.iloc[0]
        assert np.isnan(row["estimate"])
        assert row["reason"] == "no unit changed"

    def test_figure_and_json(self) -> None:
        found = impact.changed_units(panel(1, groups={6: 10}))
        assert "since the change" in found.plot().figure.get_label()
        assert "units that changed" in found.to_json()
