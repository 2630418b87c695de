"""Timelines only with consent, overrides only with a reason, hypotheses only on other people, and what GRAMMS asks for."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small import STUDY, write_small

import journeylab as jl
from journeylab import joint
from journeylab.check import check_study
from journeylab.errors import StudyError
from journeylab.intervals import benjamini_hochberg, newcombe

OVERRIDE = """
[[joint.overrides]]
level = "stage"
row = "consideration"
fit = "discord"
reason = "Those who praise the chat were on it for an hour."
"""


def small(folder: Path, more: str = "") -> jl.Study:
    write_small(folder)
    (folder / "study.toml").write_text(STUDY + more)
    return jl.open_study(folder)


# Overrides


def test_an_override_replaces_the_fit_and_prints_its_reason_beside_the_rules(tmp_path: Path) -> None:
    display = joint.display(small(tmp_path, OVERRIDE), "stage")
    row = display.table.set_index("stage").loc["consideration"]
    plain = joint.display(small(tmp_path / "plain"), "stage").table.set_index("stage").loc["consideration"]
    assert (row["fit"], row["rule_fit"]) == ("discord", plain["fit"])
    (sentence,) = display.overruled
    assert "Those who praise the chat" in sentence
    assert f"the rule says {plain['fit']}" in sentence
    assert f"discord (rule: {plain['fit']})" in set(display.shown["fit"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('reason = "Those who praise the chat were on it for an hour."', "joint.overrides[1].reason: is missing"),
        ('fit = "discord"', "allowed: 'confirm', 'expand', 'discord', 'silence'"),
        ('row = "consideration"', "'considerations' is not one of the stages"),
        ('level = "stage"', "Did you mean 'stage'"),
    ],
)
def test_an_override_is_held_against_the_schema(tmp_path: Path, change: str, said: str) -> None:
    wrong = {"reason": "", "fit": 'fit = "conflict"', "row": 'row = "considerations"', "level": 'level = "stages"'}
    with pytest.raises(StudyError) as error:
        small(tmp_path, OVERRIDE.replace(change, wrong[change.partition(" ")[0]]))
    assert said in str(error.value)


def test_a_reason_of_blanks_is_no_reason_and_the_line_is_named(tmp_path: Path) -> None:
    text = OVERRIDE + OVERRIDE.replace("Those who praise the chat were on it for an hour.", " ")
    line = 1 + (STUDY + text).splitlines().index('reason = " "')
    with pytest.raises(StudyError, match=rf"study.toml:{line}: joint.overrides\[2\].reason: is empty"):
        small(tmp_path, text)


def test_an_override_of_a_row_that_is_not_there_is_named(tmp_path: Path) -> None:
    study = small(
        tmp_path, OVERRIDE.replace('level = "stage"', 'level = "touchpoint"').replace("consideration", "chatt")
    )
    with pytest.raises(StudyError, match=r"joint.overrides\[1\].row: the joint display has no touchpoint 'chatt'"):
        joint.display(study, "touchpoint")


# Timelines


def test_a_timeline_has_the_persons_events_and_words_by_stage(tmp_path: Path) -> None:
    case = joint.timeline(small(tmp_path), "p3")
    assert case.table["touchpoint"].tolist() == ["home", "chat", "order placed"]
    assert case.table["day"].iloc[0] == 0
    assert case.table["day"].iloc[-1] == pytest.approx(10 / 1440)
    assert sorted(case.quotes["code"]) == ["helpful chat", "slow"]
    assert "the page was slow 3" in set(case.quotes["quote"])
    shown = case.shown.set_index("stage")
    assert "the page was slow 3" in shown.loc["consideration", "what they said"]
    assert "c3" not in case.to_json()
    assert len(joint.timeline(small(tmp_path / "b"), "p3").plot().figure.get_label()) > 20


def test_a_timeline_needs_consent_to_linking_and_to_quotes(tmp_path: Path) -> None:
    study = small(tmp_path)
    with pytest.raises(StudyError, match="has not agreed to both"):
        joint.timeline(study, "p2")  # even numbers did not agree to being quoted
    with pytest.raises(StudyError, match=r"nobody called 'p33'.*Did you mean 'p3'"):
        joint.timeline(study, "p33")


def test_cases_are_chosen_among_people_who_may_be_quoted(tmp_path: Path) -> None:
    study = small(tmp_path, '\n[[touchpoints]]\nmatch = "never"\nplanned = false\n')
    assert all(int(name[1:]) % 2 for name in joint.choose_cases(study))


# Hypotheses

CHAT = """
[[hypotheses]]
statement = "Whoever chats comes back to review"
measure = "chats"
outcome = "review"
direction = "less"
registered = 2026-02-01

[[hypotheses]]
statement = "Whoever chats recommends us"
measure = "chats"
outcome = "nps"
direction = "more"

[[measures]]
name = "chats"
match = "chat"

