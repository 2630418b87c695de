"""Regressions of a series that was interrupted: level, slope, season, and errors that remember."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from journeylab.errors import DataError, StudyError, did_you_mean, listing
from journeylab.intervals import CONFIDENCE

LEAST = 8
"""Points needed on each side of a change."""

SEASONS = ("auto", "none", "week", "year")
CYCLES = 2
"""A season is modelled when the series holds so many of its cycles."""
HARMONICS = 2
YEAR = 365.25
GRID = np.tanh(np.linspace(-2.6, 2.6, 105))
"""Autocorrelations that are weighed, evenly spaced in Fisher's z."""


class Contrast(NamedTuple):
    """A number of a regression: estimate, ends of its interval, p and standard error."""

    estimate: float
    low: float
    high: float
    p_value: float
    error: float


@dataclasses.dataclass(frozen=True)
class Regression:
    """A fitted regression, as a mixture over what its errors may be like.

    Attributes
    ----------
    weight : (r,)
        Of each autocorrelation; they sum to 1.
    rho : (r,)
        Autocorrelations; NaN where the errors are taken as independent.
    beta : (r, p)
    covariance : (r, p, p)
    df : float
        Degrees of freedom of the t distribution of each; infinite for the normal.
    residuals : (n,)
        Of the likeliest autocorrelation, freed of it, so that they should not resemble each other.
    """

    weight: np.ndarray
    rho: np.ndarray
    beta: np.ndarray
    covariance: np.ndarray
    df: float
    residuals: np.ndarray

    def contrast(self, *coefficients: float) -> Contrast:
        """Estimate, interval and p of a linear combination; coefficients that are not given are 0."""
        from scipy.special import stdtr, stdtrit

        c = np.zeros(self.beta.shape[1])
        c[: len(coefficients)] = coefficients
        centre = self.beta @ c
        error = np.sqrt(np.maximum(np.einsum("i,rij,j->r", c, self.covariance, c), 1e-300))
        df = min(self.df, 1e10)

        def below(value: float) -> float:
            return float(self.weight @ stdtr(df, (value - centre) / error))

        tail = (1 - CONFIDENCE) / 2
        half = float(stdtrit(df, 1 - tail))
        low = _cross(below, tail, *_ends(centre - half * error))
        high = _cross(below, 1 - tail, *_ends(centre + half * error))
        zero = float(self.weight @ stdtr(df, -np.abs(centre) / error * np.sign(centre)))
        estimate = float(self.weight @ centre)
        spread = float(np.sqrt(self.weight @ (error**2 + (centre - estimate) ** 2)))
        return Contrast(estimate, low, high, 2 * min(zero, 1 - zero), spread)

    @property
    def autocorrelation(self) -> float:
        """The mean autocorrelation of neighbouring errors."""
        return float(self.weight @ self.rho)

    @property
    def coefficients(self) -> np.ndarray:
        """Mean coefficients, (p,)."""
        return self.weight @ self.beta


def ar1_regression(y: np.ndarray, x: np.ndarray, place: np.ndarray | None = None) -> Regression:
    """Regression whose errors are an autoregression of first order.

    Parameters
    ----------
    y : (n,)
    x : (n, p)
    place : (n,), optional
        When each value was measured, in whole periods, ascending; gaps are allowed.

    Notes
    -----
    Given the autocorrelation, generalised least squares (Prais-Winsten, which keeps the first value) with t on n - p degrees
    of freedom. The autocorrelation is not set to one value: the t distributions are averaged over it, weighted by the restricted
    likelihood, flat in Fisher's z (Zellner and Tiao 1964 with the restricted likelihood of Cheang and Reinsel 2000).
    Set to the likeliest value, a change where nothing happened is found in up to 9.5 % of series of 40 points, averaged in 6 %.

    References
    ----------
    Prais and Winsten (1954), Cowles Commission 383; Zellner and Tiao (1964), JASA 59:763; Cheang and Reinsel (2000), JASA
    95:1173.
    """
    n, p = x.shape
    gaps = np.diff(np.arange(n) if place is None else place)
    carried = GRID[:, None] ** gaps  # (r, n - 1); whole gaps, so negative ones are defined
    fresh = np.sqrt(1 - carried**2)
    both = np.column_stack([x, y])
    white = np.empty((len(GRID), n, p + 1))
    white[:, 0] = both[0]
    white[:, 1:] = (both[1:] - carried[:, :, None] * both[:-1]) / fresh[:, :, None]
    xs, ys = white[:, :, :p], white[:, :, p]
    gram = np.swapaxes(xs, 1, 2) @ xs
    inverse = np.linalg.pinv(gram)
    beta = np.einsum("rij,rnj,rn->ri", inverse, xs, ys, optimize=True)
    residuals = ys - np.einsum("rnj,rj->rn", xs, beta)
    squares = np.maximum(np.einsum("rn,rn->r", residuals, residuals), 1e-300)
    # Jacobian of the whitening, sum of squares, and the restriction; the prior is in the spacing of the grid.
    likelihood = -np.log(fresh).sum(axis=1) - 0.5 * ((n - p) * np.log(squares) + np.linalg.slogdet(gram)[1])
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    covariance = (squares / (n - p))[:, None, None] * inverse
    kept = weight > 1e-9
    return Regression(weight[kept], GRID[kept], beta[kept], covariance[kept], n - p, residuals[weight.argmax()])


