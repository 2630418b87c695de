"""Doubly robust estimation with cross-fitting: what a touchpoint adds, given the history before the visit."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

CLIP, OF_SHARE = 0.02, 0.15
"""Propensities are clipped at 2 %, or at 15 % of the share of exposed visits where that is less; so at the other end."""

RIDGE = 10.0
FOLDS, REPEATS = 5, 2
FEW = 200
"""With fewer exposed visits the exposure enters one outcome model as a main effect, instead of a model of its own."""

HALVINGS = 12

SMALL, LARGE, VAST = 4_000, 20_000, 100_000
"""Models of so few rows are fitted anew without each fold; of more, one Newton step away from the whole is exact enough.
Of more than the second number Newton's method starts from a fifth of the rows, of more than the third one split is enough."""

Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A doubly robust estimate and what speaks for or against it.

    Attributes
    ----------
    value, error : float
        Average over eligible visits (ATE) and its standard error, clustered by customer.
    att, ato : float
        Average over exposed visits, and over visits where both were likely (overlap weights).
    att_error, ato_error : float
    ipw, g : float
        Inverse probability weighting alone, and outcome models alone: far from `value`, one of the two models fails.
    risk_exposed, risk_unexposed : float
        Adjusted shares with the outcome.
    ess : float
        How many unweighted exposed visits the weighted ones are worth.
    ess_unexposed : float
    smd_before, smd_after, smd_overlap : ndarray, shape (p,)
        Standardised differences of the covariates, raw, after ATE weights and after overlap weights.
    outside : float
        Share of visits whose propensity is clipped.
    """

    value: float
    error: float
    att: float
    att_error: float
    ato: float
    ato_error: float
    ipw: float
    g: float
    risk_exposed: float
    risk_unexposed: float
    ess: float
    ess_unexposed: float
    smd_before: Array
    smd_after: Array
    smd_overlap: Array
    outside: float


@dataclasses.dataclass(frozen=True)
class Assignment:
    """Who met the touchpoint, and how likely that was given history.

    Attributes
    ----------
    exposed : ndarray of bool, shape (n,)
    propensity : ndarray, shape (n,)
        Of models fitted on other customers, the average over repeated splits.
    history : ndarray, shape (n, p)
    customer : ndarray of int, shape (n,)
    folds : ndarray of int, shape (repeats, n)
    """

    exposed: NDArray[np.bool_]
    propensity: Array
    history: Array
    customer: NDArray[np.int64]
    folds: NDArray[np.int64]


def assignment(
    exposed: NDArray[np.bool_],
    history: Array,
    customer: NDArray[np.int64],
    *,
    seed: int = 0,
    folds: int = FOLDS,
    repeats: int = REPEATS,
) -> Assignment:
    """Fit the propensity of the exposure, cross-fitted by customer; several outcomes may share it."""
    ids, place = np.unique(customer, return_inverse=True)
    rng = np.random.default_rng(seed)
    times = repeats if len(exposed) <= VAST else 1
    split = np.array([(rng.permutation(len(ids)) % folds)[place] for _ in range(times)])
    design = _with_one(history)
    everyone = np.ones(len(exposed), dtype=bool)
    (propensity,) = _cross_fit(design, exposed.astype(float), everyone, split, (design,), binary=True)
    return Assignment(exposed, propensity, history, place, split)


def aipw(
    exposed: NDArray[np.bool_],
    outcome: Array,
    history: Array,
    customer: NDArray[np.int64],
    *,
    seed: int = 0,
    folds: int = FOLDS,
    repeats: int = REPEATS,
) -> Estimate:
    """Augmented inverse probability weighting, cross-fitted with folds by customer.

    Parameters
    ----------
    exposed : ndarray of bool, shape (n,)
    outcome : ndarray, shape (n,)
        0 or 1 (logistic outcome model), or any number (linear).
    history : ndarray, shape (n, p)
        Standardised covariates from before the visit.
    customer : ndarray of int, shape (n,)
        Folds and standard errors are by customer.

    Notes
    -----
    With e the propensity and m1, m0 the outcome models, all fitted on other customers,
    ``psi = m1 - m0 + w1 (Y - m1) - w0 (Y - m0)``, weights normalised to mean one (Hajek) and propensities clipped
    (see `CLIP`); the estimate is the mean of psi, its error the root of the summed squares of psi less the mean, added up
    within customers, over n. Overlap weights are ``e (1 - e)``. Predictions are averaged over `repeats` splits into folds,
    so that the estimate hardly depends on the split. Of large samples the model without a fold is one Newton step away
    from the model of all.

    References
    ----------
    Robins, Rotnitzky and Zhao (1994), JASA 89:846; Chernozhukov et al. (2018), Econometrics Journal 21:C1; Li, Morgan and
    Zaslavsky (2018), JASA 113:390; Hernan and Robins (2016), American Journal of Epidemiology 183:758; for the Newton step
    Rad and Maleki (2020), JRSS B 82:965.
    """
    return estimate(assignment(exposed, history, customer, seed=seed, folds=folds, repeats=repeats), outcome)


def estimate(given: Assignment, outcome: Array) -> Estimate:
    """Estimate the effect on one outcome; see `aipw`."""
    a, customer = given.exposed.astype(float), given.customer
    low, high = _limits(a.mean())
    e = np.clip(given.propensity, low, high)
    m1, m0 = _outcome_models(given, outcome)
    w1, w0 = a / e, (1 - a) / (1 - e)
    w1, w0 = w1 / w1.mean(), w0 / w0.mean()
    y1 = m1 + w1 * (outcome - m1)
    y0 = m0 + w0 * (outcome - m0)
    psi = y1 - y0
    value = float(psi.mean())
    odds = (1 - a) * e / (1 - e)
    odds *= a.sum() / odds.sum()
    treated = (a - odds) * (outcome - m0) / a.mean()
    att = float(treated.mean())
    h = e * (1 - e)
    blend = h * (m1 - m0) / h.mean() + a * (1 - e) * (outcome - m1) / (a * (1 - e)).mean() - (
        (1 - a) * e * (outcome - m0) / ((1 - a) * e).mean()
    )  # fmt: skip
    overlap = float(blend.mean())
    spread = _spread(given.history, given.exposed)
    return Estimate(
        value=value,
        error=clustered(psi - value, customer),
        att=att,
        att_error=clustered(treated - att * a / a.mean(), customer),
        ato=overlap,
        ato_error=clustered(blend - overlap * h / h.mean(), customer),
        ipw=float((w1 * outcome - w0 * outcome).mean()),
        g=float((m1 - m0).mean()),
        risk_exposed=float(y1.mean()),
        risk_unexposed=float(y0.mean()),
        ess=float(w1.sum() ** 2 / (w1**2).sum()),
        ess_unexposed=float(w0.sum() ** 2 / (w0**2).sum()),
        smd_before=_differences(given.history, a, 1 - a, spread),
        smd_after=_differences(given.history, w1, w0, spread),
        smd_overlap=_differences(given.history, a * (1 - e), (1 - a) * e, spread),
        outside=float(((given.propensity < low) | (given.propensity > high)).mean()),
    )


def _limits(share: float) -> tuple[float, float]:
    """Between which propensities are kept, so that no visit weighs seven times as much as the usual exposed one."""
    return min(CLIP, OF_SHARE * share), 1 - min(CLIP, OF_SHARE * (1 - share))


def _outcome_models(given: Assignment, outcome: Array) -> tuple[Array, Array]:
    """Predicted outcomes with and without the exposure; one model where few are exposed, else one each."""
    binary = bool(np.isin(outcome, (0.0, 1.0)).all())
    exposed, folds = given.exposed, int(given.folds.max()) + 1
    design = _with_one(given.history)
    if exposed.sum() * (folds - 1) / folds < FEW:
        n = len(outcome)
        both = np.column_stack([design, exposed.astype(float)])
        with_, without = np.column_stack([design, np.ones(n)]), np.column_stack([design, np.zeros(n)])
        m1, m0 = _cross_fit(both, outcome, np.ones(n, dtype=bool), given.folds, (with_, without), binary=binary)
        return m1, m0
    (m1,) = _cross_fit(design, outcome, exposed, given.folds, (design,), binary=binary)
    (m0,) = _cross_fit(design, outcome, ~exposed, given.folds, (design,), binary=binary)
    return m1, m0


def _cross_fit(
    x: Array, y: Array, rows: NDArray[np.bool_], splits: NDArray[np.int64], at: tuple[Array, ...], *, binary: bool
) -> list[Array]:
    """Predictions at each design, every row from a model of `rows` without the row's fold; averaged over the splits."""
    found = [np.zeros(len(y)) for _ in at]
    xt, yt = x[rows], y[rows]
    p = x.shape[1]
    penalty = np.full(p, RIDGE)
    penalty[0] = 1e-6
    whole = _logistic(xt, yt, penalty) if binary else _linear(xt, yt, penalty)
    mean = _predict(xt, whole) if binary else xt @ whole
    weight = np.maximum(mean * (1 - mean), 1e-6) if binary else np.ones(len(yt))
    for split in splits:
        number = int(split.max()) + 1
        parts = [np.flatnonzero(split[rows] == fold) for fold in range(number)]
        grams = [_gram(xt[part], weight[part]) for part in parts]
        total = np.sum(grams, axis=0) + np.diag(penalty)
        for fold, (part, gram) in enumerate(zip(parts, grams, strict=True)):
            # the gradient of all is zero, so without the fold it is minus the fold's
            beta = whole + _capped(np.linalg.solve(total - gram, -(xt[part].T @ (yt[part] - mean[part]))))
            if binary and len(yt) <= SMALL:
                others = split[rows] != fold
                beta = _logistic(xt[others], yt[others], penalty, start=beta)
            test = split == fold
            for k, design in enumerate(at):
                found[k][test] += _predict(design[test], beta) if binary else design[test] @ beta
    return [total / len(splits) for total in found]


