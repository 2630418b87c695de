"""Which share has had one thing by a time, when another can come first? Aalen and Johansen's cumulative incidence."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from journeylab.intervals import Interval, normal_quantile, wilson
from journeylab.journeys.survival import kaplan_meier

Floats = NDArray[np.float64]
UNKNOWN = Interval(np.nan, np.nan, np.nan)


@dataclasses.dataclass(frozen=True)
class Incidence:
    """The share that has had one of two competing things, at each time at which either happened.

    Attributes
    ----------
    time : ndarray of int64, shape (n_steps,)
        Rising; 0 is among the times only where something happened at once.
    share, low, high : ndarray of float64, shape (n_steps,)
        Cumulative incidence with its pointwise interval.
    free : ndarray of float64, shape (n_steps,)
        Share with neither so far.
    times : ndarray of int64, shape (n,)
        All times, sorted.
    """

    time: NDArray[np.int64]
    share: Floats
    low: Floats
    high: Floats
    free: Floats
    times: NDArray[np.int64]

    def at_risk(self, time: float) -> int:
        """How many were still followed, with neither before."""
        return len(self.times) - int(np.searchsorted(self.times, time))

    def by(self, time: float) -> Interval:
        """Share by a time; NaN where nobody was followed for so long and some had neither.

        Notes
        -----
        Where none or all have had it the variance says nothing: the interval is Wilson's of those followed so long.
        """
        place = int(np.searchsorted(self.time, time, side="right")) - 1
        free = self.free[place] if place >= 0 else 1.0
        left = self.at_risk(time)
        if free > 1e-12 and left == 0:
            return UNKNOWN
        share = self.share[place] if place >= 0 else 0.0
        if share <= 0:
            return wilson(0, left or len(self.times))
        if np.isnan(self.low[place]):
            return Interval(float(share), *wilson(len(self.times), len(self.times))[1:])
        return Interval(float(share), float(self.low[place]), float(self.high[place]))

    def quantile(self, share: float) -> Interval:
        """Time by which a share of all has had it; NaN where the curve or an end of its band does not come so high.

        References
        ----------
        Brookmeyer and Crowley (1982), Biometrics 38:29, for the band turned on its side.
        """
        ends = []
        for curve in (self.share, self.high, self.low):
            over = np.flatnonzero(curve >= share - 1e-12)
            ends.append(float(self.time[over[0]]) if len(over) else np.nan)
        return Interval(*ends)


def cumulative_incidence(time: NDArray[np.int64], status: NDArray[np.integer], cause: int = 1) -> Incidence:
    """Estimate the share that has had a cause by each time.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Until the first of the causes, or until the follow-up ended.
    status : ndarray of int, shape (n,)
        0: neither when the follow-up ended; 1 or 2: which cause came first.
    cause : int
        1 or 2.

    Notes
    -----
    F(t) sums S(t-) d1 / n over the times up to t, S being Kaplan and Meier's for either cause. Estimate and delta-method
    variance are those of `statsmodels.duration.survfunc.CumIncidenceRight`, whose variance is 0/0 at a last time at which all
    who are left have one of the causes: there it is worked out here. Intervals are normal on the scale of log(-log(1 - F)), so
    that without a competing cause they are those of Kaplan and Meier's curve.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5:141; Marubini and Valsecchi (1995), Analysing Survival
    Data, ch. 10.
    """
    from statsmodels.duration.survfunc import CumIncidenceRight

    times = np.sort(time)
    events = np.unique(time[status > 0])
    if not (status == cause).any():
        none = np.full(len(events), np.nan)
        return Incidence(events, np.zeros(len(events)), none, none, _free(time, status), times)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = CumIncidenceRight(time, status)
        at = np.searchsorted(found.times, events)
        share, error = found.cinc[cause - 1][at], found.cinc_se[cause - 1][at]
        if np.isnan(error[-1]):
            error[-1] = _last_error(time, status, cause, share)
        reach = normal_quantile() * error / np.abs((1 - share) * np.log1p(-share))
        low, high = 1 - (1 - share) ** np.exp(-reach), 1 - (1 - share) ** np.exp(reach)
    known = (share > 0) & (share < 1 - 1e-12) & np.isfinite(reach)
    return Incidence(
        events, share, np.where(known, low, np.nan), np.where(known, high, np.nan), _free(time, status), times
    )


def _last_error(time: NDArray[np.int64], status: NDArray[np.integer], cause: int, share: Floats) -> float:
    """Standard error at the last time of all, whose own share in the variance of either cause is 0."""
    every, own = kaplan_meier(time, status > 0), status == cause
    n, d = every.at_risk.astype(float), every.events
    d1 = np.bincount(np.searchsorted(every.time, time[own]), minlength=len(n))
    before, gap = np.append(1.0, every.share[:-1]), share[-1] - share
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(gap > 0, gap**2 * d / (n * (n - d)), 0.0)
    return float(np.sqrt(max((first + before**2 * (n - d1) * d1 / n**3 - 2 * gap * before * d1 / n**2).sum(), 0.0)))


def _free(time: NDArray[np.int64], status: NDArray[np.integer]) -> Floats:
    """Share with neither cause after each time at which one happened."""
    return kaplan_meier(time, status > 0).share


def restricted_mean(time: NDArray[np.int64], ended: NDArray[np.bool_], until: int) -> tuple[float, float]:
    """Mean time until something happens, counting `until` for all to whom it has not happened by then, and its standard error.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Until it happened, or until the follow-up ended.
    ended : ndarray of bool, shape (n,)
        Whether it happened.

    Returns
    -------
    tuple of float
        NaN where nobody is followed for so long.

    References
    ----------
    Area under Kaplan and Meier's curve: Klein and Moeschberger (2003), Survival Analysis, sec. 4.5.
    """
    if not len(time) or (time.max() < until and not ended[time == time.max()].all()):
        return np.nan, np.nan
    curve = kaplan_meier(time, ended)
    inside = curve.time < until
    edges = np.concatenate([[0], curve.time[inside], [until]])
    pieces = np.diff(edges) * np.append(1.0, curve.share[inside])
    after = np.cumsum(pieces[::-1])[::-1][1:]
    n, d = curve.at_risk[inside].astype(float), curve.events[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.nansum(np.where(n > d, after**2 * d / (n * (n - d)), 0.0))
    return float(pieces.sum()), float(np.sqrt(variance))
