"""Moments of truth: touchpoints that move the outcome much, and that hurt many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.journeymap.material import NO_EFFECTS, NO_INTERVIEWS, OF_ALL, Material
from journeylab.journeymap.model import Cell, Lane, empty, grade

CLEAR = 0.05
"""The largest q-value of a clear effect, which is that of a verdict on page 07."""

MANY = 1 / 3
"""A pain that a third of those asked name is large, whatever others name."""

COLUMNS = ["touchpoint", "stage", "estimate", "ci_low", "ci_high", "q_value", "grade", "n_exposed", "n_asked", "n_pain", "pain",
           "pain_low", "pain_high", "of_stage"]  # fmt: skip


def moments_of_truth(material: Material) -> pd.DataFrame:
    """Find the moments of truth by rule.

    Returns
    -------
    DataFrame
        touchpoint, stage, estimate, ci_low, ci_high, q_value, grade, n_exposed; n_asked, n_pain, pain, pain_low, pain_high,
        of_stage (whether the pain is the stage's, since no code is tied to a touchpoint); the largest effect first.

    Notes
    -----
    A touchpoint is one where both hold. *Its effect on the outcome is clear and large*: grade A to C, q of at most 0.05, an
    interval clear of nought, and at least as large as the median effect (in size) of the touchpoints of these grades.
    *Its share of pain is large*: of the people asked, the share who name a pain coded to it has a Wilson interval wholly above
    the average touchpoint (all pains over all people asked), or is a third or more. Where no code of the study is tied to a
    touchpoint, the pain of the whole stage takes its place, against the average stage.

    The median sets the bar by what effects are like in this study: a fixed number of points would let everything pass where
    half of all customers reach the outcome, and nothing where two in a hundred do.
    """
    if material.effects is None or not material.study.has("documents"):
        return pd.DataFrame(columns=COLUMNS)
    graded = material.effects[material.effects["grade"].isin(("A", "B", "C")) & material.effects["estimate"].notna()]
    size = graded["estimate"].abs()
    clear = (graded["q_value"] <= CLEAR) & ((graded["ci_low"] > 0) | (graded["ci_high"] < 0))
    large = graded[clear & (size >= size.median())]
    found = large.merge(_pains(material), on="touchpoint")
    found = found[found["large_pain"]]
    order = found["estimate"].abs().sort_values(ascending=False, kind="stable").index
    return found.loc[order, COLUMNS].reset_index(drop=True)


def _pains(material: Material) -> pd.DataFrame:
    """The share of pain of each touchpoint, and whether it is large."""
    tied = material.by_touchpoint
    known = material.study.touchpoints[["touchpoint", "stage"]]
    columns = ["n_asked", "n_pain", "pain", "pain_low", "pain_high"]
    if tied is None:
        level = material.evidence.reset_index()
        level = level.assign(large_pain=_large(level))
        return known.merge(level[["stage", *columns, "large_pain"]], on="stage").assign(of_stage=True)
    return tied.assign(large_pain=_large(tied), of_stage=False)[
        ["touchpoint", "stage", *columns, "large_pain", "of_stage"]
    ]


def _large(level: pd.DataFrame) -> pd.Series:
    """Whether each share of pain is large among those of its level."""
    asked = level["n_asked"].sum()
    usual = level["n_pain"].sum() / asked if asked else np.nan
    return (level["n_pain"] > 0) & ((level["pain_low"] > usual) | (level["pain"] >= MANY))


def moments_lane(material: Material) -> Lane:
    """The moments of truth of each stage."""
    found = moments_of_truth(material)
    cells = []
    for stage in material.study.stages:
        here = found[(found["stage"] == stage) & (found["n_asked"] >= material.minimum)]
        if material.minimum > 1:
            here = here[here["n_pain"] >= material.minimum]
        cells.append(_cell(material, here) if len(here) else empty(_why(material, stage)))
    return Lane("moments", "Moments of truth", tuple(cells))


def _cell(material: Material, here: pd.DataFrame) -> Cell:
    lines = [_written(row) for row in here.itertuples()]
    top = here.iloc[0]
    n = int(top["n_asked"])
    both = (material.origins.events, material.origins.interviews)
    return Cell(
        tuple(lines), n=n, unit="people", evidence=grade(n), value=top["estimate"], low=top["ci_low"], high=top["ci_high"],
        flag="bad" if (here["estimate"] < 0).any() else "good", source=", ".join(origin.source for origin in both),
        until=max(origin.until for origin in both),
    )  # fmt: skip


def _written(row: Any) -> str:
    where = " on this stage (no code is tied to a touchpoint)" if row.of_stage else ""
    return (
        f"{row.touchpoint}: {text.points(row.estimate)} on the outcome ({text.interval(row.ci_low, row.ci_high, 'points')}, "
        f"grade {row.grade}); pain named by {text.count(row.n_pain)} of {text.count(row.n_asked)}{where}"
    )


def _why(material: Material, stage: str) -> str:
    """Why a stage has no moment of truth."""
    if not material.whole:
        return OF_ALL
    if not material.study.has("documents"):
        return f"{NO_INTERVIEWS}, so no pain to hold against the effects"
    if material.unplaced and material.by_touchpoint is None:
        return f"{material.unplaced.partition(':')[0]}, so no pain to hold against the effects"
    if material.effects is None:
        return NO_EFFECTS if material.study.has("events") and material.study.outcome else "no outcome to measure by"
    tested = material.effects.dropna(subset=["estimate"])
    here = material.study.touchpoints.loc[material.study.touchpoints["stage"] == stage, "touchpoint"]
    if not tested["touchpoint"].isin(here).any():
        return "no touchpoint of this stage has a measured effect"
    return "none has both a clear, large effect and a large share of pain"
