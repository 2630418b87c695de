"""Analytic standard errors of agreement that take units for independent, as other programs print them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from journeylab.errors import DataError, listing
from journeylab.intervals import CONFIDENCE, normal_quantile
from journeylab.voices.coefficients import counts_of, prepare

GWET = ("alpha", "fleiss", "conger", "ac1", "brennan_prediger")


class Error(NamedTuple):
    """A standard error and the interval that it makes."""

    error: float
    low: float
    high: float


def gwet_error(measure: str, matrix: ArrayLike) -> Error:
    """Gwet's linearised standard error of a nominal measure, with his t interval, cut at 1.

    Parameters
    ----------
    measure : str
        ``alpha``, ``fleiss``, ``conger``, ``ac1`` or ``brennan_prediger``.
    matrix : array_like, shape (n_coders, n_units)

    Notes
    -----
    Each unit's own value is (n / n') (a_u - e [m_u >= 2]) / (1 - e), with a_u the agreement within the unit, e the chance
    agreement and n' the units with two ratings, less (1 - value) times the unit's influence on e, over 1 - e; the variance is
    that of the mean. The influence is the derivative of e with respect to the weight of the unit, taken here by a complex
    step, which is exact. Units are taken for independent: not so where several come from one text.

    References
    ----------
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed., ch. 5 and 6; Gwet (2021), Educational and Psychological
    Measurement 81:781, for alpha.
    """
    if measure not in GWET:
        raise DataError(f"standard errors are known for {listing(GWET)}; found '{measure}'.")
    from scipy import stats

    values = np.asarray(matrix, dtype=float)
    rated = (~np.isnan(values)).sum(axis=0)
    values = values[:, rated >= (2 if measure == "alpha" else 1)]
    counts, _ = counts_of(values)
    m = counts.sum(axis=1)
    n = len(m)
    within = (counts * (counts - 1)).sum(axis=1)
    if measure == "alpha":
        mean, small = m.mean(), 1 / m.sum()
        agreed = within / (mean * (m - 1))
        share = counts.sum(axis=0) / m.sum()
        plain, chance = agreed.mean(), float(share @ share)
        observed = (1 - small) * plain + small
        point, value = (observed - chance) / (1 - chance), (plain - chance) / (1 - chance)
        # irrCAC for Python has `observed` here, for R `plain`: .14557 or .14548 on the 4 x 12 example
        each = (agreed - observed * (m - mean) / mean - chance) / (1 - chance)
        influence = 2 * (counts @ share / mean - chance * (m - mean) / mean - chance)
    else:
        sums = prepare(measure, values)
        value, chance = float(sums.total.value[0]), 1 - float(sums.total.expected[0])
        pairable = m >= 2
        agreed = np.where(pairable, within / np.where(pairable, m * (m - 1), 1), 0.0)
        each = n / pairable.sum() * (agreed - chance * pairable) / (1 - chance)
        step = 1e-20j
        bent = sums.parts(sums.each.sum(axis=0) + step * (n * sums.each - sums.each.sum(axis=0))).expected
        influence = -(np.broadcast_to(bent, n).imag / step.imag)
        point = value
    each = each - (1 - value) * influence / (1 - chance)
    error = float(np.sqrt(((each - value) ** 2).sum() / (n * (n - 1))))
    reach = float(stats.t.ppf(0.5 + CONFIDENCE / 2, n - 1)) * error
    return Error(error, max(-1.0, float(point) - reach), min(1.0, float(point) + reach))


def cohen_error(matrix: ArrayLike) -> tuple[Error, float]:
    """Standard error of Cohen's kappa with its normal interval, and the one that holds where kappa is 0.

    References
    ----------
    Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72:323.
    """
    values = np.asarray(matrix, dtype=float)
    values = values[:, ~np.isnan(values).any(axis=0)]
    n = values.shape[1]
    categories = np.unique(values)
    first, second = (values[coder][:, None] == categories for coder in (0, 1))
    table = first.T.astype(float) @ second / n
    p, r = table.sum(axis=1), table.sum(axis=0)
    agreed, chance = float(np.trace(table)), float(p @ r)
    kappa = (agreed - chance) / (1 - chance)
    total = p[None, :] + r[:, None]
    diagonal = (np.diag(table) * (1 - (p + r) * (1 - kappa)) ** 2).sum()
    beside = (1 - kappa) ** 2 * ((table * total**2).sum() - (np.diag(table) * (p + r) ** 2).sum())
    error = float(np.sqrt((diagonal + beside - (kappa - chance * (1 - kappa)) ** 2) / n) / (1 - chance))
    under_null = float(np.sqrt((chance + chance**2 - (p * r * (p + r)).sum()) / n) / (1 - chance))
    reach = normal_quantile() * error
    return Error(error, kappa - reach, kappa + reach), under_null
