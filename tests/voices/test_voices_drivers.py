"""Key drivers: published shares, slow versions, and planted weights."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import voices
from journeylab.errors import DataError
from journeylab.voices.importance import correlations


@pytest.fixture(scope="module")
def swiss(shared: Path) -> dict:
    return json.loads((shared / "reference/values/relative_importance_swiss.json").read_text())


def test_the_published_shares_of_fertility(swiss: dict) -> None:
    x = pd.DataFrame({name: swiss["data"][name] for name in swiss["predictors"]})
    y = swiss["data"][swiss["y"]]
    weights, shares = voices.relative_weights(x, y), voices.shapley_shares(x, y)
    for place, name in enumerate(swiss["predictors"]):
        assert weights[place] == pytest.approx(swiss["johnson_relative_weights"][name], abs=1e-6)
        assert shares[place] == pytest.approx(swiss["lmg_shapley"][name], abs=1e-6)
    assert weights.sum() == pytest.approx(swiss["r2"], abs=1e-9)
    assert shares.sum() == pytest.approx(swiss["r2"], abs=1e-9)


def test_the_published_car_scores_come_from_the_same_roots(swiss: dict) -> None:
    x = pd.DataFrame({name: swiss["data"][name] for name in swiss["predictors"]})
    matrix = correlations(x, swiss["data"][swiss["y"]])
    value, vector = np.linalg.eigh(matrix[:-1, :-1])
    car = vector @ np.diag(value**-0.5) @ vector.T @ matrix[:-1, -1]
    assert car == pytest.approx([swiss["car_scores"][name] for name in swiss["predictors"]], abs=1e-6)


def slow_shapley(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """R squared by least squares, over every order in which predictors can enter."""

    def r2(chosen: tuple[int, ...]) -> float:
        design = np.column_stack([np.ones(len(y)), x[:, chosen]])
        left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        return 1 - left @ left / ((y - y.mean()) ** 2).sum()

    gains = np.zeros(x.shape[1])
    orders = list(permutations(range(x.shape[1])))
    for order in orders:
        for place, member in enumerate(order):
            gains[member] += r2(order[: place + 1]) - (r2(order[:place]) if place else 0)
    return gains / len(orders)


def test_shapley_equals_every_order_by_least_squares() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((60, 4)) @ rng.standard_normal((4, 4))
    y = x @ [1, 0.5, 0, -1] + rng.standard_normal(60)
    assert voices.shapley_shares(x, y) == pytest.approx(slow_shapley(x, y), abs=1e-9)


def test_two_predictors_have_equal_shares_by_both_methods_and_copies_share() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((50, 2))
    x[:, 1] += x[:, 0]
    y = x[:, 0] + rng.standard_normal(50)
    assert voices.relative_weights(x, y) == pytest.approx(voices.shapley_shares(x, y))
    twice = np.column_stack([x[:, 0], x[:, 0]])
    for shares in (voices.relative_weights(twice, y), voices.shapley_shares(twice, y)):
        assert shares[0] == pytest.approx(shares[1])
        assert shares.sum() == pytest.approx(np.corrcoef(x[:, 0], y)[0, 1] ** 2)


def survey(n: int, seed: int) -> pd.DataFrame:
    """Three items of planted weight 0.6, 0.3 and 0, and the whole; the first is answered badly."""
    rng = np.random.default_rng(seed)
    mood = rng.standard_normal(n)
    items = {name: mean + mood + rng.standard_normal(n) for name, mean in (("late", 3), ("dear", 4), ("colour", 6))}
    items["whole"] = 0.6 * items["late"] + 0.3 * items["dear"] + 0.5 * rng.standard_normal(n) + 1
    rows = [(f"r{person}", name, values[person]) for name, values in items.items() for person in range(n)]
    frame = pd.DataFrame(rows, columns=["respondent_id", "item", "score"])
    frame["score"] = frame["score"].round().clip(1, 7)
    return frame.assign(instrument="shop", scale_min=1.0, scale_max=7.0, higher_is_better=True)


class TestKeyDrivers:
    def test_planted_weights_come_out_in_order(self) -> None:
        result = voices.key_drivers(survey(400, 1), instrument="shop", outcome="whole", draws=300)
        table = result.table
        assert table["driver"].tolist() == ["late", "dear", "colour"]
        assert table["importance"].sum() == pytest.approx(result.r2)
        assert table["share"].sum() == pytest.approx(1)
        assert (table["ci_low"] < table["importance"]).all()
        assert (table["importance"] < table["ci_high"]).all()
        assert table["ci_low"].iloc[0] > table["ci_high"].iloc[2]
        assert table.loc[0, "performance"] == pytest.approx(100 * (3 - 1) / 6, abs=6)
        assert result.weak == ["'late'"]
        assert set(table["grade"]) == {"D"}
        assert "not cause" in result.summary()
        assert "not causal" in result.assumptions[0]
        result.plot()

    def test_intervals_cover_the_shares_of_the_whole_population(self) -> None:
        whole = survey(60_000, 9)
        wide = whole.pivot(index="respondent_id", columns="item", values="score")
        names = ["late", "dear", "colour"]
        truth = dict(zip(names, voices.relative_weights(wide[names], wide["whole"]), strict=True))
        covered, runs = 0, 60
        for seed in range(runs):
            table = voices.key_drivers(survey(150, 100 + seed), instrument="shop", outcome="whole", draws=200).table
            row = table.set_index("driver").loc["late"]
            covered += row["ci_low"] <= truth["late"] <= row["ci_high"]
        assert covered / runs >= 0.87

    def test_low_is_good_turns_performance_round(self) -> None:
        turned = survey(100, 4).assign(higher_is_better=False)
        plain = voices.key_drivers(survey(100, 4), instrument="shop", outcome="whole", draws=20).table
        table = voices.key_drivers(turned, instrument="shop", outcome="whole", draws=20).table
        assert table["performance"].to_numpy() == pytest.approx(100 - plain["performance"].to_numpy())

    def test_who_left_something_out_is_counted(self) -> None:
        frame = survey(80, 5)
        frame = frame.drop(frame.index[:7])
        result = voices.key_drivers(frame, instrument="shop", outcome="whole", draws=20)
        assert (result.n, result.left_out) == (73, 7)

    def test_an_item_that_all_answer_alike_gives_a_reason_not_a_number(self) -> None:
        frame = survey(40, 6)
        frame.loc[frame["item"] == "colour", "score"] = 5
        result = voices.key_drivers(frame, instrument="shop", outcome="whole", draws=20)
        assert result.table["importance"].isna().all()
        assert "same answer" in result.summary()

    def test_mistakes_are_named(self) -> None:
        with pytest.raises(DataError, match="Did you mean 'shop'"):
            voices.key_drivers(survey(20, 1), instrument="shp", outcome="whole")
        with pytest.raises(DataError, match="Did you mean 'whole'"):
            voices.key_drivers(survey(20, 1), instrument="shop", outcome="hole")
        with pytest.raises(DataError, match="two items"):
            voices.key_drivers(survey(20, 1), instrument="shop", outcome="whole", drivers=["late"])
