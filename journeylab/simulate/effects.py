"""The true effect of each touchpoint, by branching every sampled visit in two and following both branches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab.simulate import world
from journeylab.simulate.customers import VisitLog
from journeylab.simulate.visits import State, Visit, draw_visit, next_visit, order_probability, remember
from journeylab.simulate.world import Floats

ROLES = dict.fromkeys(world.NULLS, "none") | {
    name: "helpful" if effect > 0 else "harmful" for name, effect in zip(world.TESTED, world.EFFECT_NOW, strict=True)
}


def true_effects(log: VisitLog, *, seed: int, visits: int = 5_000) -> pd.DataFrame:
    """Compute the estimand of the impact analysis for every tested touchpoint.

    Parameters
    ----------
    log : VisitLog
        The simulated visits; eligible are those before the first order, of customers who had not met the touchpoint,
        whose window ends within the year.
    visits : int
        Eligible visits sampled for each touchpoint.

    Returns
    -------
    DataFrame
        touchpoint, role (helpful, harmful, none), effect, se (Monte Carlo), base_rate (untouched branch), n_visits.

    Notes
    -----
    Average over eligible visits of P(order within the window | the touchpoint is met at this visit) minus
    P(... | it is not met at this visit, later visits as they come). Both branches use the same random numbers, and
    orders enter by their probability, not by a draw, so the Monte Carlo error is far below that of any estimate.
    """
    open_ = (log.state.orders == 0) & (log.day + world.WINDOW_DAYS <= world.DAYS)
    rows = []
    for number, name in enumerate(world.TESTED):
        eligible = np.flatnonzero(open_ & ~log.state.met[:, number])
        sample = np.random.default_rng([seed, number]).choice(eligible, min(visits, len(eligible)), replace=False)
        with_, without = (_window(log.state.take(sample), number, met, seed) for met in (True, False))
        difference = with_ - without
        rows.append(
            {
                "touchpoint": name,
                "role": ROLES[name],
                "effect": difference.mean(),
                "se": difference.std(ddof=1) / np.sqrt(len(difference)),
                "base_rate": without.mean(),
                "n_visits": len(sample),
            }
        )
    # No probability of the simulation looks at these, so both branches are the same.
    base = float(np.mean([row["base_rate"] for row in rows]))
    rows += [
        {"touchpoint": name, "role": "none", "effect": 0.0, "se": 0.0, "base_rate": base, "n_visits": 0}
        for name in world.NULLS
    ]
    return pd.DataFrame(rows)


def _window(state: State, number: int, met: bool, seed: int) -> Floats:
    """Probability of an order within the window for each customer, one touchpoint set at the first visit."""
    rng = np.random.default_rng([seed, 1_000 + number])
    end = state.day + world.WINDOW_DAYS
    none_yet = np.ones(len(end))
    alive = np.ones(len(end), bool)
    for step in range(world.WINDOW_DAYS):
        visit = draw_visit(state, rng)
        if step == 0:
            exposed = visit.exposed.copy()
            exposed[:, number] = met
            visit = Visit(
                visit.mobile, exposed, visit.products, visit.cart, order_probability(state, visit.mobile, exposed)
            )
        none_yet *= 1.0 - np.where(alive, visit.probability, 0.0)
        remember(state, visit, np.zeros(len(end), bool))
        comes, gap = next_visit(state, visit.exposed, rng)
        state.day = state.day + gap
        alive &= comes & (state.day < end)
        if not alive.any():
            break
    return 1.0 - none_yet


def true_banner_effect(state: State, chosen: np.ndarray, *, seed: int) -> dict[str, float]:
    """Effect of the banner on an order within `BANNER_DAYS` of the first visit, among the customers of the test."""
    shares = []
    for banner in (True, False):
        branch = state.take(chosen)
        branch.banner = np.full(len(branch.day), banner)
        rng = np.random.default_rng([seed, 2_000])
        end = branch.day + world.BANNER_DAYS
        none_yet, alive = np.ones(len(end)), np.ones(len(end), bool)
        for _ in range(world.BANNER_DAYS):
            visit = draw_visit(branch, rng)
            none_yet *= 1.0 - np.where(alive, visit.probability, 0.0)
            remember(branch, visit, np.zeros(len(end), bool))
            comes, gap = next_visit(branch, visit.exposed, rng)
            branch.day = branch.day + gap
            alive &= comes & (branch.day < end)
            if not alive.any():
                break
        shares.append(1.0 - none_yet)
    difference = shares[0] - shares[1]
    return {
        "effect": float(difference.mean()),
        "se": float(difference.std(ddof=1) / np.sqrt(len(difference))),
        "share_banner": float(shares[0].mean()),
        "share_control": float(shares[1].mean()),
    }
