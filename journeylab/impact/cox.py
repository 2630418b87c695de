"""How does the rate of an outcome change with what was met before? Cox's model on rows from start to stop, errors by customer."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
from numpy.typing import NDArray

from journeylab.errors import DataError

Floats = NDArray[np.float64]

DEPENDENT = 1e-6
"""Variance among those at risk that is left after the other covariates, as a share of all, under which one tells nothing."""

CONVERGED = 1e-6
"""Twice the log likelihood that one more step could gain."""


@dataclasses.dataclass(frozen=True)
class CoxFit:
    """A fitted model.

    Attributes
    ----------
    coefficients : ndarray, shape (k,)
        Log hazard ratios.
    covariance : ndarray, shape (k, k)
        Robust, clustered by customer.
    model_covariance : ndarray, shape (k, k)
        Inverse of the information: right only if the model is.
    log_likelihood : float
        Partial, Efron's for ties.
    event_time : ndarray, shape (n_outcomes,)
        When each outcome happened, rising.
    schoenfeld : ndarray, shape (n_outcomes, k)
        Covariates of whoever had the outcome, less their weighted mean among those at risk then.
    n_customers : int
    """

    coefficients: Floats
    covariance: Floats
    model_covariance: Floats
    log_likelihood: float
    event_time: Floats
    schoenfeld: Floats
    n_customers: int

    @property
    def errors(self) -> Floats:
        """Robust standard errors, shape (k,)."""
        return np.sqrt(np.diag(self.covariance))


def fit_cox(
    start: Floats,
    stop: Floats,
    event: NDArray[np.bool_],
    covariates: Floats,
    customer: NDArray[np.generic] | None = None,
) -> CoxFit:
    """Fit Cox's model to rows that are each at risk after `start` and up to `stop`.

    Parameters
    ----------
    start, stop : ndarray, shape (n,)
        Any unit of time; ``start < stop``.
    event : ndarray of bool, shape (n,)
        Whether the row ends with the outcome.
    covariates : ndarray, shape (n, k)
        What held over the whole row: a value that changes ends one row and begins the next.
    customer : ndarray, shape (n,), optional
        Whose row it is; each its own where not given.

    Raises
    ------
    DataError
        When a row ends before it begins, no row ends with the outcome, covariates do not vary among those at risk together
        or follow from one another (see `informative`), or the likelihood has no maximum.

    Notes
    -----
    Efron's partial likelihood by `statsmodels.duration.hazard_regression.PHReg`. It keeps a row at risk at its own start,
    which must not be; here times are replaced by their ranks, on which the likelihood depends alone, and half a rank is
    added to each start. Errors are Lin and Wei's, from score residuals summed by customer; they are worked out here, in
    one pass, since PHReg's own take one pass an outcome.

    References
    ----------
    Cox (1972), JRSS B 34:187; Efron (1977), JASA 72:557; Andersen and Gill (1982), Annals of Statistics 10:1100; Lin and
    Wei (1989), JASA 84:1074.
    """
    from statsmodels.duration.hazard_regression import PHReg

    covariates = np.asarray(covariates, dtype=float)
    if not (start < stop).all():
        raise DataError("fit_cox: each row must stop after it starts.")
    if not event.any():
        raise DataError("fit_cox: no row ends with the outcome.")
    customer = np.arange(len(start)) if customer is None else customer
    rank = np.unique(np.concatenate([start, stop]), return_inverse=True)[1].reshape(2, -1).astype(float)
    scale = covariates.std(axis=0)
    if not (scale > 0).all():
        raise DataError("fit_cox: a covariate does not vary.")
    scaled = (covariates - covariates.mean(axis=0)) / scale
    model = PHReg(rank[1], scaled, status=event.astype(int), entry=rank[0] + 0.5, ties="efron")
    if not _independent(_information(rank[0], rank[1], event, scaled), int(event.sum())).all():
        raise DataError("fit_cox: a covariate does not vary among those at risk together, or follows from the others.")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = model.fit(maxiter=50)
        slope = model.score(found.params)
        gain = float(slope @ np.asarray(found.cov_params()) @ slope)
    if not gain < CONVERGED:
        raise DataError("fit_cox: the model does not converge; a covariate may tell the outcome without fail.")
    beta, inverse = np.asarray(found.params) / scale, np.asarray(found.cov_params()) / np.outer(scale, scale)
    scores, mean = _residuals(rank[0], rank[1], event, covariates, beta)
    owner = np.unique(customer, return_inverse=True)[1]
    summed = np.column_stack([np.bincount(owner, weights=column) for column in scores.T])
    at = np.flatnonzero(event)
    at = at[np.argsort(stop[at], kind="stable")]
    return CoxFit(
        beta,
        inverse @ (summed.T @ summed) @ inverse,
        inverse,
        float(model.loglike(found.params)),
        stop[at].astype(float),
        covariates[at] - mean[at],
        int(owner.max()) + 1,
    )


def informative(start: Floats, stop: Floats, event: NDArray[np.bool_], covariates: Floats) -> NDArray[np.bool_]:
    """Say which covariates tell those at risk together apart, beyond the covariates before them; shape (k,).

    Notes
    -----
    What is the same for all at any one time, such as the time itself, cancels out of the likelihood.
    """
    varied = np.flatnonzero(covariates.std(axis=0) > 0)
    kept = np.zeros(covariates.shape[1], dtype=bool)
    if event.any():
        parts = covariates[:, varied] / covariates[:, varied].std(axis=0)
        kept[varied] = _independent(_information(start, stop, event, parts), int(event.sum()))
    return kept


def _information(start: Floats, stop: Floats, event: NDArray[np.bool_], covariates: Floats) -> Floats:
    """Sum over outcomes of the covariances of covariates among those at risk: the information at no effect (Breslow)."""
    covariates = covariates - covariates.mean(axis=0)
    time, tied = np.unique(stop[event], return_counts=True)
    ones = np.column_stack([np.ones(len(start)), covariates])
    risk = _later(stop, ones, time) - _later(start, ones, time)
    mean = risk[:, 1:] / risk[:, :1]
    total = np.append(0.0, np.cumsum(tied / risk[:, 0]))
    hazard = total[np.searchsorted(time, stop, side="right")] - total[np.searchsorted(time, start, side="right")]
    return covariates.T @ (covariates * hazard[:, None]) - mean.T @ (mean * tied[:, None])


def _independent(information: Floats, outcomes: int) -> NDArray[np.bool_]:
    """Columns of variance 1 that are no combination of the columns before them, by Gaussian elimination."""
    left, kept = information.copy(), np.zeros(len(information), dtype=bool)
    for place in range(len(left)):
        kept[place] = left[place, place] > DEPENDENT * max(information[place, place], outcomes)
        if kept[place]:
            left = left - np.outer(left[:, place], left[place]) / left[place, place]
    return kept


def _residuals(
    start: Floats, stop: Floats, event: NDArray[np.bool_], covariates: Floats, beta: Floats
) -> tuple[Floats, Floats]:
    """Score residuals of all rows, and for rows with the outcome the weighted mean of covariates at risk; both (n, k).

    Of m outcomes at one time the l-th (from 0) is held against those at risk, less l/m of those who have it then (Efron).
    """
    logs = covariates @ beta
    weight = np.exp(logs - logs.max())
    weighted = np.column_stack([weight, covariates * weight[:, None]])
    time, tied = np.unique(stop[event], return_counts=True)
    risk = _later(stop, weighted, time) - _later(start, weighted, time)
    place = np.searchsorted(time, stop)
    own = np.zeros_like(risk)
    np.add.at(own, place[event], weighted[event])
    group = np.repeat(np.arange(len(time)), tied)
    part = (np.arange(len(group)) - np.repeat(np.cumsum(tied) - tied, tied)) / tied[group]
    left = risk[group] - part[:, None] * own[group]
    mean = left[:, 1:] / left[:, :1]
    rise = np.column_stack([1 / left[:, 0], mean / left[:, :1]])
    begins = np.cumsum(tied) - tied
    step, eased = np.add.reduceat(rise, begins), np.add.reduceat(part[:, None] * rise, begins)
    centre = np.add.reduceat(mean, begins) / tied[:, None]
    total = np.vstack([np.zeros(step.shape[1]), np.cumsum(step, axis=0)])
    hazard = total[np.searchsorted(time, stop, side="right")] - total[np.searchsorted(time, start, side="right")]
    hazard[event] -= eased[place[event]]
    residual = -weight[:, None] * (covariates * hazard[:, :1] - hazard[:, 1:])
    means = np.full_like(covariates, np.nan)
    means[event] = centre[place[event]]
    residual[event] += covariates[event] - means[event]
    return residual, means


def _later(time: Floats, values: Floats, at: Floats) -> Floats:
    """Sum of the values of rows whose time is no earlier than each of `at`."""
    order = np.argsort(time, kind="stable")
    sums = np.vstack([np.cumsum(values[order][::-1], axis=0)[::-1], np.zeros(values.shape[1])])
    return sums[np.searchsorted(time[order], at)]


@dataclasses.dataclass(frozen=True)
class Proportional:
    """Whether hazard ratios hold still over time.

    Attributes
    ----------
    chi2, p_value : ndarray, shape (k,)
        One degree of freedom a covariate.
    slope : ndarray, shape (k,)
        Change of the log hazard ratio for each unit of the transformed time.
    whole_chi2, whole_p_value : float
        All covariates together, k degrees of freedom.
    """

    chi2: Floats
    p_value: Floats
    slope: Floats
    whole_chi2: float
    whole_p_value: float


def proportional_hazards(fit: CoxFit, time: Floats | None = None) -> Proportional:
    """Test whether scaled Schoenfeld residuals are tied to time.

    Parameters
    ----------
    time : ndarray, shape (n_outcomes,), optional
        Transformed times of the outcomes; the logarithm where not given.

    Notes
    -----
    Times at 0 or below have no logarithm; outcomes cannot lie there, since rows stop after they start from 0.

    References
    ----------
    Grambsch and Therneau (1994), Biometrika 81:515.
    """
    from scipy.special import chdtrc

    g = np.log(fit.event_time) if time is None else np.asarray(time, dtype=float)
    g = g - g.mean()
    spread, n, variance = float(g @ g), len(g), fit.model_covariance
    k = len(fit.coefficients)
    if spread <= 0:
        none = np.full(k, np.nan)
        return Proportional(none, none, none, np.nan, np.nan)
    tied = g @ fit.schoenfeld
    slope = n * (variance @ tied) / spread
    chi2 = slope**2 * spread / (n * np.diag(variance))
    whole = float(n * tied @ variance @ tied / spread)
    return Proportional(chi2, chdtrc(1, chi2), slope, whole, float(chdtrc(k, whole)))
