"""What a study holds of stated importance stands beside its effects; a study without it says so."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import journeylab as jl
from journeylab import findings
from tests.small import write_small

EFFECTS = pd.DataFrame(
    {
        "touchpoint": ["chat"],
        "estimate": [0.05],
        "ci_low": [0.02],
        "ci_high": [0.08],
        "grade": ["C"],
        "verdict": ["keep"],
    }
)


def test_codes_tied_to_a_touchpoint_speak_for_it(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "tied")
    with (folder / "study.toml").open("a", encoding="utf-8") as stream:
        stream.write('[[codes]]\npath = "helpful chat"\ntouchpoint = "chat"\n')
    found = findings.stated_beside(jl.open_study(folder), EFFECTS)
    assert found is not None
    row = found.table.set_index("touchpoint").loc["chat"]
    assert (row["source"], row["tone"], row["stated"], row["n_stated"]) == ("interviews", "gain", 0.5, 8)
    assert row["reading"] == "says it matters and acts so"


def test_without_tied_codes_and_without_drivers_there_is_nothing(tmp_path: Path) -> None:
    assert findings.stated_beside(jl.open_study(write_small(tmp_path / "bare")), EFFECTS) is None
