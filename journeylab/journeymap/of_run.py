"""What the map takes from a run: the effects and behaviours of its other pages, and the map of the run before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journeylab import results
from journeylab.errors import DataError
from journeylab.journeymap.by_behaviour import draw_by_behaviour
from journeylab.journeymap.model import JourneyMap
from journeylab.journeymap.schema import build_map
from journeylab.journeys import Journeys
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.behaviours.assign import Assigned


def map_of_last_run() -> JourneyMap | None:
    """The map of the last good run of the study; None where there is none that can be read."""
    try:
        stored = results.last("map")
        return None if stored is None else build_map(stored, "map.json of the last run")
    except DataError:
        return None


def known_of_run() -> dict[str, Any]:
    """What this run's other pages saved and `draw` takes: effects, decisions and the unit of their values."""
    found = {name: results.load_table(name) for name in ("effects", "decisions")}
    return {**found, "unit": str((results.load("decisions") or {}).get("unit", "outcomes"))}


def maps_of_behaviours(
    study: Study, journeys: Journeys | None, *, share: str = "internal", seed: int = 0
) -> tuple[dict[str, JourneyMap], str]:
    """Draw a map of each behaviour that page 05 of this run found.

    Returns
    -------
    maps : dict of str to JourneyMap
        By label; empty where there is none to draw.
    why : str
        Why there is none; else empty.
    """
    if journeys is None:
        return {}, "There are no events, and so no behaviours to draw a map of."
    placed = behaviours_of_run(study, journeys)
    if placed is None:
        return {}, "Page 05 of this run finds the behaviours; run it together with this page for a map of each."
    found, names = placed
    maps = draw_by_behaviour(study, found, names=names, journeys=journeys, share=share, seed=seed)
    return maps, "" if maps else "There is a single behaviour: the map of all customers is its map."


def behaviours_of_run(study: Study, journeys: Journeys) -> tuple[Assigned, dict[str, str]] | None:
    """Place customers in the behaviours that page 05 of this run found.

    Returns
    -------
    tuple
        The customers in their behaviours, and what each behaviour is called; None where this run has no page 05.
    """
    from journeylab.behaviours import SAVED, assign
    from journeylab.behaviours.chains import from_dict

    stored = results.load(SAVED)
    if stored is None:
        return None
    try:
        known = from_dict(stored)
    except DataError:
        return None
    return assign(known, journeys), known.names_of
