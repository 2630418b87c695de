"""Whose trace is whose: the events of interviewed people, inside their link's validity, before and after the interview."""

from __future__ import annotations

import pandas as pd

from journeylab.study import Study
from journeylab.voices.prevalence import people_of


def interviewed(study: Study) -> list[str]:
    """Everybody who was interviewed and did not withdraw: who is in the documents, the participants or the crosswalk."""
    found: set[str] = set()
    if study.has("documents"):
        found |= set(people_of(study.documents).dropna())
    for frame in (study.participants, study.crosswalk):
        if frame is not None:
            found |= set(frame["participant_id"])
    return sorted(found)


def interview_times(study: Study) -> pd.Series:
    """When each person was first interviewed: index participant_id; people without a date are not in it.

    Notes
    -----
    A date without a clock time stands for the end of its day, so that nothing of the day itself counts as after it.
    """
    documents = study.documents
    if documents is None or "collected_at" not in documents or "participant_id" not in documents:
        return pd.Series(dtype="datetime64[us, UTC]")
    dated = documents.dropna(subset=["collected_at", "participant_id"])
    first = dated.groupby("participant_id")["collected_at"].min()
    clock = first.dt.tz_convert(study.config.study.timezone).dt.tz_localize(None)
    if len(first) and (clock == clock.dt.normalize()).all():
        first = first + pd.Timedelta("1D") - pd.Timedelta("1us")
    return first


def all_linked_events(study: Study) -> pd.DataFrame:
    """The events behind every link in use, also those outside of its validity.

    Returns
    -------
    DataFrame
        The columns of the events, and participant_id, inside (of the link's valid_from and valid_to),
        after_interview (later than the person's first interview).
    """
    events, links = study.events, study.links
    if events is None or links is None:
        return pd.DataFrame(columns=["customer_id", "event_time", "participant_id", "inside", "after_interview"])
    wanted = links.reindex(columns=["participant_id", "customer_id", "valid_from", "valid_to"])
    theirs = events[events["customer_id"].isin(wanted["customer_id"])]
    found = theirs.reset_index(names="_event").merge(wanted, on="customer_id", how="inner")
    begin, end = (pd.to_datetime(found[name], utc=True) for name in ("valid_from", "valid_to"))
    found["inside"] = ~((found["event_time"] < begin) | (found["event_time"] > end))
    # two windows of one person for one id: an event inside either is inside, and counts once
    found = found.sort_values(["_event", "participant_id", "inside"], kind="stable")
    found = found.drop_duplicates(["_event", "participant_id"], keep="last")
    found = found.reset_index(drop=True)
    when = interview_times(study).reindex(found["participant_id"]).reset_index(drop=True)
    found["after_interview"] = found["event_time"] > when
    found = found.sort_values(["participant_id", "event_time", "_event"], kind="stable")
    return found.drop(columns=["_event", "valid_from", "valid_to"]).reset_index(drop=True)


def linked_events(study: Study) -> pd.DataFrame:
    """The events of interviewed people that count: of links in use, inside their validity.

    Returns
    -------
    DataFrame
        The columns of the events, and participant_id, after_interview.
    """
    found = all_linked_events(study)
    return found[found["inside"].astype(bool)].drop(columns="inside").reset_index(drop=True)


def met_by(study: Study) -> dict[str, set[str]]:
    """Who met each touchpoint, among interviewed people with a link: touchpoint to participant_ids."""
    found = linked_events(study)
    return {} if found.empty else found.groupby("touchpoint")["participant_id"].agg(set).to_dict()
