"""Draw the journey map of a study: every lane from its source, and what the team says of it."""

from __future__ import annotations

from journeylab.joint import display
from journeylab.journeymap.lanes.aims import fit_lane, goals_lane, kpi_lane
from journeylab.journeymap.lanes.did import customers_lane, touchpoints_lane, trouble_lane
from journeylab.journeymap.lanes.said import feeling_lane, quotes_lane, voices_lane
from journeylab.journeymap.model import JourneyMap, Step, assemble
from journeylab.study import Study


def draw(study: Study, *, share: str = "internal") -> JourneyMap:
    """Draw the journey map of a study.

    Parameters
    ----------
    study : Study
        What it lacks leaves cells that say why they are empty; ``[journey_map] edits`` names what the team says of it.
    share : str
        ``public`` leaves out quotes without consent and cells of fewer than the study's minimum.

    Raises
    ------
    DataError
        When the file of edits is not sound.
    """
    from journeylab.journeymap.edits import apply_edits, study_edits

    evidence = display(study, "stage").table.set_index("stage")
    minimum = study.minimum_cell if share == "public" else 1
    drafted = [
        goals_lane(study),
        customers_lane(study, evidence),
        touchpoints_lane(study),
        feeling_lane(study, minimum),
        voices_lane(study, evidence, "pain", minimum),
        voices_lane(study, evidence, "gain", minimum),
        quotes_lane(study, share),
        kpi_lane(study),
        trouble_lane(study, evidence),
        fit_lane(study, evidence),
    ]
    lanes = tuple(lane for lane in drafted if lane is not None)
    lanes, unplaced = apply_edits(lanes, tuple(study.stages), study_edits(study))
    return assemble(
        study.title, tuple(study.stages), lanes, data_until=_last_day(study), steps=_steps(study), unplaced=unplaced
    )


def _last_day(study: Study) -> str:
    if study.events is None or study.events.empty:
        return ""
    return str(study.events["event_time"].max().date().isoformat())


def _steps(study: Study) -> tuple[Step, ...]:
    if study.events is None:
        return ()
    reach = study.events.groupby("touchpoint")["customer_id"].nunique()
    return tuple(
        Step(
            row.touchpoint,
            row.stage if isinstance(row.stage, str) else "",
            row.channel if isinstance(row.channel, str) else "",
            bool(row.planned),
            int(reach[row.touchpoint]),
        )
        for row in study.touchpoints.itertuples()
        if row.touchpoint in reach.index
    )
