"""Codes and scores by behaviour: pooled, with holes, and with claims only where there are enough interviews."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small import write_small

import journeylab as jl
from journeylab import behaviours, figures, joint
from journeylab.joint import by_behaviour
from journeylab.pooling import beta_binomial, false_signs, normal


def test_eight_schools_are_pooled_as_published() -> None:
    """Gelman et al. (2013), Bayesian Data Analysis, table 5.3: posterior medians, drawn to whole numbers."""
    effect, error = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]
    published = [10, 8, 7, 8, 5, 6, 10, 8]
    mean, low, high = normal(effect, error)[:3]
    assert mean == pytest.approx(published, abs=1.5)
    assert np.argsort(mean)[-1] == 0
    assert (low < mean).all()
    assert (mean < high).all()


def test_pooled_shares_are_those_of_an_integral_written_out() -> None:
    """One item has no others to learn from: the prior over strengths is summed by hand, with the same weights."""
    from scipy.stats import betabinom

    from journeylab.pooling import FLAT, MEANS, STRENGTHS

    k, n = np.array([2, 9]), np.array([10, 10])
    like = np.array([[np.prod(betabinom.pmf(k, n, m * s, (1 - m) * s)) for m in MEANS] for s in STRENGTHS])
    prior = np.full(len(STRENGTHS), 1 / len(STRENGTHS))
    for _ in range(500):
        own = like.sum(axis=1) * prior / (like.sum(axis=1) * prior).sum()
        prior = (own + FLAT / len(STRENGTHS)) / (1 + FLAT)
    weight = like * (own / like.sum(axis=1))[:, None]
    expected = [
        sum(
            weight[i, place] * (MEANS[place] * s + k[g]) / (s + n[g])
            for i, s in enumerate(STRENGTHS)
            for place in range(len(MEANS))
        )
        for g in range(2)
    ]
    pooled = beta_binomial([k], [n], [1, 1])
    assert pooled.share[0] == pytest.approx(expected, abs=0.01)
    assert k[0] / n[0] < pooled.share[0, 0] < pooled.share[0, 1] < k[1] / n[1]


def planted(seed: int, each: int, apart: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True shares, people who said it and people asked: 20 codes in 4 behaviours, 4 of them said by 65 against 20 %."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.uniform(0.1, 0.5, (20, 1)), 4, axis=1)
    if apart:
        truth[:4] = 0.2
        truth[np.arange(4), np.arange(4)] = 0.65
    n = np.full((20, 4), each)
    return truth, rng.binomial(n, truth), n


def claims(k: np.ndarray, n: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    pooled = beta_binomial(k, n, np.ones(4), seed=seed)
    clear = (pooled.contrast_low > 0) | (pooled.contrast_high < 0)
    return clear & (false_signs(pooled.wrong.ravel()).reshape(20, 4) <= 0.1), pooled


def test_planted_differences_are_found_with_many_interviews_and_hardly_any_wrong() -> None:
    found = wrong = made = covered = 0.0
    for seed in range(10):
        truth, k, n = planted(seed, 25, True)
        claimed, pooled = claims(k, n, seed)
        right = np.zeros((20, 4), dtype=bool)
        right[np.arange(4), np.arange(4)] = True
        others = (truth.sum(axis=1, keepdims=True) - truth) / 3
        found += (claimed & right & (pooled.contrast > 0)).sum()
        wrong += (claimed & (np.sign(np.round(truth - others, 9)) != np.sign(pooled.contrast))).sum()
        made += claimed.sum()
        covered += ((pooled.low <= truth) & (truth <= pooled.high)).mean()
    assert found / 40 > 0.55
    assert wrong / made < 0.1
    assert covered / 10 == pytest.approx(0.95, abs=0.03)


def test_without_differences_hardly_a_study_claims_one() -> None:
    made = sum(claims(*planted(seed, 10, False)[1:], seed)[0].any() for seed in range(20))
    assert made <= 2


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> tuple[jl.Study, behaviours.Behaviours]:
    study = jl.open_study(write_small(tmp_path_factory.mktemp("study") / "small"))
    return study, behaviours.find(study.journeys(), k=2, until=study.outcome)


def placed(study: jl.Study, found: behaviours.Behaviours, labels: list[str]) -> joint.Typing:
    """The interviewed people in these behaviours, in turn."""
    typing = joint.type_people(study, found)
    of = [labels[row % len(labels)] for row in range(len(typing.table))]
    return dataclasses.replace(typing, table=typing.table.assign(behaviour=of, how="trace"))


def test_under_forty_interviews_only_counts_are_shown(small) -> None:
    study, found = small
    said = joint.codes_by_behaviour(study, found, typing=placed(study, found, ["B1", "B2"]))
    assert said.interviews == 8
    assert said.refused.startswith(f"{said.interviews} coded interviews")
    assert "need 40" in said.refused
    assert said.table["share"].isna().all()
    assert (said.table["claim"] == "").all()
    assert said.table.groupby("code")["k"].sum().to_dict()["slow"] == said.interviews
    assert "of" in said.wide.iloc[0, 1]
    assert "%" not in " ".join(said.wide.iloc[:, 1:].to_numpy().ravel())
    assert len(figures.alt_text(said.plot())) > 20
    assert said.to_json()


def test_a_behaviour_without_an_interview_is_a_hole(small) -> None:
    study, found = small
    typing = placed(study, found, ["B2"])
    said = joint.codes_by_behaviour(study, found, typing=typing, names={"B1": "one", "B2": "two"})
    assert said.holes == ("one",)
    assert said.table.loc[said.table["hole"], "n"].eq(0).all()
    assert "hole" in said.wide["one"].tolist()
    assert "Holes" in said.summary()


def test_with_enough_interviews_shares_are_pooled(small, monkeypatch) -> None:
    study, found = small
    monkeypatch.setattr(by_behaviour, "FEWEST", 4)
    said = joint.codes_by_behaviour(study, found, typing=placed(study, found, ["B1", "B2"]))
    assert not said.refused
    known = said.table[~said.table["hole"]]
    assert (known["ci_low"] < known["share"]).all()
    assert (known["share"] < known["ci_high"]).all()


def test_scores_are_those_of_the_members(small) -> None:
    study, found = small
    scores = joint.codes_by_behaviour(study, found).scores
    members = study.responses["respondent_id"].map(found.labels)
    assert (
        scores.set_index("behaviour")["n"].to_dict()
        == members.value_counts().reindex(scores["behaviour"], fill_value=0).to_dict()
    )
    known = scores.dropna(subset=["pooled"])
    assert (known["ci_low"] < known["pooled"]).all()


def test_a_single_behaviour_is_said_and_not_compared(small) -> None:
    study, _ = small
    found = behaviours.find(study.journeys(), k=1)
    said = joint.codes_by_behaviour(study, found)
    assert "single behaviour" in said.summary()


def test_the_demo_study_claims_what_was_planted() -> None:
    folder = Path(__file__).resolve().parents[2] / "data/shop"
    if not (folder / "raw/SIMULATED").is_file():
        pytest.skip("needs the demo study's raw data; make it with: make simulate")
    study = jl.open_study(folder)
    found = behaviours.find(study.journeys(), k=4, until=study.outcome)
    said = joint.codes_by_behaviour(study, found)
    assert said.interviews >= 40
    assert not said.refused
    claimed = {(row.claim, row.code) for row in said.claims.itertuples()}
    assert ("more", "Good advice in the store") in claimed
    assert isinstance(said.claims, pd.DataFrame)
