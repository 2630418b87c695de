"""What customers say, how many of them, and whether the coders agree."""

from journeylab.voices.agreement import Agreement, agreement
from journeylab.voices.measures import alpha

__all__ = ["Agreement", "agreement", "alpha"]
