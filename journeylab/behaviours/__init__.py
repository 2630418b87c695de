"""What recurs: groups of journeys that move alike, tested for being real, and described."""

from journeylab.behaviours.find import Behaviours, find
from journeylab.behaviours.portraits import Portraits, portraits

__all__ = ["Behaviours", "Portraits", "find", "portraits"]
