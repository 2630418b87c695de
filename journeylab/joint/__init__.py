"""Where words and behaviour meet."""

from journeylab.joint.did import trouble_by_stage
from journeylab.joint.display import JointDisplay, display
from journeylab.joint.experience import Experience, contrasts, experience
from journeylab.joint.linkage import Linkage, linkage
from journeylab.joint.said import doubtful, mean_valence, mentions, voices_by

__all__ = [
    "Experience",
    "JointDisplay",
    "Linkage",
    "contrasts",
    "display",
    "doubtful",
    "experience",
    "linkage",
    "mean_valence",
    "mentions",
    "trouble_by_stage",
    "voices_by",
]
