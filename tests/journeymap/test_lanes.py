"""The lanes of the map, counted by hand: on a study of six customers, and on the small study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylab as jl
from journeylab import journeymap
from journeylab.intervals import wilson
from journeylab.journeymap import Cell, JourneyMap
from journeylab.journeymap.lanes.moments import moments_of_truth
from journeylab.journeymap.lanes.opportunities import rank_opportunities
from journeylab.journeymap.material import NO_EFFECTS, gather_material
from journeylab.journeys import conformance, stage_dropoff
from tests.small import write_small

PATHS = {
    # customer: touchpoints, a minute apart. h home, s search, p product, o order, r return (unplanned), x without a stage
    "a": "h s p o",
    "b": "h s h p s o h",
    "c": "h h x h",
    "d": "p o r",
    "e": "h p s p o",
    "f": "s o o r p",
}
NAMES = {"h": "home", "s": "search", "p": "product", "o": "order", "r": "return", "x": "other"}

TINY = """
[study]
name = "tiny"
title = "Six customers"
timezone = "Europe/Berlin"

[[stages]]
name = "look"
goal = "find it"
owner = "Lea"
[[stages]]
name = "choose"
[[stages]]
name = "buy"

[[events]]
source = "web analytics"
path = "events.csv"

[[touchpoints]]
match = "home"
stage = "look"
channel = "web"
owner = "Bo"
[[touchpoints]]
match = "search"
stage = "look"
channel = "web"
required = true
owner = "Bo"
[[touchpoints]]
match = "product"
stage = "choose"
channel = "app"
required = true
[[touchpoints]]
match = "order"
stage = "buy"
channel = "web"
[[touchpoints]]
match = "return"
stage = "buy"
channel = "courier"
planned = false

[[outcomes]]
name = "order"
touchpoint = "order"

