"""One touchpoint as a trial: whether it can be estimated, its effect, and what speaks against it."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from journeylab import text
from journeylab.impact.observational import Assignment, Estimate, assignment, clustered, estimate
from journeylab.impact.panel import Panel
from journeylab.impact.sensitivity import robustness
from journeylab.impact.verdict import ALIKE, BALANCED, e_value, e_value_limit
from journeylab.impact.within_visit import WithinVisit, within_visit
from journeylab.intervals import newcombe, normal_quantile

FEWEST_EXPOSED, FEWEST_OUTCOMES = 50, 5
TOGETHER, APART = 0.95, 0.30
"""Met with another in so many of its visits, while the others meet that one so seldom, a touchpoint has no effect of its own."""

TELLING = 0.8
"""A channel or device of the visit so closely tied to the exposure tells that it was met, not why."""

MADE = 0.5
"""How much more often visits without a touchpoint may begin with the outcome than visits with it."""

SINCE = 0.5
"""Met after the outcome only in so many of the visits that hold both, a touchpoint does not count where the outcome came."""

BINS = np.linspace(0, 1, 21)


@dataclasses.dataclass(frozen=True)
class Trial:
    """What came of one touchpoint.

    Attributes
    ----------
    row : dict
        A row of the table of effects.
    balance : dict of str to (float, float)
        Standardised differences of each covariate: raw, and with the weights behind the estimate.
    overlap : ndarray of int, shape (2, 20)
        Unexposed and exposed visits by propensity, in twentieths; empty where there is no estimate.
    """

    row: dict[str, object]
    balance: dict[str, tuple[float, float]]
    overlap: NDArray[np.int64]


def trial(panel: Panel, name: str, controls: tuple[str, ...], *, seed: int = 0) -> Trial:
    """Estimate one touchpoint, or say why not.

    Parameters
    ----------
    panel : Panel
    name : str
        Touchpoint.
    controls : tuple of str
        Names of the columns of ``panel.controls``.
    """
    if name not in panel.touchpoints:
        return Trial(_unknown(panel, name), {}, np.empty((2, 0), dtype=np.int64))
    code = panel.touchpoints.index(name)
    eligible = ~panel.before[:, code]
    exposed = panel.met[eligible, code]
    outcome = panel.outcome[eligible].astype(float)
    naive = _naive(panel, code)
    row: dict[str, object] = {
        "touchpoint": name, "n_exposed": int(exposed.sum()), "n_eligible": int(eligible.sum()),
        "n_customers": len(np.unique(panel.customer[eligible])), "worst_covariate": "", "estimand": "", "control": "",
        "yardstick": "", "naive": naive[0], "naive_ci_low": naive[1], "naive_ci_high": naive[2],
        "reason": _why_not(panel, code, eligible, name in controls),
    }  # fmt: skip
    if row["reason"]:
        return Trial(row, {}, np.empty((2, 0), dtype=np.int64))
    history, names = _covariates(panel, eligible, exposed)
    given = assignment(exposed, history, panel.customer[eligible], seed=seed)
    found = estimate(given, outcome)
    if found.ess < ALIKE:
        row["reason"] = (
            f"hardly any overlap: its {text.count(int(exposed.sum()))} visits are worth {text.fixed(found.ess, 0)} that "
            "resemble the others"
        )
        return Trial(row | {"ess": found.ess}, {}, _overlap(given))
    amounts = panel.outcome.dtype != bool
    row |= _describe(found, names, most=np.inf if amounts else 1.0)
    row |= _sensitivity(
        found, given, outcome, names, float(str(row["estimate"])), spread=outcome.std() if amounts else 0.0
    )
    row |= _control(given, panel.controls[eligible], controls)
    row |= _placebo(panel, eligible, exposed)
    weighted = found.smd_overlap if row["estimand"] == "ATO" else found.smd_after
    balance = {
        label: (float(raw), float(used)) for label, raw, used in zip(names, found.smd_before, weighted, strict=True)
    }
    return Trial(row, balance, _overlap(given))


def from_the_moment(panel: Panel, name: str, seed: int) -> WithinVisit:
    """The effect of a touchpoint at the moment it was met, see `journeylab.impact.within_visit`."""
    code = panel.touchpoints.index(name)
    return within_visit(
        panel.steps, code, ~panel.before[:, code], outcome=panel.outcome, history=panel.history, customer=panel.customer,
        size=len(panel.touchpoints), seed=seed,
    )  # fmt: skip


def _unknown(panel: Panel, name: str) -> dict[str, object]:
    """The row of a touchpoint that the sample of customers does not hold."""
    return {"touchpoint": name, "n_exposed": 0, "n_eligible": len(panel.outcome), "worst_covariate": "", "estimand": "",
            "control": "", "yardstick": "", "reason": "nobody in the sample meets it"}  # fmt: skip


def _covariates(
    panel: Panel, eligible: NDArray[np.bool_], exposed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], list[str]]:
    """History that varies among eligible visits, without what tells the exposure itself."""
    history = panel.history[eligible]
    keep = history.std(axis=0) > 1e-9
    for place, label in enumerate(panel.names):
        if keep[place] and " of the visit: " in label:
            keep[place] = abs(np.corrcoef(history[:, place], exposed)[0, 1]) < TELLING
    return np.ascontiguousarray(history[:, keep]), [
        label for label, kept in zip(panel.names, keep, strict=True) if kept
    ]


def _describe(found: Estimate, names: list[str], most: float) -> dict[str, object]:
    """The columns of an estimate; overlap weights where only they balance."""
    from scipy.special import ndtr

    after, overlap = np.abs(found.smd_after), np.abs(found.smd_overlap)
    # among many covariates chance alone makes some differ: three standard errors of a difference
    bar = max(BALANCED, 3 * float(np.sqrt(1 / found.ess + 1 / found.ess_unexposed)))
    use_overlap = after.max() > bar and overlap.max() <= bar
    value, error = (found.ato, found.ato_error) if use_overlap else (found.value, found.error)
    used = overlap if use_overlap else after
    half = normal_quantile() * error
    return {
        "estimate": value,
        "ci_low": max(value - half, -most),
        "ci_high": min(value + half, most),
        "p_value": float(2 * ndtr(-abs(value) / error)) if error > 0 else np.nan,
        "base_rate": found.risk_unexposed,
        "att": found.att,
        "att_ci_low": found.att - normal_quantile() * found.att_error,
        "att_ci_high": found.att + normal_quantile() * found.att_error,
        "ato": found.ato,
        "ato_ci_low": found.ato - normal_quantile() * found.ato_error,
        "ato_ci_high": found.ato + normal_quantile() * found.ato_error,
        "ipw": found.ipw,
        "g_formula": found.g,
        "ess": found.ess,
        "smd_max_before": float(np.abs(found.smd_before).max()),
        "smd_max_after": float(after.max()),
        "smd_max_overlap": float(overlap.max()),
        "smd_max_used": float(used.max()),
        "smd_bar": bar,
        "worst_covariate": names[int(used.argmax())],
        "outside_share": found.outside,
        "estimand": "ATO" if use_overlap else "ATE",
    }


def _sensitivity(
    found: Estimate, given: Assignment, outcome: NDArray[np.float64], names: list[str], value: float, spread: float
) -> dict[str, object]:
    """E-values and the robustness value with its yardstick; the spread of an amount, 0 of an outcome that comes or not."""
    half = normal_quantile() * found.error
    base, ends = found.risk_unexposed, np.array([value, value - half, value + half])
    if spread > 0:
        # a standardised difference d is like a risk ratio of exp(0.91 d): VanderWeele and Ding (2017)
        base, ends = 1.0, np.exp(0.91 * ends / spread) - 1
    hidden = robustness(given.exposed, outcome, given.history, error=found.error)
    return {
        "e_value": e_value(base + float(ends[0]), base),
        "e_value_limit": e_value_limit(base, float(ends[1]), float(ends[2])),
        "robustness": hidden.value,
        "robustness_limit": hidden.limit,
        "yardstick": names[hidden.strongest],
        "yardstick_times": hidden.times,
    }


def _control(given: Assignment, outcomes: NDArray[np.float64], controls: tuple[str, ...]) -> dict[str, object]:
    """The negative control that moves most clearly; its p-value is adjusted for their number (Bonferroni)."""
    from scipy.special import ndtr

    tried = []
    for name, result in zip(controls, outcomes.T, strict=True):
        hits = result > 0
        if min(hits[given.exposed].sum(), hits[~given.exposed].sum()) >= FEWEST_OUTCOMES:
            found = estimate(given, result)
            if found.error > 0:
                tried.append((float(2 * ndtr(-abs(found.value) / found.error)), name, found.value, found.error))
    if not tried:
        return {}
    p, name, value, error = min(tried)
    half = normal_quantile() * error
    return {"control": name, "control_effect": value, "control_ci_low": value - half, "control_ci_high": value + half,
            "control_p": min(1.0, p * len(tried))}  # fmt: skip


def _placebo(panel: Panel, eligible: NDArray[np.bool_], exposed: NDArray[np.bool_]) -> dict[str, object]:
    """The time shift: how far the visit before differed already, in standard deviations, given what was known before it.

    Least squares of the (log) events of the visit before on the exposure of this visit, errors clustered by customer.
    """
    row = np.flatnonzero(eligible)
    again = (row > 0) & (panel.customer[row] == panel.customer[np.maximum(row - 1, 0)])
    row, exposed = row[again], exposed[again]
    if exposed.sum() < FEWEST_EXPOSED or (~exposed).sum() < FEWEST_EXPOSED:
        return {}
    depth = np.log1p(panel.depth[row - 1])
    if depth.std() < 1e-9:
        return {}
    depth = (depth - depth.mean()) / depth.std()
    known = np.column_stack([np.ones(len(row)), panel.history[row - 1]])
    gram = known.T @ known + 1e-3 * np.eye(known.shape[1])
    rest = exposed - known @ np.linalg.solve(gram, known.T @ exposed.astype(float))
    value = float(rest @ depth / (rest @ rest))
    left = depth - value * exposed
    left = left - known @ np.linalg.solve(gram, known.T @ left)
    half = normal_quantile() * clustered(rest * left / (rest @ rest / len(rest)), panel.customer[row])
    return {"placebo": value, "placebo_ci_low": value - half, "placebo_ci_high": value + half}


def _overlap(given: Assignment) -> NDArray[np.int64]:
    """Unexposed and exposed visits by propensity."""
    return np.array([np.histogram(given.propensity[given.exposed == side], BINS)[0] for side in (False, True)])


def _why_not(panel: Panel, code: int, eligible: NDArray[np.bool_], control: bool) -> str:
    """Why a touchpoint is not estimated; empty where it is."""
    if panel.follows[code]:
        return "can only follow the outcome"
    if panel.only_after[code] > SINCE:
        share = text.percent(float(panel.only_after[code]), 0)
        return f"comes after the outcome in {share} of the visits with both, so without the outcome it counts and with it not"
    if control:
        return "a negative control: it stands for what no touchpoint moves"
    if not len(panel.outcome):
        return "no visit is followed for so long: the data end before the window does; give a shorter window"
    exposed, outcome = panel.met[eligible, code], panel.outcome[eligible] > 0
    n = int(exposed.sum())
    if n < FEWEST_EXPOSED:
        return f"too few visits with it for the first time ({n}); {FEWEST_EXPOSED} are needed"
    if (~exposed).sum() < FEWEST_EXPOSED:
        return "hardly any visit without it"
    if panel.converted.sum() >= FEWEST_OUTCOMES and panel.ever[panel.converted, code].all():
        return "nobody reaches the outcome without it: a step of the way, not a choice"
    for hits, words in ((int(outcome[exposed].sum()), "after"), (int(outcome[~exposed].sum()), "without")):
        if hits < FEWEST_OUTCOMES:
            return f"too few outcomes {words} it ({hits}); {FEWEST_OUTCOMES} are needed"
    begins = panel.begins[eligible]
    if begins[~exposed].mean() > begins[exposed].mean() + MADE:
        return "visits without it are there because of the outcome itself: who did not come has no visit to compare"
    return _companion(panel, code, eligible)


def _companion(panel: Panel, code: int, eligible: NDArray[np.bool_]) -> str:
    """Say which touchpoint always comes with this one, and hardly without it."""
    met = panel.met[eligible]
    exposed = met[:, code]
    with_, without = met[exposed].mean(axis=0), met[~exposed].mean(axis=0)
    twins = np.where(without <= APART, with_, 0.0)
    twins[code] = 0.0
    other = int(twins.argmax())
    if twins[other] < TOGETHER:
        return ""
    share = text.percent(float(twins[other]), 0)
    return f"comes with '{panel.touchpoints[other]}' in {share} of its visits: the two cannot be told apart"


def _naive(panel: Panel, code: int) -> tuple[float, float, float]:
    """What dashboards show: customers who ever met it against those who never did."""
    ever, converted = panel.ever[:, code], panel.converted
    n1, n0 = int(ever.sum()), int((~ever).sum())
    if not n1 or not n0:
        return (np.nan, np.nan, np.nan)
    return tuple(map(float, newcombe(int(converted[ever].sum()), n1, int(converted[~ever].sum()), n0)))  # type: ignore[return-value]
