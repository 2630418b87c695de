"""How long until it happens, when for some it has not happened yet? Kaplan and Meier's curve."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.intervals import CONFIDENCE, Interval, normal_quantile, wilson
from journeylab.journeys.groups import distinct

DRAWN = 1_000
"""A curve keeps at most so many of its steps to be drawn."""


@dataclasses.dataclass(frozen=True)
class Survival:
    """The share that is still waiting, at each time at which somebody reached what they waited for.

    Attributes
    ----------
    time : ndarray of int64, shape (n_steps,)
        Waits that ended with the goal; distinct, rising.
    events, at_risk : ndarray of int64, shape (n_steps,)
        Those who reached the goal after just so long, and those who waited at least so long.
    share, low, high : ndarray of float64, shape (n_steps,)
        Still waiting after this time, with its interval.
    waits : ndarray of int64, shape (n,)
        All waits, sorted.
    """

    time: NDArray[np.int64]
    events: NDArray[np.int64]
    at_risk: NDArray[np.int64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    waits: NDArray[np.int64]

    def waiting(self, time: float) -> int:
        """How many were observed for at least so long without the goal before."""
        return len(self.waits) - int(np.searchsorted(self.waits, time))

    def quantile(self, reached: float) -> Interval:
        """Time by which a share has reached the goal; NaN where the curve or its limits do not come so low.

        Notes
        -----
        The first time at which no more than ``1 - reached`` still wait; its interval holds the times at which the interval
        of the curve holds that share.

        References
        ----------
        Brookmeyer and Crowley (1982), Biometrics 38:29; Klein and Moeschberger (2003), Survival Analysis, sec. 4.5.
        """
        ends = []
        for curve in (self.share, self.low, self.high):
            under = np.flatnonzero(curve <= 1 - reached + 1e-12)
            ends.append(float(self.time[under[0]]) if len(under) else np.nan)
        return Interval(*ends)

    def reached_by(self, time: float) -> Interval:
        """Share that has reached the goal by a time; NaN where nobody was observed for so long and some still wait.

        Notes
        -----
        Where none or all have reached it Greenwood's variance says nothing, and the interval is Wilson's of those observed
        so long.
        """
        place = int(np.searchsorted(self.time, time, side="right")) - 1
        still = self.share[place] if place >= 0 else 1.0
        n = self.waiting(time)
        if still > 0 and n == 0:
            return Interval(np.nan, np.nan, np.nan)
        if place < 0:
            return wilson(0, n)
        if still == 0:
            return wilson(self.at_risk[place], self.at_risk[place])
        return Interval(1 - still, 1 - self.high[place], 1 - self.low[place])

    def curve(self, unit: float) -> pd.DataFrame:
        """The share that has reached the goal, to be drawn: time (in units), at_risk, reached, share, ci_low, ci_high.

        One row a wait, ended or not; of more than 1,000 it keeps the first, the last and those evenly between.
        """
        wait = distinct(self.waits)[0]
        wait = wait[np.unique(np.linspace(0, len(wait) - 1, min(DRAWN, len(wait))).astype(np.int64))]
        step = np.searchsorted(self.time, wait, side="right")
        return pd.DataFrame(
            {
                "time": wait / unit,
                "at_risk": len(self.waits) - np.searchsorted(self.waits, wait),
                "reached": np.append(0, np.cumsum(self.events))[step],
                "share": 1 - np.append(1.0, self.share)[step],
                "ci_low": 1 - np.append(np.nan, self.high)[step],
                "ci_high": 1 - np.append(np.nan, self.low)[step],
            }
        )


def kaplan_meier(wait: NDArray[np.int64], reached: NDArray[np.bool_], confidence: float = CONFIDENCE) -> Survival:
    """Estimate the share that still waits, from waits of which some had not ended when observation did.

    Parameters
    ----------
    wait : ndarray of int64, shape (n,)
        Time until the goal, or until observation ended.
    reached : ndarray of bool, shape (n,)
        Whether the wait ended with the goal; whoever was lost sight of at the same time still counts as at risk.

    Notes
    -----
    S(t) is the product of 1 - d / r over the times up to t, with d reaching the goal among r at risk; its variance is
    Greenwood's, and the interval is normal on the scale of log(-log S), so it stays within 0 and 1. There is none where
    S is 0.

    References
    ----------
    Kaplan and Meier (1958), JASA 53:457; Kalbfleisch and Prentice (2002), Statistical Analysis of Failure Time Data, ch. 1.
    """
    waits = np.sort(wait)
    time, events = distinct(wait[reached])
    at_risk = len(waits) - np.searchsorted(waits, time)
    share = np.cumprod(1 - events / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(events / (at_risk * (at_risk - events).astype(float)))
        reach = normal_quantile(confidence) * np.sqrt(variance) / np.abs(np.log(share))
        low, high = share ** np.exp(reach), share ** np.exp(-reach)
    known = (share > 0) & np.isfinite(reach)
    return Survival(time, events, at_risk, share, np.where(known, low, np.nan), np.where(known, high, np.nan), waits)
