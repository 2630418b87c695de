"""Time to convert: published values, plain-Python twins, planted truths, and what must not be answered."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import figures, impact
from journeylab.errors import JourneylabError
from journeylab.impact.cox import CoxFit, fit_cox, proportional_hazards
from journeylab.impact.incidence import cumulative_incidence, restricted_mean
from journeylab.impact.spells import Spells, outcome_spells
from journeylab.impact.start_stop import exposure_rows, first_met, visit_rows
from journeylab.journeys.observation import DAY
from journeylab.journeys.survival import kaplan_meier

START = pd.Timestamp("2026-01-01", tz="UTC")
STATIC = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
Row = tuple[str, float, str]


def table(rows: list[Row]) -> pd.DataFrame:
    """Events of (customer, day, touchpoint)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "touchpoint"])
    times = START + pd.to_timedelta((frame.pop("day").astype(float) * DAY).round().astype("int64"), unit="us")
    return frame.assign(event_time=times.dt.as_unit("us"))


def values(shared: Path, name: str) -> dict:
    return json.loads((shared / f"reference/values/{name}.json").read_text(encoding="utf-8"))


def errors(fit: CoxFit) -> np.ndarray:
    return np.sqrt(np.diag(fit.model_covariance))


def rossi(shared: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """The prisoners and, a week each, whether they had work."""
    frame = pd.read_csv(shared / "reference/values/rossi_weekly.csv.gz")
    for name in STATIC:
        if name not in {"age", "prio"}:
            frame[name] = frame[name].isin(["yes", "black", "married"]).astype(float)
    return frame, (frame[[f"emp{week}" for week in range(1, 53)]] == "yes").to_numpy(dtype=float)


def weekly(frame: pd.DataFrame, work: np.ndarray, lag: int) -> CoxFit:
    """Cox's model with the work of `lag` weeks before, a row a week."""
    who, week = np.nonzero(np.arange(1, 53) <= frame["week"].to_numpy()[:, None])
    kept = week >= lag
    who, week = who[kept], week[kept]
    covariates = np.column_stack([frame[STATIC].to_numpy()[who], work[who, week - lag]])
    last = week + 1 == frame["week"].to_numpy()[who]
    event = last & (frame["arrest"].to_numpy()[who] == 1)
    return fit_cox(week.astype(np.float64), week.astype(np.float64) + 1, event, covariates, who)


class TestPublishedCox:
    def test_freireich_with_many_ties(self, shared: Path) -> None:
        found = values(shared, "freireich_km_cox")
        time, event = np.array(found["data"]["time"], dtype=np.float64), np.array(found["data"]["event"]) == 1
        control = 1.0 - np.array(found["data"]["mp6"])[:, None]
        fit = fit_cox(np.zeros(len(time)), time, event, control)
        expected = found["cox_control_vs_6mp"]["efron"]
        assert fit.coefficients[0] == pytest.approx(expected["coef"], abs=1e-5)
        assert errors(fit)[0] == pytest.approx(expected["se"], abs=1e-5)
        assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)

    def test_freireich_curves_and_log_rank_through_events(self, shared: Path) -> None:
        found = values(shared, "freireich_km_cox")
        data = pd.DataFrame(found["data"]).astype({"mp6": int})
        rows: list[Row] = [("last", 1_000.0, "remission")]
        for number, (time, event, _) in enumerate(data.itertuples(index=False)):
            begin = 0.0 if event else 1_000.0 - time
            rows += [(f"p{number:02d}", begin, "remission")] + (
                [(f"p{number:02d}", begin + time, "relapse")] if event else []
            )
        arm = pd.Series(np.where(data["mp6"] == 1, "6-MP", "control"), index=[f"p{n:02d}" for n in range(len(data))])
        result = impact.time_to_outcome(
            table(rows),
            outcome="relapse",
            lapse=None,
            by=arm,
            horizons=[f"{week}d" for week in (6, 7, 10, 13, 16, 22, 23)],
        )
        assert result.tests["chi2"].tolist() == pytest.approx([found["logrank_chi2"]] * 2, abs=1e-6)
        curve = result.table[result.table["group"] == "6-MP"].set_index("horizon_days")["share"]
        for week, (still, _) in found["km_6mp"].items():
            assert 1 - curve[float(week)] == pytest.approx(still, abs=1e-9)
        median = result.times.set_index("group")["median_seconds"] / 86_400
        assert (median["6-MP"], median["control"]) == (23, 8)

    def test_rossi_static_time_dependent_and_lagged(self, shared: Path) -> None:
        found = values(shared, "rossi_cox")
        frame, work = rossi(shared)
        event = frame["arrest"].to_numpy() == 1
        static = fit_cox(np.zeros(432), frame["week"].to_numpy(dtype=float), event, frame[STATIC].to_numpy())
        for fit, key in (
            (static, "static"),
            (weekly(frame, work, 0), "time_dependent_employed"),
            (weekly(frame, work, 1), "lagged_employed"),
        ):
            expected = found[key]
            assert fit.coefficients == pytest.approx(list(expected["coef"].values()), abs=1e-5)
            assert errors(fit) == pytest.approx(list(expected["se"].values()), abs=1e-5)
            assert fit.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)
        assert static.n_customers == 432

    def test_proportional_hazards_as_fox_published(self, shared: Path) -> None:
        # Fox (2002), Cox Proportional-Hazards Regression for Survival Data, sec. 5.1: cox.zph on fin, age and prio
        frame, _ = rossi(shared)
        week, event = frame["week"].to_numpy(), frame["arrest"].to_numpy() == 1
        fit = fit_cox(np.zeros(432), week.astype(float), event, frame[["fin", "age", "prio"]].to_numpy())
        curve = kaplan_meier(week.astype(np.int64), event)
        before = np.append(1.0, curve.share)[np.searchsorted(curve.time, fit.event_time)]
        check = proportional_hazards(fit, 1 - before)
        assert check.chi2 == pytest.approx([0.00507, 6.54147, 0.77288], abs=1e-5)
        assert check.p_value == pytest.approx([0.9433, 0.0105, 0.3793], abs=1e-4)
        assert (check.whole_chi2, check.whole_p_value) == pytest.approx((7.13046, 0.0679), abs=1e-4)

    def test_stanford_immortal_time(self, shared: Path) -> None:
        found = values(shared, "stanford_immortal_time")
        heart = pd.read_csv(shared / "reference/values/stanford_heart.csv")
        jasa = pd.read_csv(shared / "reference/values/stanford_jasa.csv")
        start, stop, event = heart["start"].to_numpy(), heart["stop"].to_numpy(), heart["event"].to_numpy() == 1
        names = ["age", "year", "surgery", "transplant"]
        fit = fit_cox(start, stop, event, heart[names].to_numpy(), heart["id"].to_numpy())
        expected = found["correct_time_varying"]
        assert fit.coefficients == pytest.approx(list(expected["coef"].values()), abs=1e-5)
        assert errors(fit) == pytest.approx(list(expected["se"].values()), abs=1e-5)
        alone = fit_cox(start, stop, event, heart[["transplant"]].to_numpy(), heart["id"].to_numpy())
        assert alone.coefficients[0] == pytest.approx(found["correct_time_varying_unadjusted"]["coef"], abs=1e-5)
        time, wait = jasa["futime"].to_numpy() + 1.0, jasa["wait.time"].to_numpy() + 1.0
        died = jasa["fustat"].to_numpy() == 1
        ever = fit_cox(np.zeros(len(jasa)), time, died, jasa[["transplant"]].to_numpy())
        assert ever.coefficients[0] == pytest.approx(found["naive_ever_treated"]["coef"], abs=1e-5)
        # from the dates alone, whoever has a transplant on the last day half a day before
        met = np.where(np.isnan(wait), 1e7, np.where(wait == time, wait - 0.5, wait))
        rows = exposure_rows(spells_of(time * DAY, died), (met * DAY).astype(np.int64)[:, None])
        split = fit_cox(rows.start, rows.stop, rows.event, rows.exposed.astype(float), rows.customer)
        assert split.coefficients[0] == pytest.approx(found["correct_time_varying_unadjusted"]["coef"], abs=2.5e-3)

    def test_the_library_keeps_rows_at_risk_at_their_own_start_and_ours_do_not(self, shared: Path) -> None:
        from statsmodels.duration.hazard_regression import PHReg

        heart = pd.read_csv(shared / "reference/values/stanford_heart.csv")
        names = ["age", "year", "surgery", "transplant"]
        trap = PHReg(heart["stop"], heart[names], status=heart["event"], entry=heart["start"], ties="efron").fit()
        assert trap.params[3] == pytest.approx(-0.0554, abs=1e-3)


