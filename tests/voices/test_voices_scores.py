"""Survey scores against published values, and the coverage of the NPS intervals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import html, voices
from journeylab.readers import read_survey
from journeylab.voices.questionnaires import by_person, sus_scores
from journeylab.voices.scores import ces_agree, nps_counts, nps_interval


def reference(shared: Path, name: str = "survey_reference") -> dict:
    return json.loads((shared / "reference" / "values" / f"{name}.json").read_text())


def answered(
    rows: list[tuple[str, str, float]], instrument: str, low: float = 1, high: float = 7, **more: object
) -> pd.DataFrame:
    """Contract responses from (respondent, item, score)."""
    frame = pd.DataFrame(rows, columns=["respondent_id", "item", "score"])
    given = {"instrument": instrument, "scale_min": low, "scale_max": high, "higher_is_better": True, **more}
    return frame.assign(**given)


def answers(promoters: int, passives: int, detractors: int) -> list[int]:
    return [10] * promoters + [8] * passives + [3] * detractors


def test_nps_gives_the_published_adjusted_wald_intervals(shared: Path) -> None:
    cases = reference(shared)["nps"]["cases"]
    assert len(cases) >= 5
    for case in cases:
        result = voices.nps(answers(case["promoters"], case["passives"], case["detractors"]))
        low, high = np.clip(case["adjusted_wald95_unclipped"], -100, 100)
        assert (result.value, result.ci_low, result.ci_high) == pytest.approx((case["nps"], low, high), abs=2e-3)
        n = case["promoters"] + case["passives"] + case["detractors"]
        plain = nps_interval(case["promoters"], case["detractors"], n, added=0)
        assert plain[1:] == pytest.approx(np.clip(case["wald95"], -100, 100), abs=2e-3)


def test_the_plain_wald_interval_is_the_published_one(shared: Path) -> None:
    case = reference(shared, "nps")
    counts = case["counts"]
    value, low, high = nps_interval(counts["promoters"], counts["detractors"], sum(counts.values()), added=0)
    assert value / 100 == pytest.approx(case["nps"], abs=1e-6)
    assert (low / 100, high / 100) == pytest.approx(case["wald_ci"], abs=1e-6)
    assert (high - low) / 200 / 1.959964 == pytest.approx(case["se"], abs=1e-6)


def test_published_coverage_of_both_nps_intervals(shared: Path) -> None:
    rng = np.random.default_rng(6)
    for name, sizes in reference(shared)["nps"]["coverage_check_20000_sims_nominal95"].items():
        shares = [float(share) for share in name.removeprefix("p=").split("/")]
        for n, published in sizes.items():
            up, _, down = rng.multinomial(int(n), shares, size=20_000).T
            for key, added in (("wald", 0), ("adj", 3)):
                _, low, high = nps_interval(up, down, int(n), added=added)
                covered = ((low <= 100 * (shares[0] - shares[2])) & (100 * (shares[0] - shares[2]) <= high)).mean()
                assert covered == pytest.approx(published[key], abs=0.012)


def test_the_nps_interval_covers_where_plain_wald_does_not() -> None:
    rng = np.random.default_rng(11)
    truth, covered, runs = 100 * (0.8 - 0.05), 0, 1500
    for _ in range(runs):
        p, d, n = *(rng.multinomial(20, [0.8, 0.05, 0.15])[:2]), 20
        result = voices.nps(answers(p, n - p - d, d))
        covered += result.ci_low <= truth <= result.ci_high
    assert 0.93 <= covered / runs <= 0.98


def test_scores_that_cannot_be_say_why() -> None:
    assert "0 to 10" in voices.nps([1, 11]).reason
    assert voices.nps([]).n == 0
    assert np.isnan(voices.csat([]).value)
    assert "ten items" in voices.sus([[1, 2]]).reason


def test_sus_of_known_answers() -> None:
    best, worst = [5, 1] * 5, [1, 5] * 5
    assert voices.sus([best, best]).value == 100
    assert voices.sus([worst, worst]).value == 0
    assert voices.sus([[3] * 10, [3] * 10]).value == 50


def test_effort_keeps_its_polarity_and_csat_counts_the_top_two() -> None:
    assert "higher is harder" in voices.ces([1, 2, 3], higher_is_better=False).method
    result = voices.csat([1, 2, 3, 4, 5, 5, 5, 5, 5, 4])
    assert result.value == pytest.approx(0.7)


def test_every_published_case_of_sus_and_umux_lite(shared: Path) -> None:
    values = reference(shared)
    for case in values["sus"]["cases"]:
        assert voices.sus([case["r"]]).value == case["score"]
    for case in values["umux_lite"]["cases"]:
        items = [[case["q1"], case["q2"]]]
        assert voices.umux_lite(items).value == pytest.approx(case["raw"], abs=1e-4)
        assert voices.umux_lite(items, as_sus=True).value == pytest.approx(case["sus_equiv"], abs=1e-4)


def test_one_missing_sus_item_is_the_middle_and_more_leave_the_person_out() -> None:
    full = [5, 2, 4, 1, 5, 2, 4, 2, 5, 3]
    one, two = [np.nan, *full[1:]], [np.nan, np.nan, *full[2:]]
    assert sus_scores([full, one, two])[:2].tolist() == [82.5, 77.5]
    result = voices.sus([full, one, two])
    assert result.n == 2
    assert "1 with too few answers left out" in result.method


def test_ten_items_are_read_in_the_order_of_their_numbers() -> None:
    case = [5, 2, 4, 1, 5, 2, 4, 2, 5, 3]
    rows = [("r1", f"q{number}", case[number - 1]) for number in (10, 2, 1, 3, 9, 8, 7, 4, 6, 5)]
    table = voices.score_table(answered(rows, "sus", high=5)).table
    assert table["value"].tolist() == [82.5]
    assert table["better"].tolist() == ["higher"]


def test_items_without_numbers_keep_the_order_of_who_answered_most() -> None:
    rows = [("r1", "b", 1.0), ("r2", "a", 2.0), ("r2", "b", 3.0), ("r2", "c", 4.0), ("r1", "b", 5.0)]
    table = by_person(answered(rows, "own"))
    assert list(table) == ["a", "b", "c"]
    assert table.loc["r1", "b"] == 5  # the last answer counts


def test_pssuq_keeps_one_as_the_best(shared: Path) -> None:
    items = np.arange(1, 20)[None].repeat(2, axis=0) % 7 + 1.0
    result = voices.pssuq(items)
    assert {name: score.value for name, score in result.items()} == {
        "overall": pytest.approx(items[0].mean()),
        "system usefulness": pytest.approx(items[0, :8].mean()),
        "information quality": pytest.approx(items[0, 8:15].mean()),
        "interface quality": pytest.approx(items[0, 15:18].mean()),
    }
    assert not any(score.higher_is_better for score in result.values())
    assert set(voices.pssuq(items[:, :16])) == set(result)
    assert "16 or 19" in voices.pssuq(items[:, :5])["overall"].reason


def test_pssuq_of_serdif(shared: Path, tmp_path: Path) -> None:
    file = shared / "data/qualitative/serdif_GPL3/data/PSSUQ/scores/SERDIF_PSSUQ_P2.csv"
    if not file.is_file():
        pytest.skip("needs ../shared/data/qualitative/serdif_GPL3, which is not on this machine")
    answers = pd.read_csv(file).rename(columns=str.strip)
    items = {name: name.split(".")[0] for name in answers if name[0].isdigit()}
    person = next(name for name in answers if name.startswith("Input your participant number"))
    answers[[person, *items]].to_csv(tmp_path / "pssuq.csv", index=False)
    columns = {"respondent_id": person}
    responses, _ = read_survey(
        tmp_path / "pssuq.csv", format="tabular", instrument="pssuq", shape="wide", items=items, columns=columns
    )
    assert not responses["higher_is_better"].any()
    table = voices.score_table(responses).table.set_index("instrument")
    expected = json.loads((shared / "reference/values/serdif_expected.json").read_text())["pssuq"]["overall_mean"]
    assert table.loc["pssuq", "n"] == 17
    assert table.loc["pssuq", "value"] == pytest.approx(expected, abs=5e-5)
    assert set(table["better"]) == {"lower"}
    assert len(table) == 4


def test_effort_has_the_share_who_agree_beside_its_mean() -> None:
    table = voices.score_table(answered([(f"r{score}", "ces", score) for score in range(1, 8)], "ces")).table
    assert table["instrument"].tolist() == ["ces", "ces, who agree"]
    assert table["value"].tolist() == pytest.approx([4, 3 / 7])
    assert ces_agree([1, 5, 6, 7]).value == 0.75
    old = voices.score_table(
        answered([("r1", "ces", 1.0), ("r2", "ces", 3)], "ces", high=5, higher_is_better=False)
    ).table
    assert old["better"].tolist() == ["lower"]


def test_satisfaction_where_low_is_good_counts_the_lowest_two() -> None:
    assert voices.csat([1, 2, 3, 4, 5], higher_is_better=False).value == pytest.approx(0.4)


def test_completion_is_the_published_adjusted_wald(shared: Path) -> None:
    for case in reference(shared)["proportion"]["cases"]:
        result = voices.completion([1] * case["x"] + [0] * (case["n"] - case["x"]))
        assert (result.ci_low, result.ci_high) == pytest.approx(case["agresti_coull"], abs=2e-6)
    assert "0 or 1" in voices.completion([0, 1, 2]).reason


def test_task_time_is_a_geometric_mean_of_few_and_a_median_of_many() -> None:
    few = voices.task_time([10, 40])
    assert few.value == pytest.approx(20)
    assert few.unit == "seconds"
    many = np.arange(1.0, 41.0)
    result = voices.task_time(many)
    # Order statistics 14 and 27 of 40, by the tables of the sign test.
    assert (result.value, result.ci_low, result.ci_high) == (20.5, 14, 27)
    assert "over zero" in voices.task_time([0, 3]).reason


def test_items_of_an_unknown_questionnaire_are_not_averaged_together() -> None:
    rows = [("r1", "fit", 1.0), ("r1", "feel", 7.0), ("r2", "fit", 3.0), ("r2", "feel", 7.0)]
    table = voices.score_table(answered(rows, "shoes")).table.set_index("instrument")
    assert table["value"].to_dict() == {"shoes, fit": 2.0, "shoes, feel": 7.0}


class TestNpsOfGroups:
    def test_the_difference_adds_variances(self) -> None:
        first, second = answers(40, 30, 30), answers(20, 20, 60)
        value, low, high = voices.nps_difference(first, second)
        halves = [(voices.nps(group).ci_high - voices.nps(group).ci_low) / 2 for group in (first, second)]
        assert value == pytest.approx(50)
        assert (high - low) / 2 == pytest.approx(np.hypot(*halves))

    def test_its_interval_covers(self) -> None:
        rng, covered, runs = np.random.default_rng(12), 0, 1500
        shares = ([0.6, 0.25, 0.15], [0.75, 0.2, 0.05])
        truth = 100 * ((shares[0][0] - shares[0][2]) - (shares[1][0] - shares[1][2]))
        for _ in range(runs):
            drawn = [answers(*rng.multinomial(size, share)) for size, share in zip((25, 40), shares, strict=True)]
            _, low, high = voices.nps_difference(*drawn)
            covered += low <= truth <= high
        assert 0.93 <= covered / runs <= 0.975

    def test_groups_are_held_against_all_others(self) -> None:
        scores = answers(30, 5, 5) + answers(5, 5, 30)
        frame = answered([(f"r{number}", "nps", score) for number, score in enumerate(scores)], "nps", 0, 10)
        groups = pd.Series(["old"] * 40 + ["new"] * 40, index=[f"r{number}" for number in range(80)])
        result = voices.compare_nps(frame, groups)
        table = result.table.set_index("group")
        assert table.loc["old", "difference"] == pytest.approx(125)
        assert table["p_value"].max() < 0.001
        assert "NPS differs by group" in result.summary()
        shown = html.table(result.shown, "t", columns=result.columns, formats=result.formats)
        assert "+125.0" in shown
        assert shown.count("data-high") == 4
        result.plot()

    def test_permuted_answers_equal_the_exact_test(self) -> None:
        from itertools import combinations

        scores = [10, 9, 9, 8, 3, 2, 10]
        frame = answered([(f"r{number}", "nps", score) for number, score in enumerate(scores)], "nps", 0, 10)
        groups = pd.Series(["x"] * 3 + ["y"] * 4, index=[f"r{number}" for number in range(7)])

        def gap(members: tuple[int, ...]) -> float:
            inside = [scores[number] for number in members]
            outside = [scores[number] for number in range(7) if number not in members]
            return abs(voices.nps(inside).value - voices.nps(outside).value)

        exact = np.mean([gap(members) >= gap((0, 1, 2)) - 1e-9 for members in combinations(range(7), 3)])
        table = voices.compare_nps(frame, groups, draws=20_000).table
        assert table["p_value"].tolist() == pytest.approx([exact, exact], abs=0.015)


def test_counts_are_those_of_the_three_kinds() -> None:
    assert nps_counts([0, 6, 7, 8, 9, 10]).tolist() == [2, 2, 2]


class TestResponseRates:
    events = pd.DataFrame(
        {
            "customer_id": ["c1", "c1", "c2", "c3", "c4", "c4"],
            "touchpoint": ["chat", "chat", "chat", "chat", "order", "chat"],
            "stage": ["look", "look", "look", "look", "buy", "look"],
        }
    )

    def rates(self, **more: object) -> pd.DataFrame:
        rows = [("c1", "csat", 5.0), ("c1", "csat", 4.0), ("c9", "csat", 4.0)]
        about = answered(rows, "csat", high=5, touchpoint="chat")
        staged = answered([("c4", "ces", 6.0)], "ces", stage="buy")
        lost = answered([("x7", "nps", 6.0)], "nps", touchpoint="order")
        nowhere = answered([("c1", "seq", 6.0)], "seq")
        return voices.response_rates(
            pd.concat([nowhere, lost, staged, about]), self.events, stages=["look", "buy"], **more
        ).table

    def test_people_who_passed_are_the_base(self) -> None:
        table = self.rates().set_index("instrument")
        assert table.loc["csat", ["answers", "respondents", "passed", "answered", "elsewhere"]].tolist() == [
            3,
            2,
            4,
            1,
            1,
        ]
        assert table.loc["csat", "rate"] == 0.25
        assert table.loc["ces", ["place", "passed", "answered"]].tolist() == ["buy", 1, 1]
        assert table["stage"].tolist()[:3] == ["look", "buy", "buy"]

    def test_a_rate_that_cannot_be_says_why(self) -> None:
        table = self.rates().set_index("instrument")
        assert np.isnan(table.loc["nps", "rate"])
        assert "known by the id" in table.loc["nps", "reason"]
        assert "not said where" in table.loc["seq", "reason"]

    def test_invitations_are_the_base_where_they_are_known(self) -> None:
        table = self.rates(invited=pd.Series({"chat": 8, "order": 0})).set_index("instrument")
        assert table.loc["csat", ["passed", "answered", "rate"]].tolist() == [8, 2, 0.25]
        assert "than were invited" in table.loc["nps", "reason"]
