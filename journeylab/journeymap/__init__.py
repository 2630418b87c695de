"""The journey map: what customers do, feel and say, stage by stage, and how it stands to the goals."""

from journeylab.journeymap.goals import Goals, measure_goals
from journeylab.journeymap.model import Cell, JourneyMap, Lane, draw

__all__ = ["Cell", "Goals", "JourneyMap", "Lane", "draw", "measure_goals"]
