"""What recurs: groups of journeys that move alike, tested for being real, and described."""

from journeylab.behaviours.distances import distances
from journeylab.behaviours.find import Behaviours, find
from journeylab.behaviours.portraits import Portraits, portraits

__all__ = ["Behaviours", "Portraits", "distances", "find", "portraits"]
