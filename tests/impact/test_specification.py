"""Does a verdict survive other choices?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylab.errors import DataError
from journeylab.impact import specification, specification_curve, touchpoint_effects


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three visits a customer; 'guide' helps, 'offer' is only met by those who buy anyway (an attribute says who)."""
    rng = np.random.default_rng(11)
    n = 1500
    keen = rng.random(n) < 0.5
    rows = []
    for who in range(n):
        for visit in range(3):
            start = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=20 * visit + 30 * rng.random())
            guide = rng.random() < 0.3
            offer = rng.random() < (0.6 if keen[who] else 0.15)
            names = ["home", *["guide"] * guide, *["offer"] * offer]
            if rng.random() < 0.05 + 0.25 * keen[who] + 0.15 * guide:
                names.append("order")
            rows += [(f"c{who}", start + pd.Timedelta(minutes=place), name) for place, name in enumerate(names)]
            if names[-1] == "order":
                break
    rows.append(("last", pd.Timestamp("2026-06-01", tz="UTC"), "home"))
    events = pd.DataFrame(rows, columns=["customer_id", "event_time", "touchpoint"])
    return events, pd.DataFrame({"customer_id": [f"c{who}" for who in range(n)], "keen": np.where(keen, "yes", "no")})


def test_a_verdict_that_hangs_on_one_choice_does_not_survive(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found = specification_curve(*world, outcome="order", window="7d", exposures=["guide", "offer"], gaps=["2h"])
    table = found.table.set_index("touchpoint")
    assert table.loc["guide", "survives"]
    assert table.loc["guide", "lowest"] > 0.08
    bare = found.curve[(found.curve["touchpoint"] == "offer") & (found.curve["covariates"] == "no attributes")]
    full = found.curve[(found.curve["touchpoint"] == "offer") & found.curve["main"]]
    assert bare["estimate"].min() > 0.05 > abs(full["estimate"].item())
    assert found.curve["estimator"].value_counts().nunique() == 1
    # 3 windows x 3 sets of covariates, later visits, another gap; five estimators each
    assert (table["n_specifications"] == 11 * 5).all()
    assert "Under 55 specifications" in found.summary()
    found.plot()


@pytest.mark.parametrize(
    ("estimates", "main", "survives"),
    [
        ([0.05] * 10, 0, True),
        ([0.05] * 9 + [-0.001], 0, True),  # nine of ten, and the tenth is not clear
        ([0.05] * 8 + [-0.001] * 2, 0, False),  # too few share the sign
        ([0.05] * 19 + [-0.05], 0, False),  # one clearly denies it
        ([-0.001] + [0.05] * 19, 0, False),  # the page itself says otherwise than the rest
    ],
)
def test_when_a_verdict_survives(estimates: list[float], main: int, survives: bool) -> None:
    value = np.array(estimates)
    curve = pd.DataFrame(
        {"estimate": value, "ci_low": value - 0.01, "ci_high": value + 0.01, "main": np.arange(len(value)) == main}
    )
    assert specification._judge("page", curve)["survives"] is survives


def test_the_main_specification_is_that_of_the_page(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found = specification_curve(*world, outcome="order", window="7d", exposures=["guide"], windows=[]).table
    page = touchpoint_effects(*world, outcome="order", window="7d", exposures=["guide"]).table
    assert found["estimate"].item() == pytest.approx(page["estimate"].item(), abs=0.004)


def test_a_sample_is_said_and_an_unknown_touchpoint_refused(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found = specification_curve(*world, outcome="order", window="7d", exposures=["guide"], windows=[], most=400)
    assert any("sample of 400 of 1,501" in words for words in found.assumptions)
    with pytest.raises(DataError, match="guide"):
        specification_curve(*world, outcome="order", window="7d", exposures=["gide"])


def test_nothing_to_put_to_the_proof(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found = specification_curve(*world, outcome="order", window="7d", exposures=[])
    assert found.table.empty
    assert found.summary() == "No effect was put to other specifications."
