"""What moved after a dated change? A series before and after it, with errors that remember."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import figures, text
from journeylab.errors import DataError, did_you_mean, listing
from journeylab.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 8
"""Points needed on each side of the change."""

COLUMNS = ["description", "series", "changed_at", "estimate", "ci_low", "ci_high", "p_value", "slope", "slope_low", "slope_high",
           "rho", "placebo_p", "n_before", "n_after", "grade", "verdict", "reason"]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class DatedChange(Result):
    """A dated change.

    Attributes
    ----------
    table : DataFrame
        One row: description, series, changed_at, estimate (change of level, in the series' units), ci_low, ci_high, p_value,
        slope (change of slope a week) with interval, rho (autocorrelation of errors), placebo_p (share of placebo dates
        before the change with an effect as large), n_before, n_after, grade, verdict, reason.
    series : DataFrame
        time, value, fitted, without (where the old trend would have led).
    changed_at : Timestamp
    """

    series: pd.DataFrame = dataclasses.field(repr=False)
    changed_at: pd.Timestamp

    @property
    def columns(self) -> dict[str, str]:
        """The columns that a report shows."""
        return {
            "description": "Change",
            "series": "Weekly rate",
            "estimate": "Change of level",
            "ci": "95 % interval",
            "placebo_p": "As large at other dates",
            "n_before": "Weeks before",
            "n_after": "Weeks after",
            "grade": "Grade",
            "reason": "Verdict",
        }

    @property
    def formats(self) -> dict[str, str]:
        """How their values are written."""
        return {"estimate": "points", "placebo_p": "percent"}

    def summary(self) -> str:
        """Say by how much the level moved."""
        row = self.table.iloc[0]
        if np.isnan(row["estimate"]):
            return f"'{row['description']}': cannot be told, {row['reason']}."
        return (
            f"After '{row['description']}' the weekly rate of {row['series']} moved by {text.points(row['estimate'])} "
            f"({text.interval(row['ci_low'], row['ci_high'], 'points')}; {row['n_before']} weeks before, {row['n_after']} after): "
            f"{row['reason']}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the series, its fit, and where the old trend would have led."""
        ax = figures.new_axes(ax, height=3.6)
        frame = self.series
        ax.plot(frame["time"], 100 * frame["value"], "o", color=figures.MUTED, markersize=4)
        ax.axvline(self.changed_at, color=figures.ORANGE, linewidth=1.5)
        if frame["fitted"].notna().any():
            before = frame["time"] < self.changed_at
            for part in (frame[before], frame[~before]):
                ax.plot(part["time"], 100 * part["fitted"], color=figures.BLUE, linewidth=2)
            ax.plot(
                frame.loc[~before, "time"], 100 * frame.loc[~before, "without"], "--", color=figures.BLUE, linewidth=1.5
            )
        ax.set_ylim(bottom=0)
        ax.yaxis.set_major_formatter("{x:.0f} %")
        row = self.table.iloc[0]
        figures.subtitle(
            ax,
            f"{row['series']}, by week",
            f"line: {self.changed_at:%d %B %Y}; dashed: where the old trend would have led",
        )
        return figures.describe(ax, f"Weekly series with a change on {self.changed_at:%Y-%m-%d}. {self.summary()}")


def dated_change(
    series: pd.DataFrame | pd.Series,
    *,
    changed_at: str | pd.Timestamp,
    controls: pd.DataFrame | pd.Series | None = None,
    name: str = "rate",
    label: str = "the change",
    seed: int = 0,
) -> DatedChange:
    """Interrupted time series with AR(1) errors.

    Parameters
    ----------
    series : DataFrame or Series
        ``time`` and ``value`` (or a Series indexed by time), evenly spaced.
    changed_at : str or Timestamp
    controls : DataFrame or Series, optional
        A series that the change cannot move; then the difference of both is analysed.
    name, label : str
        Of the series and the change, for readers.
    seed : int
        Not used; there is no randomness here.

    Notes
    -----
    ``y = b0 + b1 t + b2 after + b3 (t - t0) after + u``, u an AR(1) process, by generalised least squares
    (Prais-Winsten) with the autocorrelation of the restricted likelihood and t intervals on n - 4 degrees of freedom; b2
    is the change of level. Simulated with nothing happening, it finds a change in 6 to 8 % of series of 40 to 104 points
    (nominal 5 %; up to 11 % with the autocorrelation of the residuals, far more with HAC errors). Placebo: the same model
    with each date of the period before, at least 8 points from its ends. Without a control series nothing else is held
    constant, so the grade is D.

    References
    ----------
    Lopez Bernal, Cummins and Gasparrini (2017), International Journal of Epidemiology 46:348; Prais and Winsten (1954);
    Cheang and Reinsel (2000), Journal of the American Statistical Association 95:1173.

    Raises
    ------
    DataError
        When time or value is missing.
    """
    frame = _tidy(series, "series")
    when = pd.Timestamp(changed_at)
    when = when.tz_convert(None) if when.tzinfo is not None else when
    if controls is not None:
        other = _tidy(controls, "controls").rename(columns={"value": "control"})
        frame = frame.merge(other, on="time")
        frame["value"] = frame["value"] - frame.pop("control")
    before = int((frame["time"] < when).sum())
    after = len(frame) - before
    base: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    base |= {
        "description": label,
        "series": name,
        "changed_at": when,
        "n_before": before,
        "n_after": after,
        "grade": "",
        "verdict": "not known",
    }
    assumptions = (
        "The old trend would have gone on; nothing else changed at that time; the same kind of customers came.",
        "Errors of neighbouring weeks resemble each other (AR(1)).",
    )
    method = "Interrupted time series, AR(1) errors (restricted likelihood)"
    if min(before, after) < LEAST:
        reason = f"{before} points before and {after} after, {LEAST} are needed on each side"
        table = pd.DataFrame([{**base, "reason": reason}], columns=COLUMNS)
        return DatedChange(table, method, assumptions, frame.assign(fitted=np.nan, without=np.nan), when)
    value = frame["value"].to_numpy(dtype=float)
    beta, error, rho = ar1_regression(value, _design(len(value), before))
    from scipy.special import stdtr, stdtrit

    quantile = float(stdtrit(len(value) - 4, 0.975))
    level, slope = beta[2], beta[3]
    placebo = _placebo(value[:before], abs(level))
    clear = abs(level) > quantile * error[2]
    controlled = controls is not None
    row = {**base, "estimate": level, "ci_low": level - quantile * error[2], "ci_high": level + quantile * error[2],
           "p_value": float(2 * stdtr(len(value) - 4, -abs(level) / error[2])), "slope": slope,
           "slope_low": slope - quantile * error[3], "slope_high": slope + quantile * error[3], "rho": rho, "placebo_p": placebo,
           "grade": "B" if controlled and placebo <= 0.1 else "D"}  # fmt: skip
    what = ("rose" if level > 0 else "fell") if clear else "no clear change of level"
    row["reason"] = what if controlled else f"{what}; without a control series something else may have done it"
    design = _design(len(value), before)
    fitted, without = design @ beta, design[:, :2] @ beta[:2]
    return DatedChange(
        pd.DataFrame([row], columns=COLUMNS), method, assumptions, frame.assign(fitted=fitted, without=without), when
    )


def ar1_regression(y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Regression with AR(1) errors: coefficients, their standard errors, and the autocorrelation.

    Notes
    -----
    The autocorrelation maximises the restricted likelihood: the residual one is biased towards zero in short series, and
    then a change is found too often. Given it, generalised least squares (Prais-Winsten, which keeps the first point).
    """
    from scipy.optimize import minimize_scalar

    n, p = x.shape

    def restricted(rho: float) -> float:
        _, residual, xs = _whitened_fit(y, x, rho)
        spread = max(float(residual @ residual), 1e-300)
        return 0.5 * ((n - p) * np.log(spread) + np.linalg.slogdet(xs.T @ xs)[1] - np.log(1 - rho**2))

    rho = float(minimize_scalar(restricted, bounds=(-0.95, 0.98), method="bounded", options={"xatol": 1e-5}).x)
    beta, residual, xs = _whitened_fit(y, x, rho)
    variance = float(residual @ residual) / (n - p)
    return beta, np.sqrt(np.diag(variance * np.linalg.pinv(xs.T @ xs))), rho


def _whitened_fit(y: np.ndarray, x: np.ndarray, rho: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least squares after AR(1) errors are whitened: coefficients, residuals and whitened columns."""
    weight = np.sqrt(1 - rho**2)
    ys = np.append(weight * y[0], y[1:] - rho * y[:-1])
    xs = np.vstack([weight * x[:1], x[1:] - rho * x[:-1]])
    beta, *_ = np.linalg.lstsq(xs, ys, rcond=None)
    return beta, ys - xs @ beta, xs


def weekly_rate(
    events: pd.DataFrame, numerator: str, denominator: str | None = None, *, within: str = "14d"
) -> pd.DataFrame:
    """A weekly rate to analyse: how many of the week's base are followed by a touchpoint.

    Parameters
    ----------
    numerator : str
        Touchpoint.
    denominator : str, optional
        The touchpoint whose events of the week are the base; without it, customers with any event in the week, and the
        numerator counts in the same week.
    within : str
        How soon after the base the numerator must follow.

    Returns
    -------
    DataFrame
        time (Monday of the week, naive UTC), value (share), n; only whole weeks whose `within` lies within the data.

    Raises
    ------
    DataError
        For an unknown touchpoint.
    """
    known = events["touchpoint"].unique()
    for name in filter(None, (numerator, denominator)):
        if name not in known:
            raise DataError(
                f"no event is called '{name}'; there are {listing(sorted(known))}.{did_you_mean(name, known)}"
            )
    time = events["event_time"].dt.tz_convert(None)
    week = (time.dt.normalize() - pd.to_timedelta(time.dt.weekday, unit="D")).rename("time")
    first, last = time.min().normalize(), time.max()
    if denominator is None:
        base = pd.DataFrame(
            {"time": week, "customer_id": events["customer_id"], "hit": events["touchpoint"] == numerator}
        )
        grouped = base.groupby(["time", "customer_id"])["hit"].any()
        table = grouped.groupby("time").agg(["mean", "size"])
        span = pd.Timedelta(0)
    else:
        span = pd.Timedelta(within)
        base = events.loc[events["touchpoint"] == denominator, ["customer_id", "event_time"]].sort_values("event_time")
        hits = events.loc[events["touchpoint"] == numerator, ["customer_id", "event_time"]].sort_values("event_time")
        hits = hits.assign(hit_time=hits["event_time"])
        joined = pd.merge_asof(
            base,
            hits,
            on="event_time",
            by="customer_id",
            direction="forward",
            tolerance=span,
            allow_exact_matches=False,
        )
        stamp = joined["event_time"].dt.tz_convert(None)
        joined["time"] = stamp.dt.normalize() - pd.to_timedelta(stamp.dt.weekday, unit="D")
        table = joined.assign(hit=joined["hit_time"].notna()).groupby("time")["hit"].agg(["mean", "size"])
    table = table.rename(columns={"mean": "value", "size": "n"}).reset_index()
    whole = (table["time"] >= first) & (table["time"] + pd.Timedelta(days=7) + span <= last)
    return table[whole].reset_index(drop=True)


def _tidy(series: pd.DataFrame | pd.Series, what: str) -> pd.DataFrame:
    frame = series.rename("value").rename_axis("time").reset_index() if isinstance(series, pd.Series) else series
    for name in ("time", "value"):
        if name not in frame:
            raise DataError(f"{what}: has no column '{name}'; there are {listing(frame.columns)}.")
    frame = frame[["time", "value"]].dropna().sort_values("time", ignore_index=True)
    if frame["time"].dt.tz is not None:
        frame["time"] = frame["time"].dt.tz_convert(None)
    return frame


def _design(n: int, before: int) -> np.ndarray:
    place = np.arange(n, dtype=float)
    after = (place >= before).astype(float)
    return np.column_stack([np.ones(n), place, after, after * (place - before)])


def _placebo(value: np.ndarray, size: float) -> float:
    """Share of placebo dates before the change whose change of level is as large."""
    dates = range(LEAST, len(value) - LEAST + 1)
    found = [abs(ar1_regression(value, _design(len(value), date))[0][2]) >= size for date in dates]
    return float(np.mean(found)) if found else float("nan")