def spells_of(time: np.ndarray, converted: np.ndarray, followed: np.ndarray | None = None) -> Spells:
    n = len(time)
    return Spells(
        np.arange(n),
        np.full(n, np.datetime64("2026-01-01", "us")),
        time.astype(np.int64),
        converted.astype(np.int8),
        time.astype(np.int64) if followed is None else followed,
        np.zeros(n, dtype=bool),
    )


class TestErrorsByCustomer:
    def test_score_residuals_against_a_plain_sum_over_risk_sets(self) -> None:
        rng = np.random.default_rng(1)
        n = 150
        covariates, start = rng.normal(size=(n, 2)), rng.random(n)
        stop, event, owner = start + rng.exponential(1, n), rng.random(n) < 0.6, rng.integers(0, 40, n)
        fit = fit_cox(start, stop, event, covariates, owner)
        weight, scores = np.exp(covariates @ fit.coefficients), np.zeros((n, 2))
        for row in np.flatnonzero(event):
            risk = (start < stop[row]) & (stop >= stop[row])
            mean = weight[risk] @ covariates[risk] / weight[risk].sum()
            scores[risk] -= weight[risk, None] * (covariates[risk] - mean) / weight[risk].sum()
            scores[row] += covariates[row] - mean
        summed = np.array([scores[owner == one].sum(axis=0) for one in np.unique(owner)])
        expected = fit.model_covariance @ summed.T @ summed @ fit.model_covariance
        assert fit.covariance == pytest.approx(expected, rel=1e-6)
        assert fit.schoenfeld.sum(axis=0) == pytest.approx([0, 0], abs=1e-5)

    def test_with_ties_the_residuals_still_sum_to_zero(self, shared: Path) -> None:
        from journeylab.impact.cox import _residuals

        frame, _ = rossi(shared)
        week, event = frame["week"].to_numpy(dtype=float), frame["arrest"].to_numpy() == 1
        fit = fit_cox(np.zeros(432), week, event, frame[STATIC].to_numpy())
        scores, _ = _residuals(np.zeros(432), week, event, frame[STATIC].to_numpy(), fit.coefficients)
        assert np.abs(scores.sum(axis=0)).max() < 1e-3 * np.abs(scores).sum(axis=0).max()

    def test_a_customer_written_twice_tells_nothing_new(self) -> None:
        rng = np.random.default_rng(2)
        time, event, x = rng.exponential(1, 200), rng.random(200) < 0.7, rng.normal(size=(200, 1))
        one = fit_cox(np.zeros(200), time, event, x)
        twice = fit_cox(
            np.zeros(400), np.tile(time, 2), np.tile(event, 2), np.tile(x, (2, 1)), np.tile(np.arange(200), 2)
        )
        assert errors(twice)[0] < 0.75 * errors(one)[0]
        assert twice.errors[0] == pytest.approx(one.errors[0], rel=0.05)


