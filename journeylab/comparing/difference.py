"""How far apart are two estimates, when some of the people behind them are the same?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from journeylab.comparing.overlap import Overlap
from journeylab.comparing.reading import Figure
from journeylab.intervals import newcombe, normal_quantile

AGREEMENT = 0.9
"""How much of a modelled figure is taken to come back where the same people are modelled again: the rest is fitting."""

FEW = 10.0
"""From so many expected in every cell on, shares are compared by the normal approximation, else exactly."""


class Difference(NamedTuple):
    """A difference with its interval; NaN and a reason where none can be told.

    Attributes
    ----------
    before, now, new : float
        The older estimate, the newer, and that of the data which came between, where these are apart (else the newer).
    n_before, n_new : float
        How many stand behind the two sides that are compared.
    value, low, high, p_value : float
        New less before.
    how, reason : str
    """

    before: float
    now: float
    new: float
    n_before: float
    n_new: float
    value: float
    low: float
    high: float
    p_value: float
    how: str
    reason: str


Count = tuple[float, float]
"""How many have it, of how many."""


def difference(old: Figure, new: Figure, overlap: Overlap, *, since: Count | None = None) -> Difference:
    """Compare a figure of two runs.

    Parameters
    ----------
    old, new : Figure
        The same figure of the older and the newer run.
    overlap : Overlap
        Of the source of the figure.
    since : (k, n), optional
        Counts of an earlier run: what it held is left out of the older side, so that a known change is not told again.

    Notes
    -----
    Where the newer data hold the older, and each person's part is settled, what came between is ``k_new - k_old`` of
    ``n_new - n_old`` people, who are in no earlier run: the two sides are independent (shares: Newcombe's interval, Fisher's
    exact or the pooled z test; means: the mean of what came between from the two means and n, with the newer spread). Where
    only some people are in both, or a model was fitted anew, the covariance ``shared * s_old * s_new * r / (n_old n_new)``
    is taken into account, with r = 1 for facts and `AGREEMENT` for modelled figures. Where nobody knows who is in both the
    estimates count as independent: as people who are in both agree with themselves, intervals are then rather too wide.
    """
    if overlap.how == "same":
        return _none(old, new, "the same data, so it is due to settings or code")
    if another_time(old, new):
        return _none(old, new, f"each customer had {old.within} in the run before and has {new.within} now")
    if overlap.how == "grown" and not new.modelled and not (old.settled and new.settled):
        # Facts that ripen: earlier people may have it now, so that what came between cannot be told by counts.
        return _apart(old, new, 0.0, "as if independent")
    if overlap.how == "grown" and not new.modelled:
        return _between(old, new, since)
    if overlap.how == "unknown" and old.k is not None and new.k is not None and _grew(old, new):
        return _none(old, new, "nothing new came")
    shared = overlap.shared * (AGREEMENT if new.modelled else 1.0)
    known = overlap.how in {"overlap", "grown"} and overlap.before > 0
    # The share of people in both, on the scale of the figure's own n.
    part = shared / overlap.before * min(old.n, new.n) if known else 0.0
    how = {"apart": "apart", "unknown": "as if independent"}.get(overlap.how, "some people in both")
    return _apart(old, new, min(part, old.n, new.n), how)


def another_time(old: Figure, new: Figure) -> bool:
    """Whether customers get another time in the newer run, so that its counts do not go on from the older ones."""
    return bool(old.within and new.within) and pd.Timedelta(old.within) != pd.Timedelta(new.within)


def _grew(old: Figure, new: Figure) -> bool:
    return (old.k, old.n) == (new.k, new.n)


def _between(old: Figure, new: Figure, since: Count | None) -> Difference:
    """What came between two runs against what was there."""
    n = new.n - old.n
    if new.k is not None and old.k is not None:
        k = new.k - old.k
        k0, n0 = (old.k - since[0], old.n - since[1]) if since else (old.k, old.n)
        if n == 0 and k == 0:
            return _none(old, new, "nothing new came")
        if not (n > 0 and 0 <= k <= n and n0 > 0 and 0 <= k0 <= n0):
            return _none(old, new, "earlier data were read otherwise this time")
        value, low, high = newcombe(k, n, k0, n0)
        return Difference(k0 / n0, new.value, k / n, n0, n, value, low, high, p_of_shares(k, n, k0, n0),
                          "new against earlier", "")  # fmt: skip
    if n == 0 and old.value == new.value:
        return _none(old, new, "nothing new came")
    if n < 2:
        return _none(old, new, "fewer than two answers came")
    fresh = (new.n * new.value - old.n * old.value) / n
    before, n0 = old.value, old.n
    if since:
        n0 = old.n - since[1]
        if n0 < 2:
            return _none(old, new, "fewer than two answers since the last change")
        before = (old.n * old.value - since[1] * since[0]) / n0
    spread = _spread(new)
    return _normal(before, new.value, fresh, n0, n, spread * np.sqrt(1 / n0 + 1 / n), "new against earlier")


def _apart(old: Figure, new: Figure, shared: float, how: str) -> Difference:
    """Two estimates beside each other, with so many people in both."""
    if old.k is not None and new.k is not None and old.n > 0 and new.n > 0:
        if shared == 0:
            value, low, high = newcombe(new.k, new.n, old.k, old.n)
            p = p_of_shares(new.k, new.n, old.k, old.n)
            return Difference(old.value, new.value, new.value, old.n, new.n, value, low, high, p, how, "")
        pooled = (old.k + new.k) / (old.n + new.n)
        spreads = (np.sqrt(pooled * (1 - pooled)),) * 2
    else:
        spreads = (_spread(old), _spread(new))
    variance = spreads[0] ** 2 / old.n + spreads[1] ** 2 / new.n
    variance -= 2 * shared * spreads[0] * spreads[1] / (old.n * new.n)
    return _normal(old.value, new.value, new.value, old.n, new.n, np.sqrt(max(variance, 0.0)), how)


def _spread(figure: Figure) -> float:
    """The spread of single values that an interval tells of."""
    return (figure.high - figure.low) / (2 * normal_quantile()) * float(np.sqrt(figure.n))


def _normal(before: float, now: float, new: float, n_before: float, n_new: float, error: float, how: str) -> Difference:
    from scipy.special import ndtr

    value = new - before
    if not error > 0:
        reason = "" if value == 0 else "the same people throughout"
        nothing = (np.nan,) * 3 if reason else (0.0, 0.0, 1.0)
        return Difference(before, now, new, n_before, n_new, value, *nothing, how, reason)
    half = normal_quantile() * error
    p = 2 * float(ndtr(-abs(value) / error))
    return Difference(before, now, new, n_before, n_new, value, value - half, value + half, p, how, "")


def _none(old: Figure, new: Figure, reason: str) -> Difference:
    moved = new.value - old.value
    return Difference(old.value, new.value, new.value, old.n, new.n, moved, *(np.nan,) * 3, "", reason)


def p_of_shares(k1: float, n1: float, k0: float, n0: float) -> float:
    """Two-sided p of two independent shares: twice the smaller tail of Fisher's exact test, or the pooled z test.

    Examples
    --------
    >>> round(p_of_shares(6, 8, 0, 40), 7), round(p_of_shares(450, 1000, 400, 1000), 4)
    (4.6e-06, 0.0237)
    """
    from scipy.special import gammaln, ndtr

    k, n = k1 + k0, n1 + n0
    if k in (0, n):
        return 1.0
    if min(n1, n0) * min(k, n - k) / n >= FEW:
        pooled = k / n
        z = (k1 / n1 - k0 / n0) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
        return float(2 * ndtr(-abs(z)))
    may = np.arange(max(0.0, k - n0), min(k, n1) + 1)

    def chosen(of: float, some: np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(of + 1) - gammaln(some + 1) - gammaln(of - some + 1))

    chance = np.exp(chosen(n1, may) + chosen(n0, k - may) - chosen(n, np.asarray(k)))
    return float(min(1.0, 2 * min(chance[may <= k1].sum(), chance[may >= k1].sum())))
