"""Randomised tests: published values, independent implementations, error rates by simulation, and what voids them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journeylab import impact
from journeylab.errors import JourneylabError
from journeylab.impact.adjusted import adjust, history
from journeylab.impact.arms import measure_outcome, read_trial, sample_ratio
from journeylab.impact.by_group import NO_EARLIER, cochran
from journeylab.impact.comparing import compare_rates, compare_shares, winsorise
from journeylab.impact.power import detectable_share, plan_experiment, power_of_shares
from journeylab.impact.sequential import always_valid_p, confidence_sequence, look_daily
from journeylab.intervals import benjamini_hochberg, holm, newcombe, risk_ratio
from journeylab.pooling import normal

START = pd.Timestamp("2026-01-01", tz="UTC")
OPTIONS: dict[str, Any] = {"outcome": "order", "window": "14d"}


def trial(n: int, lift: float, seed: int, share: float = 0.5, base: float = 0.2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A randomised test of one arm, and the orders that follow."""
    rng = np.random.default_rng(seed)
    arm = np.where(rng.random(n) < share, "new", "control")
    assigned = START + pd.to_timedelta(rng.integers(0, 40 * 86400, n), unit="s")
    ids = [f"c{number}" for number in range(n)]
    assignments = pd.DataFrame(
        {"customer_id": ids, "experiment": "button", "arm": arm, "assigned_at": assigned.as_unit("us")}
    )
    ordered = rng.random(n) < base + lift * (arm == "new")
    events = pd.DataFrame({"customer_id": ids, "event_time": assigned.as_unit("us"), "touchpoint": "page"})
    orders = events[ordered].assign(
        touchpoint="order", event_time=lambda frame: frame["event_time"] + pd.Timedelta("2d")
    )
    last = pd.DataFrame(
        {"customer_id": ["z"], "event_time": [pd.Timestamp("2026-06-01", tz="UTC")], "touchpoint": ["page"]}
    )
    return assignments, pd.concat([events, orders, last], ignore_index=True)


def more(
    assignments: pd.DataFrame, events: pd.DataFrame, who: np.ndarray, touchpoint: str, after: str, **columns: object
) -> pd.DataFrame:
    """The events, and one more for each of these customers, so long after the assignment."""
    extra = pd.DataFrame(
        {
            "customer_id": assignments.loc[who, "customer_id"],
            "event_time": assignments.loc[who, "assigned_at"] + pd.Timedelta(after),
            "touchpoint": touchpoint,
            **columns,
        }
    )
    return pd.concat([events, extra], ignore_index=True)


def values(shared: Path, name: str) -> dict[str, Any]:
    return json.loads((shared / f"reference/values/{name}.json").read_text())


