"""How long does it take? What page 07 asks of a study's journeys, with the defaults of its study.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from journeylab.findings.model import parameter
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import StageHazards, TimeToOutcome, TouchpointHazards

LAPSE = "60d"
HORIZON = "90d"


def lapse_of(study: Study) -> str:
    """After how long without an event a customer has lapsed: the ``lapse`` of notebook 07 in study.toml, or 60 days."""
    return str(parameter(study.config, "07_touchpoint_impact", "lapse", LAPSE))


def time_to_outcome(study: Study, *, by: pd.Series | str | None = None) -> TimeToOutcome | None:
    """Time to the study's main outcome, see `journeylab.impact.time_to_outcome`; None without events or outcome."""
    from journeylab import impact

    if not study.has("events") or study.outcome is None:
        return None
    return impact.time_to_outcome(study.journeys(), outcome=study.outcome, lapse=lapse_of(study), by=by)


def touchpoint_hazards(study: Study, *, seed: int = 0) -> TouchpointHazards | None:
    """Rates after the touchpoints that study.toml calls tested, given the words that are known of customers; None as above."""
    from journeylab import impact

    if not study.has("events") or study.outcome is None:
        return None
    known = study.touchpoints
    tested = known.loc[known["tested"] & (known["touchpoint"] != study.outcome), "touchpoint"]
    return impact.touchpoint_hazards(
        study.journeys(),
        outcome=study.outcome,
        exposures=sorted(tested),
        covariates=_covariates(study),
        lapse=lapse_of(study),
        seed=seed,
    )


def stage_hazards(study: Study, *, seed: int = 0) -> StageHazards | None:
    """From stage to stage up to that of the outcome, beside goals of customers who reach it; None without events or stages."""
    from journeylab import impact

    if not study.has("events") or len(study.stages) < 2 or not study.stage_of:
        return None
    last = study.stage_of.get(study.outcome or "", study.stages[-1])
    stages = study.stages[: study.stages.index(last) + 1]
    stage_of = {name: stage for name, stage in study.stage_of.items() if stage in stages}
    if len(stages) < 2 or not set(stages) & set(stage_of.values()):
        return None
    return impact.stage_hazards(
        study.journeys(),
        stage_of,
        stages,
        plan=_plan(study, stages),
        horizon=HORIZON,
        lapse=lapse_of(study),
        seed=seed,
    )


def _plan(study: Study, stages: list[str]) -> dict[str, float]:
    """Goals on the share of all customers who have an outcome for the first time, by the stage of its touchpoint."""
    first = {rule.name: rule.touchpoint for rule in study.config.outcomes if rule.occurrence == 1}
    plan = {}
    for goal in study.config.goals.values():
        stage = study.stage_of.get(first.get(goal.outcome or "", ""))
        if stage in stages and goal.among is None and goal.within is None and not goal.lower_is_better:
            plan[stage] = goal.target
    return plan


def _covariates(study: Study) -> pd.DataFrame | None:
    """Attributes of customers in words of at most 12 kinds, and numbers; times are left to the clock."""
    if study.customers is None:
        return None
    frame = study.customers.drop_duplicates("customer_id").set_index("customer_id")
    kept = [
        name
        for name in frame
        if not pd.api.types.is_datetime64_any_dtype(frame[name])
        and (pd.api.types.is_numeric_dtype(frame[name]) or frame[name].nunique() <= 12)
    ]
    return frame[kept] if kept else None
