"""From an estimate and its diagnostics to a grade and a verdict: keep, fix, remove, or not known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.intervals import normal_quantile

BALANCED = 0.1
"""A standardised difference under it is the usual bar for balance."""

ACT = 0.05
"""The largest q-value on which a verdict is given: acting on a wrong one is dearer than missing one."""

UNKNOWN = "not known"
"""The verdict of everything that is not clear."""

ONE_SIDED = 0.05
"""The error with which the effect from the moment of meeting has to share the sign: it is there to deny, and is drawn to nought."""

ALIKE = 30
"""With fewer comparable visits, or moments, there is nothing to compare with."""

WORTH = 0.01
"""An effect within one point either way is called none worth having."""


def e_value(risk_exposed: float, risk_unexposed: float) -> float:
    """How strongly an unmeasured cause would have to be tied to both exposure and outcome to explain an effect away.

    Parameters
    ----------
    risk_exposed, risk_unexposed : float
        Adjusted risks.

    References
    ----------
    VanderWeele and Ding (2017), Annals of Internal Medicine 167:268.

    Examples
    --------
    >>> round(e_value(0.39, 0.10), 2)
    7.26
    """
    if not (risk_exposed > 0 and risk_unexposed > 0):
        return float("nan")
    ratio = risk_exposed / risk_unexposed
    ratio = ratio if ratio >= 1 else 1 / ratio
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_value_limit(risk_unexposed: float, low: float, high: float) -> float:
    """The E-value of the limit of a risk difference's interval that is nearer to zero; 1 where the interval holds zero.

    Examples
    --------
    >>> round(e_value_limit(0.10, 0.08, 0.77), 2), e_value_limit(0.10, -0.01, 0.05)
    (3.0, 1.0)
    """
    if low <= 0 <= high:
        return 1.0
    return e_value(risk_unexposed + (low if low > 0 else high), risk_unexposed)


def judge(table: pd.DataFrame, required: set[str], reach: dict[str, float], often: float = 0.2) -> pd.DataFrame:
    """Add grade, verdict, equivalence and reason to a table of estimates.

    Notes
    -----
    Grade C: every diagnostic is green; D: one is not, and then the verdict is *not known*. With grade C and q of at most
    0.05: *keep* where the effect is above zero; below zero *fix* where the touchpoint is required or reaches a fifth of
    customers, else *remove*; and only where the effect from the moment of meeting (`journeylab.impact.within_visit`) has the
    same sign, at 5 % one-sided. Where it has not, and its interval leaves out what whole visits say of the exposed ones
    (ATT), that is explained by what the visit had come to: D. An effect is none worth having when its 90 % interval lies
    within one point.
    """
    grades, verdicts, reasons, equal = [], [], [], []
    z90 = normal_quantile(0.90)
    for row in table.itertuples():
        reason, grade, verdict = row.reason, "D", UNKNOWN
        within = False
        if np.isnan(row.estimate):
            grades.append("")
        else:
            red = _red(row)
            grade = "D" if red else "C"
            error = (row.ci_high - row.ci_low) / (2 * normal_quantile())
            within = abs(row.estimate) + z90 * error < WORTH
            clear = row.q_value <= ACT and (row.ci_low > 0 or row.ci_high < 0)
            borne_out = np.isnan(row.within) or _towards(row, row.within) >= normal_quantile(
                1 - 2 * ONE_SIDED
            ) * _error(row)
            if red:
                reason = red
            elif within:
                reason = "no effect larger than one point"
            elif clear and not borne_out:
                reason = "from the moment it was met on, given what came before in the visit, it is not clear enough"
            elif clear and row.estimate > 0:
                verdict, reason = "keep", "helps"
            elif clear:
                needed = row.touchpoint in required or reach.get(row.touchpoint, 0.0) >= often
                verdict = "fix" if needed else "remove"
                why = (
                    "the journey needs it"
                    if row.touchpoint in required
                    else f"{text.percent(reach.get(row.touchpoint, 0.0), 0)} meet it"
                )
                reason = f"harms, and {why}" if needed else "harms"
            else:
                reason = (
                    "the interval holds zero: the data cannot tell"
                    if row.ci_low <= 0 <= row.ci_high
                    else ("not clear enough among so many touchpoints (q over 0.05)")
                )
            grades.append(grade)
        verdicts.append(verdict)
        reasons.append(reason)
        equal.append(within)
    return table.assign(grade=grades, verdict=verdicts, equivalence=equal, reason=reasons)


def _red(row: object) -> str:
    """Which diagnostic fails, in words; empty where none does."""
    if row.control_alarm:  # type: ignore[attr-defined]
        return "a touchpoint that it cannot cause moves with it: visits with and without it differ in ways not measured"
    bar = row.smd_bar  # type: ignore[attr-defined]
    if row.smd_max_after > bar and row.smd_max_overlap > bar:  # type: ignore[attr-defined]
        return "visits with and without it cannot be made alike"
    if row.ess < ALIKE:  # type: ignore[attr-defined]
        return "few of the visits with it resemble the others"
    return _explained(row)


def _explained(row: Any) -> str:
    """Say where what the visit had come to explains an effect; empty where it does not, or where nobody asked."""
    if np.isnan(row.within):
        return ""
    if row.within_ess < ALIKE:
        return "hardly any visit that had come as far went on without it: what led to it may be what counts"
    far = _towards(row, row.within) + normal_quantile() * _error(row)
    if _towards(row, row.within) < normal_quantile(1 - 2 * ONE_SIDED) * _error(row) and far < _towards(row, row.att):
        return "what was met before it in the same visit explains it: from there on nothing clear is left"
    return ""


def _towards(row: Any, value: float) -> float:
    """A value, positive where it shares the estimate's sign."""
    return float(np.sign(row.estimate) * value)


def _error(row: Any) -> float:
    """Standard error of the effect from the moment of meeting."""
    return float(row.within_ci_high - row.within_ci_low) / (2 * normal_quantile())