class TestArms:
    def test_published_sample_ratio(self, shared: Path) -> None:
        found = values(shared, "proportions_power_srm")["srm"]
        assert sample_ratio(np.array(found["observed"]), np.array([0.5, 0.5])) == pytest.approx(found["p"], rel=1e-6)

    def test_arms_of_the_wrong_size_void_a_test_unless_so_planned(self) -> None:
        assignments, events = trial(3000, 0.1, 1, share=0.42)
        row = impact.experiment(assignments, events, **OPTIONS).table.iloc[0]
        assert row["srm_p"] < 0.001
        assert (row["grade"], row["verdict"]) == ("D", "not known")
        plan = {"button": {"new": 0.42, "control": 0.58}}
        row = impact.experiment(assignments, events, expected=plan, **OPTIONS).table.iloc[0]
        assert (row["grade"], row["verdict"]) == ("A", "keep")

    def test_a_plan_that_forgets_an_arm_is_refused(self) -> None:
        with pytest.raises(JourneylabError, match="no share above zero of 'new'"):
            impact.experiment(*trial(100, 0, 0), expected={"control": 0.5}, **OPTIONS)

    def test_a_device_that_lost_its_customers_is_named(self) -> None:
        assignments, events = trial(4000, 0.0, 7)
        number = events["customer_id"].str[1:].where(events["customer_id"] != "z", "0").astype(int)
        events["device"] = np.where(number % 2, "mobile", "desktop")
        arms = assignments.set_index("customer_id")["arm"]
        device = events.drop_duplicates("customer_id").set_index("customer_id")["device"].reindex(arms.index)
        lost = (arms == "new") & (device == "mobile") & (np.random.default_rng(0).random(4000) < 0.3)
        result = impact.experiment(assignments[~lost.to_numpy()], events, **OPTIONS)
        cuts = result.cuts[(result.cuts["cut"] == "device") & (result.cuts["p_holm"] < 0.05)]
        assert list(cuts["level"]) == ["mobile"]
        assert "device mobile" in result.cuts_summary()

    def test_someone_in_both_arms_is_excluded_and_counted(self) -> None:
        assignments, events = trial(400, 0.1, 2)
        other = {"new": "control", "control": "new"}[assignments.loc[0, "arm"]]
        both = pd.concat([assignments, assignments.iloc[[0]].assign(arm=other)], ignore_index=True)
        row = impact.experiment(both, events, **OPTIONS).table.iloc[0]
        assert row["n_excluded"] == 1
        assert row["n_arm"] + row["n_control"] == 399

    def test_a_test_randomised_by_visit_is_refused(self) -> None:
        assignments, events = trial(400, 0.1, 2)
        swapped = assignments.iloc[:100].assign(
            arm=lambda frame: frame["arm"].map({"new": "control", "control": "new"})
        )
        row = impact.experiment(pd.concat([assignments, swapped]), events, **OPTIONS).table.iloc[0]
        assert (row["grade"], row["verdict"]) == ("D", "not known")
        assert "it was not customers who were randomised" in row["reason"]

    def test_an_outcome_before_the_assignment_does_not_count(self) -> None:
        assignments, events = trial(400, 0.1, 3)
        events.loc[events["touchpoint"] == "order", "event_time"] -= pd.Timedelta("5d")
        row = impact.experiment(assignments, events, **OPTIONS).table.iloc[0]
        assert row["share_arm"] == row["share_control"] == 0

    def test_an_arm_without_anyone_left_is_no_crash(self) -> None:
        assignments, events = trial(60, 0.1, 3)
        late = assignments["arm"] == "new"
        assignments.loc[late, "assigned_at"] = events["event_time"].max()
        row = impact.experiment(assignments, events, **OPTIONS).table.iloc[0]
        assert np.isnan(row["estimate"])
        assert "fewer than 2 customers" in row["reason"]

    def test_a_test_with_one_arm_says_so(self) -> None:
        assignments, events = trial(60, 0.1, 3)
        row = impact.experiment(assignments.assign(arm="new"), events, **OPTIONS).table.iloc[0]
        assert np.isnan(row["estimate"])
        assert (row["verdict"], "only one arm" in row["reason"]) == ("not known", True)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"outcome": "oder"}, "Did you mean 'order'"),
            ({"window": "soon"}, "no span of time"),
            ({"measure": "shares"}, "Did you mean 'share'"),
            ({"measure": "value"}, "needs the column 'value'"),
            ({"per": "page"}, "is of customers or of visits"),
            ({"peeking": True, "adjusted": True}, "choose one"),
            ({"measure": "count", "per": "page", "adjusted": True}, "leave out one"),
            ({"guard_rails": {"page": 2.0}}, "margin of 'page'"),
            ({"control": "old"}, "is not an arm"),
        ],
    )
    def test_what_cannot_be_is_refused(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(JourneylabError, match=message):
            impact.experiment(*trial(100, 0, 0), **{**OPTIONS, **options})


class TestComparing:
    def test_published_difference(self, shared: Path) -> None:
        for table, ends in values(shared, "proportions_power_srm")["newcombe_diff"].items():
            k1, n1, k0, n0 = (int(number) for part in table.split("-") for number in part.split("/"))
            found = compare_shares(k1, n1, k0, n0)
            assert (found.low, found.high) == (pytest.approx(ends[0], abs=5e-4), pytest.approx(ends[1], abs=5e-4))

    def test_means_agree_with_welch(self) -> None:
        from scipy import stats

        rng = np.random.default_rng(0)
        y1, y0 = rng.gamma(2, 10, 300), rng.gamma(2, 9, 500)
        found = compare_rates(y1, np.ones(300), y0, np.ones(500))
        other = stats.ttest_ind(y1, y0, equal_var=False)
        assert found.p_value == pytest.approx(other.pvalue, rel=1e-9)
        assert (found.low, found.high) == pytest.approx(tuple(other.confidence_interval(0.95)), rel=1e-9)

    def test_a_ratio_of_sums_agrees_with_a_regression_clustered_by_customer(self) -> None:
        import statsmodels.api as sm

        rng = np.random.default_rng(1)
        n, visits = 600, rng.poisson(3, 600) + 1
        treated = np.arange(n) % 2 == 0
        taste = rng.normal(scale=0.8, size=n)
        y = np.array([rng.poisson(np.exp(taste[i] - 1), visits[i]).sum() for i in range(n)], dtype=float)
        found = compare_rates(y[treated], visits[treated].astype(float), y[~treated], visits[~treated].astype(float))
        rows = np.repeat(np.arange(n), visits)  # a customer's visits share what they did: the clustered sum is the same
        fit = sm.OLS((y / visits)[rows], sm.add_constant(treated[rows].astype(float))).fit(
            cov_type="cluster", cov_kwds={"groups": rows, "use_correction": False}
        )
        assert found.estimate == pytest.approx(fit.params[1], rel=1e-9)
        assert found.error == pytest.approx(fit.bse[1], rel=5e-3)  # n - 1 against n

    def test_counts_values_and_visits_of_a_customer(self) -> None:
        assignments, events = trial(2, 0, 0)
        ids = assignments["customer_id"]
        rows = [("1h", "order", 10.0), ("80min", "order", 5.0), ("9d", "page", np.nan), ("15d", "order", 99.0)]
        mine = pd.DataFrame(
            {
                "customer_id": ids[0],
                "event_time": [assignments["assigned_at"][0] + pd.Timedelta(after) for after, _, _ in rows],
                "touchpoint": [touchpoint for _, touchpoint, _ in rows],
                "value": [value for _, _, value in rows],
            }
        )
        events = pd.concat([events[events["touchpoint"] == "page"], mine], ignore_index=True)
        test = read_trial("button", assignments, events, pd.Timedelta("14d"))
        at = list(test.customers["customer_id"]).index(ids[0])

        def of(**options: Any) -> tuple[float, float]:
            y, x = measure_outcome(test.customers, events, pd.Timedelta("14d"), outcome="order", **options)
            return y[at], x[at]

        assert of() == (1, 1)
        assert of(measure="count") == (2, 1)
        assert of(measure="value") == (15, 1)
        assert of(measure="share", per="visit") == (
            1,
            3,
        )  # assigned; orders within 30 minutes of each other; nine days on
        assert of(measure="count", per="visit") == (2, 3)
        assert of(measure="value", per="order") == (15, 2)

    def test_a_single_huge_order_is_set_down(self) -> None:
        rng = np.random.default_rng(2)
        y1, y0 = np.append(rng.exponential(10, 1999), 1e6), rng.exponential(10, 2000)
        assert winsorise(y1, y0)[0].max() < 200
        assert compare_rates(y1, np.ones(2000), y0, np.ones(2000)).estimate > 100

    def test_coverage_of_the_interval_of_rare_outcomes(self) -> None:
        rng = np.random.default_rng(3)
        k1, k0 = rng.binomial(2000, 0.006, 2000), rng.binomial(2000, 0.004, 2000)
        for of, truth in ((newcombe, 0.002), (risk_ratio, 1.5)):
            _, low, high = of(k1, 2000, k0, 2000)
            assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.955, abs=0.015)

    def test_coverage_from_assignments_and_events_on(self) -> None:
        covered = 0
        for seed in range(25):
            row = impact.experiment(*trial(400, 0.1, seed), **OPTIONS).table.iloc[0]
            covered += row["ci_low"] <= 0.1 <= row["ci_high"]
        assert covered >= 21

    def test_several_arms_are_corrected_by_holm(self) -> None:
        np.testing.assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
        assignments, events = trial(2000, 0.0, 5)
        thirds = np.random.default_rng(5).permutation(np.arange(2000) % 3)
        assignments["arm"] = np.array(["control", "red", "blue"])[thirds]
        events = events[events["touchpoint"] == "page"]
        events = more(
            assignments, events, np.random.default_rng(6).random(2000) < 0.1 + 0.1 * (thirds == 1), "order", "1d"
        )
        table = impact.experiment(assignments, events, **OPTIONS).table.set_index("arm")
        assert table.loc["red", "verdict"] == "keep"
        assert table.loc["red", "p_holm"] == pytest.approx(2 * table.loc["red", "p_value"])

    def test_published_false_discovery_rate(self, shared: Path) -> None:
        found = values(shared, "benjamini_hochberg_1995")
        np.testing.assert_allclose(benjamini_hochberg(np.array(found["p"])), found["bh"]["adjusted"], atol=1e-9)
        np.testing.assert_allclose(holm(np.array(found["p"])), found["holm"]["adjusted"], atol=1e-9)