[goals.orders]
kpi = "share of customers who order"
target = 0.5
outcome = "order"
by = 2027-01-31
[goals.returns]
kpi = "share of customers who send back"
target = 0.1
outcome = "order"
horizon = "long"
[goals.liked]
kpi = "score"
target = 4
score = "liking"
"""


def write_tiny(folder: Path, toml: str = TINY, paths: dict[str, str] = PATHS) -> jl.Study:
    """The six customers, the last event late in the evening of 9 March, which in Berlin is the 10th."""
    lines = ["customer_id,event_time,touchpoint"]
    for number, (customer, path) in enumerate(paths.items()):
        for step, letter in enumerate(path.split()):
            lines.append(f"{customer},2026-03-0{number + 1}T10:{step:02d}:00Z,{NAMES[letter]}")
    lines.append("c,2026-03-09T23:30:00Z,home")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    return jl.open_study(folder)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> jl.Study:
    return write_tiny(
        tmp_path_factory.mktemp("tiny"),
        TINY.replace('[goals.liked]\nkpi = "score"\ntarget = 4\nscore = "liking"\n', ""),
    )


@pytest.fixture(scope="module")
def drawn(tiny: jl.Study) -> JourneyMap:
    return journeymap.draw(tiny)


def cells(journey: JourneyMap, kind: str) -> dict[str, Cell]:
    lane = journey.lane(kind)
    assert lane is not None, kind
    return dict(zip(journey.stages, lane.cells, strict=True))


def test_customers_have_a_share_with_wilsons_interval_a_source_and_a_last_day_in_the_studys_zone(
    drawn: JourneyMap,
) -> None:
    cell = cells(drawn, "customers")["choose"]
    assert (cell.n, cell.unit, cell.source, cell.until) == (5, "customers", "web analytics", "2026-03-10")
    assert (cell.value, cell.low, cell.high) == pytest.approx(tuple(wilson(5, 6)))
    assert drawn.data_until == "2026-03-10"


def test_moves_go_on_past_back_and_round(drawn: JourneyMap) -> None:
    moves = {(move.from_stage, move.to_stage): move.n for move in drawn.moves}
    assert moves == {
        ("look", "choose"): 3,  # a, b, e
        ("look", "buy"): 2,  # past a stage: b, f
        ("look", "look"): 1,  # round: b comes back to home; c meets home again and again, with nothing in between
        ("choose", "look"): 2,  # back: b (p, s), e (p, s)
        ("choose", "buy"): 3,  # a, d, e
        ("buy", "look"): 1,  # b
        ("buy", "choose"): 1,  # f
    }
    back = next(move for move in drawn.moves if (move.from_stage, move.to_stage) == ("choose", "look"))
    assert (back.share, back.low, back.high) == pytest.approx(tuple(wilson(2, 5)))


def test_ways_are_touchpoints_in_the_order_first_met(drawn: JourneyMap) -> None:
    look = cells(drawn, "actions")["look"]
    # a: home, search; b: home, search (and round); c: home; e: home, search; f: search
    assert look.lines[0].startswith("home → search: 3 of 5")
    assert set(look.lines[1:]) == {"home only: 1 of 5", "search only: 1 of 5"}
    assert (look.value, look.low, look.high) == pytest.approx(tuple(wilson(3, 5)))


def test_touchpoints_stand_by_channel_with_their_reach(drawn: JourneyMap) -> None:
    assert cells(drawn, "touchpoints")["look"].lines == ("web: home 4, search 4",)
    assert cells(drawn, "touchpoints")["buy"].lines == ("web: order 5", "courier: return 2 (unplanned)")


def test_friction_counts_leaving_going_round_and_steps(drawn: JourneyMap, tiny: jl.Study) -> None:
    look, buy = cells(drawn, "friction")["look"], cells(drawn, "friction")["buy"]
    left = stage_dropoff(jl.journeys.relabel(tiny.journeys(), tiny.stage_of, drop_missing=True), tiny.stages, "buy")
    assert left.table["left"].tolist()[:1] == [1]  # c
    assert look.lines[0].startswith("leave here: 20.0 %")
    assert look.lines[1].startswith("come back round: 20.0 %")
    assert look.lines[1].endswith("most to 'home'")
    assert (look.value, look.low, look.high) == pytest.approx(tuple(wilson(1, 5)))
    # until they go on: a 2 steps, b 3, e 1, f 1, in the middle 1.5; one step would do
    assert look.lines[2] == "steps: half take 1.50 or more, 1 would do (n = 4 who go on)"
    assert not any(line.startswith("steps") for line in buy.lines), "nothing comes after the last stage"


def test_the_plan_is_held_against_what_was_done(drawn: JourneyMap, tiny: jl.Study) -> None:
    look, choose, buy = (cells(drawn, "planned")[stage].lines for stage in drawn.stages)
    # Of a, b, e, f, who go on from looking, all met search. Too few to be sure that more than one in twenty does anything.
    assert not any(line.startswith("missing") for line in look)
    # Of a, b, d, e (f orders before the product) who go on from choosing, all met the product.
    assert not any(line.startswith("missing") for line in choose)
    assert buy[0].startswith("extra: return, met by 40.0 %")
    # d meets the product without search; f after it; e before search: of five one.
    plan = tiny.touchpoints[tiny.touchpoints["required"].astype(bool)]
    early = conformance(tiny.journeys(), plan).table.set_index("touchpoint")["out_of_order"]
    assert early["product"] == pytest.approx(1 / 6)
    assert cells(drawn, "planned")["buy"].value == pytest.approx(2 / 5)


def test_what_clearly_more_than_one_in_twenty_do_is_named(tmp_path: Path) -> None:
    # Ten each: of those who go on from looking (h p o, s p o, h o) two thirds skip search, and a third skip the product.
    paths = {f"k{number}": path for number, path in enumerate(["h p o", "s p o", "h o", "p s o"] * 9)}
    lines = ["customer_id,event_time,touchpoint"]
    lines += [
        f"{name},2026-03-01T10:{step:02d}:00Z,{NAMES[letter]}"
        for name, path in paths.items()
        for step, letter in enumerate(path.split())
    ]
    study = write_tiny(tmp_path / "s", TINY.split("[goals.orders]")[0])
    (tmp_path / "s/events.csv").write_text("\n".join(lines) + "\n")
    journey = journeymap.draw(jl.open_study(study.folder))
    look, choose, buy = (cells(journey, "planned")[stage].lines for stage in journey.stages)
    assert look == ("missing: search, skipped by 50.0 % (34.5 to 65.5 %) of those who go on",)
    # p s o: 9 of the 27 who meet the product meet it before search.
    assert choose == ("out of order: product, by 33.3 % (18.6 to 52.2 %) of those who meet it",)
    assert buy == ("as planned: nothing missing, extra, repeated or out of order by more than one in twenty",)


def test_kpis_are_parted_by_horizon_and_owners_come_from_the_study(drawn: JourneyMap) -> None:
    short, long = cells(drawn, "kpi")["buy"], cells(drawn, "kpi_long")["buy"]
    assert short.lines[0].startswith("orders: 83.3 % (")
    assert "goal 50.0 % by 2027-01-31" in short.lines[0]
    assert long.lines[0].startswith("returns: 83.3 %")
    assert (short.n, short.unit, short.source) == (6, "customers", "web analytics")
    owner = cells(drawn, "owner")["look"]
    assert owner.lines == ("Lea (the stage)", "Bo (home, search)")
    assert (owner.by, owner.source) == ("team", "study.toml")
    assert "nobody is named" in cells(drawn, "owner")["buy"].reason
    assert cells(drawn, "goal")["look"].by == "team"


def test_a_goal_that_nothing_measures_says_why(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    file = folder / "study.toml"
    file.write_text(file.read_text().replace("target = 0.3", 'target = 0.3\nwithin = "400d"'))
    journey = journeymap.draw(jl.open_study(folder))
    assert cells(journey, "kpi")["purchase"].reason == "order: not known, no customer was observed long enough"
    assert cells(journey, "kpi")["evaluation"].reason == "no goal set here"


def test_every_empty_cell_has_a_reason_and_every_counted_one_a_unit_and_a_source(tmp_path: Path) -> None:
    journey = journeymap.draw(jl.open_study(write_small(tmp_path / "s")))
    for lane in journey.lanes:
        for cell in lane.cells:
            assert bool(cell.lines) != bool(cell.reason), lane.kind
            assert not cell.n or (cell.unit and cell.source), lane.kind
    assert cells(journey, "feeling")["consideration"].source == "coded interviews"
    assert cells(journey, "gains")["purchase"].reason == "nobody named any gain"


def test_a_study_without_interviews_or_without_events_is_drawn_with_reasons(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    whole = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text(whole.split("[interviews]")[0])
    mute = journeymap.draw(jl.open_study(folder))
    for kind in ("feeling", "pains", "gains"):
        assert {cell.reason for cell in mute.lane(kind).cells} == {"no interviews"}
    assert cells(mute, "moments")["purchase"].reason.startswith("no interviews")
    events = whole[whole.index("[events]") : whole.index("[interviews]")]
    (folder / "study.toml").write_text(whole.replace(events, ""))
    blind = journeymap.draw(jl.open_study(folder))
    for kind in ("customers", "actions", "touchpoints", "trouble", "friction", "planned"):
        assert {cell.reason for cell in blind.lane(kind).cells} == {"no events in this study"}, kind
    assert blind.moves == ()
    assert cells(blind, "pains")["consideration"].n == 8


def test_a_public_map_hides_cells_lines_and_moves_of_few(tmp_path: Path) -> None:
    study = write_tiny(tmp_path / "s", TINY.split("[goals.orders]")[0])
    journey = journeymap.draw(study, share="public")
    assert cells(journey, "customers")["choose"].n == 5
    assert cells(journey, "touchpoints")["look"].reason == "too few to show", "home and search reach four each"
    assert journey.moves == ()
    assert [step.touchpoint for step in journey.steps] == ["product", "order"]
    assert "return" not in str(cells(journey, "planned")["buy"].lines)


EFFECTS = pd.DataFrame(
    {
        "touchpoint": ["chat", "home", "order placed", "review"],
        "estimate": [-0.10, 0.04, 0.30, 0.02],
        "ci_low": [-0.15, 0.01, 0.25, 0.01],
        "ci_high": [-0.05, 0.07, 0.35, 0.03],
        "q_value": [0.001, 0.04, 0.001, 0.04],
        "grade": ["C", "C", "D", "C"],
        "verdict": ["fix", "keep", "not known", "keep"],
        "n_exposed": [1000, 1000, 1000, 1000],
        "equivalence": False,
    }
)


def test_a_moment_of_truth_needs_a_clear_large_effect_and_a_large_pain(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    study = jl.open_study(folder)
    # No code is tied to a touchpoint: the pain of the stage counts, 8 of 8 at consideration. Of grades A to C the median
    # effect is 4 points: chat and home pass, review does not; the order is grade D.
    found = moments_of_truth(gather_material(study, effects=EFFECTS))
    assert found["touchpoint"].tolist() == ["chat", "home"]
    assert found["of_stage"].all()
    assert found["n_pain"].tolist() == [8, 8]
    journey = journeymap.draw(study, EFFECTS)
    cell = cells(journey, "moments")["consideration"]
    assert "pain named by 8 of 8 on this stage (no code is tied to a touchpoint)" in cell.lines[0]
    assert (cell.n, cell.unit, cell.value) == (8, "people", -0.10)
    assert cells(journeymap.draw(study), "moments")["consideration"].reason == NO_EFFECTS
    # The pain is of home now: chat is no moment of truth any more, however large its effect.
    codebook = folder / "raw/codebook.csv"
    codebook.write_text(
        "path,stage,valence,touchpoint\nslow,consideration,-1,home\nhelpful chat,consideration,1,chat\n"
    )
    tied = moments_of_truth(gather_material(jl.open_study(folder), effects=EFFECTS))
    assert tied["touchpoint"].tolist() == ["home"]
    assert not tied["of_stage"].any()
    # An effect that is not clear is none.
    unsure = EFFECTS.assign(q_value=0.06)
    assert moments_of_truth(gather_material(study, effects=unsure)).empty


def test_opportunities_are_ranked_by_size_and_grade_and_the_teams_stand_first(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "s")
    file = folder / "study.toml"
    file.write_text(file.read_text().replace("target = 0.3", "target = 0.6"))
    study = jl.open_study(folder)
    material = gather_material(study, effects=EFFECTS)
    ranked = rank_opportunities(material)
    # Four weeks of data are not reckoned up. Chat: 10 points of 1,000 visits, grade C. The goal: 36 orders wanted, 20 had, D.
    # Trouble: 40 of 60 leave at consideration, where the average stage has 40 of 90 (60 + 20 + 10).
    sizes = {item.what: (pytest.approx(item.size.value), item.grade) for item in ranked}
    assert sizes["mend 'chat'"] == (100.0, "C")
    assert sizes["close the goal 'order'"] == (16.0, "D")
    assert sizes["look into the trouble here"] == (40 - 60 * 40 / 90, "D")
    assert ranked[0].what == "mend 'chat'"
    assert [item.weight for item in ranked] == sorted((item.weight for item in ranked), reverse=True)
    goal = next(item for item in ranked if item.what.startswith("close"))
    assert (goal.size.low, goal.size.high) == pytest.approx(
        (36 - 60 * wilson(20, 60).high, 36 - 60 * wilson(20, 60).low)
    )
    decided = EFFECTS.iloc[:1].assign(decision="fix", value=-520.0, value_low=-600.0, value_high=-440.0)
    priced = rank_opportunities(gather_material(study, effects=EFFECTS, decisions=decided))
    chat = next(item for item in priced if item.what == "mend 'chat'")
    weeks = (study.events["event_time"].max() - study.events["event_time"].min()) / pd.Timedelta(days=7)
    assert chat.size.value == pytest.approx(520 * weeks * 7 / 365.25), (
        "what is lost in a year, over the weeks of the data"
    )
    first = journeymap.draw(study, EFFECTS)
    assert (
        cells(first, "opportunities")["consideration"]
        .lines[0]
        .startswith("1. mend 'chat': 100 outcomes lost in the data")
    )
    edit = journeymap.Edit("trouble", "consideration", journeymap.Word(opportunity="Answer at once"))
    from journeylab.journeymap.edits import apply_edits

    lanes, _ = apply_edits(first.lanes, first.stages, [edit])
    lines = next(lane for lane in lanes if lane.kind == "opportunities").cells[0].lines
    assert lines[0] == "Answer at once (Trouble met, share of customers), says the team"
    assert lines[1].startswith("1. mend 'chat'")


def test_a_map_of_the_shop_finds_what_was_planted(repository: Path) -> None:
    if not (repository / "data/shop/raw/orders.csv.gz").is_file():
        pytest.skip("needs the shop's raw data: journeylab simulate data/shop")
    study = jl.open_study(repository / "data/shop")
    journey = journeymap.draw(study)
    # Counted anew from the events, by another way.
    staged = study.events[study.events["stage"].notna()]
    by_customer = staged.groupby("customer_id")["stage"]
    steps = pd.DataFrame({"from": staged["stage"], "to": by_customer.shift(-1), "customer_id": staged["customer_id"]})
    back = steps[(steps["from"] == "decision") & (steps["to"] == "consideration")]["customer_id"].nunique()
    moves = {(move.from_stage, move.to_stage): move for move in journey.moves}
    assert moves["decision", "consideration"].n == back
    at_decision = cells(journey, "planned")["decision"].lines
    met = study.events.loc[study.events["touchpoint"] == "call centre", "customer_id"].nunique()
    n = cells(journey, "customers")["decision"].n
    assert f"extra: call centre, met by {100 * met / n:.1f} %" in at_decision[1]
    assert np.isclose(cells(journey, "planned")["decision"].value, met / n)


def test_a_public_map_hides_shares_of_few_among_many(tmp_path: Path) -> None:
    # Of 40 who look 3 leave, of 37 who order 4 send back: cells of 40 and 37, and still few people.
    paths = {f"k{number}": "h" if number < 3 else "h o r" if number < 7 else "h o" for number in range(40)}
    study = write_tiny(tmp_path / "s", TINY.split("[goals.orders]")[0])
    lines = ["customer_id,event_time,touchpoint"]
    lines += [
        f"{name},2026-03-01T10:{step:02d}:00Z,{NAMES[letter]}"
        for name, path in paths.items()
        for step, letter in enumerate(path.split())
    ]
    (tmp_path / "s/events.csv").write_text("\n".join(lines) + "\n")
    within, public = (journeymap.draw(jl.open_study(study.folder), share=share) for share in ("internal", "public"))
    assert "leave here: 7.5 %" in cells(within, "friction")["look"].lines[0]
    assert "10.8 % meet something unplanned" in cells(within, "trouble")["buy"].lines
    assert not any("leave here" in line for line in cells(public, "friction")["look"].lines)
    for kind in ("trouble", "planned"):
        assert "10.8 %" not in str(cells(public, kind)["buy"])
    assert np.isnan(cells(public, "planned")["buy"].value)
    assert cells(public, "trouble")["look"].reason == "too few to show"
