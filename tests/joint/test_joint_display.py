"""The rule that puts words beside behaviour, on small studies whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import journeylab as jl
from journeylab import joint
from journeylab.errors import StudyError
from journeylab.intervals import wilson
from journeylab.voices.prevalence import agreed

STUDY = """
[study]
name = "tiny"
title = "Tiny"
[[stages]]
name = "look"
[[stages]]
name = "choose"
[[stages]]
name = "pay"
[[stages]]
name = "use"
[events]
path = "events.csv"
[[touchpoints]]
match = "page"
name = "page"
stage = "look"
[[touchpoints]]
match = "form"
name = "form"
stage = "choose"
[[touchpoints]]
match = "order"
name = "order"
stage = "pay"
[[touchpoints]]
match = "late"
name = "late"
stage = "pay"
planned = false
[[outcomes]]
name = "order"
touchpoint = "order"
[interviews]
path = "codings.csv"
[interviews.codebook]
path = "codebook.csv"
[interviews.asked]
path = "asked.csv"
"""


def make_study(folder: Path, *, leave_at_form: int = 60, pains: int = 12, gains: int = 2, asked: int = 20) -> jl.Study:
    """200 customers look; all choose; `leave_at_form` stay there; the rest order, 10 of them late."""
    rows = []
    for number in range(200):
        day = f"2025-01-{1 + number % 28:02d}"
        rows.append((f"c{number:03d}", f"{day}T10:00:00Z", "page"))
        rows.append((f"c{number:03d}", f"{day}T10:05:00Z", "form"))
        if number >= leave_at_form:
            rows.append((f"c{number:03d}", f"{day}T10:10:00Z", "order"))
        if number >= 190:
            rows.append((f"c{number:03d}", f"{day}T10:20:00Z", "late"))
    pd.DataFrame(rows, columns=["customer_id", "event_time", "touchpoint"]).to_csv(folder / "events.csv", index=False)
    codings = [(f"d{number:02d}", "Pain/Form", "Ada") for number in range(pains)]
    codings += [(f"d{number:02d}", "Gain/Form", "Ada") for number in range(asked - gains, asked)]
    codings += [(f"d{number:02d}", "Gain/Page", "Ada") for number in range(asked)]
    pd.DataFrame(codings, columns=["document_id", "code", "coder"]).to_csv(folder / "codings.csv", index=False)
    codebook = [("Pain/Form", "choose", -1), ("Gain/Form", "choose", 1), ("Gain/Page", "look", 1)]
    pd.DataFrame(codebook, columns=["path", "stage", "valence"]).to_csv(folder / "codebook.csv", index=False)
    guide = [(f"d{number:02d}", stage) for number in range(asked) for stage in ("look", "choose", "pay")]
    pd.DataFrame(guide, columns=["document_id", "stage"]).to_csv(folder / "asked.csv", index=False)
    (folder / "study.toml").write_text(STUDY)
    return jl.open_study(folder)


def test_trouble_is_leaving_before_the_outcome_or_something_unplanned(tmp_path: Path) -> None:
    table = joint.trouble_by_stage(make_study(tmp_path)).set_index("stage")
    assert table.loc["look", "n_trouble"] == 0
    assert table.loc["choose", "n_trouble"] == 60
    assert table.loc["pay", "n_trouble"] == 10
    assert np.isnan(table.loc["pay", "left"])
    value, low, high = wilson(60, 200)
    assert table.loc["choose", ["trouble", "trouble_low", "trouble_high"]].tolist() == pytest.approx([value, low, high])
    assert table.loc["choose", "behaviour_says"] == "friction"
    assert table.loc["look", "behaviour_says"] == "fine"
    assert table.loc["use", "behaviour_says"] == "no data"


def test_leaving_counts_only_customers_with_no_later_stage(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    table = joint.trouble_by_stage(study).set_index("stage")
    events = study.events
    for place, stage in enumerate(study.stages[:2]):
        expected = 0
        for _, journey in events.groupby("customer_id"):
            first = journey.loc[journey["stage"] == stage, "event_time"].min()
            later = journey[journey["stage"].isin(study.stages[place + 1 :]) & (journey["event_time"] >= first)]
            expected += later.empty
        assert round(table.loc[stage, "left"] * table.loc[stage, "n_customers"]) == expected


def test_friction_and_pain_confirm_each_other(tmp_path: Path) -> None:
    table = joint.display(make_study(tmp_path), "stage").table.set_index("stage")
    assert table.loc["choose", "voice_says"] == "pain"
    assert table.loc["choose", "fit"] == "confirm"
    assert table.loc["look", "fit"] == "confirm"
    assert table.loc["choose", "n_asked"] == 20
    assert table.loc["choose", "n_pain"] == 12


def test_friction_and_gain_are_a_discord(tmp_path: Path) -> None:
    table = joint.display(make_study(tmp_path, pains=1, gains=14), "stage").table.set_index("stage")
    assert table.loc["choose", "voice_says"] == "gain"
    assert table.loc["choose", "fit"] == "discord"


def test_divided_people_expand_and_silence_is_told_from_not_asked(tmp_path: Path) -> None:
    table = joint.display(make_study(tmp_path, pains=6, gains=5), "stage").table.set_index("stage")
    assert table.loc["choose", "voice_says"] == "mixed"
    assert table.loc["choose", "fit"] == "expand"
    assert table.loc["pay", "voice_says"] == "not raised"
    assert table.loc["use", "voice_says"] == "not asked"
    assert table.loc["use", "fit"] == "silence"


def test_few_people_have_no_voice(tmp_path: Path) -> None:
    table = joint.display(make_study(tmp_path, pains=3, gains=0, asked=4), "stage").table.set_index("stage")
    assert table.loc["choose", "voice_says"] == "too few"


def test_an_unknown_level_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="Did you mean 'stage'"):
        joint.display(make_study(tmp_path), "stages")


def test_three_coders_must_agree_by_majority_and_of_two_one_is_enough() -> None:
    codings = pd.DataFrame(
        [("d1", "a", "x"), ("d1", "a", "y"), ("d1", "b", "z"), ("d2", "b", "x"), ("d3", "a", "x"), ("d3", "b", "y")],
        columns=["document_id", "code_id", "coder"],
    )
    assert agreed(codings).to_numpy().tolist() == [["d1", "a"]]
    two = codings[codings["coder"] != "z"]
    assert agreed(two).to_numpy().tolist() == [["d1", "a"], ["d2", "b"], ["d3", "a"], ["d3", "b"]]


def test_the_coded_reviews_of_late_orders_confirm_the_delivery_stage(repository: Path, shared: Path) -> None:
    study = jl.open_study(repository / "data" / "olist", shared / "data")
    display = joint.display(study, "stage").table.set_index("stage")
    assert display.loc["delivery", "fit"] == "confirm"
    assert display.loc["delivery", "n_customers"] == 3584
    assert (
        display.loc["delivery", "trouble_low"]
        < display.loc["delivery", "trouble"]
        < display.loc["delivery", "trouble_high"]
    )
    met = joint.experience(study, ["delivered late", "delivered on time", "never delivered"], stage="delivery")
    late = met.table[met.table["code"].str.startswith("atrasado")].set_index("touchpoint")
    assert late.loc["delivered late", "share"] == pytest.approx(0.597, abs=0.0005)
    assert late.loc["delivered on time", "share"] == pytest.approx(0.045, abs=0.0005)
    scores = met.scores.set_index("touchpoint")["score"]
    assert scores.round(2).to_dict() == {"delivered late": 2.08, "delivered on time": 3.78, "never delivered": 1.47}


def test_what_hardly_anybody_raises_is_no_voice() -> None:
    from journeylab.joint.said import _voice

    few = {f"p{number}" for number in range(30)}
    assert _voice(few, set(), 3584) == "hardly raised"
    assert _voice(few, set(), 60) == "pain"


def test_codes_on_which_coders_disagree_are_named(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    assert joint.doubtful(study).empty
    alone = joint.display(study, "stage").assumptions
    codings = pd.read_csv(tmp_path / "codings.csv")
    second = codings.assign(coder="Bob")
    pains = second["code"] == "Pain/Form"
    second.loc[pains, "document_id"] = [f"d{number:02d}" for number in range(8, 8 + pains.sum())]
    pd.concat([codings, second]).to_csv(tmp_path / "codings.csv", index=False)
    study = jl.open_study(tmp_path)
    weak = joint.doubtful(study)
    assert list(weak["name"]) == ["Form"]
    assert weak["alpha"].item() < 0.667
    said = [line for line in joint.display(study, "stage").assumptions if line not in alone]
    assert any("agree too little" in line and "Form" in line for line in said)
