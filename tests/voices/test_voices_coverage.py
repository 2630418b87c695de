"""Intervals of agreement hold what they promise, in simulated studies whose documents differ."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage_voices import coded_documents, held, marked_texts
from journeylab.voices import coefficients


@pytest.mark.parametrize("n_documents", [8, 20])
def test_alpha_is_held_where_percentiles_miss_it(n_documents: int) -> None:
    rng = np.random.default_rng(11)
    matrix, documents = coded_documents(rng, 20_000, 0.3, 0.1)
    truth = float(coefficients.prepare("alpha", matrix, clusters=documents).total.value[0])

    def make() -> tuple[coefficients.Sums, np.ndarray]:
        drawn, cluster = coded_documents(rng, n_documents, 0.3, 0.1)
        return coefficients.prepare("alpha", drawn, clusters=cluster), drawn

    found = held(rng, make, truth, 300)
    # 300 samples of a true 95 %: within 0.91 and 0.985 in all but one case of a thousand
    assert 0.91 <= found["jackknife"] <= 0.985
    assert found["percentile"] < found["jackknife"]
    assert found["pairs"] < found["jackknife"]


def test_u_alpha_is_held() -> None:
    rng = np.random.default_rng(12)
    truth = float(marked_texts(rng, 3_000, 0.2).total.value[0])
    found = held(rng, lambda: (marked_texts(rng, 15, 0.2), None), truth, 150)
    assert 0.88 <= found["jackknife"] <= 1
