"""Behaviours: planted ones are found again, none are found where there are none, and the same seed says the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from journeylab import behaviours, journeys
from journeylab.errors import JourneylabError

NAMES = ["home", "search", "page", "chat", "store"]


def chains(sizes: list[int], matrices: list[np.ndarray], seed: int) -> tuple[journeys.Journeys, np.ndarray]:
    """Journeys of about ten steps from each Markov chain."""
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    for kind, (size, matrix) in enumerate(zip(sizes, matrices, strict=True)):
        for _ in range(size):
            customer, state = len(truth), int(rng.integers(len(NAMES)))
            truth.append(kind)
            for step in range(int(rng.integers(8, 14))):
                rows.append((f"c{customer:05d}", step, NAMES[state]))
                state = int(rng.choice(len(NAMES), p=matrix[state]))
    frame = pd.DataFrame(rows, columns=["customer_id", "minute", "touchpoint"])
    start = pd.Timestamp("2026-03-01T10:00:00Z")
    frame["event_time"] = (start + pd.to_timedelta(frame.pop("minute"), unit="min")).dt.as_unit("us")
    return journeys.build(frame), np.array(truth)


def leaning(towards: list[int]) -> np.ndarray:
    matrix = np.full((5, 5), 0.05)
    for row in range(5):
        matrix[row, towards[row]] = 0.8
    return matrix


ROUND = leaning([1, 2, 3, 4, 0])
BACK = leaning([4, 0, 1, 2, 3])
STAY = leaning([0, 1, 2, 3, 4])


def test_planted_behaviours_are_found_again() -> None:
    j, truth = chains([200, 150, 100], [ROUND, BACK, STAY], seed=1)
    found = behaviours.find(j, k_max=5, seed=0, criteria=False)
    assert found.k == 3
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert sorted(found.table["n"]) == pytest.approx([100, 150, 200], abs=8)
    assert (found.table["stability"] > 0.75).all()


@pytest.mark.parametrize("seed", range(5))
def test_one_chain_is_one_behaviour(seed: int) -> None:
    j, _ = chains([300], [np.full((5, 5), 0.2)], seed=seed)
    assert behaviours.find(j, k_max=4, seed=seed, criteria=False).k == 1


def test_the_same_seed_gives_the_same_labels() -> None:
    j, _ = chains([80, 80], [ROUND, STAY], seed=2)
    first, second = (behaviours.find(j, k=2, seed=3) for _ in range(2))
    pd.testing.assert_series_equal(first.labels, second.labels)
    pd.testing.assert_frame_equal(first.table, second.table)


def test_behaviours_are_not_made_from_the_outcome() -> None:
    j, _ = chains([80, 80], [ROUND, STAY], seed=2)
    found = behaviours.find(j, k=2, until="store")
    assert len(found.labels) == j.n_journeys
    with pytest.raises(JourneylabError, match="Did you mean 'store'"):
        behaviours.find(j, k=2, until="stoer")


def test_too_little_to_tell() -> None:
    j, _ = chains([1], [ROUND], seed=0)
    found = behaviours.find(j)
    assert found.k <= 1
    assert found.summary()


@pytest.mark.parametrize(("options", "message"), [({"k": 0}, "count from 1"), ({"method": "magic"}, "not one of")])
def test_wrong_options(options: dict, message: str) -> None:
    j, _ = chains([10], [ROUND], seed=0)
    with pytest.raises(JourneylabError, match=message):
        behaviours.find(j, **options)


def test_shares_carry_intervals_and_add_up() -> None:
    j, _ = chains([80, 80], [ROUND, STAY], seed=2)
    table = behaviours.find(j, k=2).table
    assert table["n"].sum() == 160
    assert ((table["ci_low"] < table["share"]) & (table["share"] < table["ci_high"])).all()


def test_who_has_no_step_before_the_cut_has_the_shares_of_the_behaviours() -> None:
    j, _ = chains([120, 80], [ROUND, BACK], seed=3)
    frame = pd.DataFrame({"customer_id": np.repeat(j.ids, j.lengths), "touchpoint": np.array(j.touchpoints)[j.codes]})
    frame["event_time"] = pd.Timestamp("2026-03-01T10:00:00Z") + pd.to_timedelta(np.arange(len(frame)), unit="min")
    first = frame["customer_id"] == j.ids[0]
    frame.loc[first & ~frame["customer_id"].duplicated(), "touchpoint"] = "order"
    found = behaviours.find(journeys.build(frame), k=2, until="order", seed=0)
    assert found.posterior.loc[j.ids[0]].to_numpy() == pytest.approx(found.posterior.mean().to_numpy(), abs=0.02)
