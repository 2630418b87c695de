"""Collect what findings are drawn from: what this run's notebooks saved, or computed anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from journeylab import results
from journeylab.findings.changes import measure_changes
from journeylab.findings.decisions import decide
from journeylab.findings.model import Evidence, parameter
from journeylab.joint import display, doubtful
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import TouchpointEffects

WINDOW = "14d"


def measure_effects(
    study: Study, *, window: str | None = None, negative_controls: Sequence[str] = (), seed: int = 0
) -> TouchpointEffects | None:
    """Measure every touchpoint that study.toml calls tested; None without events or outcome.

    Parameters
    ----------
    window : str, optional
        The outcome must follow the start of the visit within it; else the study's parameter of notebook 07.
    negative_controls : sequence of str
        Touchpoints that no other can cause; else the study's parameter of notebook 07.
    """
    from journeylab import impact

    if not study.has("events") or study.outcome is None:
        return None
    known = study.touchpoints
    tested = known.loc[known["tested"] & (known["touchpoint"] != study.outcome), "touchpoint"]
    found = impact.touchpoint_effects(
        study.events,
        study.customers,
        outcome=study.outcome,
        window=window or parameter(study.config, "07_touchpoint_impact", "window", WINDOW),
        exposures=sorted(tested),
        negative_controls=negative_controls or parameter(study.config, "07_touchpoint_impact", "negative_controls", ()),
        required=sorted(known.loc[known["required"], "touchpoint"]),
        gap=study.config.study.session_gap,
        seed=seed,
    )
    return dataclasses.replace(
        found, table=_keep_no_accident(found.table, set(known.loc[~known["planned"], "touchpoint"]))
    )


def _keep_no_accident(effects: pd.DataFrame, unplanned: set[str]) -> pd.DataFrame:
    """Judge nothing that was not planned as worth keeping: who meets a fault late has come far, and so goes on."""
    kept = effects["touchpoint"].isin(unplanned) & (effects["verdict"] == "keep")
    return effects.assign(
        verdict=effects["verdict"].mask(kept, "not known"),
        reason=effects["reason"].mask(kept, "not planned: that it goes with success is no reason to keep it"),
    )


def known_effects(study: Study, *, seed: int = 0) -> pd.DataFrame | None:
    """The table of touchpoint effects that this run saved, else measured here; None without events or outcome."""
    saved = results.load_table("effects")
    if saved is not None:
        return saved
    measured = measure_effects(study, seed=seed)
    return None if measured is None else measured.table


def close_to_outcome(study: Study) -> str | None:
    """The touchpoint that most customers reach on the stage before the outcome's; None where there is none."""
    known = study.touchpoints
    stage = study.stage_of.get(study.outcome or "")
    place = study.stages.index(stage) if stage in study.stages else 0
    for earlier in reversed(study.stages[:place]):
        here = known[(known["stage"] == earlier) & known["planned"]]
        if len(here):
            return str(here.iloc[0]["touchpoint"])
    return None


def gather(study: Study, *, seed: int = 0) -> Evidence:
    """Collect the evidence, from this run where its notebooks saved it, else computed here."""
    effects = known_effects(study, seed=seed)
    decisions, unit = _decisions(study, effects)
    return Evidence(
        stages=display(study, "stage").table,
        effects=effects,
        experiments=_experiments(study),
        changes=_changes(study, seed),
        portraits=results.load_table("portraits"),
        doubtful=doubtful(study),
        decisions=decisions,
        unit=unit,
    )


def _decisions(study: Study, effects: pd.DataFrame | None) -> tuple[pd.DataFrame | None, str]:
    """What to do about touchpoints, and the unit of its values."""
    saved = results.load_table("decisions")
    if saved is not None:
        return saved, str((results.load("decisions") or {}).get("unit", "outcomes"))
    if effects is None:
        return None, "outcomes"
    made = decide(study, effects, window=parameter(study.config, "07_touchpoint_impact", "window", WINDOW))
    return made.table, made.unit


def _experiments(study: Study) -> pd.DataFrame | None:
    from journeylab.findings.experiments import measure_experiments

    saved = results.load_table("experiments")
    if saved is not None:
        return saved
    measured = measure_experiments(study)
    return None if measured is None else measured.table


def _changes(study: Study, seed: int) -> pd.DataFrame | None:
    saved = results.load_table("changes")
    if saved is not None:
        return saved
    found = measure_changes(study, seed=seed)
    return pd.concat([change.table for change in found], ignore_index=True) if found else None
