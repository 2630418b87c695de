"""Rules of study.toml: told once, when it is clear, and not for noise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made import code, days, effect, goal, made, share, write_run

from journeylab.comparing import alert_run, raise_alerts
from journeylab.config import Alert
from journeylab.errors import StudyError
from journeylab.study_toml import read_config

TOML = """
[study]
name = "s"
title = "S"
[goals.order]
kpi = "k"
target = 0.3
outcome = "o"
[[outcomes]]
name = "o"
touchpoint = "t"
"""


def basis(*customers: int, people: int = 20) -> dict:
    return {"customers": days(*customers), "interviews": days(20, people - 20)}


def subjects(found) -> list[str]:
    return found.table["subject"].tolist()


def test_a_kpi_below_its_goal_is_told_once_unless_repeat(tmp_path: Path) -> None:
    good = made(tmp_path / "1", goals=[goal("order", 0.40, 0.02, 0.35)])
    low = made(tmp_path / "2", goals=[goal("order", 0.30, 0.02, 0.35)])
    rule, again = [Alert(when="kpi_below_goal")], [Alert(when="kpi_below_goal", repeat=True)]
    first = raise_alerts(rule, good, low)
    assert subjects(first) == ["order"]
    assert "misses its goal: 30.0 % (95 % interval 28.0 to 32.0 %) against 35.0 %" in first.summary()
    assert subjects(raise_alerts(rule, low, low, first.memory)) == []
    assert subjects(raise_alerts(again, low, low, first.memory)) == ["order"]
    # It had been low before there was a rule: no news.
    assert subjects(raise_alerts(rule, low, low)) == []
    # The first run of a study tells what nobody was told.
    assert subjects(raise_alerts(rule, None, low)) == ["order"]


def test_a_kpi_that_recovers_may_be_told_again(tmp_path: Path) -> None:
    good, low, open_ = (
        made(tmp_path / name, goals=[goal("order", value, 0.02, 0.35)])
        for name, value in (("1", 0.40), ("2", 0.30), ("3", 0.34))
    )
    rule = [Alert(when="kpi_below_goal")]
    memory = raise_alerts(rule, good, low).memory
    memory = raise_alerts(rule, low, open_, memory).memory
    back = raise_alerts(rule, open_, low, memory)
    assert subjects(back) == [], "it never was on the right side"
    memory = raise_alerts(rule, low, good, back.memory).memory
    assert subjects(raise_alerts(rule, good, low, memory)) == ["order"]


def test_an_interval_that_holds_the_goal_is_no_alert(tmp_path: Path) -> None:
    unsure = made(tmp_path / "1", goals=[goal("order", 0.34, 0.02, 0.35)])
    assert subjects(raise_alerts([Alert(when="kpi_below_goal")], None, unsure)) == []


def steps(k: int, n: int) -> list[dict]:
    return [share("funnel", "cart to order", k, n), share("funnel", "look to cart", n, 2 * n)]


def test_a_worse_step_is_told_once_and_its_new_level_is_the_measure(tmp_path: Path) -> None:
    runs = [
        made(tmp_path / str(number), basis=basis(*[400] * (number + 1)), settled=steps(k, 400 * (number + 1)))
        for number, k in enumerate((160, 320, 400, 480, 500))
    ]
    rule, memory, told = [Alert(when="drop_off_worse", of="cart")], None, []
    for old, new in zip([None, *runs], runs, strict=False):
        found = raise_alerts(rule, old, new, memory)
        memory = found.memory
        told.append(subjects(found))
    # 40 %, 40 %, then 20 %, 20 %, then 5 % of what came.
    assert told == [[], [], ["cart to order"], [], ["cart to order"]]


def test_a_step_that_is_better_is_no_alert(tmp_path: Path) -> None:
    old = made(tmp_path / "1", basis=basis(400), settled=steps(160, 400))
    new = made(tmp_path / "2", basis=basis(400, 400), settled=steps(400, 800))
    assert subjects(raise_alerts([Alert(when="drop_off_worse")], old, new)) == []


def test_counts_that_still_ripen_raise_no_alert(tmp_path: Path) -> None:
    rows = [{"stage": "cart", "n": n, "left": left, "counts": True} for n, left in ((400, 100), (800, 500))]
    old = made(tmp_path / "1", basis=basis(400), dropoff=rows[:1])
    new = made(tmp_path / "2", basis=basis(400, 400), dropoff=rows[1:])
    assert raise_alerts([Alert(when="drop_off_worse")], old, new).tested == 0


class TestNewPain:
    RULE = (Alert(when="new_pain_code", participants=3),)

    def test_many_new_people_name_it(self, tmp_path: Path) -> None:
        old = made(tmp_path / "1", basis=basis(9, people=40), prevalence=[code("Pain/Late", 20, 40)])
        new = made(
            tmp_path / "2", basis=basis(9, people=50), prevalence=[code("Pain/Late", 24, 50), code("Pain/App", 6, 50)]
        )
        found = raise_alerts(self.RULE, old, new)
        assert subjects(found) == ["Pain/App"]
        assert "named by 6 of 50" in found.summary()
        assert subjects(raise_alerts(self.RULE, new, new, found.memory)) == []

    def test_it_may_come_slowly(self, tmp_path: Path) -> None:
        runs = [
            made(
                tmp_path / str(n),
                basis=basis(9, people=n),
                prevalence=[code("Pain/Late", 20, n), code("Pain/App", k, n)],
            )
            for n, k in ((40, 0), (44, 2), (50, 6))
        ]
        first = raise_alerts(self.RULE, runs[0], runs[1])
        assert subjects(first) == []
        assert subjects(raise_alerts(self.RULE, runs[1], runs[2], first.memory)) == ["Pain/App"]

    @pytest.mark.parametrize(("k", "people", "path"), [(3, 50, "Pain/App"), (4, 200, "Pain/App"), (9, 50, "Gain/App")])
    def test_too_few_or_as_chance_may_do_or_no_pain(self, tmp_path: Path, k: int, people: int, path: str) -> None:
        """Four of 200 may well be missing among the first 40."""
        valence = 0.5 if path.startswith("Gain") else -0.5
        old = made(tmp_path / "1", basis=basis(9, people=40), prevalence=[code("Pain/Late", 20, 40)])
        new = made(tmp_path / "2", basis=basis(9, people=people), prevalence=[code(path, k, people, valence)])
        assert subjects(raise_alerts(self.RULE, old, new)) == []


class TestVerdicts:
    RULE = (Alert(when="verdict_changed"),)

    def test_only_a_sure_verdict_is_told_and_only_once(self, tmp_path: Path) -> None:
        story = [("not known", 0.3), ("keep", 0.04), ("not known", 0.06), ("keep", 1e-6), ("not known", 0.06), ("keep", 1e-6),
                 ("remove", 1e-6)]  # fmt: skip
        runs = [
            made(tmp_path / str(n), effects=[effect("chat", 0.02, 0.01, word, p)]) for n, (word, p) in enumerate(story)
        ]
        memory, told = None, []
        for old, new in zip([None, *runs], runs, strict=False):
            found = raise_alerts(self.RULE, old, new, memory)
            memory = found.memory
            told.append(bool(subjects(found)))
        assert told == [False, False, False, True, False, False, True]


def test_a_run_writes_what_a_program_can_read(tmp_path: Path) -> None:
    rules = [Alert(when="kpi_below_goal")]
    one = write_run(tmp_path / "one", goals=[goal("order", 0.40, 0.02, 0.35)])
    two = write_run(tmp_path / "two", goals=[goal("order", 0.30, 0.02, 0.35)])
    three = write_run(tmp_path / "three", goals=[goal("order", 0.30, 0.02, 0.35)])
    for folder, last in ((one, None), (two, one), (three, two)):
        alert_run(folder, last, rules, "shop")
    found = [json.loads((folder / "alerts.json").read_text()) for folder in (one, two, three)]
    assert [len(content["table"]) for content in found] == [0, 1, 0]
    assert found[1]["format"] == "journeylab.alerts/1"
    assert found[1]["against"] == "one"
    assert found[1]["table"][0]["when"] == "kpi_below_goal"
    assert alert_run(one, None, [], "shop") is None


def test_alerts_that_cannot_be_evaluated_do_not_go_unnoticed(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one")
    (one / "alerts.json").write_text("{broken")
    found = alert_run(write_run(tmp_path / "two"), one, [Alert(when="verdict_changed")], "shop")
    assert found is not None
    assert "could not be evaluated" in found.summary()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('when = "kpi_under_goal"', ["alerts[1].when", "kpi_below_goal"]),
        ('when = "kpi_below_goal"\nof = "ordr"', ["alerts[1].of", "'ordr' is not one of the goals", "order"]),
        ('when = "drop_off_worse"\nof = "decison"', ["alerts[1].of", "stages", "decision"]),
        ('when = "verdict_changed"\nparticipants = 4', ["new_pain_code", "take it away"]),
        ('when = "new_pain_code"\nrepeat = true', ["repeat", "only once"]),
        ('when = "new_pain_code"\nparticipants = 0', ["participants", "at least 1"]),
        ('when = "new_pain_code"\npeople = 4', ["unknown key 'people'"]),
        ('when = ["kpi_worse"]', ["alerts[1].when", "found ['kpi_worse']", "allowed", "kpi_worse"]),
        ('of = "order"', ["alerts[1].when", "is missing"]),
    ],
)
def test_a_wrong_rule_says_what_is_allowed(tmp_path: Path, rule: str, expected: list[str]) -> None:
    file = tmp_path / "study.toml"
    file.write_text(f"{TOML}[[alerts]]\n{rule}\n")
    with pytest.raises(StudyError) as caught:
        read_config(file)
    for words in expected:
        assert words in str(caught.value)


def test_check_knows_the_surveys_of_a_rule(tmp_path: Path) -> None:
    from small import write_small

    from journeylab.check import check_study

    write_small(tmp_path / "study")
    with (tmp_path / "study/study.toml").open("a") as stream:
        stream.write('\n[[alerts]]\nwhen = "score_worse"\nof = "npss"\n')
    (problem,) = check_study(tmp_path / "study").problems
    assert "alerts[1].of: no survey is called 'npss'; there are 'nps'." in problem
