"""The journey map: what customers do, feel and say, stage by stage, and how it stands to the goals."""

from journeylab.journeymap.by_behaviour import draw_by_behaviour
from journeylab.journeymap.changes import MapChange, changed
from journeylab.journeymap.draw import draw
from journeylab.journeymap.drawing import Change, beside, gallery
from journeylab.journeymap.goals import Goals, measure_goals
from journeylab.journeymap.model import Cell, JourneyMap, Lane, Move, Step
from journeylab.journeymap.of_run import known_of_run, map_of_last_run, maps_of_behaviours
from journeylab.journeymap.reading import read
from journeylab.journeymap.words import Edit, Word

__all__ = [
    "Cell",
    "Change",
    "Edit",
    "Goals",
    "JourneyMap",
    "Lane",
    "MapChange",
    "Move",
    "Step",
    "Word",
    "beside",
    "changed",
    "draw",
    "draw_by_behaviour",
    "gallery",
    "known_of_run",
    "map_of_last_run",
    "maps_of_behaviours",
    "measure_goals",
    "read",
]
