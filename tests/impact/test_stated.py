"""What people say beside what was measured: every reading, and holes on either side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import figures, impact, voices
from journeylab.errors import JourneylabError
from journeylab.voices.importance import relative_weights, shapley_shares

EFFECTS = pd.DataFrame(
    [
        ("form", -0.06, -0.08, -0.04, "fix", "C"),
        ("chat", 0.05, 0.03, 0.07, "keep", "C"),
        ("advert", 0.00, -0.01, 0.01, "not known", "C"),
        ("parcel", 0.04, 0.02, 0.06, "not known", "D"),
        ("page", 0.05, 0.03, 0.07, "keep", "C"),
    ],
    columns=["touchpoint", "estimate", "ci_low", "ci_high", "verdict", "grade"],
).assign(n_exposed=100)

MENTIONS = pd.DataFrame(
    [("form", 40, 20, 0), ("chat", 40, 15, 2), ("advert", 40, 1, 16), ("parcel", 40, 0, 20), ("shop", 40, 0, 9)],
    columns=["touchpoint", "n_asked", "n_pain", "n_gain"],
)

DRIVERS = pd.DataFrame(
    {
        "driver": ["advice", "form", "price"],
        "share": [0.6, 0.3, 0.1],
        "share_low": [0.5, 0.2, 0.05],
        "share_high": [0.7, 0.4, 0.15],
        "n": 200,
    }
)


def readings(result: impact.StatedAndObserved, source: str) -> dict[str, str]:
    rows = result.table[result.table["source"] == source]
    return dict(zip(rows["touchpoint"], rows["reading"], strict=True))


def test_interviews_beside_effects_and_holes_on_both_sides() -> None:
    found = impact.stated_and_observed(None, EFFECTS, mentions=MENTIONS)
    assert readings(found, "interviews") == {
        "form": "says it matters and acts so",
        "chat": "says it matters, acts the other way",
        "advert": "says, does not act",
        "parcel": "not measured",  # grade D: its diagnostics failed
        "shop": "not measured",
    }
    assert readings(found, "") == {"page": "not asked about"}
    row = found.table.set_index("touchpoint").loc["form"]
    assert (row["stated_low"], row["stated_high"]) == pytest.approx((0.3520, 0.6480), abs=1e-4)  # Wilson, 20 of 40


def test_key_drivers_are_held_against_an_even_part() -> None:
    about = {"advice": ["chat", "advert"]}
    found = impact.stated_and_observed(DRIVERS, EFFECTS, about=about)
    assert readings(found, "key drivers") == {
        "chat": "says it matters and acts so",
        "advert": "says, does not act",
        "form": "acts, does not say",  # an item named like the touchpoint needs no link
    }
    assert found.left_out == ("price",)
    assert found.table.set_index("touchpoint").loc["chat", "bar"] == pytest.approx(1 / 3)


def test_neither_is_clear() -> None:
    few = pd.DataFrame({"touchpoint": ["advert"], "n_asked": [12], "n_pain": [2], "n_gain": [0]})
    found = impact.stated_and_observed(None, EFFECTS, mentions=few)
    assert readings(found, "interviews") == {"advert": "neither is clear"}


def test_without_verdicts_the_interval_decides() -> None:
    bare = EFFECTS[["touchpoint", "estimate", "ci_low", "ci_high"]]
    found = impact.stated_and_observed(None, bare, mentions=MENTIONS)
    assert readings(found, "interviews")["parcel"] == "says it matters and acts so"


def test_from_a_survey_to_the_table() -> None:
    rng = np.random.default_rng(0)
    items = rng.normal(size=(400, 3))
    overall = items @ [0.8, 0.2, 0.0] + rng.normal(size=400)
    answers = pd.DataFrame(np.column_stack([items, overall]), columns=["advice", "form", "price", "overall"])
    answers = (4 + answers).round().clip(1, 7)
    long = answers.rename_axis("respondent_id").reset_index().melt("respondent_id", var_name="item", value_name="score")
    responses = long.assign(
        respondent_id=long["respondent_id"].astype(str),
        instrument="s",
        scale_min=1.0,
        scale_max=7.0,
        higher_is_better=True,
    )
    drivers = voices.key_drivers(responses, instrument="s", outcome="overall", draws=100)
    found = impact.stated_and_observed(drivers, EFFECTS, about=impact.read_links("advice: chat"))
    assert readings(found, "key drivers")["chat"] == "says it matters and acts so"
    shares = relative_weights(answers[["advice", "form", "price"]], answers["overall"])
    assert found.table.set_index("item").loc["advice", "stated"] == pytest.approx(shares[0] / shares.sum())


def test_published_relative_weights(shared: Path) -> None:
    swiss = json.loads((shared / "reference/values/relative_importance_swiss.json").read_text())
    data = pd.DataFrame(swiss["data"])
    x, y = data[swiss["predictors"]], data[swiss["y"]]
    assert dict(zip(x, relative_weights(x, y), strict=True)) == pytest.approx(
        swiss["johnson_relative_weights"], abs=1e-6
    )
    assert dict(zip(x, shapley_shares(x, y), strict=True)) == pytest.approx(swiss["lmg_shapley"], abs=1e-6)


def test_it_can_be_shown() -> None:
    ratings = pd.DataFrame({"group": ["chat"], "value": [0.8], "ci_low": [0.7], "ci_high": [0.9], "n": [50]})
    found = impact.stated_and_observed(DRIVERS, EFFECTS, about={"advice": "chat"}, mentions=MENTIONS, ratings=ratings)
    assert "not asked about" in figures.alt_text(found.plot()) or "Nobody was asked" in figures.alt_text(found.plot())
    assert "80 % (70.0 to 90.0 %; n = 50)" in found.shown["satisfied with it"].tolist()
    assert "says, does not act: 'advert'" in found.summary()
    assert "association or opinion, not effect" in found.summary()
    assert (found.table["grade"] == "D").all()
    json.loads(found.to_json())


def test_nothing_said_leaves_only_holes() -> None:
    found = impact.stated_and_observed(None, EFFECTS)
    assert set(found.table["reading"]) == {"not asked about", "not measured"}
    found.plot()


def test_mistakes_are_named() -> None:
    with pytest.raises(JourneylabError, match="Did you mean 'advice'"):
        impact.stated_and_observed(DRIVERS, EFFECTS, about={"advise": "chat"})
    with pytest.raises(JourneylabError, match="no column 'n_asked'"):
        impact.stated_and_observed(None, EFFECTS, mentions=MENTIONS.drop(columns="n_asked"))
    with pytest.raises(JourneylabError, match="no column 'share'"):
        impact.stated_and_observed(DRIVERS.drop(columns="share"), EFFECTS)
    with pytest.raises(JourneylabError, match="found 'chat'"):
        impact.read_links("chat")
