"""What speaks against a dated change: the checks, and the grade and verdict that follow from them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.intervals import CONFIDENCE

CLEAR = 1 - CONFIDENCE
PRE_TREND = 0.05
"""Trends before the change that differ this unlikely by chance spoil a control."""
ALIKE = 0.01
"""Residuals that resemble their neighbours this unlikely by chance spoil the model of the errors."""
PLACEBO = 0.10
"""A clear change must be clearer than at all but so many of the dates before it."""


def judge(
    row: dict, level: float, controlled: bool, mix: pd.DataFrame, lower_is_better: bool | None
) -> dict[str, object]:
    """Grade, verdict and reason: B only where nothing speaks against the design."""
    clear = row["p_value"] < CLEAR
    what = ("rose" if level > 0 else "fell") if clear else "no clear change of level"
    doubts = []
    if not controlled:
        doubts.append("without a control series something else may have done it")
    elif row["pre_trend_p"] < PRE_TREND:
        doubts.append(f"the control drifted away before the change (p {text.p_value(row['pre_trend_p'])})")
    if clear and np.isnan(row["placebo_p"]):
        doubts.append("there are too few points before it to try other dates")
    elif clear and row["placebo_p"] > PLACEBO:
        doubts.append(f"{text.percent(row['placebo_p'], 0)} of other dates before it show a change as clear")
    if row["ljung_box_p"] < ALIKE:
        doubts.append(f"errors resemble each other more than the model says (p {text.p_value(row['ljung_box_p'])})")
    moved = list(mix.loc[mix["shifted"].astype(bool), "value"])
    if moved:
        doubts.append(f"the mix of customers shifted at that time ({text.sentence_list(moved)})")
    return weigh(what, doubts, clear, level, lower_is_better)


def weigh(
    what: str, doubts: list[str], clear: bool, estimate: float, lower_is_better: bool | None
) -> dict[str, object]:
    """B without doubts, else D; a verdict where a clear change without doubts has a direction that is wished or not."""
    verdict = "not known"
    if clear and not doubts and lower_is_better is not None:
        better = (estimate < 0) == lower_is_better
        verdict, what = ("keep", f"{what}, which is better") if better else ("remove", f"{what}, which is worse")
    return {"grade": "D" if doubts else "B", "verdict": verdict, "reason": "; ".join([what, *doubts])}


def checks(row: pd.Series, dates: int, mix: pd.DataFrame) -> pd.DataFrame:
    """Each check in words, what it found, and whether that is as it should be."""
    rows: list[tuple[str, str, bool | None]] = []
    if row["control"]:
        p = row["pre_trend_p"]
        rows.append(("Before the change series and control moved alike", f"p {text.p_value(p)}", p >= PRE_TREND))
    p = row["placebo_p"]
    found = "too few points before" if np.isnan(p) else f"as clear at {round(p * dates)} of {dates} earlier dates"
    rows.append(("The change stands out from earlier dates", found, p <= PLACEBO if row["p_value"] < CLEAR else None))
    p = row["ljung_box_p"]
    rows.append(("What the model leaves over is noise (Ljung-Box)", f"p {text.p_value(p)}", p >= ALIKE))
    if len(mix):
        many = int(mix["shifted"].sum())
        rows.append(("The same kinds of customers came", f"{many} of {len(mix)} shares stepped", many == 0))
    words = {True: "yes", False: "no", None: "not asked, there is no clear change"}
    table = [(check, found, words[None if passed is None else bool(passed)]) for check, found, passed in rows]
    return pd.DataFrame(table, columns=["check", "found", "passed"])
