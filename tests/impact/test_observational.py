"""Journeys of a generator with known effects: what is estimated, what is refused, and what the controls see."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import impact
from journeylab.impact import observational
from journeylab.impact.controls import control_outcomes
from journeylab.impact.history import first_after, visits_of
from journeylab.impact.panel import trial_panel
from journeylab.impact.sensitivity import robustness, robustness_value
from journeylab.impact.verdict import e_value, e_value_limit
from journeylab.journeys import build
from tests.impact.world import COMMON, CONTROL, FOLLOWS, HARMFUL, HELPFUL, NULL, RARE, TOUCHPOINTS, WORLDS, simulate

TRUTH = {"guide": 0.062, "chat": 0.048, "advice": 0.035, "pop-up": -0.040, "form": -0.049, "upsell": -0.029}
"""Of the plain world, by `tests.impact.world.truth`; of the others it is zero."""


def estimated(*, hidden: bool, seed: int = 1, world: str = "plain") -> impact.TouchpointEffects:
    chosen = dataclasses.replace(WORLDS[world], hidden=hidden)
    log = simulate(chosen, 4_000, seed=seed)
    return impact.touchpoint_effects(
        log.events, log.customers, outcome="order", window=f"{chosen.window}d", exposures=[*TOUCHPOINTS, FOLLOWS, CONTROL],
        negative_controls=[CONTROL],
    )  # fmt: skip


@pytest.fixture(scope="module")
def clean() -> impact.TouchpointEffects:
    return estimated(hidden=False)


@pytest.fixture(scope="module")
def table(clean: impact.TouchpointEffects) -> pd.DataFrame:
    return clean.table.set_index("touchpoint")


class TestAWorldWithKnownEffects:
    def test_intervals_hold_the_truth(self, table: pd.DataFrame) -> None:
        truth = pd.Series(TRUTH).reindex(list(COMMON), fill_value=0.0)
        rows = table.loc[list(COMMON)]
        covered = (rows["ci_low"] <= truth) & (truth <= rows["ci_high"])
        assert covered.sum() >= 7  # of 9; fewer has a chance of 1 in 125
        assert (rows["estimate"] - truth).abs().mean() < 0.02
        assert (rows["naive"] - truth).abs().mean() > 0.05

    def test_nothing_harmful_is_kept_and_nothing_helpful_removed(self, table: pd.DataFrame) -> None:
        assert "keep" not in set(table.loc[list(HARMFUL), "verdict"])
        assert not {"remove", "fix"} & set(table.loc[list(HELPFUL), "verdict"])
        assert set(table.loc[list(NULL), "verdict"]) == {"not known"}

    def test_without_hidden_need_the_grades_stay(self, table: pd.DataFrame) -> None:
        assert set(table.loc[list(COMMON), "grade"]) == {"C"}

    def test_a_hidden_need_raises_the_alarm_and_the_grade_falls(self) -> None:
        rows = estimated(hidden=True).table.set_index("touchpoint").loc[list(COMMON)]
        assert rows["control_alarm"].mean() > 0.8
        assert set(rows.loc[rows["control_alarm"], "grade"]) == {"D"}
        assert set(rows.loc[rows["control_alarm"], "verdict"]) == {"not known"}
        assert rows["smd_max_used"].max() < 0.2  # balance alone sees nothing of it

    def test_a_letter_read_between_visits_is_neither_visit_nor_alarm(self) -> None:
        found = estimated(hidden=False, world="long").table.set_index("touchpoint")
        assert found.loc[CONTROL, "n_exposed"] == 0
        assert not found["control_alarm"].any()
        assert (found.loc[["banner", "video"], "estimate"].abs() < 0.04).all()

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            (RARE, "too few visits"),
            (FOLLOWS, "can only follow"),
            ("tour", "comes with 'try-out'"),
            ("try-out", "comes with 'tour'"),
            (CONTROL, "negative control"),
        ],
    )
    def test_what_cannot_be_told_is_refused_with_the_reason(self, table: pd.DataFrame, name: str, words: str) -> None:
        assert np.isnan(table.loc[name, "estimate"])
        assert words in table.loc[name, "reason"]
        assert table.loc[name, "verdict"] == "not known"

    def test_diagnostics_stand_beside_every_estimate(self, clean: impact.TouchpointEffects) -> None:
        rows = clean.table.dropna(subset=["estimate"])
        assert (rows["ess"] < rows["n_exposed"]).all()
        assert (rows["smd_max_used"] < rows["smd_max_before"]).all()
        assert (rows["e_value"] >= rows["e_value_limit"]).all()
        assert rows["robustness"].between(0, 1).all()
        assert (rows["robustness_limit"] <= rows["robustness"]).all()
        for column in ("att", "ato", "ipw", "g_formula", "placebo", "control_p", "yardstick_times"):
            assert rows[column].notna().all()

    def test_figures_say_what_they_show(self, clean: impact.TouchpointEffects) -> None:
        from journeylab import figures

        for ax in (clean.love_plot(), clean.overlap_plot(), clean.plot()):
            assert len(figures.alt_text(ax)) > 20
        assert list(clean.protocol["part"])[:2] == ["Eligibility", "Time zero"]
        counts = clean.overlap.groupby("touchpoint")[["unexposed", "exposed"]].sum()
        rows = clean.table.set_index("touchpoint").loc[counts.index]
        assert (counts["exposed"] == rows["n_exposed"]).all()
        assert (counts.sum(axis=1) == rows["n_eligible"]).all()


class TestTheEstimator:
    def test_one_newton_step_is_as_good_as_fitting_without_the_fold(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(0)
        history = rng.normal(size=(3_000, 8))
        exposed = rng.random(3_000) < 1 / (1 + np.exp(1.5 - history[:, 0]))
        outcome = (rng.random(3_000) < 1 / (1 + np.exp(2 - history[:, 0]))).astype(float)
        exact = observational.aipw(exposed, outcome, history, np.arange(3_000))
        monkeypatch.setattr(observational, "SMALL", 0)
        quick = observational.aipw(exposed, outcome, history, np.arange(3_000))
        assert quick.value == pytest.approx(exact.value, abs=0.02 * exact.error)
        assert quick.error == pytest.approx(exact.error, rel=0.01)

    def test_where_overlap_is_poor_there_is_no_estimate(self) -> None:
        rng = np.random.default_rng(0)
        days = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 90, 3_000), unit="D")
        who = np.array([f"c{number}" for number in range(3_000)])
        often = rng.random(3_000) < 0.05
        met = rng.random(3_000) < np.where(often, 0.995, 0.0005)
        buys = rng.random(3_000) < 0.2
        parts = [("page", np.ones(3_000, bool), 0), ("call", met, 1), ("order", buys, 2)]
        events = pd.concat(
            pd.DataFrame(
                {"customer_id": who[rows], "event_time": days[rows] + pd.Timedelta(minutes=late), "touchpoint": name}
            )
            for name, rows, late in parts
        )
        events["event_time"] = events["event_time"].astype("datetime64[us, UTC]")
        customers = pd.DataFrame({"customer_id": who, "often": often})
        row = impact.touchpoint_effects(events, customers, outcome="order", window="7d", exposures=["call"]).table.iloc[
            0
        ]
        assert row["n_exposed"] > 100
        assert row["grade"] in ("", "D")
        assert row["verdict"] == "not known"

    def test_ipw_as_published(self, shared: Path) -> None:
        values = json.loads((shared / "reference/values/nhefs_ipw.json").read_text())
        frame = pd.read_csv(shared / "reference/values/nhefs.csv.gz")
        squares = [frame[name] ** 2 for name in ("age", "smokeintensity", "smokeyrs", "wt71")]
        classes = pd.get_dummies(frame[["education", "exercise", "active"]].astype(int).astype(str), drop_first=True)
        numbers = frame[["sex", "race", "age", "smokeintensity", "smokeyrs", "wt71"]]
        design = np.column_stack([numbers, *squares, classes]).astype(float)
        design = (design - design.mean(axis=0)) / design.std(axis=0)
        quit_ = frame["qsmk"].to_numpy() == 1
        found = observational.aipw(quit_, frame["wt82_71"].to_numpy(), design, np.arange(len(frame)), folds=10)
        assert found.ipw == pytest.approx(values["ipw_hajek"]["est"], abs=0.15)
        assert found.g == pytest.approx(values["standardisation"], abs=0.15)


class TestHiddenCauses:
    def test_e_values_as_published(self, shared: Path) -> None:
        cases = json.loads((shared / "reference/values/evalue.json").read_text())["cases"]
        checked = [case for case in cases if "lo" in case]
        for case in checked:
            base = 0.05
            assert e_value(base * case["rr"], base) == pytest.approx(case["E"], abs=1e-6)
            low, high = base * (case["lo"] - 1), base * (case["hi"] - 1)
            assert e_value_limit(base, low, high) == pytest.approx(case["E_ci"], abs=1e-6)
        assert len(checked) >= 4

    def test_robustness_value_as_published(self) -> None:
        # Cinelli and Hazlett (2020), table 1: directly harmed in Darfur
        assert robustness_value(4.184, 783) == pytest.approx(0.139, abs=5e-4)
        assert robustness_value(4.184, 783, level=0.05) == pytest.approx(0.076, abs=5e-4)

    def test_robustness_agrees_with_least_squares(self) -> None:
        import statsmodels.api as sm

        rng = np.random.default_rng(3)
        history = rng.normal(size=(500, 3))
        exposed = rng.random(500) < 1 / (1 + np.exp(-history[:, 1]))
        outcome = history @ [0.1, 0.8, 0.0] + 0.3 * exposed + rng.normal(size=500)
        fit = sm.OLS(outcome, np.column_stack([np.ones(500), history, exposed])).fit()
        found = robustness(exposed, outcome, history)
        assert found.value == pytest.approx(robustness_value(fit.tvalues[-1], fit.df_resid), rel=1e-5)
        assert found.strongest == 1


class TestNegativeControls:
    def test_shares_and_windows_counted_by_hand(self) -> None:
        rows = [
            ("a", "2026-01-01T10:00", "page"), ("a", "2026-01-01T10:01", "letter"), ("a", "2026-01-03T10:00", "page"),
            ("a", "2026-02-01T10:00", "letter"), ("a", "2026-02-01T10:01", "page"), ("b", "2026-01-01T10:00", "page"),
            ("b", "2026-01-02T09:00", "post"), ("b", "2026-01-20T10:00", "page"),
        ]  # fmt: skip
        events = pd.DataFrame(rows, columns=["customer_id", "event_time", "touchpoint"])
        events["event_time"] = pd.to_datetime(events["event_time"], utc=True).astype("datetime64[us, UTC]")
        whole = build(events)
        from journeylab.impact.panel import _without_lone_controls

        j = _without_lone_controls(whole, ["letter", "post"])
        visits = visits_of(j)
        none = np.full(5, np.datetime64("NaT"), dtype="datetime64[us]")
        found = control_outcomes(whole, j, visits, ["letter", "post"], np.timedelta64(7, "D"), none)
        assert found[:, 0].tolist() == [0.5, 0.0, 1.0, 0.0, 0.0]
        assert found[:, 1] == pytest.approx(np.array([0, 0, 0, 1, 0]) - 1 / 5)
        ordered = np.where(np.arange(5) == 3, np.datetime64("2026-01-01T22:00"), none)
        found = control_outcomes(whole, j, visits, ["post"], np.timedelta64(7, "D"), ordered)
        assert found[:, 0].tolist() == [0.0] * 5  # the log may know nothing of what comes after the outcome

    def test_bisection_finds_the_first_time_not_before_the_limit(self) -> None:
        times = np.array(["2026-01-01", "2026-01-02", "2026-01-02", "2026-01-05"], dtype="datetime64[us]")
        limits = np.array(["2026-01-02", "2026-01-06", "2025-12-31"], dtype="datetime64[us]")
        found = first_after(times, np.array([0, 1, 0]), np.array([4, 3, 2]), limits)
        assert found.tolist() == [1, 3, 0]


class TestScale:
    def test_of_very_many_customers_a_stated_sample_is_analysed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from journeylab.impact import effects, panel

        monkeypatch.setattr(panel, "MOST_CUSTOMERS", 300)
        monkeypatch.setattr(effects, "MOST_CUSTOMERS", 300)
        log = simulate(WORLDS["early"], 600, seed=0)
        found = impact.touchpoint_effects(log.events, outcome="order", window="7d", exposures=["chat"])
        assert "random sample of 300 of 600 customers" in " ".join(found.assumptions)
        again = impact.touchpoint_effects(log.events, outcome="order", window="7d", exposures=["chat"])
        pd.testing.assert_frame_equal(found.table, again.table)


class TestHistory:
    def test_a_channel_that_its_touchpoint_decides_says_nothing_of_the_first_visit(self) -> None:
        log = simulate(WORLDS["plain"], 800, seed=2)
        events = log.events.assign(
            channel=log.events["touchpoint"].map(lambda name: "ad" if name == "banner" else "web")
        )
        panel = trial_panel(events, outcome="order", window="14d")
        assert not [name for name in panel.names if name.startswith("channel of the visit")]
        assert [name for name in panel.names if name.startswith("device of the visit")]

    def test_a_first_visit_has_no_history(self) -> None:
        log = simulate(WORLDS["plain"], 400, seed=3)
        panel = trial_panel(log.events, log.customers, outcome="order", window="14d")
        new = np.r_[True, panel.customer[1:] != panel.customer[:-1]]
        past = [place for place, name in enumerate(panel.names) if "earlier" in name or "last" in name]
        assert len(past) > 20
        assert panel.met[new].any()
        assert np.ptp(panel.history[new][:, past], axis=0).max() < 1e-12


class TestAmounts:
    def test_the_effect_on_spend_of_a_touchpoint_met_at_random(self) -> None:
        rng = np.random.default_rng(5)
        n, truth = 4_000, 8.0
        who = np.array([f"c{number}" for number in range(n)])
        day = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
        keen = rng.random(n) < 0.5
        met = rng.random(n) < np.where(keen, 0.6, 0.2)
        spent = rng.gamma(2, 10 + 10 * keen) + truth * met
        buys = rng.random(n) < 0.8
        parts = [("page", np.ones(n, bool), 0, np.nan), ("call", met, 1, np.nan), ("trip", buys, 2, spent)]
        events = pd.concat(
            pd.DataFrame(
                {"customer_id": who, "event_time": day + pd.Timedelta(minutes=late), "touchpoint": name, "value": value}
            )[rows]
            for name, rows, late, value in parts
        )  # fmt: skip
        end = events.iloc[[0]].assign(customer_id="last", event_time=pd.Timestamp("2026-06-01", tz="UTC"))
        events = pd.concat([events, end], ignore_index=True)
        events["event_time"] = events["event_time"].astype("datetime64[us, UTC]")
        customers = pd.DataFrame({"customer_id": who, "keen": keen})
        found = impact.spend_effects(events, customers, outcome="trip", window="28d", exposures=["call"])
        row = found.table.iloc[0]
        assert row["ci_low"] <= 0.8 * truth <= row["ci_high"]  # four in five buy
        assert 0 < row["ci_high"] - row["ci_low"] < 6
        assert row["grade"] == "C"
        assert "trip" in found.summary()

    def test_visits_that_the_outcome_made_are_no_comparison(self) -> None:
        times = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.repeat(np.arange(400), 2) % 90, unit="D")
        who = np.repeat([f"c{number}" for number in range(400)], 2)
        mailed = (np.arange(800) % 2 == 0) & (np.arange(800) < 400)
        names = np.where(mailed, "mailing", "trip")
        events = pd.DataFrame({"customer_id": who, "event_time": times, "touchpoint": names, "value": 5.0})
        events["event_time"] += pd.to_timedelta(np.where(names == "trip", 3, 0), unit="D")
        events["event_time"] = events["event_time"].astype("datetime64[us, UTC]")
        row = impact.spend_effects(events, outcome="trip", window="7d", exposures=["mailing"]).table.iloc[0]
        assert np.isnan(row["estimate"])
        assert "because of the outcome itself" in row["reason"]


def test_an_exposure_that_history_nearly_tells_is_fitted() -> None:
    """Newton's method without halved steps swings between two answers here."""
    from scipy.optimize import minimize

    from journeylab.impact.observational import RIDGE, _logistic

    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(4_000), np.eye(5)[rng.integers(0, 5, 4_000)] * 4])
    y = (rng.random(4_000) < np.where(x[:, 3] > 0, 0.6, 0.0)).astype(float)
    penalty = np.full(6, RIDGE)
    penalty[0] = 1e-6
    found = _logistic(x, y, penalty)

    def loss(beta: np.ndarray) -> float:
        return float(np.logaddexp(0, x @ beta).sum() - y @ (x @ beta) + (penalty * beta**2).sum() / 2)

    best = minimize(loss, np.zeros(6), method="L-BFGS-B", options={"maxiter": 5_000, "ftol": 1e-14}).fun
    assert loss(found) == pytest.approx(best, rel=1e-6)