class TestCumulativeIncidence:
    def test_mgus2_to_six_digits_and_that_ignoring_death_doubles_it(self, shared: Path) -> None:
        found = values(shared, "mgus2_competing_risks")
        frame = pd.read_csv(shared / "reference/values/mgus2_compete.csv")
        for group, part in (("all", frame), ("F", frame[frame["sex"] == "F"]), ("M", frame[frame["sex"] == "M"])):
            time, status = part["etime"].to_numpy().astype(np.int64), part["event"].to_numpy().astype(int)
            first, second = cumulative_incidence(time, status), cumulative_incidence(time, status, 2)
            for month, (pcm, death, alive) in found["cif_pcm_death_surv_at_months"][group].items():
                assert first.by(int(month)).value == pytest.approx(pcm, abs=1e-6)
                assert second.by(int(month)).value == pytest.approx(death, abs=1e-6)
                place = np.searchsorted(first.time, int(month), side="right") - 1
                assert first.free[place] == pytest.approx(alive, abs=1e-6)
        time, status = frame["etime"].to_numpy().astype(np.int64), frame["event"].to_numpy().astype(int)
        naive = kaplan_meier(time, status == 1).reached_by(240).value
        assert naive == pytest.approx(found["naive_1_minus_KM_pcm_at_240"], abs=1e-6)
        assert naive > 2 * cumulative_incidence(time, status).by(240).value

    def test_without_a_competitor_it_is_kaplan_and_meier_with_their_interval(self) -> None:
        rng = np.random.default_rng(3)
        time, event = rng.integers(1, 50, 80), rng.random(80) < 0.6
        ours, theirs = cumulative_incidence(time, event.astype(int)), kaplan_meier(time, event)
        for at in (5, 20, 45):
            assert tuple(ours.by(at)) == pytest.approx(tuple(theirs.reached_by(at)), abs=1e-10)
        assert tuple(ours.quantile(0.3)) == tuple(theirs.quantile(0.3))

    def test_the_last_time_of_all_still_has_an_interval(self) -> None:
        found = cumulative_incidence(np.array([1, 2, 3, 4]), np.array([1, 2, 1, 2]))
        assert found.free[-1] == 0
        _, low, high = found.by(4)
        reach = 1.959964 * 0.25 / (0.5 * np.log(2))  # without censoring the variance is binomial: 0.25 ** 2
        assert (low, high) == pytest.approx((1 - 0.5 ** np.exp(-reach), 1 - 0.5 ** np.exp(reach)), abs=1e-6)
        assert found.by(4).value == pytest.approx(0.5)
        assert 0 < found.by(4).low < 0.5 < found.by(4).high < 1

    def test_coverage_of_the_interval(self) -> None:
        rng = np.random.default_rng(4)
        truth, held = 1 / 3 * (1 - np.exp(-1.5 * 0.8)), 0
        for _ in range(300):
            one, other, end = rng.exponential(2, 150), rng.exponential(1, 150), rng.uniform(0.2, 3, 150)
            time = np.minimum(np.minimum(one, other), end)
            status = np.where(time == end, 0, np.where(one < other, 1, 2))
            _, low, high = cumulative_incidence((time * 1e6).astype(np.int64), status).by(800_000)
            held += low <= truth <= high
        assert held >= 272  # of 300 at 95 %, fewer has a chance of 1 in 1,000

    def test_restricted_mean_without_censoring_is_the_mean(self) -> None:
        time = np.random.default_rng(5).integers(1, 100, 400)
        mean, error = restricted_mean(time, np.ones(400, dtype=bool), 60)
        cut = np.minimum(time, 60)
        assert mean == pytest.approx(cut.mean())
        assert error == pytest.approx(cut.std() / 20, rel=1e-9)
        assert np.isnan(restricted_mean(time, np.zeros(400, dtype=bool), 200)[0])


