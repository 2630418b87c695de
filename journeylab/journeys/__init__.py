"""Events to journeys, and what journeys look like."""

from __future__ import annotations

from journeylab.journeys.build import build
from journeylab.journeys.funnel import Funnel, funnel
from journeylab.journeys.model import (
    Journeys,
    collapse_repeats,
    first_position,
    has,
    keep_events,
    relabel,
    select,
    split_sessions,
    until,
)
from journeylab.journeys.reach import Reach, reach
from journeylab.journeys.transitions import Transitions, transitions

__all__ = [
    "Funnel",
    "Journeys",
    "Reach",
    "Transitions",
    "build",
    "collapse_repeats",
    "first_position",
    "funnel",
    "has",
    "keep_events",
    "reach",
    "relabel",
    "select",
    "split_sessions",
    "transitions",
    "until",
]
