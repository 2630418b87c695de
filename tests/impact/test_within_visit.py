"""What only came along in a visit gets no verdict, and what works keeps it; the estimate is that of strata."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from journeylab import impact
from journeylab.impact.panel import trial_panel
from journeylab.impact.within_visit import Steps, _come_to, within_visit
from tests.impact.steered import MOVES, NULL, steered


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return steered(5_000, seed=3)


@pytest.fixture(scope="module")
def effects(events: pd.DataFrame) -> impact.TouchpointEffects:
    return impact.touchpoint_effects(events, outcome="order", window="7d", exposures=[*NULL, *MOVES])


def test_what_came_along_is_not_known(effects: impact.TouchpointEffects) -> None:
    table = effects.table.set_index("touchpoint")
    for name in ("chat", "help page"):
        assert table.loc[name, "ci_low"] > 0 or table.loc[name, "ci_high"] < 0  # visits alone would give a verdict
        assert (table.loc[name, "verdict"], table.loc[name, "grade"]) == ("not known", "D")
        assert "from there on nothing clear is left" in table.loc[name, "reason"]
    assert table.loc["product page", "verdict"] == "not known"


def test_what_works_keeps_its_verdict(effects: impact.TouchpointEffects) -> None:
    table = effects.table.set_index("touchpoint")
    assert table.loc[list(MOVES), "verdict"].tolist() == ["keep", "keep", "fix"]
    assert table.loc[list(MOVES), "grade"].eq("C").all()


@pytest.mark.parametrize("name", ["chat", "search", "error"])
def test_the_estimate_is_that_of_strata(events: pd.DataFrame, name: str) -> None:
    """By hand, averaged over what had been met so far in this order, and by the share that did not meet it later (Bloom)."""
    first = events[
        events["event_time"] < events.groupby("customer_id")["event_time"].transform("min") + pd.Timedelta("1h")
    ]
    panel = trial_panel(first, outcome="order", window="1h")
    code = panel.touchpoints.index(name)
    found = within_visit(
        panel.steps, code, ~panel.before[:, code], outcome=panel.outcome, history=np.zeros((len(panel.outcome), 1)),
        customer=panel.customer, size=len(panel.touchpoints),
    )  # fmt: skip
    rows = []
    for _, visit in first.groupby("customer_id", sort=False):
        if visit["event_time"].iloc[0] + pd.Timedelta("1h") > first["event_time"].max():
            continue  # not followed for so long
        path = visit["touchpoint"].tolist()
        ordered = path[-1] == "order"
        path = path[:-1] if ordered else path
        stop = path.index(name) if name in path else len(path)
        for step in range(stop + 1):
            met = step < len(path) and path[step] == name
            rows.append((tuple(path[:step]), met, ordered, name in path))
    moments = pd.DataFrame(rows, columns=["so_far", "met", "ordered", "sooner_or_later"])
    moments = moments[moments["so_far"].map(moments.groupby("so_far")["met"].any())]
    shares = moments.groupby(["so_far", "met"])[["ordered", "sooner_or_later"]].mean().unstack()
    weight = moments[moments["met"]].groupby("so_far").size()
    gap = ((shares["ordered"][True] - shares["ordered"][False]) * weight).sum() / weight.sum()
    later = (shares["sooner_or_later"][False] * weight).sum() / weight.sum()
    by_hand = float(gap / (1 - later))
    assert found.estimate == pytest.approx(by_hand, abs=0.01)
    assert found.n_met == int(moments["met"].sum())
    assert found.ci_low < by_hand < found.ci_high
    assert (abs(by_hand) > 0.05) == (name != "chat")


def test_the_last_page_of_a_visit_is_no_cause(events: pd.DataFrame) -> None:
    """Every seventh visit ends at the login, bought or not: only without an order does it come before one could."""
    rng = np.random.default_rng(4)
    visit = (events["event_time"].diff().abs() > pd.Timedelta("1h")) | (
        events["customer_id"] != events["customer_id"].shift()
    )
    last = events[visit.shift(-1, fill_value=True)]
    logins = last[rng.random(len(last)) < 1 / 7]
    logins = logins.assign(touchpoint="login", event_time=logins["event_time"] + pd.Timedelta("1min"))
    log = pd.concat([events, logins], ignore_index=True)
    row = impact.touchpoint_effects(log, outcome="order", window="7d", exposures=["login", "tour"]).table.iloc[0]
    assert np.isnan(row["estimate"])
    assert row["reason"].startswith("comes after the outcome in 100 % of the visits with both")


def test_what_a_visit_had_come_to_knows_what_was_last() -> None:
    """Two visits that met the same and as much, in another order, are not alike."""
    steps = Steps(np.array([0, 2, 4]), np.array([0, 1, 1, 0], dtype=np.int32), np.array([0, 1, 0, 1], dtype=np.float32))
    begun, ended = np.array([0, 0, 1, 1]), np.array([0, 2, 0, 2])
    found = _come_to(steps, begun, ended, code=2, size=3)
    assert np.allclose(found[0], found[2])
    assert not np.allclose(found[1], found[3])
