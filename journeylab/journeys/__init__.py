"""Events to journeys, and what journeys look like."""

from __future__ import annotations

from journeylab.identity import robots
from journeylab.journeys.build import build
from journeylab.journeys.channels import ChannelSwitches, channel_switches
from journeylab.journeys.compare import Comparison, compare
from journeylab.journeys.conformance import Conformance, conformance
from journeylab.journeys.cuts import since, within
from journeylab.journeys.dropoff import Abandonment, Dropoff, abandonment, stage_dropoff
from journeylab.journeys.edges import EntriesAndExits, entries_and_exits
from journeylab.journeys.efficiency import Efficiency, efficiency
from journeylab.journeys.flow import Flow, flow
from journeylab.journeys.friction import Friction, friction
from journeylab.journeys.funnel import Funnel, funnel
from journeylab.journeys.lapse import Lapse, lapse
from journeylab.journeys.model import (
    Journeys,
    collapse_repeats,
    first_position,
    has,
    keep_events,
    keep_touchpoints,
    relabel,
    select,
    split_sessions,
    until,
)
from journeylab.journeys.paths import PathTable, path_table
from journeylab.journeys.quality import Quality, quality
from journeylab.journeys.reach import Reach, reach
from journeylab.journeys.repeats import Repeat, repeat
from journeylab.journeys.retention import Retention, retention
from journeylab.journeys.split import split_by, two_parts
from journeylab.journeys.steps import StepMatrix, step_matrix
from journeylab.journeys.subpaths import Subpaths, subpaths
from journeylab.journeys.transitions import Transitions, transition_matrix, transitions
from journeylab.journeys.waits import WaitingTimes, waiting_times

__all__ = [
    "Abandonment",
    "ChannelSwitches",
    "Comparison",
    "Conformance",
    "Dropoff",
    "Efficiency",
    "EntriesAndExits",
    "Flow",
    "Friction",
    "Funnel",
    "Journeys",
    "Lapse",
    "PathTable",
    "Quality",
    "Reach",
    "Repeat",
    "Retention",
    "StepMatrix",
    "Subpaths",
    "Transitions",
    "WaitingTimes",
    "abandonment",
    "build",
    "channel_switches",
    "collapse_repeats",
    "compare",
    "conformance",
    "efficiency",
    "entries_and_exits",
    "first_position",
    "flow",
    "friction",
    "funnel",
    "has",
    "keep_events",
    "keep_touchpoints",
    "lapse",
    "path_table",
    "quality",
    "reach",
    "relabel",
    "repeat",
    "retention",
    "robots",
    "select",
    "since",
    "split_by",
    "split_sessions",
    "stage_dropoff",
    "step_matrix",
    "subpaths",
    "transition_matrix",
    "transitions",
    "two_parts",
    "until",
    "waiting_times",
    "within",
]
