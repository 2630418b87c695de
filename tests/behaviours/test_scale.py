"""Behaviours of many journeys: neither blocks nor samples nor threads change what is found; too little input is explained."""

from __future__ import annotations

import dataclasses
import functools
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from test_find import BACK, ROUND, STAY, chains
from test_grouping import built

from journeylab import behaviours, journeys
from journeylab.behaviours import counts as counting
from journeylab.behaviours import mixture

METHODS = ("markov", "om", "lcs", "hamming", "dhd", "omspell", "features")

THREADED = """
import hashlib, sys
from journeylab import behaviours
from journeylab.behaviours import counts
from journeylab.journeys import groups
from test_find import BACK, ROUND, STAY, chains

groups.THREADS, counts.BLOCK = int(sys.argv[1]), 50
j, _ = chains([120, 80, 80], [ROUND, BACK, STAY], seed=1)
found = behaviours.find(j, k=3, k_max=3, seed=0)
parts = (found.posterior.to_numpy().tobytes(), "".join(found.labels).encode(), found.selection.to_csv(index=False).encode())
print(found.k, *(hashlib.sha256(part).hexdigest() for part in parts))
"""


@functools.cache
def walked(*paths: str) -> journeys.Journeys:
    """Journeys whose touchpoints are letters."""
    return built([list(path) for path in paths])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    j, _ = chains([200, 150, 100], [ROUND, BACK, STAY], seed=1)
    taken = counting.paths(j)
    whole = mixture.fit(counting.count(taken), 3, seed=1)
    monkeypatch.setattr(counting, "BLOCK", 64)
    counts = counting.count(taken)
    parts = mixture.fit(counts, 3, seed=1)
    assert len(counts.blocks) > 2
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood)
    assert parts.posterior(counts) == pytest.approx(whole.posterior(counting.count(taken)), abs=1e-6)


def test_starts_on_samples_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    j, truth = chains([600, 400, 200], [ROUND, BACK, STAY], seed=1)
    whole = behaviours.find(j, k=3, k_max=3)
    monkeypatch.setattr(mixture, "START_ROWS", 150)
    monkeypatch.setattr(mixture, "MIDDLE_ROWS", 400)
    sampled = behaviours.find(j, k=3, k_max=3)
    assert adjusted_rand_score(truth, sampled.labels) > 0.95
    assert (sampled.labels == whole.labels).mean() > 0.99


def test_the_number_of_threads_changes_no_byte() -> None:
    said = set()
    for threads in ("1", "2"):
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        folder = os.path.dirname(__file__)
        path = os.pathsep.join([folder, *filter(None, [os.environ.get("PYTHONPATH")])])
        ended = subprocess.run(
            [sys.executable, "-c", THREADED, threads], capture_output=True, text=True, check=True,
            env={**os.environ, **limits, "PYTHONPATH": path},
        )  # fmt: skip
        said.add(ended.stdout.splitlines()[-1])  # the engine may draw a progress bar above
    assert len(said) == 1
    assert said.pop().startswith("3 ")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (("aba",), "single journey"),
        (("a",), "single journey"),
        (("aa", "aa"), "one touchpoint"),
        (("a", "aa", "a"), "one touchpoint"),
        (("ab",) * 6, "all journeys are equal"),
    ],
)
def test_nothing_is_found_where_nothing_is(method: str, paths: tuple[str, ...], reason: str) -> None:
    for k in (None, 3):
        found = behaviours.find(walked(*paths), method=method, k=k)
        assert found.k == 1
        assert reason in found.reason
        assert reason in found.summary()
        assert found.table["n"].tolist() == [len(paths)]


@pytest.mark.parametrize("method", METHODS)
def test_no_behaviour_is_left_without_journeys(method: str) -> None:
    found = behaviours.find(walked("abc", "bac", "abc", "cca"), method=method, k=9, k_max=4)
    assert 1 <= found.k <= 3
    assert found.reason
    assert (found.table["n"] > 0).all()
    assert found.table["n"].sum() == 4


def test_chains_that_nobody_follows_are_no_behaviours() -> None:
    found = behaviours.find(walked("ab", "ba", "ab", "bba"), k=9, k_max=3)
    assert found.k == 2
    assert found.reason == "with more, one would have no journeys, so 2 behaviours instead of 9"
    assert found.table["n"].tolist() == [2, 2]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("every", [1, 3])
def test_missing_times_stop_no_method(method: str, every: int) -> None:
    j = walked(*["abca"] * 12, *["cbbc"] * 8, "abba", "cbca")
    times = j.times.copy()
    times[::every] = np.datetime64("NaT")
    found = behaviours.find(dataclasses.replace(j, times=times), method=method, k=2, k_max=2)
    assert found.table["n"].sum() == 22
    assert found.k == 2
    assert found.summary()
    if method != "features":  # which sees dwell, and so groups by what is known of it too
        assert found.labels.iloc[0] != found.labels.iloc[12]