class TestAdjusted:
    def test_agrees_with_least_squares_with_interactions(self) -> None:
        import statsmodels.api as sm

        rng = np.random.default_rng(0)
        x = pd.DataFrame({"a": rng.normal(size=500), "b": (rng.random(500) < 0.3).astype(float)})
        treated = rng.random(500) < 0.4
        y = 1 + 2 * x["a"] + x["b"] + treated * (0.3 + x["a"]) + rng.normal(size=500) * (1 + treated)
        found = adjust(y.to_numpy(), treated, x)
        centred = (x - x.mean()).to_numpy()
        design = np.column_stack([np.ones(500), treated, centred, centred * treated[:, None]])
        other = sm.OLS(y.to_numpy(), design).fit(cov_type="HC2", use_t=True)
        assert found.estimate == pytest.approx(other.params[1], rel=1e-9)
        assert found.error == pytest.approx(other.bse[1], rel=1e-9)
        assert (found.low, found.high) == pytest.approx(tuple(other.conf_int()[1]), rel=1e-9)

    def test_one_covariate_takes_away_its_squared_correlation(self) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(size=4000)
        y = x + rng.normal(size=4000)  # correlation 0.71: half of the variance (CUPED)
        found = adjust(y, np.arange(4000) % 2 == 0, pd.DataFrame({"x": x}))
        assert found.reduction == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2, abs=0.01)

    def test_covariates_that_repeat_others_or_hardly_vary_are_left_out(self) -> None:
        rng = np.random.default_rng(2)
        x = pd.DataFrame({"a": rng.normal(size=400)}).assign(again=lambda frame: 2 * frame["a"] + 1, rare=0.0)
        x.loc[:5, "rare"] = 1.0
        assert adjust(rng.normal(size=400), np.arange(400) % 2 == 0, x).covariates == ("a",)

    def test_only_what_came_strictly_before_the_assignment_is_history(self) -> None:
        assignments, events = trial(50, 0, 4)
        events = events.assign(value=np.nan, device="mobile")
        who = np.arange(50) < 20
        earlier = more(assignments, events, who, "order", "-3d", value=30.0, device="desktop")
        found = history(assignments, earlier, outcome="order")
        assert found["earlier 'order'"].to_numpy() == pytest.approx(np.log(2) * who)
        assert found["no earlier events"].to_numpy() == pytest.approx((~who).astype(float))
        later = more(assignments, earlier, ~who, "order", "0s", value=30.0, device="desktop")
        pd.testing.assert_frame_equal(history(assignments, later, outcome="order"), found)

    def test_covariates_from_after_the_assignment_are_refused(self) -> None:
        assignments, events = trial(400, 0.1, 2)
        mine = assignments[["customer_id"]].assign(clicks=1.0, measured_at=assignments["assigned_at"])
        with pytest.raises(JourneylabError, match="at or after their assignment"):
            impact.experiment(assignments, events, covariates=mine, **OPTIONS)
        before = mine.assign(measured_at=mine["measured_at"] - pd.Timedelta("1s"))
        assert len(impact.experiment(assignments, events, covariates=before, **OPTIONS).table) == 1

    def test_attributes_that_predict_make_the_interval_narrower(self) -> None:
        assignments, events = trial(3000, 0.0, 8)
        rng = np.random.default_rng(108)
        keen = rng.random(3000) < 0.5
        events = events[events["touchpoint"] == "page"]
        ordered = rng.random(3000) < 0.1 + 0.6 * keen + 0.08 * (assignments["arm"] == "new").to_numpy()
        events = more(assignments, events, ordered, "order", "1d")
        customers = assignments[["customer_id"]].assign(kind=np.where(keen, "keen", "not"))
        result = impact.experiment(assignments, events, customers=customers, adjusted=True, **OPTIONS)
        row = result.table.iloc[0]
        assert row["variance_reduction"] > 0.25
        assert row["estimate"] == row["adjusted"]
        assert row["ci_low"] < 0.08 < row["ci_high"]
        assert "of the variance" in result.adjusted_summary()

    def test_without_any_past_the_plain_difference_decides_and_says_so(self) -> None:
        row = impact.experiment(*trial(400, 0.1, 2), adjusted=True, **OPTIONS).table.iloc[0]
        assert row["estimate"] == pytest.approx(row["share_arm"] - row["share_control"])
        assert "nothing usable was known before" in row["reason"]

    def test_coverage_and_nothing_won_from_noise(self) -> None:
        rng = np.random.default_rng(9)
        inside = 0
        for _ in range(250):
            x = rng.normal(size=(300, 4))
            treated = rng.random(300) < 0.3
            y = (rng.random(300) < 1 / (1 + np.exp(1 - x[:, 0] - treated))).astype(float)
            found = adjust(y, treated, pd.DataFrame(x, columns=list("abcd")))
            inside += found.low <= 0.1923 <= found.high  # the mean of expit(x) less expit(x - 1), x standard normal
        assert inside >= 230


