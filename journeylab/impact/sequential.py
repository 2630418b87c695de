"""What may be said of a test that is looked at while it runs?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from journeylab.intervals import CONFIDENCE, Interval, normal_quantile

FEWEST = 50
"""Nothing is said before so many customers of each arm had the outcome: the sequence holds for large samples."""

LOOKS = ["day", "n_control", "n_arm", "estimate", "fixed_low", "fixed_high", "ci_low", "ci_high", "p_value"]


def confidence_sequence(
    difference: ArrayLike, error: ArrayLike, n: ArrayLike, *, planned: int, confidence: float = CONFIDENCE
) -> Interval:
    """Interval of a difference that holds at all looks together, however often one looks and whenever one stops.

    Parameters
    ----------
    difference, error : array_like
        The difference of two arms at each look, and its standard error.
    n : array_like
        Customers in both arms by then.
    planned : int
        The size at which the interval is to be narrowest for its kind; it holds at every other too.

    Returns
    -------
    Interval
        At the planned size about 1.55 times as wide as the interval of one look.

    Notes
    -----
    Asymptotic confidence sequence: ``d ± s sqrt(2 (n r + 1) / (n² r) log(sqrt(n r + 1) / a))`` with a = 1 - confidence,
    s² = n error², and ``r = (-2 log a + log(-2 log a) + 1) / planned``.

    References
    ----------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Annals of Statistics 52:2613, theorem 2.2.

    Examples
    --------
    >>> value, low, high = confidence_sequence(0.02, 0.006, 10_000, planned=10_000)
    >>> round(low, 4), round(high, 4)
    (0.0018, 0.0382)
    """
    d, s, n = np.broadcast_arrays(*(np.asarray(item, dtype=float) for item in (difference, error, n)))
    alpha = 1 - confidence
    growth = n * _tuning(planned, alpha)
    half = s * np.sqrt(2 * (growth + 1) / growth * np.log(np.sqrt(growth + 1) / alpha))
    return Interval(*(float(item) if np.ndim(item) == 0 else item for item in (d, d - half, d + half)))


def always_valid_p(difference: ArrayLike, error: ArrayLike, n: ArrayLike, *, planned: int) -> NDArray[np.float64]:
    """The smallest level at which the confidence sequence leaves zero out; its smallest value over all looks is a p-value.

    References
    ----------
    Johari, Koomen, Pekelis and Walsh (2022), Operations Research 70:1806.
    """
    d, s, n = np.broadcast_arrays(*(np.asarray(item, dtype=float) for item in (difference, error, n)))
    growth = n * _tuning(planned, 1 - CONFIDENCE)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_p = np.log(growth + 1) / 2 - (d / s) ** 2 * growth / (2 * (growth + 1))
    return np.exp(np.minimum(log_p, 0.0))


def look_daily(
    assigned_at: pd.Series,
    treated: NDArray[np.bool_],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    *,
    planned: int | None = None,
) -> pd.DataFrame:
    """The difference as it stood after each day of assignment, with its sequence and the interval of a single look.

    Parameters
    ----------
    assigned_at : Series, shape (n,)
        In order; a day's customers count once their windows are complete.
    treated : ndarray of bool, shape (n,)
    y, x : ndarray, shape (n,)
        What each customer did and per how many, see `arms.measure_outcome`.
    planned : int, optional
        Customers in both arms; those there are, where not given.

    Returns
    -------
    DataFrame
        day, n_control, n_arm, estimate, fixed_low, fixed_high (95 % if this were the only look), ci_low, ci_high (the
        sequence), p_value (always valid). Days before each arm has 50 customers with an outcome are left out.
    """
    day = assigned_at.dt.floor("D").to_numpy()
    last = np.flatnonzero(np.append(day[1:] != day[:-1], True)) if len(day) else np.array([], dtype=int)
    (n1, r1, v1, had1), (n0, r0, v0, had0) = (_running(y * arm, x * arm, arm, last) for arm in (treated, ~treated))
    error = np.sqrt(v1 + v0)
    enough = (np.minimum(had1, had0) >= FEWEST) & (error > 0)
    d, n = r1 - r0, n1 + n0
    half = normal_quantile() * error
    _, low, high = confidence_sequence(d[enough], error[enough], n[enough], planned=planned or len(y))
    table = pd.DataFrame(
        {
            "day": assigned_at.iloc[last].dt.floor("D").to_numpy(),
            "n_control": n0.astype(int),
            "n_arm": n1.astype(int),
            "estimate": d,
            "fixed_low": d - half,
            "fixed_high": d + half,
        }
    )[enough]
    p_value = always_valid_p(d[enough], error[enough], n[enough], planned=planned or len(y))
    return table.assign(ci_low=low, ci_high=high, p_value=p_value).reset_index(drop=True)


def _tuning(planned: int, alpha: float) -> float:
    """The r of the boundary: it is tightest when n is the planned number."""
    wide = -2 * np.log(alpha)
    return float((wide + np.log(wide) + 1) / max(planned, 1))


def _running(
    y: NDArray[np.float64], x: NDArray[np.float64], arm: NDArray[np.bool_], last: NDArray[np.int64]
) -> tuple[NDArray[np.float64], ...]:
    """One arm at each look: customers, ratio of sums, its variance by the delta method, customers with an outcome."""
    n, had, sy, sx, yy, xx, xy = (
        np.cumsum(column, dtype=float)[last] for column in (arm, y != 0, y, x, y * y, x * x, x * y)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = sy / sx
        # the customers' parts in the ratio, y - rate x, add up to zero
        variance = (yy - 2 * rate * xy + rate**2 * xx) / (n - 1) * n / sx**2
    return n, rate, variance, had