def count_regression(y: np.ndarray, x: np.ndarray, exposure: np.ndarray | None = None) -> Regression:
    """Log-linear regression of counts with overdispersion (quasi-Poisson, dispersion by Pearson's chi-square).

    Parameters
    ----------
    y : (n,)
        Counts.
    x : (n, p)
    exposure : (n,), optional
        What the counts are counted among; its logarithm is the offset.

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, 6.2; Lopez Bernal, Cummins and Gasparrini (2017), International
    Journal of Epidemiology 46:348.
    """
    import statsmodels.api as sm

    offset = None if exposure is None else np.log(exposure)
    fit = sm.GLM(y, x, family=sm.families.Poisson(), offset=offset).fit(scale="X2")
    one = np.ones(1)
    return Regression(
        one, np.full(1, np.nan), fit.params[None], fit.cov_params()[None], np.inf, np.asarray(fit.resid_pearson)
    )


def step_design(place: np.ndarray, start: float, *, slope: bool = True, terms: np.ndarray | None = None) -> np.ndarray:
    """Columns of an interrupted series: 1, time, after, and where wished time since the change; then seasonal terms."""
    after = (place >= start).astype(float)
    columns = [np.ones(len(place)), place.astype(float), after]
    if slope:
        columns.append(after * (place - start))
    return np.column_stack(columns if terms is None else [*columns, terms])


def places(time: pd.Series) -> tuple[np.ndarray, str]:
    """The place of each time on an even grid of days, weeks or months, and the name of the period.

    Raises
    ------
    DataError
        When the times are not evenly spaced, or one stands twice.
    """
    step = time.diff().median() / pd.Timedelta(days=1)
    months = time.dt.year * 12 + time.dt.month
    if 27 <= step <= 400:
        each = max(1, round(float(months.diff().median())))
        exact = (months - months.iloc[0]) / each
        name = "month" if each == 1 else "point"
    else:
        exact = (time - time.iloc[0]) / pd.Timedelta(days=step)
        name = {1: "day", 7: "week"}.get(step, "point")
    place = exact.round().to_numpy(dtype=np.int64)
    if len(np.unique(place)) < len(place) or np.abs(exact - place).max() > 0.25:
        raise DataError(
            "series: its times are not evenly spaced; give one value a day, week or month (`weekly_rate` makes weeks)."
        )
    return place, name


def seasonal_terms(time: pd.Series, period: str, season: str) -> tuple[np.ndarray | None, str]:
    """Columns for the seasons that the series is long enough for, and their name; None without any.

    Raises
    ------
    StudyError
        For an unknown season.
    """
    if season not in SEASONS:
        raise StudyError(f"season='{season}': allowed are {listing(SEASONS)}.{did_you_mean(season, SEASONS)}")
    span = (time.iloc[-1] - time.iloc[0]) / pd.Timedelta(days=1) * (1 + 1 / max(len(time) - 1, 1))
    parts, words = [], []
    if period == "day" and season in ("auto", "week") and span >= CYCLES * 7:
        day = time.dt.weekday.to_numpy()
        parts.append((day[:, None] == np.arange(1, 7)).astype(float))
        words.append("day of the week")
    if season in ("auto", "year") and span >= CYCLES * YEAR - 1:
        turn = time.dt.month / 12 if period == "month" else time.dt.dayofyear / YEAR
        angle = 2 * np.pi * np.outer(turn, np.arange(1, HARMONICS + 1))
        parts.append(np.hstack([np.sin(angle), np.cos(angle)]))
        words.append(f"{HARMONICS} harmonics of the year")
    return (np.hstack(parts) if parts else None), " and ".join(words)


def ljung_box(residuals: np.ndarray, *, lags: int | None = None, fitted: int = 0) -> float:
    """p of the test that residuals do not resemble their neighbours.

    Parameters
    ----------
    lags : int, optional
        How many; else a quarter of the residuals, and 12 at most.
    fitted : int
        Autocorrelations that were estimated.

    References
    ----------
    Ljung and Box (1978), Biometrika 65:297.
    """
    from scipy.special import gammaincc

    n = len(residuals)
    lags = lags or min(12, n // 4)
    if lags <= fitted:
        return float("nan")
    centred = residuals - residuals.mean()
    alike = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, lags + 1)]) / (centred @ centred)
    q = n * (n + 2) * float(np.sum(alike**2 / (n - np.arange(1, lags + 1))))
    return float(gammaincc((lags - fitted) / 2, q / 2))


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _cross(below: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Where a rising function crosses a level between two ends."""
    from scipy.optimize import brentq

    pad = 1e-6 * (high - low) + 1e-12 * max(abs(low), abs(high), 1e-12)
    if below(low - pad) >= level:
        return low
    if below(high + pad) <= level:
        return high
    return float(brentq(lambda value: below(value) - level, low - pad, high + pad, xtol=1e-12))
