"""What touchpoints do, by study design, with the uncertainty of each."""

from journeylab.impact.attribution import Attribution, attribution
from journeylab.impact.attribution_credit import Credit, markov_attribution, rule_attribution, shapley_attribution
from journeylab.impact.attribution_order import MarkovOrder, markov_order
from journeylab.impact.attribution_shapley import shapley_values
from journeylab.impact.by_group import EffectsByGroup, effects_by_group
from journeylab.impact.change import DatedChange, dated_change, weekly_rate
from journeylab.impact.decision import Decisions, decide
from journeylab.impact.effects import TouchpointEffects, touchpoint_effects
from journeylab.impact.experiment import Experiments, experiment
from journeylab.impact.power import Plan, plan_experiment
from journeylab.impact.specification import Specifications, specification_curve
from journeylab.impact.stated import StatedAndObserved, read_links, stated_and_observed

__all__ = [
    "Attribution",
    "Credit",
    "DatedChange",
    "Decisions",
    "EffectsByGroup",
    "Experiments",
    "MarkovOrder",
    "Plan",
    "Specifications",
    "StatedAndObserved",
    "TouchpointEffects",
    "attribution",
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
    "stated_and_observed",
    "touchpoint_effects",
    "weekly_rate",
]
