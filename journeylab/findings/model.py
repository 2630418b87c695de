"""What findings are made of."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.config import Config

PAGES = {
    "map": "02_journey_map.html#how-far-customers-get-stage-by-stage",
    "goals": "02_journey_map.html#how-the-kpis-stand-to-their-goals",
    "voices": "03_voices.html#what-was-said-and-by-how-many",
    "joint": "04_joint_display.html#stage-by-stage",
    "behaviours": "05_behaviours.html#a-portrait-of-each",
    "friction": "06_friction.html#where-they-leave-stage-by-stage",
    "impact": "07_touchpoint_impact.html#what-to-do-and-what-to-test",
    "experiments": "08_experiments.html#randomised-tests",
    "changes": "08_experiments.html#dated-changes",
}
"""Where the evidence of each kind stands: page and heading."""

ACTS = ("fix", "remove", "keep")
"""Decisions that somebody can act on."""

GRADES = {
    "A": "randomised and sound",
    "B": "dated change with controls",
    "C": "observational, diagnostics green",
    "D": "descriptive only",
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One statement.

    Attributes
    ----------
    statement : str
        What is claimed, in a sentence.
    evidence : str
        The numbers behind it, with interval and method.
    n : int
        How many customers or people stand behind it.
    grade : str
        A to D, see `GRADES`.
    link : str
        The page that shows the evidence, and the place there, see `PAGES`.
    kind : str
        act, trouble, voice, goal, behaviour, unknown.
    """

    statement: str
    evidence: str
    n: int
    grade: str
    link: str
    kind: str


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The tables that findings are drawn from; None where the study lacks the source. `unit` is that of the decisions' values."""

    stages: pd.DataFrame
    effects: pd.DataFrame | None = None
    experiments: pd.DataFrame | None = None
    changes: pd.DataFrame | None = None
    portraits: pd.DataFrame | None = None
    doubtful: pd.DataFrame | None = None
    decisions: pd.DataFrame | None = None
    unit: str = "outcomes"

    def doubt(self, code: str) -> str:
        """What must be said where a statement rests on a code that coders do not agree on; else nothing."""
        weak = [row for row in rows(self.doubtful) if row.name == code]
        return (
            f"; coders agree too little on '{code}' to rest on it (alpha {text.fixed(weak[0].alpha, 2)})"
            if weak
            else ""
        )


def decided(evidence: Evidence) -> list[Any]:
    """Touchpoints with their effect, what to do about them and what that is worth a year; the dearest first."""
    effects = evidence.effects
    if effects is None:
        return []
    known = ["touchpoint", "decision", "value", "value_low", "value_high", "why"]
    if evidence.decisions is None:
        judged = effects.assign(
            decision=effects["verdict"], value=np.nan, value_low=np.nan, value_high=np.nan, why=effects["reason"]
        )
    else:
        judged = effects.merge(evidence.decisions[known], on="touchpoint", how="left")
    size = judged["value"].abs().fillna(judged["estimate"].abs())
    return rows(judged.loc[size.sort_values(ascending=False, kind="stable").index])


def yearly(row: Any, unit: str) -> str:
    """The interval of what a touchpoint brings in a year, after the one of its effect; empty where it has no price."""
    if pd.isna(row.value):
        return ""
    return f"; {text.money_range(row.value_low, row.value_high, unit)} a year"


def parameter(config: Config, notebook: str, name: str, default: Any) -> Any:
    """What the study sets for a notebook's parameter, or its default."""
    return config.parameters.get(notebook, {}).get(name, default)


def rows(table: pd.DataFrame | None) -> list[Any]:
    """The rows of a table as named tuples, none where there is no table."""
    return [] if table is None else list(table.itertuples(index=False))
