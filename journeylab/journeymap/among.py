"""A study of some of its customers and people only, for a map of one behaviour."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import TYPE_CHECKING

from journeylab.config import Joint
from journeylab.joint.said import people
from journeylab.study import Study

if TYPE_CHECKING:
    import pandas as pd

NOT_DRAWN = ("customers", "assignments", "screener", "changes")
WORKED_OUT = (*NOT_DRAWN, "links", "refused_links", "recorded", "measures")


def among(study: Study, customers: Collection[str], persons: Collection[str] = ()) -> Study:
    """Restrict a study to members.

    Parameters
    ----------
    study : Study
        Stays as it is.
    customers : collection of str
        Whose events and answers are kept. Answers are kept by respondent, whose id is a customer's.
    persons : collection of str
        Whose interviews are kept: participant_id, or document_id where nobody is named.

    Returns
    -------
    Study
        With the same stages, touchpoints and sources. A table that the study has stays there, maybe without rows, so that
        a source without members can be told from one that is missing. What no map is drawn from (attributes of customers,
        assignments, screener, changes) is not kept, nor are the team's overrides of the joint display, which are of all.
    """
    part = copy.copy(study)
    customers, persons = set(customers), set(persons)
    kept: dict[str, pd.DataFrame | None] = {"touchpoints": study.touchpoints}
    kept["events"] = _only(study.events, "customer_id", customers)
    kept["responses"] = _only(study.responses, "respondent_id", customers | persons)
    kept["crosswalk"] = _only(study.crosswalk, "participant_id", persons)
    kept["participants"] = _only(study.participants, "participant_id", persons)
    documents = study.documents
    if documents is not None:
        theirs = set(documents.loc[documents["document_id"].map(people(study)).isin(persons), "document_id"])
        kept["documents"] = _only(documents, "document_id", theirs)
        kept["segments"] = _only(study.segments, "document_id", theirs)
        kept["codings"] = _only(study.codings, "document_id", theirs)
        kept["asked"] = _asked(study, theirs, persons)
    for name in WORKED_OUT:
        part.__dict__.pop(name, None)
    part.__dict__.update(kept)
    part.config = study.config.model_copy(update={"joint": Joint(), **dict.fromkeys(NOT_DRAWN)})
    part.part = True
    return part


def _only(frame: pd.DataFrame | None, column: str, wanted: set[str]) -> pd.DataFrame | None:
    """The rows of members; None where the study has no such table."""
    return None if frame is None else frame[frame[column].isin(wanted)].reset_index(drop=True)


def _asked(study: Study, documents: set[str], persons: set[str]) -> pd.DataFrame | None:
    """What the interview guide raised with these people."""
    column = "document_id" if study.asked is not None and "document_id" in study.asked else "participant_id"
    return _only(study.asked, column, documents if column == "document_id" else persons)
