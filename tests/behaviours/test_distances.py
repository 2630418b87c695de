"""Distances: TraMineR's values, a slow obvious alignment, and no crash on what cannot be compared."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import behaviours
from journeylab.behaviours import alignment
from journeylab.errors import DataError, JourneylabError

VALUES = Path(__file__).parents[3] / "shared" / "reference" / "values"
needs_values = pytest.mark.skipif(not VALUES.is_dir(), reason=f"the reference values are not at {VALUES}")
measuring = importlib.import_module("journeylab.behaviours.distances")  # the package has a function of that name
kernels = pytest.mark.parametrize("kernel", ["numpy", "numba"])
LETTERS = st.lists(st.lists(st.sampled_from("abcd"), max_size=9).map(tuple), min_size=1, max_size=7)


@contextlib.contextmanager
def aligned_by(kernel: str) -> Iterator[pytest.MonkeyPatch]:
    """Alignments of every size by one kernel; skips where numba is not installed."""
    if kernel == "numba":
        pytest.importorskip("numba")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alignment, "SMALL", 0)
        if kernel == "numpy":
            patch.setattr(alignment, "kernel", lambda: alignment.in_numpy)
        yield patch


def slow(one: tuple, two: tuple, costs: dict[tuple[Any, Any], float], indel: dict[Any, float]) -> float:
    """Needleman and Wunsch, cell by cell."""
    table = np.zeros((len(one) + 1, len(two) + 1))
    for i in range(1, len(one) + 1):
        table[i, 0] = table[i - 1, 0] + indel[one[i - 1]]
    for k in range(1, len(two) + 1):
        table[0, k] = table[0, k - 1] + indel[two[k - 1]]
    for i in range(1, len(one) + 1):
        for k in range(1, len(two) + 1):
            table[i, k] = min(
                table[i - 1, k] + indel[one[i - 1]],
                table[i, k - 1] + indel[two[k - 1]],
                table[i - 1, k - 1] + costs[one[i - 1], two[k - 1]],
            )
    return float(table[-1, -1])


def rates(sequences: list[tuple]) -> pd.DataFrame:
    steps = pd.DataFrame([pair for line in sequences for pair in itertools.pairwise(line)], columns=["a", "b"])
    names = sorted({name for line in sequences for name in line})
    table = pd.crosstab(steps["a"], steps["b"]).reindex(index=names, columns=names, fill_value=0)
    return table.div(table.sum(axis=1).replace(0, 1), axis=0)


def tiny() -> list[tuple]:
    return [tuple(row) for row in pd.read_csv(VALUES / "sequences" / "tiny_seq.csv").iloc[:, 1:].to_numpy()]


def stored(name: str) -> np.ndarray:
    return pd.read_csv(VALUES / "sequences" / f"traminer_{name}.csv", index_col=0).to_numpy()


@needs_values
@kernels
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("om_const2_indel1", {}),
        ("om_const2_indel1_norm_maxlength", {"normalise": "maxlength"}),
        ("om_trate_indel_auto", {"substitution": "trate", "indel": "auto"}),
        ("om_custom_indel1.25", {"substitution": "custom", "indel": 1.25}),
        ("lcs", {"method": "lcs"}),
        ("ham", {"method": "hamming"}),
        ("dhd", {"method": "dhd"}),
    ],
)
def test_distances_are_those_of_traminer(name: str, options: dict, kernel: str) -> None:
    if options.get("substitution") == "custom":
        options = {**options, "substitution": stored("custom_sm")}
    with aligned_by(kernel):
        found = behaviours.distances(tiny(), **options)
    np.testing.assert_allclose(found, stored(name), atol=1e-6, rtol=0)


@needs_values
@pytest.mark.parametrize("substitution", ["constant", "trate"])
def test_sequences_of_several_lengths_are_as_stored(substitution: str) -> None:
    toy = json.loads((VALUES / "om_toy.json").read_text())
    sequences = [tuple(line) for line in toy["sequences"]]
    lengths = np.array([len(line) for line in sequences])
    expected = np.array(toy["om_const2_indel1" if substitution == "constant" else "om_trate_indel1"])
    np.testing.assert_allclose(behaviours.distances(sequences, substitution=substitution), expected, atol=1e-6, rtol=0)
    given_costs = behaviours.distances(sequences, substitution=np.array(toy["trate_sub"]))
    np.testing.assert_allclose(given_costs, np.array(toy["om_trate_indel1"]), atol=1e-6, rtol=0)
    shared = lengths[:, None] + lengths - 2 * np.array(toy["lcs_length"])
    np.testing.assert_allclose(behaviours.distances(sequences, method="lcs"), shared, atol=1e-9)


@kernels
@settings(max_examples=80, deadline=None)
@given(
    LETTERS,
    st.lists(st.floats(0, 4), min_size=6, max_size=6),
    st.sampled_from([0.0, 0.4, 1.0, 1.25, 3.0]),
    st.sampled_from([1, 2, 16, 4096]),
)
def test_optimal_matching_is_the_slow_one(
    kernel: str, sequences: list[tuple], above: list[float], indel: float, block: int
) -> None:
    costs = np.zeros((4, 4))
    costs[np.triu_indices(4, 1)] = above
    frame = pd.DataFrame(costs + costs.T, index=list("abcd"), columns=list("abcd"))
    by_pair = {(a, b): float(frame.loc[a, b]) for a in "abcd" for b in "abcd"}
    expected = [[slow(one, two, by_pair, dict.fromkeys("abcd", indel)) for two in sequences] for one in sequences]
    with aligned_by(kernel) as patch:
        patch.setattr(alignment, "BLOCK", block)
        patch.setattr(alignment, "SHARED", block % 5)
        patch.setattr(measuring, "HIGH", 2)
        patch.setattr(measuring, "WIDE", 4)
        found = behaviours.distances(sequences, substitution=frame, indel=indel)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.array_equal(found, found.T)


@settings(max_examples=60, deadline=None)
@given(LETTERS)
def test_transition_rates_and_the_longest_common_subsequence_are_the_slow_ones(sequences: list[tuple]) -> None:
    rate = rates(sequences)
    by_pair = {(a, b): 0.0 if a == b else 2 - rate.loc[a, b] - rate.loc[b, a] for a in rate.index for b in rate.index}
    dearest = max(by_pair.values(), default=0.0) / 2
    for indel, cost in ((1.0, 1.0), ("auto", dearest)):
        expected = [[slow(one, two, by_pair, dict.fromkeys("abcd", cost)) for two in sequences] for one in sequences]
        found = behaviours.distances(sequences, substitution="trate", indel=indel)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    twice = {(a, b): 0.0 if a == b else 2.0 for a in "abcd" for b in "abcd"}
    expected = [[slow(one, two, twice, dict.fromkeys("abcd", 1.0)) for two in sequences] for one in sequences]
    np.testing.assert_allclose(behaviours.distances(sequences, method="lcs"), expected, atol=1e-9)


@kernels
@settings(max_examples=40, deadline=None)
@given(LETTERS)
def test_spells_are_aligned_with_their_lengths(kernel: str, sequences: list[tuple]) -> None:
    def spells(line: tuple) -> tuple:
        found: list[list] = []
        for name in line:
            if found and found[-1][0] == name:
                found[-1][1] += 1
            else:
                found.append([name, 0])
        return tuple(map(tuple, found))

    lines = [spells(line) for line in sequences]
    tokens = {spell for line in lines for spell in line}
    indel = {spell: 1 + 0.5 * spell[1] for spell in tokens}
    costs = {
        (a, b): 0.5 * abs(a[1] - b[1]) if a[0] == b[0] else 2 + 0.5 * (a[1] + b[1]) for a in tokens for b in tokens
    }
    expected = [[slow(one, two, costs, indel) for two in lines] for one in lines]
    with aligned_by(kernel):
        np.testing.assert_allclose(behaviours.distances(sequences, method="omspell"), expected, atol=1e-9)


@kernels
@pytest.mark.parametrize("length", [20, 33, 64, 65, 130])
def test_long_sequences_are_compared_as_exactly(length: int, kernel: str) -> None:
    rng = np.random.default_rng(length)
    sequences = [tuple(rng.choice(list("abcd"), size=size)) for size in (length, length - 3, length)]
    twice = {(a, b): 0.0 if a == b else 2.0 for a in "abcd" for b in "abcd"}
    odd = {pair: cost and 1 + np.pi / 5 for pair, cost in twice.items()}
    for costs, options in ((twice, {"method": "lcs"}), (odd, {"substitution": 1 + np.pi / 5})):
        expected = [[slow(one, two, costs, dict.fromkeys("abcd", 1.0)) for two in sequences] for one in sequences]
        with aligned_by(kernel):
            np.testing.assert_allclose(behaviours.distances(sequences, **options), expected, atol=1e-6)


def test_normalisations_are_between_zero_and_one_or_by_the_longer_length() -> None:
    sequences = [("a", "b", "c"), ("a", "c"), (), ("d",)]
    plain = behaviours.distances(sequences)
    longer = np.array([[max(len(one), len(two), 1) for two in sequences] for one in sequences])
    np.testing.assert_allclose(behaviours.distances(sequences, normalise="auto"), plain / longer)
    lengths = np.array([3, 2, 0, 1])
    total = lengths[:, None] + lengths
    expected = 2 * plain / np.maximum(plain + total, 1)  # Yujian and Bo with deletions at 1: 2 d / (|x| + |y| + d)
    np.testing.assert_allclose(behaviours.distances(sequences, normalise="yujianbo"), expected)
    np.testing.assert_allclose(behaviours.distances(sequences, normalise="maxdist"), plain / np.maximum(total, 1))
    mean = behaviours.distances(sequences, method="lcs", normalise="auto")
    assert mean[0, 1] == pytest.approx(1 - 2 / np.sqrt(6))  # one less the common length over the mean length
    assert mean[0, 2] == 1


def test_equal_sequences_are_compared_once_and_share_their_row() -> None:
    sequences = [("a",), ("b", "c"), ("a",), ("c",), ("b", "c"), ()]
    found = behaviours.distances(sequences, substitution=1.0)
    np.testing.assert_allclose(found[2], found[0])
    np.testing.assert_allclose(found[:, 4], found[:, 1])
    assert found[0].tolist() == [0, 2, 0, 1, 2, 1]


@kernels
@pytest.mark.parametrize(
    "options",
    [
        {"substitution": "trate"},
        {"substitution": 1.5},
        {"substitution": "trate", "normalise": "auto"},
        {"substitution": 1.0},
        {"method": "lcs", "normalise": "auto"},
        {"method": "omspell"},
        {"method": "features"},
        {"method": "hamming"},
    ],
)
def test_distances_are_the_same_by_one_thread_and_by_several(kernel: str, options: dict) -> None:
    rng = np.random.default_rng(3)
    sizes = np.full(90, 12) if options.get("method") == "hamming" else rng.integers(0, 40, 90)
    sequences = [tuple(rng.choice(list("abcdefg"), size=size)) for size in sizes]
    found = []
    for threads, high, wide in ((1, 256, 4096), (1, 8, 16), (3, 8, 16)):
        with aligned_by(kernel) as patch:
            for name, value in (("THREADS", threads), ("HIGH", high), ("WIDE", wide)):
                patch.setattr(measuring, name, value)
            found.append(behaviours.distances(sequences, **options))
    np.testing.assert_allclose(found[1], found[0], atol=1e-9)
    assert np.array_equal(found[2], found[1])
    assert np.array_equal(found[1], found[1].T)
    assert not found[1].diagonal().any()


@pytest.mark.parametrize(
    ("costs", "indel", "kind"), [(1.5, 1.0, "int16"), ("trate", 1.0, "int32"), (np.pi, 1e4, "float64")]
)
def test_both_kernels_find_the_same_to_the_last_digit(costs: float | str, indel: float, kind: str) -> None:
    rng = np.random.default_rng(4)
    sequences = [tuple(rng.integers(0, 9, size=size)) for size in rng.integers(0, 30, 150)]
    found, kinds = [], set()
    for name in ("numpy", "numba"):
        with aligned_by(name) as patch:
            align = alignment.kernel()
            patch.setattr(alignment, "kernel", lambda: lambda *given: kinds.add(given[4].dtype.name) or align(*given))  # noqa: B023
            found.append(behaviours.distances(sequences, substitution=costs, indel=indel))
    assert np.array_equal(*found)
    assert kinds == {kind}


def test_touchpoints_of_any_number_are_told_apart() -> None:
    """Code points of rapidfuzz's strings: over a byte, and among the surrogates."""
    many = 0xDC10
    codes = np.array([0, 255, 256, 0xD7FF, 0xD800, 0xDBFF, 0xDC00, many - 1])
    distinct = [codes, codes[::-1].copy(), codes[:0], codes[3:7], np.repeat(codes[4:5], 70)]
    small = {code: number for number, code in enumerate(codes.tolist())}
    expected = behaviours.distances([tuple(small[code] for code in line.tolist()) for line in distinct])
    costs = np.array([[0.0, 2.0], [2.0, 0.0]])  # of any two touchpoints: a whole matrix would take 25 GB
    measure = measuring.Measure(distinct, "om", None, costs, np.ones(2), distinct)
    np.testing.assert_array_equal(measure.square(), expected)