class TestGuardRails:
    @staticmethod
    def tried(rise: float, margin: float | None = None, n: int = 6000) -> impact.Experiments:
        assignments, events = trial(n, 0.1, 4)
        new = (assignments["arm"] == "new").to_numpy()
        returned = np.random.default_rng(204).random(n) < 0.05 + rise * new
        events = more(assignments, events, returned, "return", "5d")
        return impact.experiment(assignments, events, guard_rails={"return": margin}, **OPTIONS)

    def test_one_that_gets_worse_turns_keep_into_fix(self) -> None:
        result = self.tried(0.05)
        assert result.guards["state"].tolist() == ["worse"]
        row = result.table.iloc[0]
        assert row["verdict"] == "fix"
        assert "'return'" in row["reason"]

    def test_one_without_harm_leaves_the_verdict(self) -> None:
        result = self.tried(0.0)
        assert result.guards["state"].tolist() == ["no clear harm"]
        assert result.table.iloc[0]["verdict"] == "keep"

    def test_a_margin_must_be_shown_to_hold(self) -> None:
        assert self.tried(0.0, 0.03).table.iloc[0]["verdict"] == "keep"
        small = self.tried(0.0, 0.01, n=1500)
        assert small.guards["state"].tolist() == ["margin not shown"]
        assert small.table.iloc[0]["verdict"] == "not known"

    def test_a_rise_within_the_margin_is_borne(self) -> None:
        assert self.tried(0.03, 0.08).guards["state"].tolist() == ["within the margin"]

    def test_a_margin_below_zero_guards_against_a_fall(self) -> None:
        assert self.tried(-0.04, -0.01).guards["state"].tolist() == ["worse"]
        assert self.tried(0.04, -0.01).guards["state"].tolist() == ["within the margin"]


