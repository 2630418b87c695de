"""Page 01 does not advise what study.toml does already."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from journeylab import journeys
from journeylab.opening import open_study

HEAD = "customer_id,event_time,touchpoint\n"


def _events() -> pd.DataFrame:
    times = pd.date_range("2026-01-05T10:00:00Z", periods=120, freq="10s").as_unit("us")
    bot = pd.DataFrame({"customer_id": "bot", "event_time": times, "touchpoint": "home"})
    people = pd.DataFrame({"customer_id": [f"c{n}" for n in range(30)], "event_time": times[:30], "touchpoint": "home"})
    return pd.concat([people, people.head(2), bot], ignore_index=True)


def _check(table: pd.DataFrame, name: str) -> pd.Series:
    return table.set_index("check").loc[name]


def test_robots_that_are_left_out_are_counted_and_no_longer_advised_on() -> None:
    told = journeys.quality(_events())
    assert _check(told.table, "robots")["severity"] == "problem"
    assert "Set leave_out_robots = true" in _check(told.table, "robots")["what_to_do"]
    assert "robots (1)" in told.summary()
    settled = journeys.quality(_events(), robots_left_out=True)
    row = _check(settled.table, "robots")
    assert (row["severity"], row["n"], row["example"]) == ("ok", 1, "bot")
    assert "Left out of every other notebook" in row["what_to_do"]
    assert "robots" not in settled.summary()
    assert settled.bots == ("bot",)


def test_a_robot_is_not_called_an_id_of_many_as_well() -> None:
    assert _check(journeys.quality(_events()).table, "ids that many people may share")["n"] == 0
    slow = _events()
    slow.loc[slow["customer_id"] == "bot", "event_time"] += pd.to_timedelta(range(120), unit="h")
    assert _check(journeys.quality(slow).table, "ids that many people may share")["example"] == "bot"


def test_repeats_are_kept_or_left_out_and_never_both(tmp_path: Path) -> None:
    rows = "c1,2026-01-05T10:00:00Z,home\n" * 3 + "c2,2026-01-05T10:00:00Z,home\n"
    (tmp_path / "e.csv").write_text(HEAD + rows)
    said = {}
    for drop in ("false", "true"):
        (tmp_path / "study.toml").write_text(
            f'[study]\nname = "s"\ntitle = "S"\ndrop_repeats = {drop}\n[events]\npath = "e.csv"\n'
        )
        study = open_study(tmp_path)
        notes = " ".join(study.reports["events"].notes)
        said[drop] = (notes, len(study.recorded), int(study.left_out["n"].sum()))
    assert "are kept; drop_duplicates = true drops them" in said["false"][0]
    assert said["false"][1:] == (4, 0)
    assert "kept" not in said["true"][0]
    assert "2 rows repeat an earlier row" in said["true"][0]
    assert "drop_repeats leaves out all but the first" in said["true"][0]
    assert said["true"][1:] == (2, 2)


def test_repeats_across_sources_are_not_answered_with_the_option_that_is_set() -> None:
    before = _check(journeys.quality(_events()).table, "exact repetitions")["what_to_do"]
    assert "Set drop_repeats = true" in before
    after = _check(journeys.quality(_events(), repeats_left_out=True).table, "exact repetitions")["what_to_do"]
    assert "Set drop_repeats" not in after
    assert "several sources" in after