def _with_one(history: Array) -> Array:
    return np.column_stack([np.ones(len(history)), history])


def _logistic(x: Array, y: Array, penalty: Array, start: Array | None = None, steps: int = 25) -> Array:
    """Ridge logistic regression by Newton's method; steps that overshoot, as with exposures nearly told by history, are halved."""
    share = np.clip(y.mean(), 1e-4, 1 - 1e-4) if len(y) else 0.5
    if start is None and len(y) > LARGE:
        start = _logistic(x[::5], y[::5], penalty)
    beta = np.zeros(x.shape[1]) if start is None else start.copy()
    if start is None:
        beta[0] = np.log(share / (1 - share))
    linear = x @ beta
    loss = _loss(linear, y, beta, penalty)
    for _ in range(steps):
        mean = _expit(linear)
        weight = np.maximum(mean * (1 - mean), 1e-6)
        gradient = x.T @ (y - mean) - penalty * beta
        move = _capped(np.linalg.solve(_gram(x, weight) + np.diag(penalty), gradient))
        along = x @ move
        for _ in range(HALVINGS):
            tried = _loss(linear + along, y, beta + move, penalty)
            if tried <= loss + 1e-9 * abs(loss):
                break
            move, along = move / 2, along / 2
        beta, linear, loss = beta + move, linear + along, tried
        if np.abs(move).max() < 1e-3:
            break
    return beta