class TestPeeking:
    @pytest.fixture(scope="class")
    def nulls(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Differences and errors of 600 tests of nothing, looked at 96 times from 500 to 10,000 customers."""
        rng = np.random.default_rng(0)
        n = np.arange(500, 10_001, 100)
        sums = [(rng.random((600, 5000)) < 0.1).cumsum(axis=1, dtype=np.int32)[:, n // 2 - 1] for _ in range(2)]
        p1, p0 = (total / (n / 2) for total in sums)
        return p1 - p0, np.sqrt((p1 * (1 - p1) + p0 * (1 - p0)) / (n / 2)), n

    def test_published_error_rates(self, nulls: tuple[np.ndarray, ...], shared: Path) -> None:
        found = values(shared, "sequential_peeking")["null"]
        d, s, n = nulls
        _, low, high = confidence_sequence(d, s, n, planned=10_000)
        naive = (np.abs(d) > 1.96 * s).any(axis=1).mean()
        assert naive == pytest.approx(found["naive_any"], abs=0.06)  # 30 % of tests of nothing seem to find something
        assert ((low > 0) | (high < 0)).any(axis=1).mean() <= 0.035
        width = ((high - low) / (2 * 1.96 * s))[:, -1].mean()
        assert width == pytest.approx(found["cs_over_fixed_width_final"], abs=0.02)

    def test_p_is_small_exactly_where_the_sequence_leaves_zero_out(self, nulls: tuple[np.ndarray, ...]) -> None:
        d, s, n = (part[..., ::5] for part in nulls)
        _, low, high = confidence_sequence(d + 0.015, s, n, planned=10_000)
        p_value = always_valid_p(d + 0.015, s, n, planned=10_000)
        clear = (low > 0) | (high < 0)
        assert clear.any()
        np.testing.assert_array_equal(p_value < 0.05, clear)

    def test_looks_are_those_of_the_customers_so_far(self) -> None:
        assignments, events = trial(3000, 0.1, 3)
        looks = impact.experiment(assignments, events, **OPTIONS).looks
        day = looks["day"].iloc[3]
        part = assignments[assignments["assigned_at"] < day + pd.Timedelta("1d")]
        row = impact.experiment(part, events, **OPTIONS).table.iloc[0]
        assert (row["n_arm"], row["n_control"]) == (looks["n_arm"].iloc[3], looks["n_control"].iloc[3])
        assert row["estimate"] == pytest.approx(looks["estimate"].iloc[3])
        assert looks["day"].is_monotonic_increasing

    def test_a_ratio_of_sums_at_the_last_look_is_that_of_all(self) -> None:
        rng = np.random.default_rng(5)
        x, treated = rng.poisson(3, 900) + 1.0, rng.random(900) < 0.5
        y = rng.binomial(x.astype(int), 0.3).astype(float)
        times = pd.Series(START + pd.to_timedelta(np.sort(rng.random(900)) * 20, unit="D"))
        last = look_daily(times, treated, y, x).iloc[-1]
        found = compare_rates(y[treated], x[treated], y[~treated], x[~treated])
        assert last["estimate"] == pytest.approx(found.estimate)
        assert (last["fixed_high"] - last["fixed_low"]) / 3.92 == pytest.approx(found.error, rel=1e-3)

    def test_the_verdict_of_a_test_that_was_looked_at_needs_more(self) -> None:
        data = trial(1200, 0.06, 13)
        once, often = (impact.experiment(*data, peeking=peeking, **OPTIONS).table.iloc[0] for peeking in (False, True))
        assert (once["verdict"], often["verdict"]) == ("keep", "not known")
        assert (often["ci_low"], often["ci_high"]) == (once["sequential_low"], once["sequential_high"])
        assert often["minimum_detectable"] > once["minimum_detectable"]

    def test_too_few_outcomes_say_so(self) -> None:
        result = impact.experiment(*trial(100, 0.0, 1), peeking=True, **OPTIONS)
        assert "too few outcomes" in result.table.iloc[0]["reason"]
        assert "too few outcomes" in result.looks_summary("button")
        with pytest.raises(JourneylabError, match="too few outcomes"):
            result.plot_looks("button")

    def test_the_picture_says_in_words_what_it_shows(self) -> None:
        ax = impact.experiment(*trial(3000, 0.1, 3), **OPTIONS).plot_looks("button")
        assert "leaves zero out" in str(ax.figure.get_label())


class TestPower:
    def test_published_values(self, shared: Path) -> None:
        found = values(shared, "proportions_power_srm")["power"]

        def customers(base: float, effect: float, **options: Any) -> int:
            return int(plan_experiment(base, effect, **options).table["n_per_arm"].iloc[0])

        assert power_of_shares(0.5, 0.25, 50, 50) == pytest.approx(found["prop_n50_.5_.75"], abs=5e-4)
        assert customers(0.5, 0.25, power=0.9) == np.ceil(found["prop_n_for_.5_.75_90"])
        assert customers(0.05, 0.005) == np.ceil(found["prop_n_for_.05_.055_80"])
        assert customers(10, 0.5, spread=1) == np.ceil(found["t_n_for_d05_80"])
        assert customers(10, 1, spread=1, power=found["t_n20_d1"]) == 20

    @pytest.mark.parametrize("effect", [0.02, -0.02])
    def test_the_plan_and_the_test_afterwards_agree(self, effect: float) -> None:
        n = int(plan_experiment(0.2, effect).table["n_per_arm"].iloc[0])
        assert power_of_shares(0.2, effect, n, n) == pytest.approx(0.8, abs=1e-3)
        if effect > 0:
            assert detectable_share(0.2, n, n) == pytest.approx(effect, rel=1e-3)

    def test_a_planned_test_finds_its_effect_four_times_of_five(self) -> None:
        n = int(plan_experiment(0.1, 0.05).table["n_per_arm"].iloc[0])
        rng = np.random.default_rng(0)
        p1, p0 = rng.binomial(n, 0.15, 4000) / n, rng.binomial(n, 0.1, 4000) / n
        middle = (p1 + p0) / 2
        found = np.abs(p1 - p0) > 1.96 * np.sqrt(2 * middle * (1 - middle) / n)
        assert found.mean() == pytest.approx(0.8, abs=0.03)

    def test_weeks_count_traffic_and_the_window(self) -> None:
        plan = plan_experiment(0.2, [0.02, 0.04], per_week=1000, window="14d")
        row = plan.table.iloc[0]
        assert row["weeks"] == np.ceil(row["n_total"] / 1000 + 2)
        assert plan.table["n_total"].is_monotonic_decreasing
        assert "weeks at 1,000 a week" in plan.summary()
        assert plan.plot().get_ylabel() == "weeks"
        often = plan_experiment(0.2, 0.02, peeking=True).table.iloc[0]
        assert often["n_total"] / row["n_total"] == pytest.approx(1.91, abs=0.01)

    @pytest.mark.parametrize(("base", "effect"), [(0.2, 0.0), (0.99, 0.02), (1.2, 0.1)])
    def test_no_plan_for_what_cannot_be(self, base: float, effect: float) -> None:
        with pytest.raises(JourneylabError):
            plan_experiment(base, effect)


class TestByGroup:
    @staticmethod
    def tried(lifts: dict[str, float], seed: int, n: int = 4000) -> impact.EffectsByGroup:
        assignments, events = trial(n, 0.0, seed)
        rng = np.random.default_rng(1000 + seed)
        group = np.array(list(lifts))[rng.integers(0, len(lifts), n)]
        lift = np.array([lifts[name] for name in group]) * (assignments["arm"] == "new").to_numpy()
        events = more(assignments, events[events["touchpoint"] == "page"], rng.random(n) < 0.2 + lift, "order", "1d")
        return impact.effects_by_group(
            assignments, events, pd.Series(group, index=assignments["customer_id"]), grouped_by="behaviour", **OPTIONS
        )

    def test_groups_that_differ_are_named(self) -> None:
        result = self.tried({"browsers": 0.0, "seekers": 0.2}, 1)
        assert "works differently by behaviour" in result.summary()
        assert result.clear["group"].tolist() == ["browsers", "seekers"]
        assert "seekers" in [label.get_text().split(" (")[0] for label in result.plot().get_yticklabels()]

    def test_groups_that_do_not_are_not_shown(self) -> None:
        result = self.tried({"browsers": 0.1, "seekers": 0.1}, 2)
        assert "no sign of difference by behaviour" in result.summary()
        assert result.clear.empty

    def test_no_difference_is_seldom_called_one(self) -> None:
        lifts = dict.fromkeys("abcd", 0.05)
        wrong = sum(len(self.tried(lifts, seed, n=1600).clear) > 0 for seed in range(25))
        assert wrong <= 4  # 5 % of 25 are 1

    def test_agrees_with_a_meta_analysis_and_an_integral(self) -> None:
        from scipy import integrate, stats
        from statsmodels.stats.meta_analysis import combine_effects

        estimates, errors = np.array([0.1, 0.02, -0.03, 0.2]), np.array([0.04, 0.03, 0.05, 0.08])
        found = normal(estimates, errors)
        assert cochran(estimates, errors)[0] == pytest.approx(combine_effects(estimates, errors**2).q)
        means, spreads = np.linspace(-3, 3, 601), np.linspace(1e-6, 2.3, 461)
        errors_at = np.sqrt(errors**2 + spreads[:, None] ** 2)[:, None, :]
        grid = stats.norm.pdf(estimates, means[None, :, None], errors_at).prod(axis=-1)
        mixed = errors**2 / (errors**2 + spreads[:, None] ** 2)  # how far a group is drawn at this spread
        at = mixed[:, None, :] * means[None, :, None] + (1 - mixed[:, None, :]) * estimates
        total = integrate.trapezoid(integrate.trapezoid(grid, means), spreads)
        value = integrate.trapezoid(integrate.trapezoid(grid[..., None] * at, means, axis=1), spreads, axis=0) / total
        np.testing.assert_allclose(found.value, value, atol=2e-3)
        assert (np.abs(found.value - found.centre) < np.abs(estimates - found.centre)).all()

    def test_drawn_to_the_mean_still_covers(self) -> None:
        rng = np.random.default_rng(0)
        inside = []
        for _ in range(500):
            truth = 0.05 + 0.05 * rng.normal(size=4)
            found = normal(truth + 0.03 * rng.normal(size=4), np.full(4, 0.03))
            inside.append(((found.low <= truth) & (truth <= found.high)).mean())
        assert np.mean(inside) >= 0.925

    def test_who_is_in_no_group_has_no_earlier_events(self) -> None:
        assignments, events = trial(1000, 0.1, 3)
        known = pd.Series("known", index=assignments["customer_id"][:500])
        table = impact.effects_by_group(assignments, events, known, **OPTIONS).table
        assert set(table["group"]) == {"known", NO_EARLIER}

    def test_a_void_test_has_no_groups(self) -> None:
        assignments, events = trial(3000, 0.1, 1, share=0.42)
        groups = pd.Series("all", index=assignments["customer_id"])
        result = impact.effects_by_group(assignments, events, groups, **OPTIONS)
        assert result.table.empty
        assert "the test is void" in result.summary()

    def test_someone_in_two_groups_is_refused(self) -> None:
        assignments, events = trial(100, 0.1, 1)
        with pytest.raises(JourneylabError, match="two groups"):
            impact.effects_by_group(assignments, events, pd.Series(["a", "b"], index=["c1", "c1"]), **OPTIONS)
