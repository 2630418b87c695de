"""Rank correlations over people: against published values, an independent p-value, and the rule for their fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small import write_small

import journeylab as jl
from journeylab import joint
from journeylab.joint.persons import _expected, _standard_ranks, fit_of, permutation_p, spearman


def test_rho_is_scipys_with_ties() -> None:
    rng = np.random.default_rng(0)
    one, other = pd.Series(rng.integers(0, 5, 17)), pd.Series(rng.integers(0, 4, 17))
    (rho, low, high), reason = spearman(one, other)
    assert rho == pytest.approx(stats.spearmanr(one, other).statistic)
    assert low < rho < high
    assert reason == ""


def test_the_permutation_p_value_agrees_with_scipys_own_permutation_test() -> None:
    rng = np.random.default_rng(2)
    one = pd.Series(rng.normal(size=17))
    other = 0.5 * one + pd.Series(rng.normal(size=17))
    (rho, _, _), _ = spearman(one, other)
    ours = permutation_p(_standard_ranks(one)[:, None], _standard_ranks(other), np.array([rho]), draws=40_000, seed=1)[
        0
    ]
    theirs = stats.permutation_test(
        (one.to_numpy(),), lambda x: stats.spearmanr(x, other).statistic, permutation_type="pairings",
        n_resamples=4_000, rng=np.random.default_rng(3),
    ).pvalue  # fmt: skip
    assert ours == pytest.approx(theirs, abs=0.02)


def test_of_eight_people_every_order_is_counted() -> None:
    one, other = pd.Series(range(8)), pd.Series([0, 1, 2, 3, 4, 5, 7, 6])
    (rho, _, _), _ = spearman(one, other)
    p = permutation_p(_standard_ranks(one)[:, None], _standard_ranks(other), np.array([rho]), draws=10, seed=0)[0]
    # the identity and its seven neighbours reach this rho, and so do their mirror images
    assert p == pytest.approx(2 * 8 / 40_320)


def test_the_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(5)
    truth = 6 / np.pi * np.arcsin(0.5 / 2)  # Spearman's rho of a normal pair with correlation 0.5
    pairs = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=(1_500, 25))
    hits = 0
    for pair in pairs:
        (_, low, high), _ = spearman(pd.Series(pair[:, 0]), pd.Series(pair[:, 1]))
        hits += low <= truth <= high
    assert 0.93 <= hits / 1_500 <= 0.97


def test_few_people_or_no_spread_give_a_reason_and_no_number() -> None:
    (rho, _, _), reason = spearman(pd.Series(range(7)), pd.Series(range(7)))
    assert np.isnan(rho)
    assert reason == "only 7 people have both"
    (rho, _, _), reason = spearman(pd.Series(range(9)), pd.Series([1] * 9))
    assert np.isnan(rho)
    assert "alike" in reason


@pytest.mark.parametrize(
    ("low", "high", "expected", "fit"),
    [
        (0.1, 0.6, 1, "confirm"), (-0.6, -0.1, -1, "confirm"), (-0.5, 0.4, -1, "discord"), (-0.8, 0.1, -1, "open"),
        (0.1, 0.9, -1, "discord"), (-0.2, 0.75, 1, "open"), (0.1, 0.5, 0, "expand"), (-0.1, 0.5, 0, "open"),
        (np.nan, np.nan, 1, "open"),
    ],
)  # fmt: skip
def test_the_fit_follows_from_interval_and_expected_side(low: float, high: float, expected: int, fit: str) -> None:
    assert fit_of(low, high, expected) == fit


def test_a_side_is_expected_only_of_measures_about_the_same_stage() -> None:
    def about(polarity: int, *stages: str) -> pd.Series:
        return pd.Series({"polarity": polarity, "stages": stages})

    assert _expected(about(-1, "buy"), about(-1, "buy", "use")) == 1
    assert _expected(about(-1, "look"), about(-1, "buy", "use")) == 0
    assert _expected(about(1), about(-1, "buy")) == -1
    assert _expected(about(0, "buy"), about(-1, "buy")) == 0


def test_who_was_not_asked_is_missing_and_not_zero(tmp_path: Path) -> None:
    write_small(tmp_path)
    (tmp_path / "raw/asked.csv").write_text("document_id,stage\n" + "".join(f"i{k},consideration\n" for k in range(6)))
    toml = (tmp_path / "study.toml").read_text()
    (tmp_path / "study.toml").write_text(toml + '[interviews.asked]\npath = "raw/asked.csv"\n')
    table = joint.person_measures(jl.open_study(tmp_path)).table
    chat = table["helpful chat"]  # odd numbers said it; 6 was not asked, 7 spoke of it unasked
    assert chat.fillna(-1).tolist() == [0, 1, 0, 1, 0, 1, -1, 1]


@pytest.fixture(scope="module")
def serdif(repository: Path, shared: Path) -> jl.Study:
    pytest.importorskip("html5lib", reason="needs html5lib to read Taguette's documents")
    if not (shared / "data/qualitative/serdif_GPL3").is_dir():
        pytest.skip("needs the usability test's files in ../shared/data, which are not on this machine")
    folder = repository / "data/serdif"
    if not (folder / "raw/events.csv").is_file():
        import runpy

        runpy.run_path(str(folder / "prepare.py"))["main"](shared / "data")
    return jl.open_study(folder, shared / "data")


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict:
    return json.loads((shared / "reference/values/serdif_expected.json").read_text())["linkage"]


@pytest.fixture(scope="module")
def level(serdif: jl.Study) -> pd.DataFrame:
    found = joint.person_level(serdif, seed=0).table
    return found.set_index(["one", "other"])


def test_serdif_has_its_people_tags_and_passages(serdif: jl.Study) -> None:
    assert len(joint.interviewed(serdif)) == 17
    assert len(serdif.codes) == 22
    assert len(serdif.segments) == 1794
    assert len(serdif.quotable) == 1794 - 182  # in which the moderator speaks
    assert len(serdif.codings) == 1930
    assert serdif.responses["respondent_id"].nunique() == 17


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ("Moderator assist", "help from the moderator", "spearman_tag_ModeratorAssist_vs_sum_taskAssist"),
        ("Navigation complex", "pssuq", "spearman_tag_NavigationComplex_vs_PSSUQ"),
        ("Overall positive experience", "pssuq", "spearman_tag_OverallPositive_vs_PSSUQ"),
        ("Query process clear", "pssuq", "spearman_QueryProcessClear_vs_PSSUQ"),
        ("tasks done alone", "pssuq", "spearman_taskSuccess_vs_PSSUQ"),
    ],
)
def test_serdif_gives_the_known_correlations(
    level: pd.DataFrame, expected: dict, one: str, other: str, key: str
) -> None:
    known = expected[key]
    row = level.loc[(one, other)]
    assert row["n"] == 17
    if isinstance(known, dict):
        assert row["rho"] == pytest.approx(known["rho"], abs=5e-4)
        assert row["p_student"] == pytest.approx(known["p"], abs=5e-5)
        assert row["p_value"] == pytest.approx(known["p"], rel=0.2)
    else:
        assert row["rho"] == pytest.approx(known, abs=5e-4)


def test_serdif_success_without_satisfaction_is_a_discord(level: pd.DataFrame, serdif: jl.Study) -> None:
    assert level.loc[("tasks done alone", "pssuq"), "fit"] == "discord"
    assert level.loc[("Navigation complex", "pssuq"), "fit"] == "confirm"
    assert "Behaviour and attitude diverge: 'tasks done alone' and 'pssuq'" in joint.person_level(serdif).summary()
