"""Measures of agreement on a matrix of coders by units; NaN is a missing rating."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from journeylab.errors import DataError
from journeylab.voices.coefficients import prepare


def _value(measure: str, matrix: ArrayLike, level: str = "nominal") -> float:
    """A measure of a matrix, without what is around it."""
    return float(prepare(measure, matrix, level=level).total.value[0])


def alpha(matrix: ArrayLike, level: str = "nominal") -> float:
    """Krippendorff's alpha.

    Parameters
    ----------
    matrix : array_like, shape (n_coders, n_units)
        Ratings; NaN where a coder did not rate a unit.
    level : str
        ``nominal``, ``ordinal``, ``interval`` or ``ratio``.

    Returns
    -------
    float
        NaN when no unit has two ratings, or all ratings are the same.

    Raises
    ------
    DataError
        For an unknown level, a matrix that has not two dimensions, or negative ratings at the ratio level.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.

    Examples
    --------
    >>> round(alpha([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]), 3)
    0.095
    """
    return _value("alpha", matrix, level)


def disagreement(matrix: ArrayLike, measure: str = "alpha", level: str = "nominal") -> tuple[float, float]:
    """Observed and expected disagreement; a coefficient is one minus their ratio.

    Examples
    --------
    >>> observed, expected = disagreement([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]])
    >>> round(observed, 3), round(expected, 3)
    (0.4, 0.442)
    """
    observed, expected = prepare(measure, matrix, level=level).total
    return float(observed[0]), float(expected[0])


def percent(matrix: ArrayLike) -> float:
    """Mean over units of the share of agreeing pairs of coders; no correction for chance."""
    return _value("percent", matrix)


def holsti(matrix: ArrayLike) -> float:
    """Twice the units on which two coders agree, over the units of the one plus those of the other; the mean over pairs.

    References
    ----------
    Holsti (1969), Content Analysis for the Social Sciences and Humanities, p. 140.
    """
    return _value("holsti", matrix)


def cohen(matrix: ArrayLike, weights: str = "none") -> float:
    """Cohen's kappa of two coders, on the units that both rated; NaN for another number of coders or without variation.

    Parameters
    ----------
    weights : str
        ``none``, ``linear`` or ``quadratic``: of the difference between category values.

    References
    ----------
    Cohen (1960), Educational and Psychological Measurement 20:37; (1968), Psychological Bulletin 70:213.
    """
    name = {"none": "cohen", "linear": "cohen_linear", "quadratic": "cohen_quadratic"}.get(weights)
    if name is None:
        raise DataError(f"weights '{weights}' is none of none, linear, quadratic.")
    return _value(name, matrix) if len(np.asarray(matrix)) == 2 else float("nan")


def largest_kappa(matrix: ArrayLike) -> float:
    """The largest Cohen's kappa that two coders' shares of categories leave room for (Cohen 1960, p. 42)."""
    values = np.asarray(matrix, dtype=float)
    values = values[:, ~np.isnan(values).any(axis=0)]
    first, second = ((row[:, None] == np.unique(values)).mean(axis=0) for row in values)
    chance = float(first @ second)
    return float("nan") if chance == 1 else float((np.minimum(first, second).sum() - chance) / (1 - chance))


def scott(matrix: ArrayLike) -> float:
    """Scott's pi of two coders, on the units that both rated; NaN for another number of coders.

    References
    ----------
    Scott (1955), Public Opinion Quarterly 19:321.
    """
    return _value("scott", matrix) if len(np.asarray(matrix)) == 2 else float("nan")


def fleiss(matrix: ArrayLike) -> float:
    """Fleiss' kappa; with missing ratings in Gwet's form, where each rated unit counts once towards the prevalence.

    References
    ----------
    Fleiss (1971), Psychological Bulletin 76:378; Gwet (2014), Handbook of Inter-Rater Reliability, 4th ed., ch. 2.
    """
    return _value("fleiss", matrix)


def conger(matrix: ArrayLike) -> float:
    """Conger's kappa: Cohen's for any number of coders, each with their own share of categories.

    References
    ----------
    Conger (1980), Psychological Bulletin 88:322.
    """
    return _value("conger", matrix)


def ac1(matrix: ArrayLike) -> float:
    """Gwet's AC1; units with a single rating count towards the prevalence of categories.

    References
    ----------
    Gwet (2008), British Journal of Mathematical and Statistical Psychology 61:29.
    """
    return _value("ac1", matrix)


def ac2(matrix: ArrayLike, weights: str = "quadratic") -> float:
    """Gwet's AC2: AC1 with ``linear`` or ``quadratic`` weights of the difference between category values."""
    if weights not in {"linear", "quadratic"}:
        raise DataError(f"weights '{weights}' is none of linear, quadratic.")
    return _value(f"ac2_{weights}", matrix)


def brennan_prediger(matrix: ArrayLike) -> float:
    """Brennan and Prediger's coefficient (Randolph's free-marginal kappa): chance is one over the categories used.

    References
    ----------
    Brennan and Prediger (1981), Educational and Psychological Measurement 41:687.
    """
    return _value("brennan_prediger", matrix)
