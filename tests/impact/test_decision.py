"""What to do about touchpoints: pooling, prices, chances and the tests that are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylab import text
from journeylab.errors import StudyError
from journeylab.impact import decide
from journeylab.intervals import normal_quantile


def effects(
    *rows: tuple[str, float, float, str, str], n: int = 2000, base: float = 0.2, reason: str = ""
) -> pd.DataFrame:
    """A table as `touchpoint_effects` gives it, of (touchpoint, estimate, error, grade, verdict)."""
    half = normal_quantile() * np.array([row[2] for row in rows])
    estimate = np.array([row[1] for row in rows])
    return pd.DataFrame(
        {
            "touchpoint": [row[0] for row in rows],
            "estimate": estimate,
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "grade": [row[3] for row in rows],
            "verdict": [row[4] for row in rows],
            "reason": reason,
            "n_exposed": n,
            "base_rate": base,
        }
    )


TWO = (
    ("helps", 0.06, 0.004, "C", "keep"),
    ("harms", -0.05, 0.004, "C", "remove"),
    ("?", 0.004, 0.01, "C", "not known"),
)


def test_values_are_of_a_year() -> None:
    found = decide(effects(*TWO, n=8000), weeks=365.25 / 7 / 2).table.set_index("touchpoint")
    assert found.loc["helps", "per_year"] == pytest.approx(16_000)
    assert found.loc["helps", "value"] == pytest.approx(16_000 * found.loc["helps", "pooled"])
    assert 16_000 * 0.055 < found.loc["helps", "value"] < 16_000 * 0.06
    assert found["decision"].to_dict() == {"harms": "remove", "helps": "keep", "?": "test"}


def test_a_dear_touchpoint_is_removed_though_it_helps() -> None:
    table = effects(*TWO, n=20_000)
    cheap = decide(table, weeks=52, worth=40.0, costs={"helps": 0.5}).table.set_index("touchpoint")
    dear = decide(table, weeks=52, worth=40.0, costs={"helps": 5.0}).table.set_index("touchpoint")
    close = decide(table, weeks=52, worth=40.0, costs={"helps": 2.35}).table.set_index("touchpoint")
    needed = decide(table, weeks=52, worth=40.0, costs={"helps": 5.0}, required=["helps"]).table.set_index("touchpoint")
    assert cheap.loc["helps", "decision"] == "keep"
    assert (dear.loc["helps", "decision"], dear.loc["helps", "why"]) == ("remove", "costs more than it brings")
    assert needed.loc["helps", "decision"] == "fix"
    assert close.loc["helps", "decision"] == "test"
    assert 0.05 < close.loc["helps", "chance_pays"] < 0.95


def test_all_visits_cost_and_first_ones_bring() -> None:
    found = decide(effects(*TWO), weeks=52, worth=40.0, costs={"helps": 1.0}, visits={"helps": 6000.0}).table
    row = found.set_index("touchpoint").loc["helps"]
    assert row["cost"] == pytest.approx(3 * row["per_year"])
    assert row["value"] == pytest.approx(40 * row["pooled"] * row["per_year"] - row["cost"])


def test_grade_d_and_gaps_get_no_value() -> None:
    rows = (*TWO, ("confounded", 0.2, 0.01, "D", "not known"), ("rare", np.nan, np.nan, "", "not known"))
    found = decide(effects(*rows, n=40), weeks=52).table.set_index("touchpoint")
    assert found.loc[["confounded", "rare"], ["pooled", "value", "chance_pays"]].isna().all(axis=None)
    assert (found.loc[["confounded", "rare"], "decision"] == "not known").all()
    assert "a test is not feasible at the present number of visits (8 weeks would find" in found.loc["rare", "why"]


def test_a_test_of_years_is_not_advised_but_what_eight_weeks_would_find_is() -> None:
    found = decide(effects(("slow", 0.0, 0.02, "C", "not known"), n=5_200, base=0.2), weeks=52)
    row = found.tests.iloc[0]
    assert row["weeks"] > 52
    assert found.test_formats["weeks"](row["weeks"]) == "over 52"
    assert "years" not in row["advice"]
    assert "weeks would find effects from" in row["advice"]
    least = found.table["test_least"].iloc[0]
    assert f"effects from {text.points(least).removeprefix('+')}" in row["advice"]
    arm = 5_200 // 52 * 8 // 2  # 100 visits a week, half of them to each arm: 400
    rng = np.random.default_rng(3)
    with_, without = rng.binomial(arm, 0.2 + least, 100_000) / arm, rng.binomial(arm, 0.2, 100_000) / arm
    pooled = (with_ + without) / 2
    seen = np.abs(with_ - without) > 1.96 * np.sqrt(2 * pooled * (1 - pooled) / arm)
    assert seen.mean() == pytest.approx(0.8, abs=0.015)
    quick = decide(effects(("fast", 0.0, 0.02, "C", "not known"), n=200_000, base=0.2), weeks=52).tests.iloc[0]
    assert quick["advice"].startswith("run it: ")


@pytest.mark.parametrize(
    "reason", ["can only follow the outcome", "nobody reaches the outcome without it: a step of the way"]
)
def test_what_is_no_choice_is_not_tested(reason: str) -> None:
    found = decide(effects(("receipt", np.nan, np.nan, "", "not known"), reason=reason, n=90_000), weeks=52)
    assert found.table["decision"].tolist() == ["not known"]
    assert found.table["test_n"].isna().all()
    assert found.tests.empty


def test_tests_are_ranked_by_what_certainty_is_worth() -> None:
    rows = (
        ("sure", 0.03, 0.001, "C", "keep"),
        ("wide", 0.0, 0.02, "C", "not known"),
        ("narrow", 0.0, 0.005, "C", "not known"),
    )
    found = decide(effects(*rows, n=200_000), weeks=52)
    assert found.tests["touchpoint"].tolist() == ["wide", "narrow"]
    assert found.summary().endswith("Test first: 'wide' and 'narrow'.")
    row = found.table.set_index("touchpoint").loc["wide"]
    drawn = np.random.default_rng(1).normal(row["value"], (row["value_high"] - row["value_low"]) / 2 / 1.96, 400_000)
    gained = np.maximum(drawn, 0).mean() - max(drawn.mean(), 0)
    assert row["worth_knowing"] == pytest.approx(gained, rel=0.01)


def test_pooling_errs_less_and_its_intervals_hold() -> None:
    rng = np.random.default_rng(5)
    raw, pooled, inside = [], [], []
    for _ in range(120):
        truth = np.where(rng.random(10) < 0.5, 0.0, rng.normal(0.01, 0.03, 10))
        error = rng.uniform(0.005, 0.03, 10)
        drawn = rng.normal(truth, error)
        rows = [(f"t{i}", drawn[i], error[i], "C", "not known") for i in range(10)]
        found = decide(effects(*rows), weeks=52).table.set_index("touchpoint").loc[[f"t{i}" for i in range(10)]]
        raw.append((drawn - truth) ** 2)
        pooled.append((found["pooled"] - truth) ** 2)
        inside.append((found["pooled_low"] <= truth) & (truth <= found["pooled_high"]))
    assert np.mean(pooled) < 0.9 * np.mean(raw)
    assert 0.93 <= np.mean(inside) <= 0.98


def test_nothing_at_all() -> None:
    found = decide(effects(), weeks=52)
    assert found.table.empty
    assert found.summary() == "Nothing can be kept, fixed or removed on this evidence."
    found.plot()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weeks": 0}, "weeks=0"),
        ({"weeks": 52, "worth": -1}, "worth=-1"),
        ({"weeks": 52, "costs": {"helps": -2}}, "'helps' has -2"),
    ],
)
def test_amounts_that_are_none(options: dict[str, object], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        decide(effects(*TWO), **options)  # type: ignore[arg-type]
