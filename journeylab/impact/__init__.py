"""What touchpoints do, by study design, with the uncertainty of each."""

from journeylab.impact.attribution import Attribution, attribution
from journeylab.impact.attribution_credit import Credit, markov_attribution, rule_attribution, shapley_attribution
from journeylab.impact.attribution_order import MarkovOrder, markov_order
from journeylab.impact.attribution_shapley import shapley_values
from journeylab.impact.by_group import EffectsByGroup, effects_by_group
from journeylab.impact.change import DatedChange, dated_change
from journeylab.impact.decision import Decisions, decide
from journeylab.impact.effects import TouchpointEffects, touchpoint_effects
from journeylab.impact.experiment import Experiments, experiment
from journeylab.impact.hazards import TouchpointHazards, touchpoint_hazards
from journeylab.impact.power import Plan, plan_experiment
from journeylab.impact.specification import Specifications, specification_curve
from journeylab.impact.spend import SpendEffects, spend_effects
from journeylab.impact.stage_hazards import StageHazards, stage_hazards
from journeylab.impact.stated import StatedAndObserved, read_links, stated_and_observed
from journeylab.impact.time_to import TimeToOutcome, time_to_outcome
from journeylab.impact.units import ChangedUnits, changed_units
from journeylab.impact.weekly import traffic_mix, unit_rates, weekly_rate

__all__ = [
    "Attribution",
    "ChangedUnits",
    "Credit",
    "DatedChange",
    "Decisions",
    "EffectsByGroup",
    "Experiments",
    "MarkovOrder",
    "Plan",
    "Specifications",
    "SpendEffects",
    "StageHazards",
    "StatedAndObserved",
    "TimeToOutcome",
    "TouchpointEffects",
    "TouchpointHazards",
    "attribution",
    "changed_units",
    "dated_change",
    "decide",
    "effects_by_group",
    "experiment",
    "markov_attribution",
    "markov_order",
    "plan_experiment",
    "read_links",
    "rule_attribution",
    "shapley_attribution",
    "shapley_values",
    "specification_curve",
    "spend_effects",
    "stage_hazards",
    "stated_and_observed",
    "time_to_outcome",
    "touchpoint_effects",
    "touchpoint_hazards",
    "traffic_mix",
    "unit_rates",
    "weekly_rate",
]
