"""Which recorded events a study uses, and which it leaves out, for which reason."""

from __future__ import annotations

import dataclasses

import pandas as pd

from journeylab import text
from journeylab.config import StudySection
from journeylab.errors import DataError


@dataclasses.dataclass(frozen=True)
class Used:
    """Events in use, and what was left out.

    Attributes
    ----------
    events : DataFrame
    left_out : DataFrame
        reason, n (events), customers.
    """

    events: pd.DataFrame
    left_out: pd.DataFrame


def use_events(recorded: pd.DataFrame, settings: StudySection) -> Used:
    """Apply ``first_day``, ``last_day`` and ``leave_out_robots`` of [study]; days are those of the study's time zone.

    Raises
    ------
    DataError
        When no event is left.
    """
    from journeylab.journeys import robots

    day = recorded["event_time"].dt.tz_convert(settings.timezone).dt.date
    reasons = pd.Series("", index=recorded.index, dtype="object")
    if settings.leave_out_robots:
        reasons[recorded["customer_id"].isin(robots(recorded))] = "robots (100 or more events within an hour)"
    if settings.first_day is not None:
        reasons[day < settings.first_day] = f"before first_day, {text.date(settings.first_day)}"
    if settings.last_day is not None:
        reasons[day > settings.last_day] = f"after last_day, {text.date(settings.last_day)}"
    gone = recorded[reasons != ""]
    counted = gone.groupby(reasons[reasons != ""])["customer_id"].agg(["size", "nunique"]).reset_index()
    counted.columns = ["reason", "n", "customers"]
    events = recorded[reasons == ""].reset_index(drop=True) if len(gone) else recorded
    if not len(events):
        raise DataError(
            f"none of the {text.count(len(recorded))} events lies within first_day and last_day of [study]; "
            f"they are from {text.date(day.min())} to {text.date(day.max())}."
        )
    return Used(events, counted)
