"""How strong would a hidden cause have to be to explain an effect away?"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Robustness:
    """Partial shares of variance that a hidden cause would need.

    Attributes
    ----------
    value : float
        Robustness value: a hidden cause that explains so much of what history leaves open, of the exposure and of the
        outcome alike, brings the effect to zero.
    limit : float
        The same, to make its 95 % interval reach zero.
    strongest : int
        Place of the measured covariate whose omission would shift the estimate most; -1 without covariates.
    times : float
        How many times the shift of the strongest the estimate is.
    """

    value: float
    limit: float
    strongest: int
    times: float


def robustness_value(t: float, freedom: float, *, level: float | None = None) -> float:
    """Robustness value of a regression coefficient.

    Parameters
    ----------
    t : float
        The coefficient over its standard error.
    freedom : float
        Residual degrees of freedom.
    level : float, optional
        The significance level for which the interval shall reach zero; for the estimate itself where not given.

    References
    ----------
    Cinelli and Hazlett (2020), JRSS B 82:39.

    Examples
    --------
    Their study of Darfur: t = 4.18 with 783 degrees of freedom.

    >>> round(robustness_value(4.184, 783), 3), round(robustness_value(4.184, 783, level=0.05), 3)
    (0.139, 0.076)
    """
    from scipy.special import stdtrit

    f = abs(t) / np.sqrt(freedom)
    if level is not None:
        f -= stdtrit(freedom - 1, 1 - level / 2) / np.sqrt(freedom - 1)
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2) if f > 0 else 0.0


def robustness(exposed: NDArray[np.bool_], outcome: Array, history: Array, *, error: float | None = None) -> Robustness:
    """Robustness value of the exposure in a linear model, with the strongest covariate as the yardstick.

    Parameters
    ----------
    exposed : ndarray of bool, shape (n,)
    outcome : ndarray, shape (n,)
    history : ndarray, shape (n, p)
    error : float, optional
        A standard error that knows more than the linear model does, such as one clustered by customer; for the limit.

    Notes
    -----
    Partial shares of variance are read off the inverse of the matrix of products of covariates, exposure and outcome. The
    shift by a cause as strong as a covariate is ``se sqrt(df) sqrt(Ry Rd / (1 - Rd))``.
    """
    n, p = history.shape
    whole = np.column_stack([history, exposed.astype(float), outcome])
    whole = whole - whole.mean(axis=0)
    gram = whole.T @ whole
    scale = np.diag(1e-9 * np.diag(gram) + 1e-12)
    inner = np.linalg.inv((gram + scale)[: p + 1, : p + 1])
    outer = np.linalg.inv(gram + scale)
    freedom = n - p - 2
    partial = -outer[p, p + 1] / np.sqrt(outer[p, p] * outer[p + 1, p + 1])
    t = partial * np.sqrt(freedom / (1 - partial**2))
    coefficient = -outer[p, p + 1] / outer[p + 1, p + 1]
    used = abs(coefficient) / error if error else abs(t)
    value, limit = robustness_value(t, freedom), robustness_value(min(used, abs(t)), freedom, level=0.05)
    if p == 0:
        return Robustness(value, limit, -1, np.inf)
    on_exposure = inner[:p, p] ** 2 / (np.diag(inner)[:p] * inner[p, p])
    on_outcome = outer[:p, p + 1] ** 2 / (np.diag(outer)[:p] * outer[p + 1, p + 1])
    shift = abs(coefficient / t) * np.sqrt(freedom * on_outcome * on_exposure / (1 - on_exposure))
    strongest = int(shift.argmax())
    return Robustness(value, limit, strongest, float(abs(coefficient) / max(shift[strongest], 1e-12)))
