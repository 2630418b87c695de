"""Does a change that helps harm elsewhere? Guard rails: further outcomes that must not get worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import StudyError
from journeylab.impact.arms import Trial, measure_outcome
from journeylab.impact.comparing import compare
from journeylab.intervals import CONFIDENCE, holm

GUARDS = [
    "experiment", "arm", "outcome", "n_control", "n_arm", "share_control", "share_arm", "estimate", "ci_low", "ci_high",
    "p_value", "p_holm", "margin", "state",
]  # fmt: skip

WORSE, WITHIN, UNSHOWN, NOT_CLEAR = "worse", "within the margin", "margin not shown", "no clear harm"


def read_margins(guard_rails: Sequence[str] | Mapping[str, float | None] | None) -> dict[str, float | None]:
    """Name to margin, None where none was given.

    Raises
    ------
    StudyError
        For a margin of zero or beyond one.
    """
    margins = dict(guard_rails) if isinstance(guard_rails, Mapping) else dict.fromkeys(guard_rails or ())
    for name, margin in margins.items():
        if margin is not None and not 0 < abs(margin) < 1:
            raise StudyError(
                f"guard_rails: the margin of '{name}' is {margin}; write the largest rise that is borne, such as 0.01 for a "
                "point (a fall, such as -0.01, for what must not get rarer)."
            )
    return margins


def check_guards(
    trial: Trial, events: pd.DataFrame, span: pd.Timedelta, margins: Mapping[str, float | None]
) -> pd.DataFrame:
    """Compare the share of customers with each guard-rail outcome, an arm at a time.

    Parameters
    ----------
    margins : mapping
        Touchpoint to margin. More of it is worse; with a margin below zero, less of it.

    Returns
    -------
    DataFrame
        experiment, arm, outcome, n_control, n_arm, share_control, share_arm, estimate, ci_low, ci_high, p_value, p_holm, margin,
        state: ``worse`` (clearly, and not held within the margin), ``within the margin`` (the interval is), ``margin not
        shown`` (it is not), ``no clear harm`` (there is no margin, and no clear harm; that is no proof of none).

    Notes
    -----
    Harm is looked for in every guard rail, so its p-values are Holm's, over those of the arm. Every margin must hold, each at
    its own level: no correction is due (intersection and union; Berger 1982, Technometrics 24:295). The margin is held against
    the end of the 95 % interval, a one-sided test at 2.5 %.
    """
    rows = []
    for arm in trial.arms:
        both, treated = trial.pair(arm)
        for outcome, margin in margins.items():
            y, x = measure_outcome(trial.customers[both], events, span, outcome=outcome)
            found = compare(y[treated], x[treated], y[~treated], x[~treated], "share", None)
            rows.append(
                (trial.name, arm, outcome, int((~treated).sum()), int(treated.sum()), found.control, found.arm, found.estimate,
                 found.low, found.high, found.p_value, np.nan, np.nan if margin is None else margin, "")
            )  # fmt: skip
    table = pd.DataFrame(rows, columns=GUARDS)
    for arm in trial.arms:
        mine = table["arm"] == arm
        table.loc[mine, "p_holm"] = holm(table.loc[mine, "p_value"].to_numpy(dtype=float))
    return table.assign(state=[_state(row) for _, row in table.iterrows()])


def worst(guards: pd.DataFrame) -> tuple[str, str]:
    """What the guard rails of an arm say: ``fix`` or ``not known`` with the reason, or two empty words."""
    for state, verdict in ((WORSE, "fix"), (UNSHOWN, "not known")):
        rows = guards[guards["state"] == state]
        if len(rows):
            said = [
                f"'{row.outcome}' {text.points(row.estimate)} ({text.interval(row.ci_low, row.ci_high, 'points')})"
                for row in rows.itertuples()
            ]
            how = "gets worse" if state == WORSE else "may be worse than the margin allows"
            return verdict, f"{text.sentence_list(said)} {how}"
    return "", ""


def _state(row: pd.Series) -> str:
    """What one guard rail says."""
    margin = row["margin"]
    sign = -1 if margin < 0 else 1
    far = row["ci_high"] if sign > 0 else -row["ci_low"]
    if np.isnan(far):
        return UNSHOWN if margin == margin else NOT_CLEAR
    if far < abs(margin):
        return WITHIN
    if sign * row["estimate"] > 0 and row["p_holm"] < 1 - CONFIDENCE:
        return WORSE
    return NOT_CLEAR if np.isnan(margin) else UNSHOWN
