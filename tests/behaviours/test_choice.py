"""How many behaviours, and whether at all: each criterion, the test against chance, and what is said of them."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score
from test_find import BACK, ROUND, STAY, chains
from test_grouping import planted

from journeylab import behaviours, figures, journeys
from journeylab.behaviours import chance, choose, grouping, memory, recurrence
from journeylab.behaviours.counts import count, paths
from journeylab.behaviours.mixture import fit
from journeylab.behaviours.verdict import recommend, verdicts
from journeylab.errors import StudyError

BY_CHAINS = {
    "k": [1, 2, 3, 4],
    "bic": [900.0, 700.0, 500.0, 600.0],
    "icl": [900.0, 710.0, 520.0, 640.0],
    "silhouette": [np.nan, 0.1, 0.2, 0.15],
    "null_silhouette": [np.nan, 0.05, 0.04, 0.03],
    "prediction_strength": [np.nan, 0.95, 0.85, 0.4],
    "stability": [np.nan, 0.9, 0.8, 0.3],
    "gain": [np.nan, 1.0, 2.0, 2.1],
    "null_gain": [np.nan, 0.2, 0.3, 0.4],
}


def table(**changed: list[float]) -> pd.DataFrame:
    return pd.DataFrame({**BY_CHAINS, **changed})


def said(frame: pd.DataFrame, k: int, *, given: bool = False, reason: str = "", weak: tuple[str, ...] = ()) -> str:
    return recommend(frame, k, given=given, reason=reason, weak=weak)


@pytest.fixture(scope="module")
def simulations(repository: Path) -> ModuleType:
    place = repository / "benchmarks" / "validity" / "behaviours.py"
    spec = importlib.util.spec_from_file_location("validity_of_behaviours", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def three() -> tuple[journeys.Journeys, behaviours.Behaviours]:
    j, _ = chains([100, 75, 50], [ROUND, BACK, STAY], seed=1)
    return j, behaviours.find(j, k_max=4, seed=0)


@pytest.mark.parametrize(("k", "seed"), [(2, 1), (4, 3)])
def test_overlapping_chains_are_found_nearly_as_well_as_can_be(simulations: ModuleType, k: int, seed: int) -> None:
    run = simulations.recover(k, 700, seed)
    assert run["optimal"] == pytest.approx(0.9, abs=0.01)
    assert run["k"] == k
    assert run["index"] >= 0.85
    assert run["index"] >= 0.93 * run["optimal"]


@pytest.mark.parametrize("kind", ["one chain", "one chain, heavy-tailed lengths", "one chain with memory of two steps"])
def test_nothing_is_found_where_nothing_was_planted(simulations: ModuleType, kind: str) -> None:
    assert [simulations.invent(kind, "markov", 500, seed)["k"] for seed in range(2)] == [1, 1]


def test_memory_is_not_taken_for_behaviours(simulations: ModuleType) -> None:
    """With this seed BIC prefers two chains to one: only the chain with memory explains them away."""
    found = behaviours.find(simulations.built(simulations.with_memory(1000, 5)), k_max=3, seed=5, criteria=False)
    assert found.selection["bic"].idxmin() == 1
    assert found.k == 1
    assert "last two steps" in found.reason
    assert any("memory of two steps" in line for line in found.assumptions)


def test_the_shop_is_found_as_it_was_planted(repository: Path) -> None:
    import journeylab as jl

    folder = repository / "data" / "shop"
    if not (folder / "raw" / "SIMULATED").is_file():
        pytest.skip("needs the demo study's files: journeylab simulate data/shop")
    study = jl.open_study(folder)
    found = behaviours.find(study.journeys(), until=study.outcome, k_max=5, criteria=False)
    truth = pd.read_csv(folder / "truth" / "behaviours.csv").set_index("customer_id")["behaviour"]
    assert found.k == 4
    assert adjusted_rand_score(truth.reindex(found.labels.index), found.labels) >= 0.85


def test_every_number_has_every_criterion(three) -> None:
    _, found = three
    assert found.k == 3
    frame = found.selection.set_index("k")
    assert tuple(found.selection.columns) == choose.SELECTION_COLUMNS
    assert frame.loc[[2, 3, 4]].notna().all(axis=None)
    assert frame["prediction_strength"].loc[3] > recurrence.STRONG > frame["prediction_strength"].loc[4]
    assert frame["stability"].loc[3] == pytest.approx(found.table["stability"].min())
    assert frame["gain"].loc[3] > frame["null_gain"].loc[3]
    assert frame["silhouette"].loc[3] > frame["null_silhouette"].loc[3]
    assert (found.verdicts["says"] == 3).all()
    assert found.recommendation.startswith("Work with 3 behaviours. All 5 criteria agree")


def test_labels_are_the_same_without_the_criteria(three) -> None:
    j, found = three
    plain = behaviours.find(j, k_max=4, seed=0, criteria=False)
    pd.testing.assert_series_equal(plain.labels, found.labels)
    pd.testing.assert_frame_equal(plain.table, found.table)
    assert plain.selection["prediction_strength"].isna().all()
    assert plain.verdicts["criterion"].tolist() == ["BIC", "ICL", "stability"]
    assert plain.plot() is not None


def test_distances_have_the_same_criteria() -> None:
    j, _ = planted((30, 30), seed=2)
    found = behaviours.find(j, method="lcs", k_max=3, seed=0)
    frame = found.selection.set_index("k")
    assert found.k == 2
    assert tuple(found.selection.columns) == grouping.DISTANCE_COLUMNS
    assert frame.loc[[2, 3]].notna().all(axis=None)
    assert frame["prediction_strength"].loc[2] > recurrence.STRONG
    assert frame["stability"].loc[2] > recurrence.STEADY
    assert "silhouette" in found.recommendation
    assert "prediction strength" in figures.alt_text(found.plot())


def test_bic_of_a_chain_with_memory_is_that_of_its_definition() -> None:
    j, _ = chains([60], [ROUND], seed=4)
    firsts: Counter[str] = Counter()
    contexts: Counter[tuple[str, ...]] = Counter()
    triples: Counter[tuple[str, ...]] = Counter()
    follows = set()
    for i in range(j.n_journeys):
        line = ["start", *j.path(i), "end"]
        firsts[line[1]] += 1
        for triple in zip(line, line[1:], line[2:], strict=False):
            contexts[triple[:2]] += 1
            triples[triple] += 1
            follows.add(triple[1:])
    value = sum(n * np.log(n / j.n_journeys) for n in firsts.values())
    value += sum(n * np.log(n / contexts[triple[:2]]) for triple, n in triples.items())
    branches = Counter(pair[0] for pair in follows)
    parameters = len(firsts) - 1 + sum(branches[pair[1]] - 1 for pair in contexts)
    assert memory.bic(paths(j)) == pytest.approx(-2 * value + parameters * np.log(j.n_journeys))


def test_journeys_with_memory_keep_their_lengths_and_their_steps() -> None:
    rng = np.random.default_rng(0)
    lines = [["a", "b", "c"] * 3 if rng.random() < 0.5 else ["b", "a", "d"] * 3 for _ in range(40)]
    frame = pd.DataFrame([(f"c{n}", name) for n, line in enumerate(lines) for name in line])
    frame.columns = ["customer_id", "touchpoint"]
    frame["event_time"] = pd.Timestamp("2026-03-01T10:00:00Z") + pd.to_timedelta(np.arange(len(frame)), unit="min")
    found = paths(journeys.build(frame))
    drawn = memory.simulate(found, rng)
    np.testing.assert_array_equal(drawn.offsets, found.offsets)
    seen = {tuple(found.codes[i : i + 3]) for start in found.offsets[:-1] for i in range(start, start + 7)}
    assert {tuple(drawn.codes[i : i + 3]) for start in drawn.offsets[:-1] for i in range(start, start + 7)} <= seen


def test_times_until_a_step_are_no_sign_of_memory() -> None:
    """With times, one chain is still a better account of one chain than one with memory, and they are drawn for all alike."""
    j, _ = chains([80], [ROUND], seed=4)
    plain, found = paths(j), paths(j, waits=["30s", "2min"])
    counts = count(found)
    times = found.waits[found.waits >= 0]
    kinds, often = np.unique(times, return_counts=True)
    of_times = -2 * float(often @ np.log(often / len(times))) + (len(kinds) - 1) * np.log(j.n_journeys)
    assert memory.bic(found) == pytest.approx(memory.bic(plain) + of_times)
    assert fit(counts, 1).bic(j.n_journeys) < memory.bic(found)
    mixed = dataclasses.replace(
        found, waits=np.where(found.waits >= 0, np.arange(len(found.codes)) % 3, -1).astype(np.int8)
    )
    drawn = memory.simulate(mixed, np.random.default_rng(0))
    np.testing.assert_array_equal(drawn.waits < 0, mixed.waits < 0)
    np.testing.assert_array_equal(np.sort(drawn.waits), np.sort(mixed.waits))
    assert (drawn.waits != mixed.waits).any()


def test_a_near_miss_is_held_against_more_sets() -> None:
    rng = np.random.default_rng(0)

    def draw(_: int) -> float:
        return float(rng.normal())

    assert len(chance.reach(draw, 50.0)) == 19  # far above all
    assert len(chance.reach(draw, -1.0)) == 19  # below some
    passed = 0
    for _ in range(400):
        observed = float(rng.normal())
        values = chance.reach(draw, observed)
        assert len(values) in {19, 99} or values[-1] >= observed
        passed += observed > values.max()
    assert passed <= 12  # one in a hundred, not one in twenty


def test_the_silhouette_is_that_of_scikit_learn() -> None:
    j, _ = chains([40, 40], [ROUND, STAY], seed=6)
    counts = count(paths(j))
    labels = fit(counts, 2).posterior(counts).argmax(axis=1)
    dense = counts.matrix.toarray()
    root = np.sqrt(dense / dense.sum(axis=1, keepdims=True))
    away = np.linalg.norm(root[:, None] - root[None], axis=2) / np.sqrt(2)
    repeated = np.repeat(np.arange(len(labels)), counts.weights.astype(int))
    expected = silhouette_score(away[np.ix_(repeated, repeated)], labels[repeated], metric="precomputed")
    assert choose._widths(counts, {2: labels}, 1000, 0)[2] == pytest.approx(expected, abs=1e-6)


def test_prediction_strength_counts_pairs_that_stay_together() -> None:
    both = np.array([[3.0, 1.0], [0.0, 4.0]])  # 3 of 6 pairs of the first group stay, all of the second
    assert recurrence._least_together(both) == pytest.approx(0.5)
    assert recurrence._least_together(np.array([[1.0, 0.0], [0.0, 5.0]])) == 0.0


def test_prediction_strength_and_stability_know_true_groups_from_invented_ones() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(-4, 1, 60), rng.normal(4, 1, 60)])
    sample = recurrence.Sample(np.arange(120), np.arange(120), 120)

    def split(weights: np.ndarray, k: int, seeds: list[int]) -> np.ndarray:
        draw = np.random.default_rng(seeds)
        centres = draw.choice(points[weights > 0], k, replace=False)
        for _ in range(30):
            labels = np.abs(points[:, None] - centres).argmin(axis=1)
            mine = [weights * (labels == group) for group in range(k)]
            centres = np.array([m @ points / m.sum() if m.sum() else draw.choice(points) for m in mine])
        return labels

    right = (points > 0).astype(np.int64)
    assert recurrence.prediction_strength(sample, 2, split, seed=0) > 0.9
    assert recurrence.prediction_strength(sample, 4, split, seed=0) < 0.7
    assert (recurrence.stability(sample, right, 2, split, seed=0) > 0.9).all()
    assert np.isnan(recurrence.prediction_strength(recurrence.Sample(np.arange(5), np.arange(5), 5), 2, split, seed=0))


def test_all_criteria_that_agree_are_said_to() -> None:
    words = said(table(), 3)
    assert words.startswith("Work with 3 behaviours. All 5 criteria agree: BIC, ICL, silhouette, prediction strength")
    assert "gained a journey over one pattern 2, by chance at most 0.300" in words


def test_who_says_otherwise_is_named_and_what_that_means() -> None:
    frame = table(icl=[900, 500, 510, 640], silhouette=[np.nan, 0.3, 0.2, 0.1], prediction_strength=[1, 0.9, 0.7, 0.5])
    words = said(frame, 3)
    assert "BIC and stability agree; ICL, silhouette and prediction strength say 2." in words
    assert "customers who lie between two" in words
    assert "coarser grouping" in words
    assert "Half of the customers do not suffice" in words
    assert "BIC alone would take 4" in said(table(bic=[900, 700, 500, 400]), 3)


def test_the_most_that_was_tried_is_called_at_least() -> None:
    assert "at least 4" in said(table(bic=[900, 700, 500, 400]), 4)
    assert "at least" not in said(table(), 3)


def test_unstable_behaviours_are_not_to_be_acted_on() -> None:
    words = said(table(stability=[np.nan, 0.9, 0.5, 0.3]), 3, weak=("B2", "B3"))
    assert "Not stable (under 0.75) are B2 and B3" in words
    assert "do not act on it" in words


def test_none_is_none_even_where_a_criterion_would_split() -> None:
    words = said(table(), 1, reason="no number of chains beats what a single one gives by chance")
    assert words.startswith("Treat the customers as one group: no number of chains")
    assert "Some criteria would split them (BIC 3, ICL 3, prediction strength 3 and stability 3)" in words


def test_a_number_that_was_set_is_called_so() -> None:
    words = said(table(), 2, given=True)
    assert words.startswith("The number, 2, was set and not chosen. BIC, ICL")
    assert "BIC alone" not in words


def test_a_verdict_that_reaches_its_bar_nowhere_is_none() -> None:
    found = verdicts(table(stability=[np.nan, 0.5, 0.4, 0.3]), 3).set_index("criterion")
    assert found.loc["stability", "says"] == 1
    assert found.loc["silhouette", "by_chance"] == 0.04
    assert "stability bears out none" in said(table(stability=[np.nan, 0.5, 0.4, 0.3]), 3)


def test_the_picture_has_a_panel_for_each_pair_of_criteria(three) -> None:
    _, found = three
    ax = found.plot()
    titles = [panel.get_title(loc="left").strip() for panel in ax.figure.axes]
    assert titles == ["BIC and ICL", "Gain over one pattern", "Average silhouette", "Found again"]
    marks = [line.get_xdata()[0] for panel in ax.figure.axes for line in panel.lines if line.get_linestyle() == "--"]
    assert marks == [3, 3, 3, 3]
    assert "Chosen: 3, with silhouette" in figures.alt_text(ax)
    alone = figures.new_axes()
    assert found.plot(alone) is alone


def test_settings_of_page_05_are_read_from_the_study() -> None:
    toml = {"05_behaviours": {"k": 3, "k_max": 0, "seed": 0, "share": "public"}}
    assert behaviours.settings(toml) == {"k": 3, "seed": 0}
    assert behaviours.settings({}) == {}
    with pytest.raises(StudyError, match="found 'two', expected a whole number"):
        behaviours.settings({"05_behaviours": {"k": "two"}})
