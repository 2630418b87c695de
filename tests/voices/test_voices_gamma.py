"""Gamma against what its authors' program found, and best alignments against trying them all."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from journeylab.errors import DataError
from journeylab.voices import alignment


def by_coder(units: list[dict]) -> list[list[alignment.Unit]]:
    names = sorted({unit["annotator"] for unit in units})
    return [
        [(unit["start"], unit["end"], unit["category"]) for unit in units if unit["annotator"] == name]
        for name in names
    ]


def every_alignment(coders: list[list[alignment.Unit]]) -> list[list[tuple]]:
    """All ways to put passages of two coders together."""
    one, other = coders
    found = []
    for n in range(min(len(one), len(other)) + 1):
        for mine in itertools.combinations(range(len(one)), n):
            for theirs in itertools.permutations(range(len(other)), n):
                groups = [(one[a], other[b]) for a, b in zip(mine, theirs, strict=True)]
                groups += [(unit, None) for a, unit in enumerate(one) if a not in mine]
                groups += [(None, unit) for b, unit in enumerate(other) if b not in theirs]
                found.append(groups)
    return found


def test_disorder_and_gamma_of_the_recorded_cases(shared: Path) -> None:
    files = sorted((shared / "data/qualitative/irr_dkpro_Apache2").glob("gamma_*.json"))
    assert len(files) == 3
    for file in files:
        case = json.loads(file.read_text())
        costs = alignment.Costs(case["params"]["alpha"], case["params"]["beta"], case["params"]["deltaEmpty"])
        coders = by_coder(case["continuum"])
        names = sorted({unit["annotator"] for unit in case["continuum"]})
        for pair in case["tier1"]["pairDissimilarities"]:
            a, b = names.index(pair["annotatorA"]), names.index(pair["annotatorB"])
            table = alignment._pair_costs(coders[a], coders[b], costs)
            assert table[pair["unitIndexA"], pair["unitIndexB"]] == pytest.approx(pair["combined"], abs=1e-6)
        observed = alignment.best_alignment(coders, costs).disorder
        assert observed == pytest.approx(case["tier1"]["bestAlignmentDisorder"], abs=1e-6)
        chance = []
        for drawn in case["tier2"]["sampledContinua"]:
            chance.append(alignment.best_alignment(by_coder(drawn["units"]), costs).disorder)
            assert chance[-1] == pytest.approx(drawn["bestAlignmentDisorder"], abs=1e-5)
        assert len(chance) >= 3


def test_the_authors_example(shared: Path) -> None:
    expected = json.loads((shared / "reference/values/unitizing_reference.json").read_text())["gamma"]["expected"]
    with (shared / "data/qualitative/irr_pygamma/AlexPaulSuzan.csv").open() as stream:
        units = [
            {"annotator": who, "category": category, "start": float(start), "end": float(end)}
            for who, category, start, end in csv.reader(stream)
        ]
    found = alignment.gamma(by_coder(units), samples=300, seed=1)
    assert found.observed.disorder == pytest.approx(expected["best_alignment_disorder"], abs=6e-5)
    assert len(found.observed.groups) == expected["n_unitary_alignments"]
    assert expected["gamma"][0] <= found.gamma <= expected["gamma"][1]
    assert expected["gamma_cat"][0] <= found.gamma_cat <= expected["gamma_cat"][1]
    assert found.gamma_k["6"] == pytest.approx(expected["gamma_k6"], abs=0.05)


def test_the_best_alignment_is_the_best_of_all() -> None:
    rng = np.random.default_rng(8)
    costs = alignment.Costs(1.0, 1.0, 1.0)
    for _ in range(10):
        coders = []
        for _coder in range(2):
            starts = np.sort(rng.uniform(0, 30, rng.integers(1, 5)))
            coders.append([(float(start), float(start + rng.uniform(1, 6)), str(rng.integers(2))) for start in starts])
        lowest = min(
            sum(
                1.0 if one is None or other is None else alignment._apart(one, other) + (one[2] != other[2])
                for one, other in groups
            )
            for groups in every_alignment(coders)
        )
        mean = (len(coders[0]) + len(coders[1])) / 2
        assert alignment.best_alignment(coders, costs).disorder == pytest.approx(lowest / mean)


def test_the_same_passages_agree_fully_and_none_at_all_is_nan() -> None:
    units = [(0.0, 4.0, "a"), (10.0, 14.0, "b"), (20.0, 28.0, "a")]
    assert alignment.gamma([units, units, units], samples=20).gamma == 1
    assert np.isnan(alignment.gamma([[], []]).gamma)


def test_too_many_passages_are_refused_and_not_waited_for() -> None:
    many = [(float(place), place + 1.0, "a") for place in range(80)]
    with pytest.raises(DataError, match="one text at a time"):
        alignment.best_alignment([many, many, many])
    with pytest.raises(DataError, match="two or more coders"):
        alignment.best_alignment([many])
