"""Medoids and trees over weighted rows are those of the rows written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import adjusted_rand_score, silhouette_score

from journeylab.behaviours.hierarchy import cut, tree
from journeylab.behaviours.medoids import faster_pam, silhouette


def points(seed: int, n: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    where = rng.normal(size=(n, 2)) + 4 * rng.integers(0, 3, size=(n, 1))
    return np.hypot(*(where[:, None] - where).transpose(2, 0, 1)), rng.integers(1, 6, size=n).astype(float)


def written_out(square: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.repeat(np.arange(len(square)), weights.astype(int))
    return square[np.ix_(rows, rows)], rows


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_cheapest_medoids_of_all_are_found(seed: int, k: int) -> None:
    square, weights = points(seed)
    best = min(
        float(weights @ square[:, list(rows)].min(axis=1)) for rows in itertools.combinations(range(len(square)), k)
    )
    found = faster_pam(square, k, weights, seed=0, restarts=8)
    assert found.cost == pytest.approx(best)
    assert np.array_equal(square[found.rows, found.rows], np.zeros(k))
    assert np.array_equal(found.labels, square[:, found.rows].argmin(axis=1))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_no_single_swap_makes_medoids_cheaper(seed: int, k: int) -> None:
    square, weights = points(seed)
    found = faster_pam(square, k, weights, seed=seed, restarts=1)
    for place, row in itertools.product(range(k), range(len(square))):
        rows = found.rows.copy()
        rows[place] = row
        assert weights @ square[:, rows].min(axis=1) >= found.cost - 1e-6
    again = faster_pam(square, k, weights, seed=seed, restarts=1)
    assert np.array_equal(found.rows, again.rows)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("method", ["ward", "average"])
def test_a_tree_of_weighted_rows_is_that_of_the_rows_written_out(seed: int, method: str) -> None:
    square, weights = points(seed, 15)
    whole, rows = written_out(square, weights)
    expected = linkage(squareform(whole, checks=False), method=method)
    joins, heights = tree(square, weights, linkage=method)
    np.testing.assert_allclose(heights, np.sort(expected[:, 2])[-14:], rtol=1e-9)
    for k in (1, 2, 3, 5):
        labels = fcluster(expected, k, criterion="maxclust")
        assert adjusted_rand_score(labels, cut(joins, k)[rows]) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_the_silhouette_of_weighted_rows_is_that_of_the_rows_written_out(seed: int) -> None:
    square, weights = points(seed, 15)
    labels = faster_pam(square, 3, weights).labels
    whole, rows = written_out(square, weights)
    expected = silhouette_score(whole, labels[rows], metric="precomputed")
    assert silhouette(square, labels, weights) == pytest.approx(expected)
    assert np.isnan(silhouette(square, np.zeros(15, dtype=int), weights))


def test_equal_rows_have_medoids_too() -> None:
    found = faster_pam(np.zeros((5, 5)), 3)
    assert found.cost == 0
    assert len(set(found.rows.tolist())) == 3
    assert cut(tree(np.zeros((4, 4)), np.ones(4))[0], 2).max() == 1
    assert cut(tree(np.zeros((1, 1)), np.ones(1))[0], 1).tolist() == [0]