class TestSpells:
    def test_the_rule_of_lapsing(self) -> None:
        rows: list[Row] = [
            ("a", 0, "page"), ("a", 5, "order"),
            ("b", 0, "page"), ("b", 20, "order"),
            ("c", 0, "page"), ("c", 4, "page"), ("c", 9, "page"), ("c", 15, "order"),
            ("d", 95, "page"),
            ("e", 3, "order"), ("e", 4, "page"),
            ("z", 0, "page"), ("z", 100, "page"),
        ]  # fmt: skip
        _, spells, at_once = outcome_spells(table(rows), "order", lapse="10d")
        assert at_once == 1
        assert spells.status.tolist() == [1, 2, 1, 0, 2]
        assert (spells.time / DAY).tolist() == [5, 10, 15, 5, 10]
        assert (spells.followed / DAY).tolist() == [100, 100, 100, 5, 100]
        assert spells.returned.tolist() == [False, True, False, False, True]
        assert (spells.staying / DAY).tolist() == [5, 100, 15, 5, 100]

    def test_against_plain_python(self) -> None:
        rng = np.random.default_rng(6)
        for _ in range(12):
            rows: list[Row] = [
                (
                    f"c{rng.integers(0, 6)}",
                    float(rng.integers(0, 60)),
                    str(rng.choice(["page", "cart", "order"], p=[0.5, 0.3, 0.2])),
                )
                for _ in range(25)
            ] + [("c0", 0.0, "cart"), ("c1", 1.0, "order")]
            start = [None, "cart"][int(rng.integers(0, 2))]
            j, spells, _ = outcome_spells(table(rows), "order", start=start, lapse="9d")
            found = {
                str(j.ids[who]): (time / DAY, int(how))
                for who, time, how in zip(spells.journey, spells.time, spells.status, strict=True)
            }
            assert found == _slow_spells(rows, start, 9.0)

    def test_unknown_words_are_mended(self) -> None:
        events = table([("a", 0, "page"), ("a", 1, "order")])
        with pytest.raises(JourneylabError, match="Did you mean 'order'"):
            impact.time_to_outcome(events, outcome="ordre")
        with pytest.raises(JourneylabError, match="lapse='soon' is no span"):
            impact.time_to_outcome(events, outcome="order", lapse="soon")
        with pytest.raises(JourneylabError, match="first touchpoint"):
            impact.time_to_outcome(events, outcome="order", by="first")
        with pytest.raises(JourneylabError, match="must be customer_id"):
            impact.time_to_outcome(events, outcome="order", by=pd.Series(["x"], index=["nobody"]))


