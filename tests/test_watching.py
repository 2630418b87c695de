"""Check says what the alerts of a study cannot see, before somebody relies on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small import write_small

import journeylab as jl
from journeylab import findings, journeymap
from journeylab.check import check_study
from journeylab.cli import main

STUDY = """
[study]
name = "s"
title = "S"
[events]
path = "events.csv"
[[stages]]
name = "look"
[[stages]]
name = "pay"
{stages}
[[stages]]
name = "learn"
[[touchpoints]]
match = "home"
stage = "look"
[[touchpoints]]
match = "card"
stage = "pay"
[[touchpoints]]
match = "thanks"
stage = "{outcome}"
[[touchpoints]]
match = "lesson"
stage = "learn"
[[outcomes]]
name = "order"
touchpoint = "thanks"
[[alerts]]
when = "drop_off_worse"
of = "{of}"
"""


def write(
    folder: Path, *, of: str = "pay", outcome: str = "pay", days: int = 20, within: str = "", each: int = 10
) -> Path:
    """Customers of some days; of ten nine come to pay, six thank, three learn; one minute from step to step."""
    folder.mkdir(exist_ok=True)
    lines = ["customer_id,event_time,touchpoint"]
    for day in range(days):
        for one in range(each):
            steps = ["home", "card", "thanks", "lesson"][: 1 + (one % 10 < 9) + (one % 10 < 6) + (one % 10 < 3)]
            lines += [
                f"c{day}-{one},2026-03-{day + 1:02d}T10:{place:02d}:{one:02d}Z,{name}"
                for place, name in enumerate(steps)
            ]
    (folder / "events.csv").write_text("\n".join(lines) + "\n")
    stages = f'[[stages]]\nname = "{outcome}"' if outcome != "pay" else ""
    toml = STUDY.format(stages=stages, outcome=outcome, of=of)
    toml += '[parameters."07_touchpoint_impact"]\nwindow = "5d"\n'
    if within:
        toml += f'[parameters."09_findings"]\nwithin = "{within}"\n'
    (folder / "study.toml").write_text(toml)
    return folder


def test_an_outcome_that_shares_its_stage_is_told_with_the_number_that_leaves_there(tmp_path: Path) -> None:
    (note,) = [note for note in check_study(write(tmp_path / "s")).notes if note.startswith("alerts[1]")]
    assert "stage 'pay' holds the outcome 'thanks' together with other steps, such as 'card'" in note
    assert "goes on from 'pay' to 'learn'; 60 of 180 customers came to it and not to the outcome" in note
    assert "a stage of its own" in note
    assert 'when = "outcome_worse", of = "order"' in note


@pytest.mark.parametrize(("of", "outcome"), [("look", "pay"), ("pay", "done")])
def test_a_stage_of_its_own_and_an_earlier_stage_are_no_matter(tmp_path: Path, of: str, outcome: str) -> None:
    notes = check_study(write(tmp_path / "s", of=of, outcome=outcome)).notes
    assert not [note for note in notes if "alerts" in note]


def test_a_rule_on_the_last_stage_watches_nothing(tmp_path: Path) -> None:
    (note,) = [note for note in check_study(write(tmp_path / "s", of="learn")).notes if "alerts" in note]
    assert "watches nothing" in note


@pytest.mark.parametrize(
    ("within", "words"),
    [
        (
            "14d",
            "0 of the 200 customers who came since can be judged on 'pay to learn' yet (within 14d: the first from 2026-03-30",
        ),
        ("", "160 of the 200 customers who came since can be judged on 'pay to learn' so far (within 1d"),
    ],
)
def test_check_says_how_many_of_the_new_customers_can_be_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], within: str, words: str
) -> None:
    """15 days, then 20: of the last five days' customers those of four have been seen for a day."""
    study = jl.open_study(write(tmp_path / "s", days=15, each=40))
    assert main(["check", str(tmp_path / "s"), "--reports", str(tmp_path / "reports")]) == 0
    assert "there is no earlier good run" in capsys.readouterr().out
    run = tmp_path / "reports/s/2026-03-16T06-00-00Z"
    (run / "results").mkdir(parents=True)
    record = {"study": "s", "created": "2026-03-16T06:00:00+00:00", "notebooks": [{"name": "01", "status": "done"}]}
    (run / "run.json").write_text(json.dumps(record | {"parameters": {}, "inputs": []}))
    (run / "results/settled.json").write_text(findings.settled(study, within=within or None).to_json())
    (run / "results/basis.json").write_text(json.dumps(findings.basis(study)))
    write(tmp_path / "s", days=20, within=within, each=40)
    assert main(["check", str(tmp_path / "s"), "--reports", str(tmp_path / "reports")]) == 0
    assert f"note: alerts, since {run.name}: " in (said := capsys.readouterr().out)
    assert words in said


@pytest.mark.parametrize(
    ("outcome", "pay", "learn"),
    [
        ("pay", "holds the outcome: leaving between its steps is not counted here", "comes after the outcome"),
        ("done", "33", "comes after the outcome"),
    ],
)
def test_the_map_does_not_say_that_nobody_can_leave_where_the_outcome_is(
    tmp_path: Path, outcome: str, pay: str, learn: str
) -> None:
    drawn = journeymap.draw(jl.open_study(write(tmp_path / "s", outcome=outcome)))
    (lane,) = [lane for lane in drawn.lanes if lane.kind == "trouble"]
    words = [" ".join([*cell.lines, cell.reason]) for cell in lane.cells]
    assert "nobody can leave" not in " ".join(words)
    assert pay in words[1]
    assert learn in words[-1]
    if outcome == "done":
        assert "is the outcome: who comes here has reached it" in words[2]


def test_a_rule_on_an_outcome_names_one(tmp_path: Path) -> None:
    write_small(tmp_path / "s")
    with (tmp_path / "s/study.toml").open("a") as stream:
        stream.write('\n[[alerts]]\nwhen = "outcome_worse"\nof = "ordr"\n')
    (problem,) = check_study(tmp_path / "s").problems
    assert "alerts[1].of: 'ordr' is not one of the outcomes: 'order'" in problem
