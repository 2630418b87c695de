"""One map a behaviour: what its members do, say and meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from journeylab.joint import Typing, type_people
from journeylab.journeymap.among import among
from journeylab.journeymap.draw import finish, make_lanes
from journeylab.journeymap.edits import apply_edits, named_owners
from journeylab.journeymap.material import Material
from journeylab.journeymap.model import JourneyMap
from journeylab.journeymap.origins import find_origins
from journeylab.journeys import Journeys, select
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.behaviours import Behaviours
    from journeylab.behaviours.assign import Assigned


def draw_by_behaviour(
    study: Study,
    behaviours: Behaviours | Assigned,
    *,
    names: Mapping[str, str] | None = None,
    typing: Typing | None = None,
    share: str = "internal",
    journeys: Journeys | None = None,
    seed: int = 0,
) -> dict[str, JourneyMap]:
    """Draw a map for each behaviour.

    Parameters
    ----------
    behaviours : Behaviours or Assigned
        Found on the study's customers, or customers placed in a stored model.
    names : mapping, optional
        What each behaviour is called, such as ``behaviours.portraits(...).names``; else its label.
    typing : Typing, optional
        Which behaviour each interviewed person stands for; worked out here where not given.
    share : str
        ``public`` leaves out quotes without consent and cells of fewer than the study's minimum.
    journeys : Journeys, optional
        ``study.journeys()``, where it was called already.
    seed : int
        Of the typing.

    Returns
    -------
    dict of str to JourneyMap
        By label, the largest behaviour first; empty where there is a single behaviour.

    Notes
    -----
    The maps have the lanes of the map of all. Trouble and loops are held against the average stage of the same behaviour.
    Goals are those of all customers. Effects of touchpoints are measured on all customers together, so the maps have no
    moments of truth, and as opportunities only trouble. The team's edits stand on the map of all.
    """
    counts = behaviours.table.set_index("behaviour")["n"].sort_values(ascending=False, kind="stable")
    labels = [str(label) for label in counts.index if counts[label] > 0]
    if len(labels) < 2 or not study.has("events"):
        return {}
    whole = study.journeys() if journeys is None else journeys
    placed = typing or type_people(study, behaviours, seed=seed)  # type: ignore[arg-type]
    origins, stages = find_origins(study), tuple(study.stages)
    found = {}
    for label in labels:
        members = set(behaviours.labels.index[(behaviours.labels == label).to_numpy(dtype=bool)])
        part = among(study, members, set(placed.of.index[placed.of == label]))
        theirs = select(whole, np.array([name in members for name in whole.ids], dtype=bool))
        material = Material(part, origins, share=share, whole=False, journeys=theirs)
        lanes, _ = apply_edits(make_lanes(material), stages, (), named_owners(study))
        found[label] = finish(material, lanes, behaviour=(names or {}).get(label) or label)
    return found
