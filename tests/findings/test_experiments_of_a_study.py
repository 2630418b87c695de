"""Randomised tests of a study: parameters of study.toml, and groups from what came before the assignment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import journeylab as jl
from journeylab import findings
from journeylab.errors import JourneylabError
from journeylab.findings.model import Evidence
from tests.small import write_small

MORE = """
[customers]
path = "raw/customers.csv"

[assignments]
path = "raw/assignments.csv"

[parameters."08_experiments"]
window = "1d"
planned_shares = { control = 0.25, new = 0.75 }
guard_rails = { review = 0.3, chat = 0 }
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> jl.Study:
    """The small study with a test: three of four customers in the new arm, assigned as they come."""
    folder = write_small(tmp_path_factory.mktemp("tested"))
    assigned, customers = ["customer_id,experiment,arm,assigned_at"], ["customer_id,region"]
    for number in range(60):
        arm = "new" if number % 4 else "control"
        assigned.append(f"c{number},button,{arm},2026-03-{number % 28 + 1:02d}T10:00:00Z")
        customers.append(f"c{number},{'north' if number % 2 else 'south'}")
    (folder / "raw/assignments.csv").write_text("\n".join(assigned) + "\n", encoding="utf-8")
    (folder / "raw/customers.csv").write_text("\n".join(customers) + "\n", encoding="utf-8")
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + MORE, encoding="utf-8")
    return jl.open_study(folder)


def test_a_test_is_measured_as_study_toml_says(study: jl.Study) -> None:
    result = findings.measure_experiments(study)
    assert result is not None
    assert result.window == "1d"
    assert result.table.iloc[0]["srm_p"] > 0.5  # one to three, as planned
    margins = result.guards.set_index("outcome")["margin"]
    assert margins["review"] == 0.3
    assert np.isnan(margins["chat"])


def test_groups_are_an_attribute_or_what_came_before(study: jl.Study) -> None:
    by_region = findings.effects_by(study, "region", window="1d", planned_shares={"control": 1, "new": 3})
    assert by_region is not None
    assert by_region.grouped_by == "region"
    assert "not compared by region: fewer than two groups" in by_region.summary()
    nobody_came_before = findings.effects_by(study, window="1d", planned_shares={"control": 1, "new": 3})
    assert nobody_came_before is not None
    assert set(nobody_came_before.table["group"]) == {"no earlier events"}
    with pytest.raises(JourneylabError, match="Did you mean 'region'"):
        findings.effects_by(study, "regoin", window="1d")


def test_a_finding_says_what_turned_a_verdict(study: jl.Study) -> None:
    row = {"experiment": "banner", "arm": "on", "estimate": 0.03, "ci_low": 0.01, "ci_high": 0.05, "p_value": 0.001,
           "n_arm": 500, "n_control": 500, "grade": "A", "verdict": "fix", "reason": "better, but returns rise"}  # fmt: skip
    stages = findings.gather(study).stages
    found = findings.find(study, Evidence(stages, experiments=pd.DataFrame([row])))
    (finding,) = [finding for finding in found if "banner" in finding.statement]
    assert "returns rise" in finding.evidence
    spend = {**row, "estimate": 3.0, "ci_low": 1.0, "ci_high": 5.0, "measure": "value"}
    found = findings.find(study, Evidence(stages, experiments=pd.DataFrame([spend])))
    assert any("by 3." in finding.statement for finding in found)


def test_behaviours_come_from_events_before_the_assignment_only() -> None:
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2026-01-01", tz="UTC")
    rows = []
    for number in range(300):
        # one half asks and asks again, the other reads on and on
        stay, other = ("chat", "page") if number % 2 else ("page", "chat")
        for at, same in enumerate(rng.random(8) < 0.9):
            rows.append((f"c{number}", start + pd.Timedelta(minutes=at), stay if same else other))
        rows += [(f"c{number}", start + pd.Timedelta(days=9, minutes=at), "order") for at in range(number % 5)]
    rows += [("late", start + pd.Timedelta(days=9), "order")]
    events = pd.DataFrame(rows, columns=["customer_id", "event_time", "touchpoint"])
    ids = [f"c{number}" for number in range(300)] + ["late"]
    assigned = pd.DataFrame(
        {"customer_id": ids, "experiment": "e", "arm": "a", "assigned_at": start + pd.Timedelta("2D")}
    )
    groups = findings.behaviours_before(assigned, events)
    assert groups["customer_id"].nunique() == len(groups) == 300  # "late" has no earlier events
    odd = groups["customer_id"].str[1:].astype(int) % 2
    assert (pd.crosstab(odd, groups["group"]).max(axis=1) >= 140).all()
    later = events.copy()
    later.loc[later["touchpoint"] == "order", "touchpoint"] = "something else"
    pd.testing.assert_frame_equal(findings.behaviours_before(assigned, later), groups)


def test_before_any_event_there_are_no_behaviours() -> None:
    start = pd.Timestamp("2026-01-01", tz="UTC")
    events = pd.DataFrame({"customer_id": ["c"], "event_time": [start], "touchpoint": ["page"]})
    assigned = pd.DataFrame({"customer_id": ["c"], "experiment": ["e"], "arm": ["a"], "assigned_at": [start]})
    assert findings.behaviours_before(assigned, events).empty
