"""A map of one behaviour counts its members only, and a later map is held against an earlier one cell by cell."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import journeylab as jl
from journeylab import journeymap
from journeylab.intervals import Interval, newcombe, wilson
from journeylab.journeymap import Cell, JourneyMap, Lane
from journeylab.journeymap.among import among
from journeylab.journeymap.changes import difference
from journeylab.journeymap.model import assemble
from journeylab.journeymap.of_run import behaviours_of_run
from journeylab.results import FOLDER, LAST
from tests.small import write_small


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> jl.Study:
    return jl.open_study(write_small(tmp_path_factory.mktemp("by") / "s"))


def split(study: jl.Study) -> tuple[SimpleNamespace, SimpleNamespace]:
    """Two behaviours: who chats (odd numbers, 30) and who does not; only p1 and p3 stand for the chatters, nobody for others."""
    ids = sorted(study.events["customer_id"].unique())
    labels = pd.Series(["B2" if int(name[1:]) % 2 else "B1" for name in ids], index=ids)
    table = pd.DataFrame({"behaviour": ["B1", "B2"], "n": [30, 30]})
    typing = SimpleNamespace(of=pd.Series({"p1": "B2", "p3": "B2"}))
    return SimpleNamespace(labels=labels, table=table), typing


def cells(journey: JourneyMap, kind: str) -> dict[str, Cell]:
    lane = journey.lane(kind)
    assert lane is not None, kind
    return dict(zip(journey.stages, lane.cells, strict=True))


def test_a_part_of_a_study_has_the_members_only_and_leaves_the_study_alone(small: jl.Study) -> None:
    before = len(small.events)
    part = among(small, {"c0", "c1"}, {"p1"})
    assert set(part.events["customer_id"]) == {"c0", "c1"}
    assert set(part.responses["respondent_id"]) == {"c0"}, "only even numbers answered"
    assert part.documents["document_id"].tolist() == ["i1"]
    assert set(part.codings["document_id"]) == {"i1"}
    assert set(part.segments["document_id"]) == {"i1"}
    assert part.crosswalk["participant_id"].tolist() == ["p1"]
    assert part.links["customer_id"].tolist() == ["c1"]
    assert set(part.journeys().ids) == {"c0", "c1"}
    assert part.touchpoints.equals(small.touchpoints)
    none = among(small, set())
    assert not none.has("events")
    assert not none.has("documents")
    assert none.events is not None
    assert len(small.events) == before
    assert small.journeys().n_journeys == 60
    assert small.crosswalk["participant_id"].nunique() == 8


def test_who_was_not_asked_stays_unasked_in_a_part(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    (folder / "raw/asked.csv").write_text("document_id,stage\ni0,consideration\ni1,purchase\n")
    file = folder / "study.toml"
    file.write_text(file.read_text() + '\n[interviews.asked]\npath = "raw/asked.csv"\n')
    study = jl.open_study(folder)
    part = among(study, {"c2"}, {"p2"})
    assert part.asked is not None
    assert part.asked.empty
    journey = journeymap.draw(part)
    assert cells(journey, "pains")["purchase"].reason == "not asked"


def test_each_behaviour_has_a_map_of_its_members(small: jl.Study) -> None:
    found, typing = split(small)
    maps = journeymap.draw_by_behaviour(small, found, names={"B1": "B1: straight on"}, typing=typing)
    assert {label: one.behaviour for label, one in maps.items()} == {"B1": "B1: straight on", "B2": "B2"}
    # Of the even numbers every third orders: 0, 6, .. 54; of the odd ones 3, 9, .. 57.
    for one in maps.values():
        assert cells(one, "customers")["consideration"].n == 30
        cell = cells(one, "kpi")["purchase"]
        assert (cell.n, cell.value) == (30, pytest.approx(10 / 30))
    assert "chat" not in str(cells(maps["B1"], "touchpoints")["consideration"].lines)
    chat = cells(maps["B2"], "touchpoints")["consideration"].lines
    assert any("chat 30" in line for line in chat)
    assert cells(maps["B1"], "pains")["consideration"].reason == "nobody of this behaviour was interviewed"
    assert cells(maps["B2"], "pains")["consideration"].lines == ("slow: 2 of 2",)
    assert cells(maps["B1"], "moments")["purchase"].reason.startswith("effects are measured on all customers")
    # Every sixth customer reviews, and all of these have even numbers.
    assert cells(maps["B2"], "customers")["evaluation"].reason == "nobody of this behaviour comes here"
    apart: dict[tuple[str, str], int] = {}
    for move in (move for one in maps.values() for move in one.moves):
        apart[move.from_stage, move.to_stage] = apart.get((move.from_stage, move.to_stage), 0) + move.n
    assert apart == {(move.from_stage, move.to_stage): move.n for move in journeymap.draw(small).moves}
    assert json.loads(maps["B1"].to_json())["behaviour"] == "B1: straight on"


def test_a_public_map_of_a_behaviour_hides_its_few_people(small: jl.Study) -> None:
    found, typing = split(small)
    maps = journeymap.draw_by_behaviour(small, found, typing=typing, share="public")
    assert cells(maps["B2"], "pains")["consideration"].reason == "too few to show"
    assert cells(maps["B2"], "fit")["consideration"].reason == "too few to show"
    assert "2 of 2" not in maps["B2"].to_json()


def test_a_study_without_interviews_does_not_blame_the_behaviour(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    file = folder / "study.toml"
    file.write_text(file.read_text().split("[interviews]")[0])
    study = jl.open_study(folder)
    found, _ = split(study)
    maps = journeymap.draw_by_behaviour(study, found, typing=SimpleNamespace(of=pd.Series(dtype=object)))
    assert cells(maps["B1"], "pains")["purchase"].reason == "no interviews"


def test_one_behaviour_needs_no_map_of_its_own(small: jl.Study) -> None:
    ids = small.events["customer_id"].unique()
    one = SimpleNamespace(
        labels=pd.Series("B1", index=ids), table=pd.DataFrame({"behaviour": ["B1", "B2"], "n": [60, 0]})
    )
    assert journeymap.draw_by_behaviour(small, one) == {}


def of_share(k: int, n: int) -> Cell:
    value, low, high = wilson(k, n)
    return Cell((f"{100 * value:.0f} %",), n=n, unit="customers", value=value, low=low, high=high)


def a_map(*shares: tuple[int, int], until: str = "", **more: Cell) -> JourneyMap:
    stages = tuple(f"s{number}" for number in range(len(shares)))
    lanes = [Lane("trouble", "Trouble", tuple(of_share(*share) for share in shares))]
    lanes += [Lane(kind, kind, (cell,) * len(shares)) for kind, cell in more.items()]
    return assemble("t", stages, tuple(lanes), data_until=until)


def test_a_difference_of_wilson_intervals_is_newcombes() -> None:
    assert tuple(difference(wilson(30, 200), wilson(60, 210))) == pytest.approx(tuple(newcombe(30, 200, 60, 210)))
    # Of two normal estimates it is the usual one: half widths add in squares.
    assert difference(Interval(5, 3, 7), Interval(4, 2.5, 5.5))[1:] == pytest.approx((1 - 2.5, 1 + 2.5))


def test_cells_rise_and_fall_where_the_interval_of_the_difference_excludes_nought() -> None:
    then = a_map((300, 1000), (300, 1000), (300, 1000), until="2026-01-31")
    now = a_map((400, 1000), (200, 1000), (310, 1000), until="2026-02-28")
    found = journeymap.changed(now, then)
    assert found.table["change"].tolist() == ["rose", "fell", "no clear change"]
    assert found.table["ci_low"].iloc[0] == pytest.approx(newcombe(400, 1000, 300, 1000).low)
    assert "'Trouble' at 's0' rose from 30.0 % to 40.0 % (+5.8 to +14.1 points)" in found.summary()
    assert "until 2026-01-31 and until 2026-02-28" in found.summary()
    assert len(found.shown) == 2


def test_many_cells_need_more_than_a_bare_interval() -> None:
    # One of forty differences is barely clear by its own interval (p just under 5 %), none of the others is.
    then, now = [(300, 1000)] * 40, [(341, 1000), *[(300, 1000)] * 39]
    alone = journeymap.changed(a_map(now[0]), a_map(then[0]))
    assert alone.table["p_value"].iloc[0] < 0.05
    assert alone.table["change"].tolist() == ["rose"]
    assert set(journeymap.changed(a_map(*now), a_map(*then)).table["change"]) == {"no clear change"}


def test_the_p_value_is_five_in_a_hundred_where_the_interval_ends_at_nought() -> None:
    found = journeymap.changed(a_map((300, 1000)), a_map((300, 1000)))
    assert found.table["p_value"].tolist() == [1.0]
    edge = dataclasses.replace(of_share(300, 1000), value=0.5, low=0.4, high=0.6)
    other = dataclasses.replace(edge, value=0.5 - math.hypot(0.1, 0.1), low=0.4 - math.hypot(0.1, 0.1))
    other = dataclasses.replace(other, high=other.value + 0.1)
    one = assemble("t", ("s",), (Lane("trouble", "T", (edge,)),))
    two = assemble("t", ("s",), (Lane("trouble", "T", (other,)),))
    assert journeymap.changed(one, two).table["p_value"].iloc[0] == pytest.approx(0.05)


def test_cells_that_came_or_went_and_new_lanes_are_told_apart() -> None:
    empty = Cell((), "not asked")
    words = Cell(("a",), n=9, unit="people")
    then = a_map((300, 1000), pains=empty, gains=words, quotes=words)
    now = a_map((300, 1000), pains=words, gains=empty, quotes=Cell(("b",), n=9), owner=words)
    found = journeymap.changed(now, then).table.set_index("kind")["change"]
    assert found.to_dict() == {"trouble": "no clear change", "pains": "came", "gains": "went", "quotes": "reworded"}
    # What stands first in a ranked lane need not be the same thing then and now, so its number is not held against the old one.
    ranked = a_map((1, 9), opportunities=of_share(9, 10)), a_map((1, 9), opportunities=of_share(1, 10))
    assert np.isnan(journeymap.changed(*ranked).table.set_index("kind").loc["opportunities", "p_value"])


def test_the_last_runs_map_is_found_and_an_unreadable_one_is_none(
    small: jl.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LAST, str(tmp_path))
    assert journeymap.map_of_last_run() is None
    journey = journeymap.draw(small)
    (tmp_path / "map.json").write_text(journey.to_json(), encoding="utf-8")
    then = journeymap.map_of_last_run()
    assert then is not None
    assert then.to_json() == journey.to_json()
    same = journeymap.changed(journey, then)
    assert same.moved.empty
    assert "0 moved clearly" in same.summary()
    (tmp_path / "map.json").write_text('{"format": "journeylab-map", "version": 99}', encoding="utf-8")
    assert journeymap.map_of_last_run() is None


def test_what_the_run_knows_is_taken_and_outside_of_a_run_nothing_is(
    small: jl.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    assert journeymap.known_of_run() == {"effects": None, "decisions": None, "unit": "outcomes"}
    assert behaviours_of_run(small, small.journeys()) is None
    monkeypatch.setenv(FOLDER, str(tmp_path))
    (tmp_path / "decisions.json").write_text('{"unit": "EUR", "table": [{"touchpoint": "chat", "cost": null}]}')
    known = journeymap.known_of_run()
    assert known["unit"] == "EUR"
    assert known["decisions"].dtypes["cost"] == "float64"
    model = {
        "format": 1,
        "until": None,
        "retired": [],
        "behaviours": [
            {"label": "B1", "name": "B1: chats", "n": 30, "weight": 30},
            {"label": "B2", "name": "B2: no chat", "n": 30, "weight": 30},
        ],
        "steps": [["", "home", 30, 30], ["home", "chat", 30, 0], ["home", "", 0, 30], ["chat", "", 30, 0]],
    }
    from journeylab.behaviours.chains import FORMAT

    (tmp_path / "behaviour_model.json").write_text(json.dumps({**model, "format": FORMAT}))
    placed, names = behaviours_of_run(small, small.journeys())
    assert names == {"B1": "B1: chats", "B2": "B2: no chat"}
    assert (placed.labels["c1"], placed.labels["c2"]) == ("B1", "B2")
