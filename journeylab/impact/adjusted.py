"""How large is the difference between arms once customers' own past is taken out of it?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab import text
from journeylab.errors import DataError, StudyError, listing
from journeylab.impact.arms import instants
from journeylab.intervals import CONFIDENCE

FEWEST = 20
"""A covariate must take other than its usual value for as many customers of each arm, and as many stand behind each."""
MOST_LEVELS = 20
"""Text with more values than this is no attribute but a name."""


@dataclasses.dataclass(frozen=True)
class Adjusted:
    """A difference of means, adjusted.

    Attributes
    ----------
    estimate, low, high, p_value : float
    error : float
        HC2 standard error.
    reduction : float
        Share of the unadjusted difference's variance that the covariates take away; below zero where they add noise.
    covariates : tuple of str
        Those that were used.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    error: float
    reduction: float
    covariates: tuple[str, ...]


NAN = float("nan")
UNADJUSTED = Adjusted(NAN, NAN, NAN, NAN, NAN, NAN, ())


def history(
    assigned: pd.DataFrame,
    events: pd.DataFrame,
    *,
    outcome: str,
    attributes: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What was known of each customer before the assignment, as numbers.

    Parameters
    ----------
    assigned : DataFrame
        customer_id, assigned_at: one row a customer.
    events : DataFrame
        Only those strictly before the customer's assignment count: earlier outcomes, value, how many, how long ago, device.
    attributes : DataFrame, optional
        The `customers` table: what was known before the journey. Times, and text of more than 20 values, are left out.
    covariates : DataFrame, optional
        customer_id and further columns of one's own; ``measured_at`` says when, and must be before the assignment.

    Returns
    -------
    DataFrame, shape (n_customers, n_covariates)
        In the order of `assigned`, the strongest predictors by rule of thumb first.

    Raises
    ------
    DataError
        For covariates that were measured at or after the assignment, or that stand twice for a customer.
    """
    index = pd.Index(assigned["customer_id"])
    place = index.get_indexer(events["customer_id"])
    times = instants(events["event_time"])
    start = instants(assigned["assigned_at"])
    before = place >= 0
    before[before] = times[before] < start[place[before]]
    part, place = events[before], place[before]
    n = len(assigned)
    count = np.bincount(place, minlength=n).astype(float)
    columns: dict[str, NDArray[np.float64]] = {}
    if len(part):
        hits = (part["touchpoint"] == outcome).to_numpy()
        columns[f"earlier '{outcome}'"] = np.log1p(np.bincount(place[hits], minlength=n))
        if "value" in part:
            value = np.bincount(place, weights=part["value"].fillna(0).to_numpy(dtype=float), minlength=n)
            columns["earlier value"] = np.log1p(np.maximum(value, 0))
        columns["earlier events"] = np.log1p(count)
        last = np.full(n, np.datetime64("NaT"), dtype=times.dtype)
        order = np.argsort(times[before], kind="stable")
        last[place[order]] = times[before][order]
        days = (start - last) / np.timedelta64(1, "D")
        columns["days since the last"] = np.where(count > 0, np.log1p(np.nan_to_num(days)), 0.0)
        columns["no earlier events"] = (count == 0).astype(float)
        if "device" in part:
            device = np.full(n, "", dtype=object)
            device[place[order]] = part["device"].fillna("").astype(str).to_numpy()[order]
            columns |= _dummies("device", pd.Series(device).replace("", None))
    for frame in (attributes, covariates):
        if frame is not None:
            columns |= _columns(_rows_of(frame, assigned))
    return pd.DataFrame(columns, index=index)


def adjust(y: NDArray[np.float64], treated: NDArray[np.bool_], covariates: pd.DataFrame) -> Adjusted:
    """Difference of means from a regression on treatment, centred covariates and their products.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Each customer's outcome.
    treated : ndarray of bool, shape (n,)
    covariates : DataFrame, shape (n, p)
        Known before the assignment; those that are all but constant in an arm, or repeat others, are not used.

    Notes
    -----
    Ordinary least squares with all interactions is one regression an arm, read off at the mean of the covariates of both;
    HC2 errors. With one covariate and arms of one size it is CUPED. The truth need not be linear: the estimate stays
    consistent for the difference of means, since the arms differ by chance only.

    References
    ----------
    Lin (2013), Annals of Applied Statistics 7:295; Deng, Xu, Kohavi and Walker (2013), WSDM, 123 (CUPED).
    """
    from scipy.special import stdtr, stdtrit

    arms = (treated, ~treated)
    smallest = min(int(arm.sum()) for arm in arms)
    used = _usable(covariates, arms)[: smallest // FEWEST]
    if not used or smallest < 2:
        return UNADJUSTED
    x = covariates[used].to_numpy(dtype=float)
    x = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / x.std(axis=0)])
    (r1, v1), (r0, v0) = (_at_the_mean(y[arm], x[arm]) for arm in arms)
    plain = sum(float(y[arm].var(ddof=1)) / arm.sum() for arm in arms)
    error, difference = float(np.sqrt(v1 + v0)), r1 - r0
    if not (error > 0 and plain > 0):
        return UNADJUSTED
    freedom = len(y) - 2 * x.shape[1]
    half = float(stdtrit(freedom, 0.5 + CONFIDENCE / 2)) * error
    p_value = float(2 * stdtr(freedom, -abs(difference) / error))
    return Adjusted(
        difference, difference - half, difference + half, p_value, error, 1 - (v1 + v0) / plain, tuple(used)
    )


def _at_the_mean(y: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[float, float]:
    """Intercept of a regression, and its HC2 variance."""
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ y)
    leverage = np.minimum(((x @ inverse) * x).sum(axis=1), 1 - 1e-9)
    return float(beta[0]), float(((x @ inverse[0]) ** 2 * (y - x @ beta) ** 2 / (1 - leverage)).sum())


def _usable(covariates: pd.DataFrame, arms: tuple[NDArray[np.bool_], ...]) -> list[str]:
    """Covariates that vary enough in each arm and do not repeat those before them."""
    names = [
        name
        for name, column in covariates.items()
        if all((column[arm] != column[arm].mode().iloc[0]).sum() >= FEWEST for arm in arms if arm.any())
    ]
    for arm in arms:
        names = _independent(covariates.loc[arm, names])
    return names


def _independent(columns: pd.DataFrame) -> list[str]:
    """Columns of which more than a millionth of the variance is not in those before them."""
    if len(columns) < 2 or not columns.shape[1]:
        return []
    alike = np.atleast_2d(np.corrcoef(columns.to_numpy(dtype=float), rowvar=False))
    kept: list[int] = []
    for at in range(len(alike)):
        shared = alike[at, kept] @ np.linalg.solve(alike[np.ix_(kept, kept)], alike[kept, at]) if kept else 0.0
        if 1 - shared > 1e-6:
            kept.append(at)
    return [str(name) for name in columns.columns[kept]]


def _rows_of(frame: pd.DataFrame, assigned: pd.DataFrame) -> pd.DataFrame:
    """A table's columns in the order of the customers, NaN for who is not in it."""
    if "customer_id" not in frame:
        raise DataError(f"covariates need a column 'customer_id'; there are {listing(frame.columns)}.")
    twice = frame["customer_id"].duplicated()
    if twice.any():
        raise DataError(
            f"a customer has one row of covariates; {listing(frame.loc[twice, 'customer_id'], 3)} have more."
        )
    rows = frame.set_index("customer_id").reindex(assigned["customer_id"])
    if "measured_at" in rows:
        late = instants(rows["measured_at"]) >= instants(assigned["assigned_at"])
        if late.any():
            raise StudyError(
                f"covariates of {text.count(int(late.sum()))} customers, such as {listing(rows.index[late], 3)}, were "
                "measured at or after "
                "their assignment: the test may have changed them. Give what was known before it."
            )
    return rows.reset_index(drop=True)


def _columns(rows: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    """Attributes as numbers: categories one column a level, gaps in numbers at the mean with a column that marks them."""
    found: dict[str, NDArray[np.float64]] = {}
    for name, column in rows.items():
        if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
            continue
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            number = column.to_numpy(dtype=float, na_value=np.nan)
            number = np.where(np.isfinite(number), number, np.nan)
            gone = np.isnan(number)
            if not gone.all():
                found[str(name)] = np.where(gone, number[~gone].mean(), number)
                found[f"{name} unknown"] = gone.astype(float)
        elif column.nunique() <= MOST_LEVELS:
            found |= _dummies(str(name), column)
    return found


def _dummies(name: str, column: pd.Series) -> dict[str, NDArray[np.float64]]:
    """One column for each level but the most frequent."""
    levels = column.astype("str").where(column.notna()).value_counts().index[1:]
    words = column.astype("str").to_numpy()
    return {f"{name} {level}": (words == level).astype(float) for level in levels}
