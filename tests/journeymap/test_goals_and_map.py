"""KPIs against goals, counted by hand on the small study, and the map's honesty about thin cells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from statsmodels.stats.proportion import proportion_confint

import journeylab as jl
from journeylab import findings, journeymap
from tests.small import write_small


def small(folder: Path, more: str = "") -> jl.Study:
    write_small(folder)
    file = folder / "study.toml"
    file.write_text(file.read_text() + more)
    return jl.open_study(folder)


GOALS = """
[goals.met]
kpi = "orders"
target = 0.1
outcome = "order"
[goals.missed]
kpi = "orders"
target = 0.6
outcome = "order"
[goals.few]
kpi = "orders, fewer is better"
target = 0.6
outcome = "order"
lower_is_better = true
[goals.chatters]
kpi = "orders among those who chat"
target = 0.3
outcome = "order"
among = "chat"
[goals.nps]
kpi = "net promoter score"
target = 80
score = "nps"
"""


def test_goals_are_measured_and_judged_by_their_interval(tmp_path: Path) -> None:
    table = journeymap.measure_goals(small(tmp_path / "s", GOALS)).table.set_index("goal")
    # Every third of 60 customers orders: 20; the interval holds 0.3.
    assert table.loc["order", "value"] == pytest.approx(20 / 60)
    low, high = proportion_confint(20, 60, method="wilson")
    assert (table.loc["order", "ci_low"], table.loc["order", "ci_high"]) == (pytest.approx(low), pytest.approx(high))
    assert table["status"].drop("chatters").to_dict() == {
        "order": "open", "met": "met", "missed": "missed", "few": "met", "nps": "missed"
    }  # fmt: skip
    # Of the 30 who chat (odd numbers) the multiples of three order afterwards: 10.
    assert (table.loc["chatters", "n"], table.loc["chatters", "value"]) == (30, pytest.approx(10 / 30))
    # Scores 0, 2, .. 58 modulo 11 of 30 people: promoters 9 and 10, detractors 0 to 6.
    scores = [number % 11 for number in range(0, 60, 2)]
    expected = 100 * (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)) / 30
    assert table.loc["nps", "value"] == pytest.approx(expected)


def test_an_outcome_before_the_touchpoint_does_not_count(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    lines = ["visitor,at,page", "a,2026-03-01T10:00:00Z,order", "a,2026-03-01T11:00:00Z,chat"]
    lines += ["b,2026-03-01T10:00:00Z,chat", "b,2026-03-01T11:00:00Z,order", "b,2026-03-01T12:00:00Z,review"]
    (folder / "raw/events.csv").write_text("\n".join(lines) + "\n")
    file = folder / "study.toml"
    text = file.read_text().replace('outcome = "order"\n\n[int', 'outcome = "order"\namong = "chat"\n\n[int')
    file.write_text(text.split("[interviews]")[0])
    (folder / "raw/crosswalk.csv").unlink()
    row = journeymap.measure_goals(jl.open_study(folder)).table.iloc[0]
    assert (row["n"], row["value"]) == (2, 0.5)


def test_the_map_counts_people_and_says_where_it_knows_nothing(tmp_path: Path) -> None:
    journey = journeymap.draw(small(tmp_path / "s"))
    assert json.loads(journey.to_json())["stages"] == ["consideration", "purchase", "evaluation"]
    voices = [lane for lane in journey.lanes if any("8 of 8" in line for cell in lane.cells for line in cell.lines)]
    assert voices, "all eight people named the pain"
    # Nobody was asked about purchase: such a cell says why it is empty.
    assert all(cell.lines or cell.reason for lane in journey.lanes for cell in lane.cells)
    assert any(cell.reason for lane in voices for cell in lane.cells)


def test_a_quote_without_consent_never_reaches_a_public_map(tmp_path: Path) -> None:
    study = small(tmp_path / "s")
    html = journeymap.draw(study, share="public").to_html()
    # Even numbers gave no consent to be quoted.
    assert not any(f"the page was slow {number}" in html for number in (0, 2, 4, 6))


def test_a_goal_is_behind_until_its_day_and_missed_after_it(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    file = folder / "study.toml"
    plain = file.read_text()
    for by, status in (("2020-01-01", "missed"), ("2999-01-01", "behind")):
        goal = f'\n[goals.far]\nkpi = "share who order"\ntarget = 0.9\nby = {by}\noutcome = "order"\n'
        file.write_text(plain + goal)
        study = jl.open_study(folder)
        assert journeymap.measure_goals(study).table.set_index("goal").loc["far", "status"] == status
        said = [each.statement for each in findings.find(study, findings.gather(study)) if "'far'" in each.statement]
        assert any(("not due" in words) == (status == "behind") for words in said)
