"""Waits that had not ended when observation did: Kaplan-Meier against published values, another program and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeylab import figures, journeys
from journeylab.errors import StudyError
from journeylab.journeys.survival import kaplan_meier
from tests.journeys.quick import START, Rows, journeys_of

TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
TREATED_CENSORED = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
CONTROL = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

event = st.tuples(st.sampled_from("pqrst"), st.integers(0, 90), st.sampled_from(["home", "cart", "order"]))
tables = st.lists(event, min_size=1, max_size=40)
slowly = settings(max_examples=150, deadline=None)


def leukaemia(observed_until: int = 1_000) -> Rows:
    """Weeks of remission as minutes: whoever is censored began so much before the end."""
    rows = [("last", observed_until, "home")]
    for number, weeks in enumerate(TREATED):
        rows += [(f"t{number}", 5, "remission"), (f"t{number}", 5 + weeks, "relapse")]
    return rows + [(f"c{n}", observed_until - weeks, "remission") for n, weeks in enumerate(TREATED_CENSORED)]


def test_remission_under_6_mp_as_published() -> None:
    # Freireich et al. (1963), Blood 21:699; the curve and its standard errors as in Kalbfleisch and Prentice (2002)
    found = journeys.waiting_times(journeys_of(leukaemia()), "remission", "relapse")
    curve = found.curve.set_index(found.curve["time"] / 60)
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert (1 - curve.loc[list(published), "share"]).round(3).to_dict() == published
    assert curve.loc[list(published), "at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    median = found.table.iloc[1]
    assert (median["n"], median["reached"], median["censored"]) == (21, 9, 12)
    assert (median["wait_seconds"], median["ci_low"]) == (23 * 60, 13 * 60)
    assert np.isnan(median["ci_high"])
    assert "too few" in median["reason"]
    assert found.table.iloc[2]["reason"] == "fewer than 75 % reach 'relapse' within the time observed"


def test_remission_without_treatment_is_the_median_that_other_programs_print() -> None:
    curve = kaplan_meier(np.array(CONTROL), np.ones(21, dtype=bool))
    assert tuple(curve.quantile(0.5)) == (8, 4, 11)


@pytest.mark.parametrize("seed", range(6))
def test_curve_and_percentiles_are_those_of_statsmodels(seed: int) -> None:
    from statsmodels.duration.survfunc import SurvfuncRight

    rng = np.random.default_rng(seed)
    wait, reached = rng.integers(0, 60, 83), rng.random(83) < 0.7
    ours, theirs = kaplan_meier(wait, reached), SurvfuncRight(wait + 1, reached)
    hit = theirs.n_events > 0
    assert ours.share == pytest.approx(theirs.surv_prob[hit], abs=1e-12)
    assert ours.at_risk.tolist() == theirs.n_risk[hit].tolist()
    share, error = ours.share[:-1], theirs.surv_prob_se[hit][:-1]
    reach = 1.959964 * error / np.abs(share * np.log(share))
    assert ours.low[:-1] == pytest.approx(share ** np.exp(reach), rel=1e-6)
    assert ours.high[:-1] == pytest.approx(share ** np.exp(-reach), rel=1e-6)
    for reached_share in (0.25, 0.5, 0.75):
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = theirs.quantile_ci(reached_share, method="cloglog")
        assert tuple(ours.quantile(reached_share)) == (theirs.quantile(reached_share) - 1, ends[0] - 1, ends[1] - 1)


@slowly
@given(tables, st.sampled_from(["home", None]), st.sampled_from(["customer", "session"]), st.integers(20, 120))
def test_waits_against_plain_python(rows: Rows, start: str | None, by: str, end: int) -> None:
    names = {name for _, _, name in rows if _ <= end}
    if "order" not in names or start not in {*names, None}:
        return
    waits = []
    for who in sorted({row[0] for row in rows}):
        walk = [(minute, name) for other, minute, name in sorted(rows, key=lambda row: row[:2]) if other == who]
        walk = [(minute, name) for minute, name in walk if minute <= end]
        begun = next((place for place, (_, name) in enumerate(walk) if start in (name, None)), None)
        if begun is None:
            continue
        later = [minute for minute, name in walk[begun + 1 :] if name == "order"]
        waits.append(((later[0] if later else end) - walk[begun][0], bool(later)))
    until = START + np.timedelta64(end, "m")
    found = journeys.waiting_times(journeys_of(rows, by), start, "order", until_time=until)
    assert found.summary()
    still, lowest = 1.0, {}
    for minute in sorted({wait for wait, _ in waits}):
        risk = sum(wait >= minute for wait, _ in waits)
        still *= 1 - sum(reached for wait, reached in waits if wait == minute) / risk
        row = found.curve[found.curve["time"] == 60 * minute].iloc[0]
        assert row["share"] == pytest.approx(1 - still)
        assert row["at_risk"] == risk
        lowest |= {
            share: 60.0 * minute for share in (0.25, 0.5, 0.75) if still < 1 - share + 1e-9 and share not in lowest
        }
    for row in found.table.itertuples():
        assert (row.n, row.reached) == (len(waits), sum(reached for _, reached in waits))
        assert row.wait_seconds == pytest.approx(lowest.get(row.reached_share, np.nan), nan_ok=True)
        assert bool(row.reason) == bool(np.isnan([row.wait_seconds, row.ci_low, row.ci_high]).any())
        assert np.isnan(row.wait_seconds) or (not row.wait_seconds < row.ci_low and not row.wait_seconds > row.ci_high)


def test_intervals_hold_the_truth_in_95_of_100_samples() -> None:
    rng = np.random.default_rng(5)
    inside = {"median": 0, "share": 0}
    for _ in range(2_000):
        wait, watched = rng.exponential(1e6, 150), rng.uniform(0, 3e6, 150)
        curve = kaplan_meier(np.minimum(wait, watched).astype(np.int64), wait <= watched)
        _, low, high = curve.quantile(0.5)
        inside["median"] += low <= 1e6 * np.log(2) and not high < 1e6 * np.log(2)
        _, low, high = curve.reached_by(1e6)
        inside["share"] += low <= 1 - np.exp(-1) <= high
    assert all(0.935 <= hits / 2_000 <= 0.965 for hits in inside.values()), inside


def test_leaving_out_those_still_waiting_would_be_wrong() -> None:
    rng = np.random.default_rng(6)
    came, wait = rng.uniform(0, 10_000, 3_000).astype(int), rng.exponential(6_000, 3_000).astype(int)
    rows = [("last", 10_000, "home")] + [(f"c{n}", int(minute), "cart") for n, minute in enumerate(came)]
    rows += [(f"c{n}", int(a + b), "order") for n, (a, b) in enumerate(zip(came, wait, strict=True)) if a + b <= 10_000]
    row = journeys.waiting_times(journeys_of(rows), "cart", "order").table.iloc[1]
    truth = 60 * 6_000 * np.log(2)
    assert row["ci_low"] < truth < row["ci_high"]
    assert 60 * np.median(wait[came + wait <= 10_000]) < 0.7 * truth


def test_what_is_wrong_is_said() -> None:
    j = journeys_of([("p", 0, "home"), ("p", 5, "cart")])
    with pytest.raises(StudyError, match="Did you mean 'cart'"):
        journeys.waiting_times(j, "home", "carts")
    with pytest.raises(StudyError, match="no moment"):
        journeys.waiting_times(j, "home", "cart", until_time="soon")
    none = journeys.select(j, np.array([False]))
    found = journeys.waiting_times(none, "home", "cart")
    assert found.summary() == "No customer meets 'home'."
    assert figures.png(found.plot())
    assert "None of the 1 customers" in journeys.waiting_times(j, "cart", "home").summary()


def test_a_zone_is_heeded() -> None:
    j = journeys_of([("p", 0, "home"), ("p", 90, "cart")])
    for when, reached in (("2026-03-01 11:00", 0), ("2026-03-01 13:00+01:00", 1), ("2026-03-01 12:00+01:00", 0)):
        assert journeys.waiting_times(j, "home", "cart", until_time=when).table["reached"].eq(reached).all()
