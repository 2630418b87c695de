"""What touchpoints do, by study design, with the uncertainty of each."""

from journeylab.impact.by_group import EffectsByGroup, effects_by_group
from journeylab.impact.change import DatedChange, dated_change, weekly_rate
from journeylab.impact.decision import Decisions, decide
from journeylab.impact.effects import TouchpointEffects, touchpoint_effects
from journeylab.impact.experiment import Experiments, experiment
from journeylab.impact.power import Plan, plan_experiment
from journeylab.impact.specification import Specifications, specification_curve

__all__ = [
    "DatedChange",
    "Decisions",
    "EffectsByGroup",
    "Experiments",
    "Plan",
    "Specifications",
    "TouchpointEffects",
    "dated_change",
    "decide",
    "effects_by_group",
    "experiment",
    "plan_experiment",
    "specification_curve",
    "touchpoint_effects",
    "weekly_rate",
]
