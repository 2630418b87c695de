"""Who came since the last run and cannot be judged yet is counted and said, and no rule gives an all-clear for them."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import code, days, made, score, share, write_run

import journeylab as jl
from journeylab import findings
from journeylab.comparing import alert_run, compare, raise_alerts, read_results
from journeylab.comparing.compare import overlaps_of
from journeylab.comparing.judged import judge
from journeylab.config import Alert
from journeylab.findings.horizons import choose_horizon, stored_horizons
from journeylab.report import index

START = datetime.datetime(2026, 3, 2)
STAGES = ("look", "pay", "thanks")
RULES = [Alert(when="drop_off_worse", of="pay"), Alert(when="outcome_worse", of="order")]


def write_study(folder: Path, weeks: int, *, worse_from: int = 99, within: str = "", each: int = 300) -> pd.DataFrame:
    """A study of some weeks: who pays is done within minutes, but one in twelve takes six days; returns who came when."""
    rng = np.random.default_rng(5)
    n = 6 * each
    at = np.sort(rng.uniform(0, 42, n))
    slow = np.where(rng.random(n) < 1 / 12, 6.0, 0.01)
    pays = rng.random(n) < 0.6
    done = pays & (rng.random(n) < np.where(at >= 7 * worse_from, 0.35, 0.70))
    rows = [(i, t, "look") for i, t in enumerate(at)]
    rows += [(i, at[i] + slow[i] / 2, "pay") for i in np.flatnonzero(pays)]
    rows += [(i, at[i] + slow[i], "thanks") for i in np.flatnonzero(done)]
    table = pd.DataFrame(rows, columns=["customer_id", "day", "touchpoint"]).sort_values("day")
    table = table[table["day"] < 7 * weeks]
    table["event_time"] = [f"{START + datetime.timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}" for day in table["day"]]
    folder.mkdir(parents=True, exist_ok=True)
    table.drop(columns="day").to_csv(folder / "events.csv", index=False)
    parts = ['[study]\nname = "s"\ntitle = "S"\n[events]\npath = "events.csv"\n']
    parts += [f'[[stages]]\nname = "{name}"\n[[touchpoints]]\nmatch = "{name}"\nstage = "{name}"\n' for name in STAGES]
    parts += ['[[outcomes]]\nname = "order"\ntouchpoint = "thanks"\n']
    (folder / "study.toml").write_text("".join(parts))
    return table


def run(folder: Path, name: str, weeks: int, last: Path | None = None, *, within: str = "", worse_from: int = 99):
    """What page 09 saves of these weeks, and what another run reads of it."""
    write_study(folder, weeks, worse_from=worse_from)
    study, to = jl.open_study(folder), folder / name
    before = stored_horizons(last / "settled.json") if last else {}
    to.mkdir()
    (to / "settled.json").write_text(findings.settled(study, within=within or None, before=before).to_json())
    (to / "basis.json").write_text(json.dumps(findings.basis(study)))
    return read_results(to, name=name)


def test_with_a_long_time_nobody_new_is_judged_and_that_is_said(tmp_path: Path) -> None:
    """Counted from the events themselves: of the last week's customers none has been seen for 14 days."""
    old, new = (run(tmp_path, str(weeks), weeks, within="14d", worse_from=5) for weeks in (5, 6))
    events = write_study(tmp_path, 6, worse_from=5)
    came = int((events.groupby("customer_id")["day"].min() >= 35).sum())
    found = compare(old, new)
    assert not found.rows("clear")
    assert set(found.judged["came"]) == {came}
    assert set(found.judged["judged"]) == {0}
    text = " ".join(found.lines())
    assert f"Not judged yet: 0 of the {came} customers who came since can be judged on 'order', 'look to pay'" in text
    assert "(within 14d: the first from 2026-04-20, all from 2026-04-26)" in text  # came from 6 to 12 April
    assert "3 of them say nothing yet of the customers who came since" in text
    assert "3 of them say nothing yet" in found.summary()
    alerts = raise_alerts(RULES, old, new)
    assert alerts.state == "not judged"
    assert alerts.waiting
    assert "No alerts" not in alerts.summary()
    assert f"0 of the {came} customers" in alerts.summary()
    assert json.loads(alerts.to_json())["rules"][0]["judged"] is False


def test_without_a_setting_the_time_comes_from_the_data_and_the_fall_is_named_in_its_week(tmp_path: Path) -> None:
    old = run(tmp_path, "5", 5, worse_from=5)
    new = run(tmp_path, "6", 6, tmp_path / "5", worse_from=5)
    events = write_study(tmp_path, 6, worse_from=5)
    first = events.groupby("customer_id")["day"].min()
    found = compare(old, new)
    rows = found.judged.set_index("name")
    assert set(rows["within"]) == {"1d"}
    assert rows.loc["pay to thanks", "judged"] == int(((first >= 35) & (first + 1 <= events["day"].max())).sum())
    assert {row.name for row in found.rows("clear")} >= {"pay to thanks", "order"}
    told = raise_alerts(RULES, old, new)
    assert set(told.table["subject"]) == {"pay to thanks", "order"}
    assert any("customers who came since can be judged" in line for line in told.unseen)


def test_the_time_stays_what_the_first_run_took(tmp_path: Path) -> None:
    run(tmp_path, "5", 5)
    file = tmp_path / "5/settled.json"
    content = json.loads(file.read_text())
    for row in content["table"]:
        row["within"] = "3d"
    file.write_text(json.dumps(content))
    later = run(tmp_path, "6", 6, tmp_path / "5")
    assert {figure.within for figure in later.figures.values()} == {"3d"}
    file.write_text("{broken")
    assert stored_horizons(file) == {}


