"""Draw the journey map of a study: every lane from its source, and what the team says of it."""

from __future__ import annotations

import dataclasses

import pandas as pd

from journeylab.journeymap.lanes.aims import fit_lane, goals_lane, kpi_lane
from journeylab.journeymap.lanes.did import actions_lane, customers_lane, touchpoints_lane, trouble_lane
from journeylab.journeymap.lanes.friction import friction_lane
from journeylab.journeymap.lanes.moments import moments_lane
from journeylab.journeymap.lanes.opportunities import opportunities_lane
from journeylab.journeymap.lanes.planned import planned_lane
from journeylab.journeymap.lanes.said import feeling_lane, quotes_lane, voices_lane
from journeylab.journeymap.material import NO_INTERVIEWS, OF_A_BEHAVIOUR, TOO_FEW, Material, gather_material
from journeylab.journeymap.model import Cell, JourneyMap, Lane, Step, assemble, empty
from journeylab.journeymap.moves import stage_moves
from journeylab.journeys import Journeys
from journeylab.study import Study

WITH_CONSENT = {"quotes"}
"""Lanes of single people, who agreed to stand on the map; everything else counts, and is hidden where it counts too few."""


def draw(
    study: Study,
    effects: pd.DataFrame | None = None,
    *,
    decisions: pd.DataFrame | None = None,
    unit: str = "outcomes",
    share: str = "internal",
    journeys: Journeys | None = None,
) -> JourneyMap:
    """Draw the journey map of a study.

    Parameters
    ----------
    study : Study
        What it lacks leaves cells that say why they are empty; ``[journey_map] edits`` names what the team says of it.
    effects : DataFrame, optional
        The table of `journeylab.impact.touchpoint_effects`, for moments of truth and opportunities.
    decisions : DataFrame, optional
        The table of `journeylab.impact.decide`: what to do about touchpoints and what it is worth, for opportunities.
    unit : str
        Of the values of the decisions.
    share : str
        ``public`` leaves out quotes without consent and cells of fewer than the study's minimum.
    journeys : Journeys, optional
        ``study.journeys()``, where it was called already.

    Raises
    ------
    DataError
        When the file of edits is not sound.
    """
    from journeylab.journeymap.edits import apply_edits, named_owners, study_edits

    known = {"effects": effects, "decisions": decisions, "unit": unit, "journeys": journeys}
    material = gather_material(study, share=share, **known)
    stages = tuple(study.stages)
    lanes, unplaced = apply_edits(make_lanes(material), stages, study_edits(study), named_owners(study))
    return finish(material, lanes, unplaced=unplaced)


def make_lanes(material: Material) -> tuple[Lane, ...]:
    """Every lane of a map but those that only the team fills; without cells too small to be shown."""
    drafted = [
        goals_lane(material),
        customers_lane(material),
        actions_lane(material),
        touchpoints_lane(material),
        feeling_lane(material),
        voices_lane(material, "pain"),
        voices_lane(material, "gain"),
        quotes_lane(material),
        moments_lane(material),
        kpi_lane(material, "short"),
        kpi_lane(material, "long"),
        trouble_lane(material),
        friction_lane(material),
        planned_lane(material),
        fit_lane(material),
        opportunities_lane(material),
    ]
    return tuple(_shown(lane, material) for lane in drafted if lane is not None)


def _shown(lane: Lane, material: Material) -> Lane:
    """The lane without small cells, and with reasons in the words of whose map it is."""

    of_members = dict(OF_A_BEHAVIOUR)
    if material.study.documents is None:  # of no behaviour was anybody interviewed
        of_members.pop(NO_INTERVIEWS)

    def shown(cell: Cell) -> Cell:
        if lane.kind not in WITH_CONSENT and 0 < cell.n < material.minimum:
            return empty(TOO_FEW)
        reason = cell.reason if material.whole else of_members.get(cell.reason, cell.reason)
        return dataclasses.replace(cell, reason=reason)

    return dataclasses.replace(lane, cells=tuple(map(shown, lane.cells)))


def finish(material: Material, lanes: tuple[Lane, ...], **more: object) -> JourneyMap:
    """Put lanes, touchpoints and moves together."""
    study = material.study
    return assemble(
        study.title,
        tuple(study.stages),
        lanes,
        data_until=material.origins.events.until,
        steps=_steps(material),
        moves=stage_moves(material.walks, study.stages, material.minimum),
        **more,  # type: ignore[arg-type]
    )


def _steps(material: Material) -> tuple[Step, ...]:
    reach = material.reach
    return tuple(
        Step(
            row.touchpoint,
            row.stage if isinstance(row.stage, str) else "",
            row.channel if isinstance(row.channel, str) else "",
            bool(row.planned),
            reach[row.touchpoint],
        )
        for row in material.study.touchpoints.itertuples()
        if reach.get(row.touchpoint, 0) >= material.minimum
    )