def _loss(linear: Array, y: Array, beta: Array, penalty: Array) -> float:
    """Minus the penalised log-likelihood."""
    return float(np.logaddexp(0, linear).sum() - y @ linear + (penalty * beta**2).sum() / 2)


def _gram(x: Array, weight: Array) -> Array:
    """Weighted products of columns; a matrix times itself takes half the time of two matrices."""
    scaled = x * np.sqrt(weight)[:, None]
    return np.asarray(scaled.T @ scaled)


def _capped(move: NDArray[np.floating[Any]], most: float = 4.0) -> Array:
    """A Newton step no longer than `most` in any direction."""
    largest = np.abs(move).max()
    return np.asarray(move if largest < most else move * most / largest)


def _linear(x: Array, y: Array, penalty: Array) -> Array:
    """Ridge least squares."""
    return np.asarray(np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y))


def _predict(x: Array, beta: Array) -> Array:
    return _expit(x @ beta)


def _expit(linear: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(linear, -30, 30))))


def clustered(influence: Array, customer: NDArray[np.int64]) -> float:
    """Standard error of the mean of an influence function, summed within customers.

    Parameters
    ----------
    influence : ndarray, shape (n,)
        Of mean zero.
    customer : ndarray of int, shape (n,)
    """
    _, place = np.unique(customer, return_inverse=True)
    totals = np.bincount(place, weights=influence)
    n = len(totals)
    return float(np.sqrt((totals**2).sum() * n / max(n - 1, 1)) / len(influence))


def _differences(history: Array, w1: Array, w0: Array, spread: Array) -> Array:
    """Standardised mean differences under two sets of weights."""
    return np.asarray((w1 @ history / w1.sum() - w0 @ history / w0.sum()) / spread)


def _spread(history: Array, exposed: NDArray[np.bool_]) -> Array:
    """Root of the mean variance of exposed and unexposed visits, shape (p,); infinite where nothing varies."""
    variance = (history[exposed].var(axis=0) + history[~exposed].var(axis=0)) / 2
    return np.where(variance > 0, np.sqrt(variance), np.inf)
