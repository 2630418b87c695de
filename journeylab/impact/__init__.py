"""What touchpoints do, by study design, with the uncertainty of each."""

from journeylab.impact.effects import TouchpointEffects, touchpoint_effects

__all__ = ["TouchpointEffects", "touchpoint_effects"]
