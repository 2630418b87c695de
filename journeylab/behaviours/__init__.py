"""What recurs: groups of journeys that move alike, tested for being real, described, and known again."""

from journeylab.behaviours.assign import Assigned, assign
from journeylab.behaviours.chains import Chains, load, model
from journeylab.behaviours.change import Change, compare, keep_labels
from journeylab.behaviours.distances import distances
from journeylab.behaviours.find import Behaviours, find, settings
from journeylab.behaviours.picture_tables import leads, openings, step_shares
from journeylab.behaviours.pictures import distribution_plot, index_plot, transition_maps
from journeylab.behaviours.portraits import Portraits, portraits
from journeylab.behaviours.representatives import Representatives, representatives
from journeylab.behaviours.stored import SAVED, last_damage, last_run, saved_by

__all__ = [
    "SAVED",
    "Assigned",
    "Behaviours",
    "Chains",
    "Change",
    "Portraits",
    "Representatives",
    "assign",
    "compare",
    "distances",
    "distribution_plot",
    "find",
    "index_plot",
    "keep_labels",
    "last_damage",
    "last_run",
    "leads",
    "load",
    "model",
    "openings",
    "portraits",
    "representatives",
    "saved_by",
    "settings",
    "step_shares",
    "transition_maps",
]
