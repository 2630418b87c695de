"""Behaviours by distance: planted groups are found again, none are invented, and what cannot be grouped is explained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from journeylab import behaviours, journeys
from journeylab.behaviours import grouping
from journeylab.errors import JourneylabError

WAYS = (
    ("home", "search", "page", "cart", "order"),
    ("chat", "help", "home", "chat", "help"),
    ("store", "store", "page"),
)


def built(paths: list[list[str]]) -> journeys.Journeys:
    rows = [(f"c{n:05d}", step, name) for n, path in enumerate(paths) for step, name in enumerate(path)]
    frame = pd.DataFrame(rows, columns=["customer_id", "minute", "touchpoint"])
    start = pd.Timestamp("2026-03-01T10:00:00Z")
    frame["event_time"] = (start + pd.to_timedelta(frame.pop("minute"), unit="min")).dt.as_unit("us")
    return journeys.build(frame)


def planted(sizes: tuple[int, ...], seed: int) -> tuple[journeys.Journeys, np.ndarray]:
    """Ways of moving, repeated to about eight steps, one step in ten at random."""
    rng = np.random.default_rng(seed)
    names = sorted({name for way in WAYS for name in way})
    truth = np.repeat(np.arange(len(sizes)), sizes)
    paths = []
    for kind in truth:
        way = [WAYS[kind][step % len(WAYS[kind])] for step in range(int(rng.integers(6, 11)))]
        paths.append([str(rng.choice(names)) if rng.random() < 0.1 else name for name in way])
    return built(paths), truth


@pytest.mark.parametrize("method", ["om", "lcs", "features", "omspell"])
@pytest.mark.parametrize("by", ["medoids", "ward"])
def test_planted_ways_are_found_again(method: str, by: str) -> None:
    j, truth = planted((60, 45, 30), seed=1)
    found = behaviours.find(j, method=method, k_max=5, grouping=by, seed=0, criteria=False)
    assert found.k == 3
    assert adjusted_rand_score(truth, found.labels) > 0.9
    assert (found.table["stability"] > 0.75).all()
    assert found.medoids is not None
    assert {path[0] for path in found.medoids["path"]} <= {"home", "chat", "store"}
    assert (found.medoids["n"] >= 1).all()
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    own = found.posterior.to_numpy()[np.arange(len(truth)), found.posterior.columns.get_indexer(found.labels)]
    np.testing.assert_array_equal(own, found.posterior.max(axis=1))
    chosen = found.selection.set_index("k").loc[3]
    assert chosen["chosen"]
    assert chosen["silhouette"] > chosen["null_silhouette"]
    assert "3 behaviours recur" in found.summary()
    assert behaviours.portraits(found, j).summary()
    found.plot()


@pytest.mark.parametrize("seed", range(3))
def test_journeys_of_one_chain_are_one_behaviour(seed: int) -> None:
    rng = np.random.default_rng(seed)
    j = built([list(rng.choice(list("abcde"), size=int(rng.integers(6, 12)))) for _ in range(120)])
    found = behaviours.find(j, method="om", k_max=4, seed=seed, criteria=False)
    assert found.k == 1
    assert "single chain" in found.summary()


def test_the_same_seed_gives_the_same_groups_also_by_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    j, truth = planted((120, 80, 60), seed=3)
    monkeypatch.setattr(grouping.group, "__kwdefaults__", {**grouping.group.__kwdefaults__, "largest": 60})
    first, second = (behaviours.find(j, method="om", k=3, seed=5) for _ in range(2))
    pd.testing.assert_series_equal(first.labels, second.labels)
    pd.testing.assert_frame_equal(first.table, second.table)
    assert adjusted_rand_score(truth, first.labels) > 0.9
    assert any("5 samples of 60" in line for line in first.assumptions)
    assert (first.table["stability"] > 0.7).all()


def test_groups_that_only_sort_by_length_are_called_so() -> None:
    rng = np.random.default_rng(0)
    paths = [list(rng.choice(["a", "b"], size=size)) for size in rng.permutation(np.repeat([2, 3, 20, 22], 20))]
    found = behaviours.find(built(paths), method="om", k=2, normalise=None)
    assert any(line.startswith("Warning: the behaviours sort mostly by length") for line in found.assumptions)
    j, _ = planted((40, 40, 40), seed=2)
    assert not any(line.startswith("Warning") for line in behaviours.find(j, method="om", k=3).assumptions)


@pytest.mark.parametrize("method", ["om", "lcs", "features", "hamming", "dhd", "omspell"])
@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        ([["a", "b"]], "single journey"),
        ([["a", "b"]] * 5, "all journeys are equal"),
        ([["a"], ["a"]], "one touchpoint"),
    ],
)
def test_what_cannot_be_grouped_is_one_behaviour_with_a_reason(method: str, paths: list, reason: str) -> None:
    found = behaviours.find(built(paths), method=method)
    assert found.k == 1
    assert reason in found.reason
    assert list(found.selection.columns) == list(
        behaviours.find(planted((9, 9), seed=0)[0], method="om", k=2).selection.columns
    )


def test_more_behaviours_than_distinct_journeys_are_not_invented() -> None:
    j = built([["a", "b"], ["b", "a"], ["a", "b"], ["c"]])
    found = behaviours.find(j, method="lcs", k=8)
    assert found.k == 3
    assert found.reason == "only 3 distinct journeys, so 3 behaviours instead of 8"
    assert found.table["n"].tolist() == [2, 1, 1]
    # From a always to b and back: by transition rates one costs nothing in the place of the other
    for by in ("medoids", "ward", "average"):
        found = behaviours.find(j, method="om", k=8, grouping=by)
        assert found.k == 2
        assert found.reason == "only 2 journeys at a distance from each other, so 2 behaviours instead of 8"
        assert found.table["n"].tolist() == [3, 1]


def test_a_journey_without_a_step_before_the_cut_has_the_shares() -> None:
    j, _ = planted((40, 30), seed=4)
    paths = [list(j.path(i)) for i in range(j.n_journeys)]
    paths[0] = ["sold", *paths[0]]
    found = behaviours.find(built(paths), method="lcs", k=2, until="sold")
    assert found.posterior.iloc[0].to_numpy() == pytest.approx([40 / 69, 29 / 69], abs=0.05)
    assert len(found.labels) == 70


def test_channels_and_time_are_seen_by_features() -> None:
    j, _ = planted((20, 20), seed=5)
    plain, by_channel = (
        behaviours.distances(j, method="features", channels=channels)
        for channels in (None, {"store": "shop", "home": "web"})
    )
    assert plain.shape == (40, 40)
    assert not np.allclose(plain, by_channel)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"method": "om", "grouping": "wards"}, "Did you mean 'ward'"), ({"method": "hamming"}, "one length")],
)
def test_wrong_options(options: dict, message: str) -> None:
    with pytest.raises(JourneylabError, match=message):
        behaviours.find(planted((10, 10), seed=0)[0], k=2, **options)
