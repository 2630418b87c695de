"""What touchpoints do, by study design, with the uncertainty of each."""

from journeylab.impact.change import DatedChange, dated_change, weekly_rate
from journeylab.impact.effects import TouchpointEffects, touchpoint_effects
from journeylab.impact.experiment import Experiments, experiment

__all__ = [
    "DatedChange",
    "Experiments",
    "TouchpointEffects",
    "dated_change",
    "experiment",
    "touchpoint_effects",
    "weekly_rate",
]