[[outcomes]]
name = "review"
touchpoint = "review"
occurrence = 1
"""


def test_a_hypothesis_is_tested_without_the_people_who_were_interviewed(tmp_path: Path) -> None:
    study = small(tmp_path, CHAT)
    tested = joint.test_hypotheses(study)
    assert tested.left_out == 8
    first, second = tested.table.itertuples()
    chats = [number for number in range(8, 60) if number % 2]
    rest = [number for number in range(8, 60) if not number % 2]
    hits = [sum(number % 6 == 0 for number in group) for group in (chats, rest)]
    value, low, high = newcombe(hits[0], len(chats), hits[1], len(rest))
    assert (first.n_with, first.n_without) == (len(chats), len(rest))
    assert (first.estimate, first.ci_low, first.ci_high) == pytest.approx((value, low, high))
    assert first.verdict == "in line"
    assert first.grade == "D"
    assert first.registered.startswith("registered 2026-02-01, before the last event")
    assert second.registered == "not registered"
    assert tested.table["q_value"].tolist() == pytest.approx(
        benjamini_hochberg(tested.table["p_value"].to_numpy(float)).tolist(), nan_ok=True
    )


def test_a_hypothesis_about_scores_is_welchs_test(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    write_small(folder)
    rows = [f"c{number},2026-04-01,nps,{(number * 7) % 11}" for number in range(60)]
    (folder / "raw/nps.csv").write_text("\n".join(["respondent_id,response_time,item,score", *rows]))
    (folder / "study.toml").write_text(STUDY + CHAT)
    row = joint.test_hypotheses(jl.open_study(folder)).table.iloc[1]
    scores = [[(number * 7) % 11 for number in range(8, 60) if number % 2 == odd] for odd in (1, 0)]
    welch = stats.ttest_ind(*scores, equal_var=False)
    low, high = welch.confidence_interval(0.95)
    assert row["p_value"] == pytest.approx(welch.pvalue)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high))
    assert row["verdict"] == "open"


def test_one_hypothesis_can_be_asked_for_by_hand(tmp_path: Path) -> None:
    found = joint.test_hypothesis(
        small(tmp_path, CHAT), "Chats end without a review", measure="chats", outcome="review", direction="less",
        registered=datetime.date(2027, 1, 1),
    )  # fmt: skip
    assert found.table["verdict"].tolist() == ["in line"]
    assert "after the last event" in found.table["registered"].iloc[0]


def test_words_that_a_hypothesis_does_not_know_are_named(tmp_path: Path) -> None:
    study = small(tmp_path)
    with pytest.raises(StudyError, match=r"touchpoint: found 'chatt'.*Did you mean 'chat'"):
        joint.test_hypothesis(study, "x", touchpoint="chatt", outcome="order", direction="more")
    with pytest.raises(StudyError, match="either a touchpoint or a measure"):
        joint.test_hypothesis(study, "x", outcome="order", direction="more")
    with pytest.raises(StudyError, match=r"hypotheses\[1\]"):
        small(tmp_path / "b", '[[hypotheses]]\nstatement = "x"\noutcome = "order"\ndirection = "more"\n')
    with pytest.raises(StudyError, match=r"'ordr' is not one of the .*Did you mean 'order'"):
        small(
            tmp_path / "c",
            '[[hypotheses]]\nstatement = "x"\ntouchpoint = "chat"\noutcome = "ordr"\ndirection = "more"\n',
        )


def test_check_names_what_no_event_is_called(tmp_path: Path) -> None:
    more = CHAT + OVERRIDE.replace('"stage"', '"touchpoint"').replace('"consideration"', '"chatt"')
    more = more.replace('match = "chat"', 'match = "fax*"') + (
        '[[hypotheses]]\nstatement = "x"\ntouchpoint = "chatt"\noutcome = "order"\ndirection = "more"\n'
    )
    write_small(tmp_path)
    (tmp_path / "study.toml").write_text(STUDY + more)
    problems = "\n".join(check_study(tmp_path).problems)
    assert "joint.overrides[1].row: no touchpoint is called 'chatt'" in problems
    assert "hypotheses[3].touchpoint: no event is called 'chatt'" in problems
    assert "measures[1].match: matches no touchpoint" in problems


# GRAMMS


def test_gramms_fills_what_the_data_say_and_asks_for_the_rest(tmp_path: Path) -> None:
    study = small(tmp_path)
    found = joint.gramms(study, linkage=joint.linkage(study), displays=[joint.display(study, "stage")])
    table = found.table.set_index("item")
    assert table.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert "60 customers" in table.loc[3, "answer"]
    assert "8 documents of 8 people" in table.loc[3, "answer"]
    assert "8 of 8 are linked" in table.loc[4, "answer"]
    assert table.loc[1, "missing"] == "to be written in study.toml: [gramms] justification"
    assert len(found.missing) == 5
    own = small(tmp_path / "own", '[gramms]\njustification = "Because."\ninsights = "That."\nintegrated_by = "Ann"\n'
                'design = "convergent"\nsampling = "All who came."\n')  # fmt: skip
    done = joint.gramms(own)
    assert done.missing == []
    assert done.table["answer"].iloc[0] == "Because."
    assert "Integrated by Ann." in done.table["answer"].iloc[3]


def test_the_sequence_is_told_by_the_dates(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    write_small(folder)
    documents = pd.read_csv(folder / "raw/documents.csv").assign(collected_at="2026-05-01")
    documents.to_csv(folder / "raw/documents.csv", index=False)
    answer = joint.gramms(jl.open_study(folder)).table["answer"].iloc[1]
    assert "explanatory sequential" in answer
    assert np.all(joint.linked_events(jl.open_study(folder))["after_interview"] == False)  # noqa: E712
