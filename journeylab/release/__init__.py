"""What leaves the house: a run becomes one zip in which nobody can be found, or the gate says where and why not."""

from journeylab.release.gate import Release, release

__all__ = ["Release", "release"]
