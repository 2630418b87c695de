"""What did randomised tests show, and were the arms as planned?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import DataError, StudyError
from journeylab.impact.adjusted import UNADJUSTED, Adjusted, adjust, history
from journeylab.impact.arms import CROSSED, CUTS, Trial, measure_outcome, read_trial, read_window
from journeylab.impact.comparing import UNKNOWN, Comparison, compare, compare_rates, winsorise
from journeylab.impact.guards import GUARDS, check_guards, read_margins, worst
from journeylab.impact.power import detectable_mean, detectable_share
from journeylab.impact.randomised import COLUMNS, Experiments
from journeylab.impact.sequential import LOOKS, look_daily
from journeylab.impact.tidy import tidy
from journeylab.intervals import CONFIDENCE, holm

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_AN_ARM = 20
"""With fewer customers in an arm intervals of shares hold their promise no more, so there is no verdict."""


def experiment(
    assignments: pd.DataFrame,
    events: pd.DataFrame,
    *,
    outcome: str,
    window: str,
    control: str | None = None,
    expected: Mapping[str, Any] | None = None,
    measure: str = "share",
    per: str | None = None,
    customers: pd.DataFrame | None = None,
    covariates: pd.DataFrame | None = None,
    adjusted: bool = False,
    guard_rails: Sequence[str] | Mapping[str, float | None] | None = None,
    peeking: bool = False,
    planned: int | None = None,
    gap: str = "30min",
) -> Experiments:
    """Compare the arms of each randomised test.

    Parameters
    ----------
    assignments : DataFrame
        Contract table; a customer in two arms of one test is excluded and counted.
    events : DataFrame
        Contract events.
    outcome, window : str
        The outcome counts within the window after the assignment; customers whose window is not complete are excluded.
    control : str, optional
        The arm that others are held against; else an arm called control (or a, off, baseline), else the first by name.
    expected : mapping, optional
        Arm to planned share, or experiment to such a mapping; equal where not given.
    measure : str
        ``share`` of customers with the outcome, ``count`` of outcomes, or ``value`` (the sum of the events' `value`).
    per : str, optional
        Counted per ``visit`` or per event of a touchpoint, and not per customer: customers stay what varies.
    customers : DataFrame, optional
        Attributes known before the journey, for the adjusted difference.
    covariates : DataFrame, optional
        Further ones, see `adjusted.history`.
    adjusted : bool
        The verdict rests on the adjusted difference; to be settled before anyone looks.
    guard_rails : sequence or mapping, optional
        Touchpoints that must not become more frequent; or touchpoint to the rise that is borne (below zero: the fall).
    peeking : bool
        The test was looked at while it ran, so that it could have been stopped for what was seen: its interval, p and verdict
        come from the confidence sequence.
    planned : int, optional
        Customers in all that a sequence is tuned for; those there are, where not given.
    gap : str
        Of visits, where `per` is one.

    Notes
    -----
    Shares: difference with Newcombe's hybrid score interval, ratio with Koopman's, p of the pooled z test. Means: Welch, and
    once more with the largest 0.1 % set down (winsorised). Ratios of sums (`per`): delta method over customers. The adjusted
    difference is Lin's regression with HC2 errors. With several arms, p is Holm's too. The sample-ratio check is
    chi-square against the plan, where p under 0.001 voids the test (Fabijan et al. 2019, KDD); by day and device it only
    shows where to look. A guard rail that gets worse turns *keep* into *fix*; a margin that is not shown to hold, into *not known*.

    Raises
    ------
    StudyError, DataError
        For an unknown outcome, a window that is not understood, covariates from after the assignment, and what else cannot be.
    """
    span = read_window(window)
    if peeking and adjusted:
        raise StudyError("peeking=True and adjusted=True: the sequence is of the plain difference; choose one of them.")
    if adjusted and per is not None:
        raise StudyError(
            f"adjusted=True and per='{per}': what is not counted per customer is not adjusted; leave out one of them."
        )
    margins = read_margins(guard_rails)
    events = tidy(events, "events", ("customer_id", "event_time", "touchpoint"), "event_time")
    assignments = tidy(assignments, "assignments", ("customer_id", "experiment", "arm", "assigned_at"), "assigned_at")
    assignments = assignments.dropna(subset=["customer_id", "experiment", "arm", "assigned_at"])
    _same_ids(assignments, events)
    rows, looks, guards, cuts = [], [], [], []
    for name, part in assignments.groupby("experiment", sort=False):
        trial = read_trial(str(name), part, events, span, control=control, expected=expected)
        y, x = measure_outcome(trial.customers, events, span, outcome=outcome, measure=measure, per=per, gap=gap)
        past = None
        if per is None:
            past = history(
                trial.customers, events, outcome=outcome, attributes=customers, covariates=covariates
            ).reset_index(drop=True)
        guard = check_guards(trial, events, span, margins)
        arms = [_measure(trial, arm, y, x, past, measure, per, planned) for arm in trial.arms]
        corrected = holm(np.array([_decides(arm, peeking, adjusted)[3] for arm in arms], dtype=float))
        if not arms:
            rows.append(_alone(trial, measure))
        for arm, p_holm in zip(arms, corrected, strict=True):
            mine = guard[guard["arm"] == arm.name]
            rows.append(_row(trial, arm, float(p_holm), mine, measure, per, peeking, adjusted))
            looks.append(arm.looks.assign(experiment=trial.name, arm=arm.name))
        guards.append(guard)
        cuts.append(trial.cuts)
    return Experiments(
        pd.DataFrame(rows, columns=COLUMNS),
        _method(measure, per, peeking, adjusted),
        _assumptions(window, events["event_time"].max() - span, peeking, adjusted, per),
        _stack(guards, GUARDS),
        _stack(looks, ["experiment", "arm", *LOOKS]),
        _stack(cuts, CUTS),
        outcome,
        window,
        measure,
        per,
        peeking,
    )


def _same_ids(assignments: pd.DataFrame, events: pd.DataFrame) -> None:
    """Refuse assignments of customers of whom none is in the events: then nobody would seem to reach the outcome."""
    if assignments.empty or events.empty:
        return
    known = set(events["customer_id"].dropna().unique())
    if not assignments["customer_id"].isin(known).any():
        raise DataError(
            f"assignments: none of {text.count(assignments['customer_id'].nunique())} customers has an event; found "
            f"{assignments['customer_id'].iloc[0]!r}, while events hold ids such as {events['customer_id'].iloc[0]!r}."
        )


@dataclasses.dataclass(frozen=True)
class _Arm:
    """What was measured of one arm."""

    name: str
    n_arm: int
    n_control: int
    plain: Comparison
    winsorised: Comparison
    adjusted: Adjusted
    looks: pd.DataFrame


def _measure(
    trial: Trial, arm: str, y: NDArray[np.float64], x: NDArray[np.float64], past: pd.DataFrame | None, measure: str,
    per: str | None, planned: int | None,
) -> _Arm:  # fmt: skip
    """Hold one arm against the control, in every way."""
    both, treated = trial.pair(arm)
    y, x = y[both], x[both]
    y1, y0 = y[treated], y[~treated]
    smallest = min(len(y1), len(y0))
    capped = UNKNOWN
    if measure != "share" and per is None and smallest >= 2:
        low1, low0 = winsorise(y1, y0)
        capped = compare_rates(low1, np.ones(len(low1)), low0, np.ones(len(low0)))
    return _Arm(
        arm,
        len(y1),
        len(y0),
        compare(y1, x[treated], y0, x[~treated], measure, per),
        capped,
        adjust(y, treated, past[both].reset_index(drop=True)) if past is not None and smallest >= 2 else UNADJUSTED,
        look_daily(trial.customers.loc[both, "assigned_at"], treated, y, x, planned=planned),
    )


def _decides(arm: _Arm, peeking: bool, adjusted: bool) -> tuple[float, float, float, float]:
    """Estimate, interval and p that the verdict rests on."""
    if adjusted and arm.adjusted.covariates:
        return arm.adjusted.estimate, arm.adjusted.low, arm.adjusted.high, arm.adjusted.p_value
    if not peeking:
        return arm.plain.estimate, arm.plain.low, arm.plain.high, arm.plain.p_value
    if arm.looks.empty:
        return arm.plain.estimate, np.nan, np.nan, np.nan
    last = arm.looks.iloc[-1]
    return arm.plain.estimate, last["ci_low"], last["ci_high"], last["p_value"]


def _row(
    trial: Trial,
    arm: _Arm,
    p_holm: float,
    guards: pd.DataFrame,
    measure: str,
    per: str | None,
    peeking: bool,
    adjusted: bool,
) -> dict[str, object]:
    """One line of the table."""
    estimate, low, high, p_value = _decides(arm, peeking, adjusted)
    plain, lin, capped = arm.plain, arm.adjusted, arm.winsorised
    detectable = _detectable(arm, measure, per, peeking, adjusted)
    last = arm.looks.iloc[-1] if len(arm.looks) else dict.fromkeys(LOOKS, np.nan)
    row: dict[str, object] = {
        "experiment": trial.name, "arm": arm.name, "control": trial.control, "n_control": arm.n_control, "n_arm": arm.n_arm,
        "share_control": plain.control, "share_arm": plain.arm, "estimate": estimate, "ci_low": low, "ci_high": high,
        "p_value": p_value, "p_holm": p_holm, "ratio": plain.ratio, "ratio_low": plain.ratio_low,
        "ratio_high": plain.ratio_high, "adjusted": lin.estimate, "adjusted_low": lin.low, "adjusted_high": lin.high,
        "adjusted_p": lin.p_value, "variance_reduction": lin.reduction, "n_covariates": len(lin.covariates),
        "winsorised": capped.estimate, "winsorised_low": capped.low, "winsorised_high": capped.high,
        "sequential_low": last["ci_low"], "sequential_high": last["ci_high"], "sequential_p": last["p_value"],
        "srm_p": trial.srm_p, "minimum_detectable": detectable, "n_excluded": trial.n_excluded, "per_week": trial.per_week,
        "measure": measure,
    }  # fmt: skip
    write = text.points if measure == "share" else text.number
    missed = "" if np.isnan(detectable) else f"; under {write(detectable).lstrip('+')} it would be missed"
    grade, verdict, reason = _judge(trial, arm, low, high, p_holm, missed)
    if adjusted and not lin.covariates:
        reason = f"{reason} (not adjusted: nothing usable was known before the assignment)"
    if verdict == "keep":
        turned, harm = worst(guards)
        verdict, reason = (turned, f"{reason}, but {harm}") if turned else (verdict, reason)
    return {**row, "grade": grade, "verdict": verdict, "reason": reason}


def _alone(trial: Trial, measure: str) -> dict[str, object]:
    """The line of a test that has one arm."""
    return {
        "experiment": trial.name, "arm": trial.control, "control": trial.control, "n_control": len(trial.customers), "n_arm": 0,
        "n_excluded": trial.n_excluded, "per_week": trial.per_week, "measure": measure, "grade": "", "verdict": "not known",
        "reason": "there is only one arm, so there is nothing to hold it against",
    }  # fmt: skip


def _detectable(arm: _Arm, measure: str, per: str | None, peeking: bool, adjusted: bool) -> float:
    """The smallest difference that the test, judged as it is, would have shown with 80 % power."""
    if adjusted and arm.adjusted.covariates:
        return detectable_mean(arm.adjusted.error)
    if peeking and len(arm.looks):
        last = arm.looks.iloc[-1]
        return detectable_mean(arm.plain.error, half=(last["ci_high"] - last["ci_low"]) / 2)
    if measure == "share" and per is None:
        return detectable_share(arm.plain.control, arm.n_arm, arm.n_control)
    return detectable_mean(arm.plain.error)


def _judge(trial: Trial, arm: _Arm, low: float, high: float, p_holm: float, missed: str) -> tuple[str, str, str]:
    """Grade, verdict and reason of one arm, before its guard rails."""
    unknown = "not known"
    if min(arm.n_arm, arm.n_control) < 2 and trial.crossed <= CROSSED:
        return "", unknown, "an arm has fewer than 2 customers with a complete window"
    if trial.void:
        return "D", unknown, trial.void
    if np.isnan(arm.plain.estimate):
        return "", unknown, "an arm has nothing that the outcome could be counted per"
    if min(arm.n_arm, arm.n_control) < FEWEST_AN_ARM:
        return "D", unknown, f"too few customers to judge by: {FEWEST_AN_ARM} in each arm are needed"
    if np.isnan(low):
        return "A", unknown, f"too few outcomes for an interval{missed}"
    if not (low > 0 or high < 0):
        return "A", unknown, f"no clear difference{missed}"
    if len(trial.arms) > 1 and not p_holm < 1 - CONFIDENCE:
        return "A", unknown, f"not clear enough among {len(trial.arms)} arms"
    return ("A", "keep", "better") if low > 0 else ("A", "remove", "worse")


def _method(measure: str, per: str | None, peeking: bool, adjusted: bool) -> str:
    """The name of the estimator behind the verdict."""
    if measure == "share" and per is None:
        name = "Difference of proportions"
        plain = "Newcombe interval"
    else:
        name, plain = (
            ("Difference of ratios of sums", "delta method") if per else ("Difference of means", "Welch interval")
        )
    if adjusted:
        return f"{name}, adjusted by Lin's regression"
    return f"{name}, {'asymptotic confidence sequence' if peeking else plain}"


def _assumptions(window: str, last: pd.Timestamp, peeking: bool, adjusted: bool, per: str | None) -> tuple[str, ...]:
    """What must hold."""
    lines = [
        "Customers were put into arms by chance and do not influence each other.",
        f"The outcome counts within {window} of the assignment; later assignments than {text.date(last)} are excluded.",
        "The interval holds however often the test was looked at; it is wider for that."
        if peeking
        else "The number of customers was fixed beforehand: looking early and often makes false findings.",
        "Attributes of customers were known before the assignment; of events only earlier ones adjust.",
        "More of a guard rail is worse; that none shows harm is no proof that there is none.",
    ]
    if adjusted:
        lines.append("That the adjusted difference decides was settled before anyone looked.")
    if per:
        lines.append(
            f"Customers were randomised, not what it is counted per ('{per}'); the change may move its number too."
        )
    return tuple(lines)


def _stack(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Tables under one another, those without rows left out."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)
