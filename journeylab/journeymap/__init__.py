"""The journey map: what customers do, feel and say, stage by stage, and how it stands to the goals."""

from journeylab.journeymap.draw import draw
from journeylab.journeymap.drawing import Change, beside, gallery
from journeylab.journeymap.goals import Goals, measure_goals
from journeylab.journeymap.model import Cell, JourneyMap, Lane, Move, Step
from journeylab.journeymap.reading import read
from journeylab.journeymap.words import Edit, Word

__all__ = [
    "Cell",
    "Change",
    "Edit",
    "Goals",
    "JourneyMap",
    "Lane",
    "Move",
    "Step",
    "Word",
    "beside",
    "draw",
    "gallery",
    "measure_goals",
    "read",
]
