"""Findings say what the tables say, no more: verdicts by grade, the unknown as unknown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import journeylab as jl
from journeylab import findings
from journeylab.findings.model import Evidence
from tests.small import write_small


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> jl.Study:
    return jl.open_study(write_small(tmp_path_factory.mktemp("findings")))


@pytest.fixture(scope="module")
def evidence(study: jl.Study) -> Evidence:
    return findings.gather(study)


EFFECT = {"touchpoint": "chat", "estimate": 0.05, "ci_low": 0.02, "ci_high": 0.08, "naive": 0.1, "n_exposed": 400,
          "n_eligible": 900, "grade": "C", "verdict": "keep", "reason": ""}  # fmt: skip


def with_effects(evidence: Evidence, *changed: dict[str, object]) -> Evidence:
    return Evidence(evidence.stages, pd.DataFrame([{**EFFECT, **row} for row in changed]))


def test_first_screen_counts_what_the_events_hold(study: jl.Study, evidence: Evidence) -> None:
    answers = {answer["question"]: answer for answer in findings.headline(study, evidence)}
    assert len(answers) == 5
    # 60 customers all start; every third orders and every sixth reviews.
    far = answers["How far do customers get?"]
    assert far["answer"] == (
        "33 % reach the outcome, 'order'; most stay behind between consideration and purchase: of all customers, 100 % get "
        "as far as consideration, 33 % as far as purchase."
    )
    assert "n = 60 customers" in far["evidence"]


def test_the_pain_most_people_name_is_a_finding(study: jl.Study, evidence: Evidence) -> None:
    said = [finding.statement for finding in findings.find(study, evidence)]
    assert any("slow" in statement and "8" in statement for statement in said), said


def test_only_judged_touchpoints_are_acted_on(study: jl.Study, evidence: Evidence) -> None:
    unsure = {"touchpoint": "form", "estimate": -0.2, "ci_low": -0.5, "ci_high": 0.1, "verdict": "not known"}
    found = findings.find(study, with_effects(evidence, {}, unsure))
    act = [finding for finding in found if finding.kind == "act"]
    assert [finding.n for finding in act] == [400]
    assert "Keep 'chat'" in act[0].statement
    assert any(finding.kind == "unknown" and "form" in finding.statement for finding in found)


def test_decisions_go_before_verdicts_and_prices_have_intervals(study: jl.Study, evidence: Evidence) -> None:
    dear = {"touchpoint": "store", "estimate": 0.07, "verdict": "keep"}
    ad = {"touchpoint": "ad", "estimate": -0.01, "verdict": "not known"}
    effects = with_effects(evidence, {}, dear, ad).effects
    priced = {"touchpoint": ["chat", "store", "ad"], "decision": ["keep", "test", "remove"], "value": [900.0, 50.0, -300.0],
              "value_low": [700.0, -80.0, -500.0], "value_high": [1100.0, 180.0, -100.0],
              "why": ["helps", "not clear", "costs more"]}  # fmt: skip
    tables = Evidence(evidence.stages, effects, decisions=pd.DataFrame(priced), unit="EUR")
    act = findings.headline(study, tables)[2]
    assert act["answer"] == "Remove 'ad' (−300 EUR a year) and keep 'chat' (+900 EUR a year)."
    assert "−500 to −100 EUR a year" in act["evidence"]
    found = [item for item in findings.find(study, tables) if item.kind == "act"]
    assert [item.statement.split("'")[0] for item in found] == ["Keep ", "Remove ", "Test "]
    assert "+700 to +1,100 EUR a year" in found[0].evidence
    table = findings.verdict_table(tables)
    assert table["touchpoint"].tolist() == ["ad", "chat", "store"]
    written = findings.verdict_json(table, "EUR")
    assert written["rows"][0][1:4] == ["remove", "−300", "−500 to −100"]
    assert len(written["rows"][0]) == len(written["columns"])


def test_a_broken_experiment_is_no_evidence(study: jl.Study, evidence: Evidence) -> None:
    row = {"experiment": "banner", "arm": "on", "estimate": 0.03, "ci_low": 0.01, "ci_high": 0.05, "p_value": 0.001,
           "n_arm": 500, "n_control": 500, "verdict": "keep"}  # fmt: skip
    for grade, shown in {"A": True, "D": False}.items():
        tables = Evidence(evidence.stages, experiments=pd.DataFrame([{**row, "grade": grade}]))
        assert any("banner" in finding.statement for finding in findings.find(study, tables)) is shown


def test_without_effects_nothing_is_advised(study: jl.Study, evidence: Evidence) -> None:
    act = findings.headline(study, with_effects(evidence, {"verdict": "not known"}))[2]
    assert "keep" not in act["answer"].lower()
    assert not any(verb in act["answer"].lower() for verb in ("fix '", "remove '"))
    assert "what would help is not known" in act["evidence"]
    assert act["sure"] == "grade D"


def test_a_name_with_markup_stays_text(study: jl.Study, evidence: Evidence) -> None:
    html = findings.answers_html(
        findings.headline(study, with_effects(evidence, {"touchpoint": "<script>alert(1)</script>"}))
    )
    assert "<script" not in html


def test_a_real_study_has_no_truth_to_compare_with(study: jl.Study) -> None:
    assert findings.against_truth(study, pd.DataFrame([EFFECT])) is None


def test_truth_beside_estimate_says_which_intervals_hold_it(study: jl.Study, tmp_path: Path) -> None:
    simulated = jl.open_study(write_small(tmp_path / "s"))
    (simulated.folder / "truth").mkdir()
    (simulated.folder / "truth/effects.csv").write_text("touchpoint,role,effect\nchat,helpful,0.03\nform,null,0\n")
    form = {**EFFECT, "touchpoint": "form"}
    table = findings.against_truth(simulated, pd.DataFrame([EFFECT, form]))
    assert table is not None
    assert table.set_index("touchpoint")["covered"].to_dict() == {"chat": True, "form": False}


def test_a_finding_that_rests_on_a_code_coders_dispute_says_so(study: jl.Study, evidence: Evidence) -> None:
    named = [row.top_pain.rpartition(" (")[0] for row in evidence.stages.itertuples() if row.top_pain]
    disputed = dataclasses.replace(
        evidence,
        doubtful=pd.DataFrame([{"code_id": name, "code": name, "alpha": 0.41, "name": name} for name in named]),
    )
    words = f"coders agree too little on '{named[0]}' to rest on it (alpha 0.41)"
    for doubts, said in ((disputed, True), (evidence, False)):
        found = [finding.evidence for finding in findings.find(study, doubts) if finding.kind in {"voice", "trouble"}]
        found += [answer["evidence"] for answer in findings.headline(study, doubts)]
        assert any(words in line for line in found) is said


def test_what_a_test_proved_is_advised_and_the_stage_that_most_leave_is_named(
    study: jl.Study, evidence: Evidence
) -> None:
    row = {"experiment": "banner", "grade": "A", "verdict": "keep"}
    tables = with_effects(evidence, {"touchpoint": "chat", "verdict": "fix", "estimate": -0.05})
    act = findings.headline(study, dataclasses.replace(tables, experiments=pd.DataFrame([row])))[2]["answer"]
    assert "keep 'banner' (proven by a test)" in act
    doubted = dataclasses.replace(tables, experiments=pd.DataFrame([{**row, "grade": "D"}]))
    assert "banner" not in findings.headline(study, doubted)[2]["answer"]
    stages = evidence.stages.assign(
        left=[0.1, 0.3, 0.2][: len(evidence.stages)], trouble=[0.9, 0.4, 0.2][: len(evidence.stages)]
    )
    where = findings.headline(study, dataclasses.replace(evidence, stages=stages))[0]["answer"]
    assert where.startswith(f"At {stages['stage'].iloc[0]}")
    assert f"Most leave at {stages['stage'].iloc[1]}: 30 %." in where


def test_nothing_unplanned_is_worth_keeping() -> None:
    from journeylab.findings.gather import _keep_no_accident

    effects = pd.DataFrame(
        {
            "touchpoint": ["fault", "fault two", "chat"],
            "verdict": ["keep", "fix", "keep"],
            "reason": ["helps", "harms", "helps"],
        }
    )
    judged = _keep_no_accident(effects, {"fault", "fault two"})
    assert judged["verdict"].tolist() == ["not known", "fix", "keep"]
    assert "not planned" in judged["reason"].iloc[0]
    assert judged["reason"].tolist()[1:] == ["harms", "helps"]


def test_what_is_not_known_is_said_once_for_each_reason(evidence: Evidence) -> None:
    zero = "the interval holds zero: the data cannot tell"
    shown = pd.DataFrame(
        {"touchpoint": list("abcdef"), "does": ["helps", *["not known"] * 5],
         "reason": ["", *[f"{zero}; a test needs {n} weeks" for n in range(4)], "hardly any visit without it"]}
    )  # fmt: skip
    clear, unknown = findings.clear_and_unknown(shown, "does")
    assert list(clear["touchpoint"]) == ["a"]
    assert findings.why_unknown(unknown, "reason") == [
        f"4 not known: {zero} (b, c, d and 1 more).",
        "1 not known: hardly any visit without it (f).",
    ]
    assert [findings.whole(value) for value in (-44.55, 0.067, 427, float("nan"))] == ["−45", "0", "427", "–"]


def test_leaving_is_called_leaving_where_nothing_else_is_trouble(study: jl.Study, evidence: Evidence) -> None:
    stages = evidence.stages.assign(unplanned=0.0, left=evidence.stages["trouble"])
    answer = findings.headline(study, Evidence(stages))[0]["answer"]
    assert "of those who come there leave without going on." in answer
    assert "meet trouble" not in answer