def _slow_spells(rows: list[Row], start: str | None, lapse: float) -> dict[str, tuple[float, int]]:
    """The spells, customer by customer and event by event."""
    last, found = max(day for _, day, _ in rows), {}
    for who in sorted({row[0] for row in rows}):
        walk = sorted([(day, place, name) for place, (one, day, name) in enumerate(rows) if one == who])
        begin = next((place for place, (_, _, name) in enumerate(walk) if start in (None, name)), None)
        if begin is None or (start is None and walk[0][2] == "order"):
            continue
        seen = began = walk[begin][0]
        for day, _, name in [*walk[begin + 1 :], (last, 0, "end")]:
            if day - seen >= lapse:
                found[who] = (seen + lapse - began, 2)
                break
            if name == "order":
                found[who] = (day - began, 1)
                break
            seen = day
        else:
            found[who] = (last - began, 0)
    return found


class TestTimeToOutcome:
    def shop(self, n: int = 400, seed: int = 7) -> pd.DataFrame:
        """Customers who come every few days until they order, tire of it, or the data end."""
        rng = np.random.default_rng(seed)
        rows: list[Row] = []
        for customer in range(n):
            day = float(rng.uniform(0, 120))
            first = "ad" if customer % 2 else "search"
            rows.append((f"c{customer}", day, first))
            while rng.random() < 0.7 and day < 200:
                day += float(rng.exponential(4))
                order = rng.random() < (0.3 if customer % 2 else 0.1)
                rows.append((f"c{customer}", day, "order" if order else "page"))
                if order:
                    break
        return table([row for row in rows if row[1] <= 200])

    def test_shares_add_up_and_ignoring_lapses_says_more(self) -> None:
        result = impact.time_to_outcome(self.shop(), outcome="order", lapse="30d", horizons=["7d", "30d", "60d"])
        row = result.table.iloc[-1]
        assert 0 < row["ci_low"] < row["share"] < row["ci_high"]
        assert row["share"] < row["complement"]
        assert row["share"] + row["lapsed_share"] <= 1 + 1e-12
        whole = result.times.iloc[0]
        assert whole["converted"] + whole["lapsed"] + whole["still"] == whole["n"] == 400
        assert "lapse by then (nothing for 30 days)" in result.summary()
        assert f"{400} customers reach 'order'" in result.summary()

    def test_groups_differ_where_they_were_made_to(self) -> None:
        result = impact.time_to_outcome(
            self.shop(), outcome="order", lapse="30d", by="first touchpoint", horizons=["60d"]
        )
        assert sorted(result.table["group"]) == ["ad", "search"]
        assert (result.tests["p_value"] < 0.001).all()
        assert "'ad', and by" in result.summary()
        difference = result.times.iloc[1]
        low, value, high = difference[["difference_ci_low", "difference_days", "difference_ci_high"]]
        assert low < value < high
        assert low > 0 or high < 0
        assert len(figures.alt_text(result.plot())) > 20

    def test_short_data_have_a_horizon_of_their_own(self) -> None:
        events = table(
            [(f"c{n}", n / 2_000 + step / 500, name) for n in range(50) for step, name in ((0, "page"), (1, "order"))]
        )
        result = impact.time_to_outcome(events, outcome="order")
        assert result.table["horizon_days"].iloc[0] < 0.1
        assert result.table["share"].notna().all()
        assert " min of the first event" in result.summary()

    def test_small_groups_are_put_together(self) -> None:
        events = self.shop()
        kind = pd.Series("many", index=[f"c{n}" for n in range(400)])
        kind.iloc[:10], kind.iloc[10:15] = "few", "fewer"
        result = impact.time_to_outcome(events, outcome="order", by=kind, horizons=["60d"])
        assert result.times[["group", "n"]].values.tolist() == [["many", 385], ["others", 15]]

    def test_equal_groups_are_seldom_called_different(self) -> None:
        rng, called = np.random.default_rng(8), 0
        from journeylab.impact.time_to import _tests

        for _ in range(200):
            one, other, end = rng.exponential(2, 200), rng.exponential(1, 200), rng.uniform(0.2, 3, 200)
            time = np.minimum(np.minimum(one, other), end)
            status = np.where(time == end, 0, np.where(one < other, 1, 2)).astype(np.int8)
            spells = spells_of((time * DAY).astype(np.int64), status, (end * DAY).astype(np.int64))
            called += _tests(spells, rng.integers(0, 2, 200), 2)["p_value"].iloc[0] < 0.05
        assert called <= 20  # of 200 at 5 %, more has a chance of 1 in 500

    @pytest.mark.parametrize(
        ("rows", "reason"),
        [
            ([("a", 0, "order"), ("b", 1, "order")], "first event is the outcome"),
            ([("a", 0, "page"), ("a", 1, "order")], "one customer only"),
            ([("a", 0, "page"), ("a", 0, "order"), ("b", 0, "page"), ("b", 0, "order")], "longer than a moment"),
        ],
    )
    def test_where_nothing_can_be_said_there_is_a_reason(self, rows: list[Row], reason: str) -> None:
        result = impact.time_to_outcome(table(rows), outcome="order")
        assert result.table["share"].isna().all()
        assert result.table["reason"].str.contains(reason).all()
        assert reason in result.summary()
        assert "nan" not in result.summary()
        assert figures.png(result.plot())

    def test_nobody_converts(self) -> None:
        rows: list[Row] = [(f"c{n}", day, "page") for n in range(40) for day in (0, 20, 40)]
        events = table([*rows, ("x", 0, "order")])
        result = impact.time_to_outcome(events, outcome="order", horizons=["7d", "30d"])
        assert result.table["share"].tolist() == [0, 0]
        assert result.table["ci_high"].between(0.05, 0.12).all()
        assert result.table["reason"].str.contains("nobody reaches").all()
        assert np.isnan(result.times["median_seconds"].iloc[0])
        assert "0.0 %" in result.summary()