def test_features_see_order_and_not_length() -> None:
    found = behaviours.distances([("a", "b"), ("a", "b"), ("b", "a"), ("c", "d"), ()], method="features")
    assert found[0, 1] == pytest.approx(0, abs=1e-6)
    assert 0 < found[0, 2] < found[0, 3]
    assert np.array_equal(found, found.T)


@pytest.mark.parametrize("method", ["om", "lcs", "hamming", "dhd", "omspell", "features"])
@pytest.mark.parametrize("sequences", [[], [()], [(), ()], [("a",)], [("a", "a"), ("a", "a")]])
def test_nothing_to_compare_is_no_crash(method: str, sequences: list[tuple]) -> None:
    found = behaviours.distances(sequences, method=method)
    assert found.shape == (len(sequences),) * 2
    assert not found.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "oms"}, "Did you mean"),
        ({"substitution": "trates"}, "Did you mean 'trate'"),
        ({"substitution": np.eye(2)}, "2 x 2|diagonal"),
        ({"substitution": np.ones((3, 3))}, "shape"),
        ({"substitution": [[0, -1], [-1, 0]]}, "under 0"),
        ({"substitution": pd.DataFrame([[0]], index=["a"], columns=["a"])}, "no costs for 'b'"),
        ({"substitution": "constant", "indel": -1}, "indel"),
        ({"indel": "cheap"}, "indel"),
        ({"normalise": "longest"}, "normalise"),
        ({"method": "hamming"}, "one length"),
        ({"method": "omspell", "normalise": "gmean"}, "maxlength"),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(JourneylabError, match=message):
        behaviours.distances([("a", "b"), ("a",)], **options)


def test_a_word_is_not_a_sequence() -> None:
    with pytest.raises(DataError, match="sequence 0 is 'home'"):
        behaviours.distances(["home", "order"])
