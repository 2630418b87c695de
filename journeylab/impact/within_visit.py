"""Is an effect still there at the moment the touchpoint was met, given what the visit had come to by then?

Effects are of whole visits, adjusted for what was known before them. Where one step of a visit leads both to a touchpoint and to
the outcome, that is not enough: who searches is offered the chat, and buys more.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from journeylab.impact.observational import assignment, estimate
from journeylab.intervals import normal_quantile

MOST = 20_000
"""Of more moments with or without the touchpoint a random sample of so many is used."""

FEWEST_WITHOUT = 0.1
"""Where fewer never met it in the visit, the difference is not blown up further."""

RARE = 0.003
"""What fewer moments than this share have behind them is no covariate."""


@dataclasses.dataclass(frozen=True)
class Steps:
    """What was met in visits before any outcome, in order.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_visits + 1,)
    codes : ndarray of int32, shape (n_steps,)
    minutes : ndarray of float32, shape (n_steps,)
        Since the start of the visit.
    """

    offsets: NDArray[np.int64]
    codes: NDArray[np.int32]
    minutes: NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class WithinVisit:
    """The effect at the moment of meeting.

    Attributes
    ----------
    estimate, ci_low, ci_high : float
        Averaged over the moments at which the touchpoint was met for the first time (ATT).
    n_met, n_other : int
        Moments at which it came next, and at which it did not.
    ess : float
        How many unweighted moments without it the weighted ones are worth.
    """

    estimate: float
    ci_low: float
    ci_high: float
    n_met: int
    n_other: int
    ess: float


def within_visit(
    steps: Steps,
    code: int,
    eligible: NDArray[np.bool_],
    *,
    outcome: NDArray[np.bool_] | NDArray[np.float64],
    history: NDArray[np.float64],
    customer: NDArray[np.int64],
    size: int,
    seed: int = 0,
) -> WithinVisit:
    """Compare the moments at which a touchpoint came next with those at which it did not.

    Parameters
    ----------
    steps : Steps
    code : int
        Of the touchpoint.
    eligible : ndarray of bool, shape (n_visits,)
    outcome, history, customer
        A row a visit.
    size : int
        Number of touchpoints.

    Notes
    -----
    A trial starts after every step of a visit, from none on, until the touchpoint is met, the outcome comes or the visit ends
    (nested trials, the end of the visit among their moments). Adjusted for are the history before the visit and what it had
    come to: how many steps and minutes, the last touchpoint, and each that was met. Not meeting it at this moment includes
    meeting it later in the visit, so the difference is divided by the weighted share that did not (Bloom's estimator; the
    share is taken as known). What came instead, such as another step that works, counts against it: the estimate is there
    to deny an effect and not to find one.

    References
    ----------
    Bloom (1984), Evaluation Review 8:225; Hernan and Robins (2016), American Journal of Epidemiology 183:758; Danaei,
    Garcia Rodriguez, Cantero, Logan and Hernan (2013), Statistical Methods in Medical Research 22:70, for nested trials.
    """
    rng = np.random.default_rng(seed)
    visit, step, met, later = _moments(steps, code, eligible, rng)
    come_to = _come_to(steps, visit, step, code, size)
    known = history[visit]
    known = known[:, known.std(axis=0) > 1e-9]
    given = assignment(met, np.column_stack([known, come_to]), customer[visit], seed=seed)
    found = estimate(given, outcome[visit].astype(float))
    odds = (given.propensity / (1 - given.propensity))[~met]
    without = max(1 - float(odds @ later[~met] / odds.sum()), FEWEST_WITHOUT)
    value, half = found.att / without, normal_quantile() * found.att_error / without
    return WithinVisit(
        value, value - half, value + half, int(met.sum()), int((~met).sum()), float(odds.sum() ** 2 / (odds**2).sum())
    )


def _moments(
    steps: Steps, code: int, eligible: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Visit and number of steps before each moment, whether the touchpoint came next, and whether it came then or later."""
    length = np.diff(steps.offsets)
    last = length.copy()  # the moment after the last step, or before the touchpoint
    holds = np.zeros(len(length), dtype=bool)
    places = np.flatnonzero(steps.codes == code)[::-1]
    of = np.searchsorted(steps.offsets, places, side="right") - 1
    last[of], holds[of] = places - steps.offsets[of], True
    with_ = np.flatnonzero(holds & eligible)
    if len(with_) > MOST:
        with_ = np.sort(rng.choice(with_, MOST, replace=False))
    rows = np.flatnonzero(eligible)
    number = last[rows] + ~holds[rows]
    ends = np.cumsum(number)
    total = int(ends[-1])
    drawn = np.arange(total) if total <= MOST else np.sort(rng.choice(total, MOST, replace=False))
    at = np.searchsorted(ends, drawn, side="right")
    visit = np.concatenate([with_, rows[at]])
    step = np.concatenate([last[with_], drawn - (ends - number)[at]])
    return visit, step, np.arange(len(visit)) < len(with_), holds[visit]


def _come_to(
    steps: Steps, visit: NDArray[np.int64], step: NDArray[np.int64], code: int, size: int
) -> NDArray[np.float64]:
    """What a visit had come to, standardised: a row a moment."""
    ids, row = np.unique(visit, return_inverse=True)
    length = np.diff(steps.offsets)[ids]
    begin = np.cumsum(length) - length
    within = np.arange(length.sum()) - np.repeat(begin, length)
    events = np.repeat(steps.offsets[ids], length) + within
    first = np.full((len(ids), size), np.iinfo(np.int64).max)
    np.minimum.at(first, (np.repeat(np.arange(len(ids)), length), steps.codes[events]), within)
    before = np.maximum(steps.offsets[visit] + step - 1, 0)
    begun = step > 0
    last = np.where(begun, steps.codes[before] if len(steps.codes) else -1, -1)
    minutes = np.where(begun, steps.minutes[before] if len(steps.codes) else 0.0, 0.0)
    columns: list[NDArray[np.generic]] = [np.log1p(step), step == 0, step == 1, step == 2, np.log1p(minutes)]
    for other in range(size):
        if other != code:
            columns += [part for part in (first[row, other] < step, last == other) if part.mean() >= RARE]
    found = np.column_stack([column.astype(float) for column in columns])
    spread = found.std(axis=0)
    found, spread = found[:, spread > 1e-9], spread[spread > 1e-9]
    return np.asarray((found - found.mean(axis=0)) / spread)
