"""Survey scores and saturation against published values, and the coverage of the NPS interval."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import voices


def answers(promoters: int, passives: int, detractors: int) -> list[int]:
    return [10] * promoters + [8] * passives + [3] * detractors


def test_nps_gives_the_published_adjusted_wald_intervals(shared: Path) -> None:
    cases = json.loads((shared / "reference" / "values" / "survey_reference.json").read_text())["nps"]["cases"]
    assert len(cases) >= 5
    for case in cases:
        result = voices.nps(answers(case["promoters"], case["passives"], case["detractors"]))
        low, high = np.clip(case["adjusted_wald95_unclipped"], -100, 100)
        assert (result.value, result.ci_low, result.ci_high) == pytest.approx((case["nps"], low, high), abs=2e-3)


def test_the_nps_interval_covers_where_plain_wald_does_not() -> None:
    rng = np.random.default_rng(11)
    truth, covered, runs = 100 * (0.8 - 0.05), 0, 1500
    for _ in range(runs):
        p, d, n = *(rng.multinomial(20, [0.8, 0.05, 0.15])[:2]), 20
        result = voices.nps(answers(p, n - p - d, d))
        covered += result.ci_low <= truth <= result.ci_high
    assert 0.93 <= covered / runs <= 0.98


def test_scores_that_cannot_be_say_why() -> None:
    assert "0 to 10" in voices.nps([1, 11]).reason
    assert voices.nps([]).n == 0
    assert np.isnan(voices.csat([]).value)
    assert "ten items" in voices.sus([[1, 2]]).reason


def test_sus_of_known_answers() -> None:
    best, worst = [5, 1] * 5, [1, 5] * 5
    assert voices.sus([best, best]).value == 100
    assert voices.sus([worst, worst]).value == 0
    assert voices.sus([[3] * 10, [3] * 10]).value == 50


def test_effort_keeps_its_polarity_and_csat_counts_the_top_two() -> None:
    assert "higher is harder" in voices.ces([1, 2, 3], higher_is_better=False).method
    result = voices.csat([1, 2, 3, 4, 5, 5, 5, 5, 5, 4])
    assert result.value == pytest.approx(0.7)


def test_saturation_gives_the_published_ratios() -> None:
    new = [5, 4, 3, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0]
    rows, code = [], 0
    for document, count in enumerate(new):
        rows.append((f"d{document:02d}", "c0"))
        for _ in range(count - (document == 0)):
            code += 1
            rows.append((f"d{document:02d}", f"c{code}"))
    codings = pd.DataFrame(rows, columns=["document_id", "code_id"])
    result = voices.saturation(codings, base=4, run=2, threshold=0.05)
    assert result.table["new_codes"].tolist() == new
    ratios = result.table["ratio"].dropna().round(4).tolist()
    assert ratios[:6] == [0.1538, 0.0769, 0.0769, 0.0769, 0.0, 0.0769]
    assert result.reached == 8
    assert "brought more again" in result.summary()
