"""What leaves the house: a run becomes one zip in which nobody can be found, or the gate says where and why not."""

from journeylab.release.gate import Release, release
from journeylab.release.runs import study_of

__all__ = ["Release", "release", "study_of"]