def test_the_time_is_that_of_nine_in_ten_and_not_of_the_quick_alone() -> None:
    rng = np.random.default_rng(1)
    needed = pd.Series(pd.to_timedelta(rng.exponential(2.0, 4000), unit="D"))
    assert choose_horizon(needed, "14d").within == "5d"  # nine in ten of an exponential with mean 2: 4.6 days
    assert choose_horizon(needed, "4d").within == "4d"
    assert choose_horizon(needed[:40], "14d") == ("14d", "window")
    assert choose_horizon(pd.Series([], dtype="timedelta64[us]"), "14d") == ("14d", "window")


def test_counts_of_another_time_are_not_compared_and_their_memory_is_dropped(tmp_path: Path) -> None:
    row = share("funnel", "pay to thanks", 400, 1000) | {"followed": 1500}
    other = share("funnel", "pay to thanks", 300, 1400) | {"followed": 2100, "within": "9d"}
    old = made(tmp_path / "1", basis={"customers": days(800, 700)}, settled=[row])
    new = made(tmp_path / "2", basis={"customers": days(800, 700, 600)}, settled=[other])
    found = compare(old, new)
    assert found.table["p_value"].isna().all()
    assert "each customer had 3d in the run before and has 9d now" in found.table["reason"][0]
    kept = {"references": {"funnel|pay to thanks": [300.0, 700.0]}}
    alerts = raise_alerts(RULES[:1], old, new, kept)
    assert alerts.memory["references"] == {}
    assert alerts.state == "not judged"


def test_who_came_is_known_only_where_the_days_say_so(tmp_path: Path) -> None:
    row = share("funnel", "pay to thanks", 400, 1000) | {"followed": 1500}
    old = made(tmp_path / "1", basis={"customers": days(800, 700)}, settled=[row])
    apart = {"customers": {"mark": "x", "days": {"2026-05-01": 1600.0}}}
    other = made(tmp_path / "2", basis=apart, settled=[row])
    assert judge(old, other, overlaps_of(old, other)["customers"])[["came", "judged"]].to_numpy().tolist() == [
        [1600, 1500]
    ]
    unknown = made(tmp_path / "3", settled=[row])
    assert judge(old, unknown, overlaps_of(old, unknown)["customers"]).empty
    assert judge(old, old, overlaps_of(old, old)["customers"]).empty


@pytest.mark.parametrize(("public", "words"), [(False, "no earlier good run"), (True, "first public run")])
def test_a_first_run_is_no_all_clear(tmp_path: Path, public: bool, words: str) -> None:
    new = made(tmp_path / "1", scores=[score("ces", 5.0, 0.1, 400)])
    found = raise_alerts([Alert(when="score_worse")], None, new, public=public)
    assert found.state == "not judged"
    assert words in found.summary()
    assert "No alerts" not in found.summary()


def test_a_rule_that_could_look_says_at_how_much(tmp_path: Path) -> None:
    basis = {"responses": days(200, 200)}
    old = made(tmp_path / "1", basis=basis, scores=[score("ces", 5.0, 0.1, 400)])
    new = made(tmp_path / "2", basis={"responses": days(200, 200, 100)}, scores=[score("ces", 5.0, 0.1, 500)])
    found = raise_alerts([Alert(when="score_worse")], old, new)
    assert (found.state, found.summary()) == ("none", "No alerts; 1 figure was looked at.")


def test_a_pain_rule_has_looked_where_every_pain_was_named_before(tmp_path: Path) -> None:
    """With no pain that is new there is nothing to tell, and that is known."""
    old = made(tmp_path / "1", basis={"interviews": days(20)}, prevalence=[code("Pain/Late", 9, 20)])
    new = made(tmp_path / "2", basis={"interviews": days(20, 9)}, prevalence=[code("Pain/Late", 14, 29)])
    found = raise_alerts([Alert(when="new_pain_code")], old, new)
    assert found.summary() == "No alerts; 1 figure was looked at."


@pytest.mark.parametrize(("public", "words"), [(False, "no earlier good run"), (True, "first public run")])
def test_the_first_page_of_a_first_run_gives_no_all_clear(tmp_path: Path, public: bool, words: str) -> None:
    folder = write_run(tmp_path / "1", scores=[score("ces", 5.0, 0.1, 400)])
    alert_run(folder, None, [Alert(when="score_worse")], "shop", public=public)
    block = index._alerts(folder)
    assert "Not judged yet" in block
    assert words in block
    assert "None" not in block
    assert ("public run" in findings.nothing_before("public"), "public" in findings.nothing_before("internal")) == (
        True,
        False,
    )


def test_the_first_page_says_how_many_of_the_new_customers_an_alert_could_judge(tmp_path: Path) -> None:
    row = share("funnel", "pay to thanks", 400, 1000) | {"followed": 1500}
    later = share("funnel", "pay to thanks", 500, 1250) | {"followed": 1900}
    old = write_run(tmp_path / "1", basis={"customers": days(800, 700)}, settled=[row])
    new = write_run(tmp_path / "2", basis={"customers": days(800, 700, 600)}, settled=[later])
    alert_run(new, old, RULES[:1], "shop")
    block = index._alerts(new)
    assert "None since the last good run; 1 figure was looked at" in block
    assert "400 of the 600 customers who came since can be judged" in block