def visits(n: int, *, now: float, seed: int, keen: bool = True) -> pd.DataFrame:
    """Visits a week apart until the order: who is keen chats more, and orders more; a chat adds `now` to the log odds."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for customer in range(n):
        likes = keen and rng.random() < 0.5
        for visit in range(6):
            day = customer % 50 + 7.0 * visit
            rows.append((f"c{customer}", day, "page"))
            if likes:
                rows.append((f"c{customer}", day + 0.001, "read"))
            chat = rng.random() < (0.4 if likes else 0.15)
            if chat:
                rows.append((f"c{customer}", day + 0.002, "chat"))
            if rng.random() < 1 / (1 + np.exp(2.6 - 0.8 * likes - now * chat)):
                rows += [(f"c{customer}", day + 0.003, "order"), (f"c{customer}", day + 0.003, "thanks")]
                break
    return table([*rows, ("last", 200.0, "page")])


class TestTouchpointHazards:
    def test_exposures_are_dates_on_the_clock_of_days(self) -> None:
        spells = spells_of(np.array([10, 8, 6]) * DAY, np.array([True, False, True]), None)
        met = np.array([[4, 20], [0, 8], [6, 3]]) * DAY
        rows = exposure_rows(spells, met)
        assert rows.customer.tolist() == [0, 0, 1, 2, 2]
        assert rows.start.tolist() == [0, 4, 0, 0, 3]
        assert rows.stop.tolist() == [4, 10, 8, 3, 6]
        assert rows.event.tolist() == [False, True, False, False, True]
        assert rows.exposed.tolist() == [[False, False], [True, False], [True, False], [False, False], [False, True]]

    def test_at_a_visit_only_what_comes_before_the_outcome_counts(self) -> None:
        events = table(
            [
                ("a", 0, "page"), ("a", 0.01, "chat"), ("a", 3, "page"), ("a", 3.01, "order"), ("a", 3.01, "thanks"),
                ("a", 3.02, "faq"),
                ("b", 0, "page"), ("b", 5, "faq"), ("b", 9, "page"),
            ]
        )  # fmt: skip
        j, spells, _ = outcome_spells(events, "order", lapse=None)
        names = ["chat", "faq", "thanks"]
        rows = visit_rows(j, spells, np.column_stack([first_met(j, spells, name) for name in names]), ["page"])
        assert rows.start.tolist() == [0, 1, 0, 1, 2]
        assert rows.event.tolist() == [False, True, False, False, False]
        assert rows.exposed.astype(int).tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 0]]
        assert np.expm1(rows.given[:, 1]).round(6).tolist() == [0, 2, 0, 1, 2]
        assert np.expm1(rows.given[:, 2]).round(6).tolist() == [0, 1, 0, 1, 1]

    def test_the_interval_holds_a_planted_ratio_and_no_effect(self) -> None:
        held = called = 0
        for seed in range(8):
            for now in (0.0, 0.7):
                events = visits(300, now=now, seed=seed, keen=False)
                row = impact.touchpoint_hazards(events, outcome="order", exposures=["chat"]).table.iloc[0]
                if now:
                    called += row["ci_low"] > 1
                else:
                    held += row["ci_low"] <= 1 <= row["ci_high"]
        assert held >= 6
        assert called >= 4

    def test_what_only_follows_and_what_is_rare_has_a_reason(self) -> None:
        result = impact.touchpoint_hazards(visits(200, now=0.5, seed=1), outcome="order", exposures=["chat", "thanks"])
        rows = result.table.set_index("touchpoint")
        assert np.isnan(rows.loc["thanks", "hazard_ratio"])
        assert "too few customers met it" in rows.loc["thanks", "reason"]
        assert rows.loc["chat", "ci_low"] < rows.loc["chat", "hazard_ratio"] < rows.loc["chat", "ci_high"]
        assert "It does not collapse" in " ".join(result.assumptions)
        assert "among" in result.summary()
        assert "nan" not in result.summary()
        assert len(figures.alt_text(result.plot())) > 20

    def test_the_clock_is_of_days_where_outcomes_come_between_visits(self) -> None:
        events = visits(200, now=0.5, seed=1)
        assert impact.touchpoint_hazards(events, outcome="order", exposures=["chat"]).clock == "visits"
        later = events["event_time"] + pd.to_timedelta(np.where(events["touchpoint"] == "order", 2, 0), unit="D")
        result = impact.touchpoint_hazards(events.assign(event_time=later), outcome="order", exposures=["chat"])
        assert result.clock == "days"
        assert "a day" in result.summary()

    def test_a_step_of_the_way_is_not_given_a_ratio(self) -> None:
        events = visits(300, now=0.5, seed=4)
        orders = events[events["touchpoint"] == "order"]
        form = orders.assign(touchpoint="form", event_time=orders["event_time"] - pd.Timedelta("1s")).iloc[6:]
        result = impact.touchpoint_hazards(pd.concat([events, form]), outcome="order", exposures=["chat", "form"])
        rows = result.table.set_index("touchpoint")
        assert np.isnan(rows.loc["form", "hazard_ratio"])
        assert "a step of the way" in rows.loc["form", "reason"]
        assert 0.5 < rows.loc["chat", "hazard_ratio"] < 5

    def test_a_sample_is_stated_and_repeats_itself(self) -> None:
        events = visits(300, now=0.5, seed=2)
        one, two = (
            impact.touchpoint_hazards(events, outcome="order", exposures=["chat"], most_rows=400, seed=5) for _ in "ab"
        )
        assert one.rows <= 400 < 300 * 3
        assert one.n < one.of == 301
        assert "drawn at random" in one.assumptions[-1]
        pd.testing.assert_frame_equal(one.table, two.table)

    def test_attributes_adjust_and_must_be_of_these_customers(self) -> None:
        events = visits(200, now=0.5, seed=3)
        names = sorted(events["customer_id"].unique())
        known = pd.DataFrame(
            {"kind": np.where(np.arange(len(names)) % 3 == 0, "x", "y"), "age": np.arange(len(names)) % 50}, names
        )
        plain, adjusted = (
            impact.touchpoint_hazards(events, outcome="order", exposures=["chat"], covariates=table_).table.iloc[0]
            for table_ in (None, known)
        )
        assert plain["hazard_ratio"] != adjusted["hazard_ratio"]
        with pytest.raises(JourneylabError, match="index must be customer_id"):
            impact.touchpoint_hazards(events, outcome="order", covariates=known.set_index("kind"))
        with pytest.raises(JourneylabError, match="Did you mean 'visits'"):
            impact.touchpoint_hazards(events, outcome="order", clock="visit")

    def test_nobody_converts(self) -> None:
        events = table([("x", 0, "order"), *[(f"c{n}", day, "page") for n in range(40) for day in (0, 3)]])
        for clock in ("visits", "days"):
            result = impact.touchpoint_hazards(events, outcome="order", clock=clock)
            assert result.table["reason"].str.contains("nobody reaches").all()
            assert "nobody reaches" in result.summary()
            assert figures.png(result.plot())


STAGES = {"ad": "awareness", "page": "consideration", "cart": "decision", "order": "purchase"}
ORDER = ["awareness", "consideration", "decision", "purchase"]


class TestStageHazards:
    def test_worked_by_hand(self) -> None:
        events = table(
            [
                ("a", 0, "ad"), ("a", 2, "page"), ("a", 3, "ad"), ("a", 6, "cart"), ("a", 7, "order"),
                ("b", 0, "ad"), ("b", 4, "cart"), ("b", 100, "order"),
                ("c", 0, "page"), ("c", 1, "faq"), ("c", 95, "cart"),
                ("z", 0, "ad"), ("z", 100, "ad"),
            ]
        )  # fmt: skip
        result = impact.stage_hazards(events, STAGES, ORDER, lapse="30d", plan={"purchase": 0.9, "decision": 0.5})
        rows = result.table.set_index("stage")
        assert rows[["n", "moved", "left", "still"]].to_numpy().tolist() == [[3, 2, 1, 0], [2, 1, 1, 0], [2, 1, 1, 0]]
        assert rows.loc["awareness", "share"] == pytest.approx(2 / 3)
        assert rows.loc["awareness", "median_seconds"] == 4 * 86_400
        reached = result.reached.set_index("stage")
        assert reached["share"].tolist() == pytest.approx([1, 0.75, 0.5, 0.25])
        assert reached.loc["purchase", "status"] == "missed"
        assert reached.loc["decision", "status"] == "open"
        assert "under the 90 % that are planned" in result.summary()
        spent = result.hazards.groupby("stage")["customer_days"].sum()
        assert spent["awareness"] == pytest.approx(2 + 4 + 30)
        assert spent["consideration"] == pytest.approx(4 + 31)

    def walk(self, n: int, tied: float, seed: int) -> pd.DataFrame:
        """The slower in the first stage, the slower in the second, as strongly as `tied`."""
        rng = np.random.default_rng(seed)
        before = rng.exponential(3, n)
        after = rng.exponential(3, n) * np.exp(tied * (before - 3))
        rows: list[Row] = [("last", 90.0, "ad")]
        for customer, (one, two) in enumerate(zip(before, after, strict=True)):
            steps = [(0.0, "ad"), (one, "page"), (one + two, "cart")]
            rows += [(f"c{customer}", day, name) for day, name in steps if day <= 60]
        return table(rows)

    def test_the_check_of_the_clock_finds_a_planted_tie_and_seldom_another(self) -> None:
        names = {name: stage for name, stage in STAGES.items() if name != "order"}
        tied = impact.stage_hazards(self.walk(200, 0.3, 1), names, ORDER[:3], lapse=None)
        assert tied.check["p_value"].iloc[1] < 0.001
        assert tied.check["ratio"].iloc[1] < 1
        assert "'consideration'" in tied.checked()
        free = [
            impact.stage_hazards(self.walk(100, 0.0, seed), names, ORDER[:3], lapse=None).check["p_value"].iloc[1]
            for seed in range(6)
        ]
        assert sum(p < 0.05 for p in free) <= 2  # of 6 at 5 %, more has a chance of 1 in 450

    def test_rates_are_those_of_the_clock_of_each_stage(self) -> None:
        names = {name: stage for name, stage in STAGES.items() if name != "order"}
        result = impact.stage_hazards(self.walk(400, 0.0, 2), names, ORDER[:3], lapse=None)
        rates = result.hazards[(result.hazards["stage"] == "consideration") & (result.hazards["moved"] > 50)]
        assert len(rates) >= 2
        assert (rates["ci_low"] < 1 / 3).all()
        assert (rates["ci_high"] > 1 / 3).all()
        assert len(figures.alt_text(result.plot())) > 20

    def test_where_nothing_can_be_said_there_is_a_reason(self) -> None:
        one = impact.stage_hazards(table([("a", 0, "ad"), ("a", 1, "page")]), STAGES, ORDER)
        assert one.table["reason"].tolist() == ["one customer only", "one customer only", "nobody enters it"]
        assert "one customer only" in one.summary()
        assert figures.png(one.plot())
        with pytest.raises(JourneylabError, match="no event has a stage"):
            impact.stage_hazards(table([("a", 0, "faq")]), STAGES, ORDER)
        with pytest.raises(JourneylabError, match="Did you mean 'decision'"):
            impact.stage_hazards(table([("a", 0, "ad")]), {"ad": "decisions"}, ORDER)


def test_time_varying_cox_holds_the_truth_and_ever_exposed_does_not() -> None:
    rng, held, naive = np.random.default_rng(9), 0, 0
    for _ in range(25):
        wait, slow, quick = (rng.exponential(1, 120) for _ in range(3))
        time = np.where(slow < wait, slow, wait + quick)
        end = rng.uniform(0.3, 2, 120)
        micro = (np.minimum(time, end) * DAY).astype(np.int64)
        spells = spells_of(micro, time <= end)
        rows = exposure_rows(spells, (wait * DAY).astype(np.int64)[:, None])
        fit = fit_cox(rows.start, rows.stop, rows.event, rows.exposed.astype(float), rows.customer)
        held += abs(fit.coefficients[0]) < 1.96 * fit.errors[0]
        ever = fit_cox(np.zeros(120), micro / DAY, time <= end, (wait < np.minimum(time, end))[:, None].astype(float))
        naive += abs(ever.coefficients[0]) > 1.96 * ever.errors[0]
    assert held >= 20  # of 25 at 95 %, fewer has a chance of 1 in 1,000
    assert naive >= 20
