"""Saturation: Guest's published ratios, the envelope, and the number of codes not heard."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journeylab import voices
from journeylab.voices.saturation import guest_ratios


def reference(shared: Path) -> dict:
    return json.loads((shared / "reference/values/saturation_reference.json").read_text())


def study_of(new: list[int], codes_per_document: list[int] | None = None) -> pd.DataFrame:
    """Codings whose documents bring so many new codes, and then repeat the earliest ones."""
    rows, known = [], 0
    for number, count in enumerate(new):
        names = list(range(known, known + count))
        known += count
        more = (codes_per_document[number] if codes_per_document else max(count, 1)) - count
        rows += [(f"d{number:02d}", f"c{code}") for code in [*names, *range(max(more, 0))]]
    return pd.DataFrame(rows, columns=["document_id", "code_id"])


def test_the_published_example_of_guest(shared: Path) -> None:
    case = reference(shared)["guest_2020_published"]
    new = [20, 10, 5, 2, case["first_run_new"], 0]
    assert sum(new[:4]) == case["base_themes"]
    assert guest_ratios(new, base=4, run=2)[5] == pytest.approx(case["ratio"], abs=1e-6)
    assert f"{guest_ratios(new, 4, 2)[5]:.0%}" == case["printed"]


def test_all_ratios_of_the_insect_study(shared: Path) -> None:
    case = reference(shared)["novelqualcodes_insect_study"]
    checked = 0
    for rule in case["guest"]:
        result = voices.saturation(
            study_of(case["new"], case["codes_per_interview"]), base=rule["base"], run=rule["run"], draws=10
        )
        assert result.table["new_codes"].tolist() == case["new"]
        assert result.table["cumulative"].tolist() == case["cumulative"]
        assert result.table["cumulative"].iloc[rule["base"] - 1] == rule["base_themes"]
        for row in rule["ratios"]:
            assert result.table["ratio"].iloc[row["interviews"][1] - 1] == pytest.approx(row["ratio"], abs=1e-6)
            checked += 1
    assert checked == 18


def test_the_curve_does_not_stop_at_the_first_hit(shared: Path) -> None:
    case = reference(shared)["novelqualcodes_insect_study"]
    result = voices.saturation(study_of(case["new"], case["codes_per_interview"]), draws=10)
    assert result.reached == 8  # (+2): the run of interviews 9 and 10
    assert result.broken_at == (11, 12, 13, 14)
    assert "brought more again" in result.summary()
    rules = result.rules.set_index(["base", "run", "threshold"])
    assert rules.loc[(4, 2, 0.05), "reached"] == 8
    assert not rules.loc[(4, 2, 0.05), "holds"]
    assert np.isnan(rules.loc[(5, 3, 0.05), "reached"])  # "never <= 0.05"
    assert len(rules) == 12
    assert "8 (+2)" in result.shown["reached"].tolist()


def test_the_real_matrices_give_the_same_curve(shared: Path) -> None:
    folder = shared / "data/qualitative/novelqualcodes_MIT/insect_study/matrices"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/qualitative/novelqualcodes_MIT, which is not on this machine")
    rows = []
    for file in sorted(folder.glob("Int*.xlsx")):
        sheet = pd.read_excel(file, header=None)
        cells = sheet.iloc[1:, 1:].apply(pd.to_numeric, errors="coerce").fillna(0).to_numpy()
        names = sheet.iloc[1:, 0].astype(str)
        used = names[(cells > 0).any(axis=1)]
        rows += [(file.stem, name.split(":")[-1].strip()) for name in used]
    result = voices.saturation(pd.DataFrame(rows, columns=["document_id", "code_id"]), draws=10)
    assert result.table["new_codes"].tolist() == reference(shared)["novelqualcodes_insect_study"]["new"]


def test_a_frozen_codebook_is_warned_of(shared: Path) -> None:
    new = reference(shared)["serdif"]["new"]
    result = voices.saturation(study_of(new), draws=10)
    assert result.frozen
    assert "21 of 22 codes are in the first document" in result.summary()
    assert not voices.saturation(study_of([5, 4, 3, 1, 1, 1, 0]), draws=10).frozen


def test_the_real_think_aloud_sessions_have_a_frozen_codebook(shared: Path) -> None:
    file = shared / "data/qualitative/serdif_GPL3/data/transcripts/thematic-analysis/tags/csv/all_tags_20220303.csv"
    if not file.is_file():
        pytest.skip("needs ../shared/data/qualitative/serdif_GPL3, which is not on this machine")
    rows = pd.read_csv(file, dtype=str).rename(columns={"document": "document_id", "tag": "code_id"})
    order = sorted(rows["document_id"].unique(), key=lambda name: int(name.split("_")[0].removeprefix("P")))
    result = voices.saturation(rows, order, draws=10)
    assert result.table["new_codes"].tolist() == reference(shared)["serdif"]["new"]
    assert result.frozen


def test_reflexive_analysis_is_cautioned_and_nothing_is_said_of_nothing() -> None:
    empty = voices.saturation(pd.DataFrame({"document_id": [], "code_id": []}))
    assert empty.summary() == "There are no coded documents."
    assert any("reflexive" in line for line in empty.assumptions)


def test_the_envelope_is_that_of_rarefaction() -> None:
    rng = np.random.default_rng(8)
    marks = rng.random((20, 25)) < rng.beta(0.6, 3, 25)
    codings = pd.DataFrame(np.argwhere(marks), columns=["document_id", "code_id"]).astype(str)
    order = [str(number) for number in range(20)]
    result = voices.saturation(codings, order, draws=4000, seed=1)
    # Mean over orders, exactly: a code is missing from t of n documents in C(n - k, t) of C(n, t) choices.
    from scipy.special import comb

    k = marks.sum(axis=0)
    exact = [sum(1 - comb(20 - count, t) / comb(20, t) for count in k if count) for t in range(1, 21)]
    assert result.table["expected"].to_numpy() == pytest.approx(exact, abs=0.1)
    assert (result.table["envelope_low"] <= result.table["expected"] + 1e-9).all()
    assert (result.table["envelope_high"] >= result.table["expected"] - 1e-9).all()
    assert result.table["envelope_low"].iloc[-1] == result.table["cumulative"].iloc[-1]
    result.plot()


class TestUnseen:
    def test_published_estimate_of_trees(self) -> None:
        # Barro Colorado, 50 plots (vegan's specpool): 225 species, 21 in one plot, 19 in two.
        found = voices.unseen(np.repeat([1, 2, 7], [21, 19, 185]), 50)
        assert found.estimate == pytest.approx(236.3732, abs=5e-5)
        assert found.standard_error == pytest.approx(6.54361, abs=5e-6)
        assert found.ci_low < found.estimate < found.ci_high

    def test_without_doubles_the_corrected_form_is_used(self) -> None:
        found = voices.unseen([1, 1, 1, 5, 6], 10)
        assert found.estimate == pytest.approx(5 + 0.9 * 3 * 2 / 2)
        assert np.isfinite(found.ci_high)

    def test_when_every_code_came_often_nothing_is_missing(self) -> None:
        found = voices.unseen([8, 9, 10], 10)
        assert found.estimate == 3
        assert found.coverage == 1
        assert found.ci_low == 3 <= found.ci_high < 3.1

    def test_too_little_has_a_reason(self) -> None:
        assert "two documents" in voices.unseen([1, 1], 1).summary()
        assert "no codes" in voices.unseen([], 5).summary()

    def test_coverage_is_the_share_of_new_mentions_that_are_known(self) -> None:
        rng, chances = np.random.default_rng(3), np.repeat([0.5, 0.1, 0.04], [10, 15, 30])
        errors = []
        for _ in range(300):
            k = (rng.random((20, len(chances))) < chances).sum(axis=0)
            errors.append(voices.unseen(k, 20).coverage - chances[k > 0].sum() / chances.sum())
        assert abs(np.mean(errors)) < 0.01

    def test_the_interval_covers_where_the_number_of_codes_is_known(self) -> None:
        rng, covered, runs = np.random.default_rng(4), 0, 600
        for _ in range(runs):
            k = (rng.random((20, 40)) < 0.12).sum(axis=0)
            found = voices.unseen(k, 20)
            covered += found.ci_low <= 40 <= found.ci_high
        assert 0.86 <= covered / runs <= 0.99  # known to fall short in small samples; see docs/03_voices.md
