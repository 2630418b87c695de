"""Doubly robust estimation with cross-fitting: what a touchpoint adds, given the history before the visit."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

CLIP = 0.01
RIDGE = 1.0
FOLDS = 2
FEW = 200
"""With fewer exposed visits the exposure enters one outcome model as a main effect, instead of a model of its own."""

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
    ato_error : float
    risk_exposed, risk_unexposed : float
        Adjusted shares with the outcome.
    ess : float
        How many unweighted exposed visits the weighted ones are worth.
    smd_before, smd_after, smd_overlap : ndarray, shape (p,)
        Standardised differences of the covariates, raw, after ATE weights and after overlap weights.
    outside : float
        Share of visits with a propensity under 1 % or over 99 %.
    """

    value: float
    error: float
    att: float
    ato: float
    ato_error: float
    risk_exposed: float
    risk_unexposed: float
    ess: float
    smd_before: Array
    smd_after: Array
    smd_overlap: Array
    outside: float


def aipw(
    exposed: NDArray[np.bool_],
    outcome: Array,
    history: Array,
    customer: NDArray[np.int64],
    *,
    seed: int = 0,
    folds: int = FOLDS,
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
    ``psi = m1 - m0 + w1 (Y - m1) - w0 (Y - m0)``, weights normalised to mean one (Hajek) and propensities clipped to
    [0.01, 0.99]; the estimate is the mean of psi, its error the root of the summed squares of psi less the mean, added up
    within customers, over n. Overlap weights are ``e (1 - e)``.

    References
    ----------
    Robins, Rotnitzky and Zhao (1994), JASA 89:846; Chernozhukov et al. (2018), Econometrics Journal 21:C1; Li, Morgan and
    Zaslavsky (2018), JASA 113:390; Hernan and Robins (2016), American Journal of Epidemiology 183:758.
    """
    n = len(outcome)
    binary = bool(np.isin(outcome, (0.0, 1.0)).all())
    design = np.column_stack([np.ones(n), history])
    a = exposed.astype(float)
    fold = _folds(customer, folds, seed)
    propensity, m1, m0 = np.empty(n), np.empty(n), np.empty(n)
    apply = _predict if binary else _product
    few = exposed.sum() * (folds - 1) / folds < FEW
    starts: dict[str, Array | None] = {"propensity": None, "both": None, "exposed": None, "unexposed": None}

    def model(name: str, x: Array, y: Array) -> Array:
        # the folds resemble each other, so each fit begins where the last one ended
        starts[name] = _logistic(x, y, starts[name]) if binary or name == "propensity" else _linear(x, y)
        return np.asarray(starts[name])

    for number in range(folds):
        test, train = fold == number, fold != number
        propensity[test] = _predict(design[test], model("propensity", design[train], a[train]))
        if few:
            weights = model("both", np.column_stack([design[train], a[train]]), outcome[train])
            m1[test] = apply(np.column_stack([design[test], np.ones(test.sum())]), weights)
            m0[test] = apply(np.column_stack([design[test], np.zeros(test.sum())]), weights)
        else:
            m1[test] = apply(design[test], model("exposed", design[train & exposed], outcome[train & exposed]))
            m0[test] = apply(design[test], model("unexposed", design[train & ~exposed], outcome[train & ~exposed]))
    outside = float(((propensity < CLIP) | (propensity > 1 - CLIP)).mean())
    e = np.clip(propensity, CLIP, 1 - CLIP)
    w1, w0 = a / e, (1 - a) / (1 - e)
    w1, w0 = w1 / w1.mean(), w0 / w0.mean()
    y1 = m1 + w1 * (outcome - m1)
    y0 = m0 + w0 * (outcome - m0)
    psi = y1 - y0
    value = float(psi.mean())
    odds = (1 - a) * e / (1 - e)
    odds *= a.sum() / odds.sum()
    h = e * (1 - e)
    blend = h * (m1 - m0) / h.mean() + a * (1 - e) * (outcome - m1) / (a * (1 - e)).mean() - (
        (1 - a) * e * (outcome - m0) / ((1 - a) * e).mean()
    )  # fmt: skip
    overlap = float(blend.mean())
    return Estimate(
        value=value,
        error=_clustered(psi - value, customer),
        att=float(((a - odds) * (outcome - m0)).sum() / a.sum()),
        ato=overlap,
        ato_error=_clustered(blend - overlap * h / h.mean(), customer),
        risk_exposed=float(y1.mean()),
        risk_unexposed=float(y0.mean()),
        ess=float(w1.sum() ** 2 / (w1**2).sum()),
        smd_before=_differences(history, a, 1 - a),
        smd_after=_differences(history, w1, w0),
        smd_overlap=_differences(history, a * (1 - e), (1 - a) * e),
        outside=outside,
    )


def _folds(customer: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """A fold for each row, the same for all rows of a customer."""
    ids, place = np.unique(customer, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(ids))
    return order[place] % folds


def _logistic(x: Array, y: Array, start: Array | None = None, steps: int = 12) -> Array:
    """Ridge logistic regression by Newton's method; the first column is the intercept and not penalised."""
    p = x.shape[1]
    penalty = np.full(p, RIDGE)
    penalty[0] = 1e-6
    share = np.clip(y.mean(), 1e-4, 1 - 1e-4) if len(y) else 0.5
    beta = np.zeros(p) if start is None else start.copy()
    if start is None:
        beta[0] = np.log(share / (1 - share))
    for _ in range(steps):
        mean = _predict(x, beta)
        weight = np.maximum(mean * (1 - mean), 1e-6)
        gradient = x.T @ (y - mean) - penalty * beta
        move = np.linalg.solve((x * weight[:, None]).T @ x + np.diag(penalty), gradient)
        largest = np.abs(move).max()
        beta = beta + (move if largest < 4 else move * 4 / largest)
        if largest < 1e-3:
            break
    return beta


def _linear(x: Array, y: Array) -> Array:
    """Ridge least squares."""
    penalty = np.full(x.shape[1], RIDGE)
    penalty[0] = 1e-6
    return np.asarray(np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y))


def _predict(x: Array, beta: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x @ beta, -30, 30))))


def _product(x: Array, beta: Array) -> Array:
    return np.asarray(x @ beta)


def _clustered(influence: Array, customer: NDArray[np.int64]) -> float:
    """Standard error of the mean of an influence function, summed within customers."""
    _, place = np.unique(customer, return_inverse=True)
    totals = np.bincount(place, weights=influence)
    return float(np.sqrt((totals**2).sum()) / len(influence))


def _differences(history: Array, w1: Array, w0: Array) -> Array:
    """Standardised mean differences under two sets of weights."""
    mean1, mean0 = w1 @ history / w1.sum(), w0 @ history / w0.sum()
    first, second = history[w1 > 0], history[w0 > 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num((mean1 - mean0) / np.sqrt((first.var(axis=0) + second.var(axis=0)) / 2))
