"""Agreement against published values and independent implementations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from journeylab.voices import measures

LEVELS = ("nominal", "ordinal", "interval", "ratio")


def reference(shared: Path) -> dict:
    return json.loads((shared / "reference" / "values" / "irr_reference.json").read_text())


def as_matrix(ratings: list) -> np.ndarray:
    return np.array([[np.nan if value is None else value for value in row] for row in ratings], dtype=float)


def test_alpha_gives_the_published_values_at_every_level(shared: Path) -> None:
    checked = 0
    for case in reference(shared)["alpha"]:
        for level in LEVELS:
            if level in case["computed"]:
                assert measures.alpha(as_matrix(case["ratings"]), level) == pytest.approx(
                    case["computed"][level], abs=1e-5
                )
                checked += 1
            if level in case.get("published", {}):
                assert measures.alpha(as_matrix(case["ratings"]), level) == pytest.approx(
                    case["published"][level], abs=6e-4
                )
    assert checked >= 12


def test_other_coefficients_give_the_published_values(shared: Path) -> None:
    case = next(case for case in reference(shared)["alpha"] if case["id"] == "krippendorff_2011_4x12")
    matrix, other = as_matrix(case["ratings"]), case["other_coefficients"]
    assert measures.ac1(matrix) == pytest.approx(other["gwet_ac1"]["value"], abs=1e-4)
    assert measures.brennan_prediger(matrix) == pytest.approx(other["brennan_prediger"]["value"], abs=1e-4)
    assert measures.percent(matrix) == pytest.approx(other["percent_agreement_unit_mean"], abs=1e-6)


def test_kappas_equal_independent_implementations() -> None:
    from sklearn.metrics import cohen_kappa_score
    from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

    rng = np.random.default_rng(4)
    truth = rng.integers(0, 4, 200)
    matrix = np.array([np.where(rng.random(200) < 0.8, truth, rng.integers(0, 4, 200)) for _ in range(3)])
    assert measures.cohen(matrix[:2]) == pytest.approx(cohen_kappa_score(matrix[0], matrix[1]))
    assert measures.fleiss(matrix) == pytest.approx(fleiss_kappa(aggregate_raters(matrix.T)[0]))


def test_the_kappa_paradox_is_seen() -> None:
    first = np.repeat([0, 0, 1, 1], [118, 5, 2, 0])
    second = np.repeat([0, 1, 0, 1], [118, 5, 2, 0])
    matrix = np.array([first, second])
    assert measures.percent(matrix) == pytest.approx(0.944, abs=5e-4)
    assert measures.cohen(matrix) == pytest.approx(-0.023, abs=5e-4)
    assert measures.ac1(matrix) == pytest.approx(0.941, abs=5e-4)


def test_degenerate_matrices_give_nan_and_not_a_number() -> None:
    same = np.ones((2, 5))
    assert np.isnan(measures.alpha(same))
    assert np.isnan(measures.cohen(same))
    assert np.isnan(measures.fleiss(same))
    assert np.isnan(measures.alpha(np.full((2, 3), np.nan)))
    assert np.isnan(measures.alpha([[1, 2, 3]]))
