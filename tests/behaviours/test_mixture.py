"""Mixtures of chains: counts and fits are those of slow Python, and tempo tells behaviours apart where it is asked for."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from test_find import BACK, ROUND, STAY, chains

from journeylab import behaviours, journeys
from journeylab.behaviours import counts as counting
from journeylab.behaviours.chains import WAIT, steps_of
from journeylab.behaviours.change import distances
from journeylab.behaviours.mixture import ALPHA, fit, simulate
from journeylab.errors import JourneylabError

WAITS = ("1min", "30min", "1d")


def tempos(sizes: tuple[int, ...], minutes: tuple[float, ...], seed: int) -> tuple[journeys.Journeys, np.ndarray]:
    """Journeys of one chain, whose steps take about so many minutes by kind."""
    j, _ = chains([sum(sizes)], [np.full((5, 5), 0.2)], seed=seed)
    truth = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    pace = np.array(minutes)[truth]
    passed = np.random.default_rng(seed + 1).exponential(np.repeat(pace, j.lengths) * 60e6)
    return dataclasses.replace(j, times=np.datetime64("2026-03-01", "us") + np.cumsum(passed.astype("m8[us]"))), truth


def slow_counts(j: journeys.Journeys, until: str | None) -> list[Counter[tuple[str, str]]]:
    """Starts, steps, ends and categories of time of each journey, event by event."""
    found = []
    for i in range(j.n_journeys):
        path = list(j.path(i))
        moments = j.times[j.offsets[i] : j.offsets[i + 1]]
        cut = path.index(until) if until in path else len(path)
        steps = Counter(zip(["", *path[:cut]], [*path[:cut], ""], strict=True) if cut else ())
        if cut < len(path) and cut:
            steps -= Counter([(path[cut - 1], "")])
        for number in range(1, cut):
            seconds = (moments[number] - moments[number - 1]) / np.timedelta64(1, "s")
            if seconds > 0:
                name = next(
                    (name for end, name in ((60, "up to 1min"), (1800, "1min to 30min"), (86400, "30min to 1d")) if seconds <= end),
                    "over 1d",
                )  # fmt: skip
                steps[(WAIT, name)] += 1
        found.append(steps)
    return found


@pytest.mark.parametrize("until", [None, "store"])
def test_counts_are_those_of_slow_python(until: str | None) -> None:
    j, _ = tempos((40, 40), (1.0, 900.0), seed=4)
    times = j.times.copy()
    times[5:200:7] = np.datetime64("NaT")
    times[301:400:9] = times[300:399:9]
    exact = j.offsets[:-1][20:30]
    times[exact + 1] = times[exact] + np.timedelta64(60, "s")  # a cut point belongs to the category that it ends
    j = dataclasses.replace(j, times=times)
    counts = counting.count(counting.paths(j, until=until, waits=WAITS))
    names = steps_of(counts, j.touchpoints, WAITS)
    dense = counts.matrix.toarray()
    slow = slow_counts(j, until)
    assert sum((name[0] == WAIT) for name in names) == 4
    for row, expected in zip(counts.row, slow, strict=True):
        assert {name: n for name, n in zip(names, dense[row], strict=True) if n and row >= 0} == expected
    known = [frozenset(each.items()) for each in slow if each]
    assert len(counts.weights) == len(set(known))
    assert counts.n_journeys == len(known)


def test_the_objective_never_falls_and_plain_steps_gain_no_more() -> None:
    j, _ = chains([200, 150, 100], [ROUND, BACK, STAY], seed=1)
    counts = counting.count(counting.paths(j))
    found = fit(counts, 4, seed=2, tolerance=1e-9)
    assert (np.diff(found.objective) >= 0).all()
    matrix, weights = counts.matrix.toarray(), counts.weights
    chain, shares = np.exp(found.log_chain), found.shares
    for _ in range(30):
        likely = np.array([[np.prod(chain[:, c] ** row) for c in range(4)] for row in matrix]) * shares
        chances = weights[:, None] * likely / likely.sum(axis=1, keepdims=True)
        value = float(weights @ np.log(likely.sum(axis=1)))
        chain = matrix.T @ chances + ALPHA
        for group in np.unique(counts.group):
            chain[counts.group == group] /= chain[counts.group == group].sum(axis=0)
        shares = (chances.sum(axis=0) + ALPHA) / (weights.sum() + 4 * ALPHA)
    assert value == pytest.approx(found.log_likelihood, abs=1e-3)
    assert shares == pytest.approx(found.shares, abs=1e-4)


def test_tempo_tells_behaviours_apart_where_times_count() -> None:
    j, truth = tempos((150, 100), (2.0, 300.0), seed=1)
    found = behaviours.find(j, k_max=3, waits=WAITS)
    assert found.k == 2
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert any("steps have a time" in line for line in found.assumptions)
    assert behaviours.find(j, k_max=3).k == 1


@pytest.mark.parametrize("seed", range(3))
def test_one_tempo_is_one_behaviour(seed: int) -> None:
    j, _ = tempos((200,), (60.0,), seed=seed)
    assert behaviours.find(j, k_max=3, waits=WAITS, seed=seed).k == 1


def test_simulated_steps_have_a_time_where_the_observed_have_one() -> None:
    j, _ = tempos((150, 100), (2.0, 300.0), seed=1)
    walked = counting.paths(j, waits=WAITS)
    counts = counting.count(walked)
    drawn = simulate(fit(counts, 1), counts, walked, np.zeros(250, dtype=np.int64), np.random.default_rng(0))
    assert ((drawn.waits >= 0) == (walked.waits >= 0)).all()
    seen, made = (np.bincount(each.waits[each.waits >= 0]) / (each.waits >= 0).sum() for each in (walked, drawn))
    assert made == pytest.approx(seen, abs=0.03)


def test_a_model_with_times_is_kept_and_places_customers_by_their_tempo(tmp_path) -> None:
    j, _ = tempos((150, 100), (2.0, 300.0), seed=1)
    found = behaviours.find(j, k=2, k_max=2, waits=WAITS)
    stored = behaviours.model(found, j)
    stored.save(tmp_path / "model.json")
    again = behaviours.load(tmp_path / "model.json")
    assert again.as_dict() == stored.as_dict()
    assert again.waits == WAITS
    assert (behaviours.assign(again, j).labels == found.labels).mean() > 0.99
    fresh, kinds = tempos((60, 60), (2.0, 300.0), seed=8)
    placed = behaviours.assign(again, fresh)
    assert adjusted_rand_score(kinds, placed.labels) > 0.9
    assert placed.unseen == 0
    assert (behaviours.representatives(found, j).outlying["n_steps"] <= 15).all()  # starts, steps and ends, not times


def test_models_are_compared_by_tempo_only_where_both_cut_it_alike() -> None:
    j, _ = tempos((150, 100), (2.0, 300.0), seed=1)
    stored = behaviours.model(behaviours.find(j, k=2, k_max=2, waits=WAITS), j)
    assert np.diag(distances(stored, stored)) == pytest.approx(0, abs=1e-9)
    assert distances(stored, stored)[0, 1] > 0.4
    other = behaviours.model(behaviours.find(j, k=2, k_max=2, waits=("5min",)), j)
    assert distances(stored, other).max() < 0.2
    assert any("differently" in line for line in behaviours.compare(stored, other).assumptions)
    assert not any("differently" in line for line in behaviours.compare(stored, stored).assumptions)
    old = {key: value for key, value in stored.without_waits().as_dict().items() if key != "waits"}
    assert behaviours.chains.from_dict(old).waits == ()


@pytest.mark.parametrize("missing", [np.datetime64("NaT", "us"), np.datetime64("2026-03-01", "us")])
def test_without_any_time_the_steps_alone_count(missing: np.datetime64) -> None:
    j, _ = chains([40, 40], [ROUND, STAY], seed=2)
    j = dataclasses.replace(j, times=np.full(j.n_events, missing))
    timed, plain = (behaviours.find(j, k=2, k_max=2, waits=waits) for waits in (WAITS, ()))
    pd.testing.assert_frame_equal(timed.posterior, plain.posterior)
    assert any("times do not count" in line for line in timed.assumptions)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"waits": ("1d", "1min")}, "rise"),
        ({"waits": ("soon",)}, "no span of time"),
        ({"waits": "1min"}, "list of cut points"),
        ({"waits": ("1min",), "method": "om"}, "leave it out"),
    ],
)
def test_wrong_cut_points(options: dict, message: str) -> None:
    j, _ = chains([10], [ROUND], seed=0)
    with pytest.raises(JourneylabError, match=message):
        behaviours.find(j, k=2, **options)
