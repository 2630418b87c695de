"""A whole study of a shop whose truth is known, to see whether the analyses find it."""

from journeylab.simulate.study import write_study

__all__ = ["write_study"]
