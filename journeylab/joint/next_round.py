"""Whom to interview next: where behaviours have no voice, where people lie between, where words and deeds disagree."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from journeylab import text
from journeylab.errors import StudyError
from journeylab.joint.display import JointDisplay, display
from journeylab.joint.typing import Typing, type_people
from journeylab.privacy import pseudonyms
from journeylab.results import Result
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.behaviours import Behaviours

ENOUGH = 3
"""A behaviour with fewer interviews than this is asked about first."""

COLUMNS = ["order", "customer", "why", "behaviour", "probability", "margin", "events", "stage"]


@dataclasses.dataclass(frozen=True)
class NextInterviews(Result):
    """Customers to be asked for an interview.

    Attributes
    ----------
    table : DataFrame
        order, customer (pseudonym), why, behaviour, probability, margin, events, stage (of a discord).
    asked : str
        What is known of consent to be contacted again.
    ids : dict
        Customer id of each pseudonym, for the team; it is in no report.
    """

    asked: str
    ids: dict[str, str] = dataclasses.field(repr=False)

    def summary(self) -> str:
        """Say how many customers are proposed and why."""
        if self.table.empty:
            return f"Nobody can be proposed for the next interviews. {self.asked}"
        reasons = self.table["why"].value_counts(sort=False)
        parts = [f"{n} {why}" for why, n in reasons.items()]
        return f"{len(self.table)} customers for the next interviews: {text.sentence_list(parts)}. {self.asked}"


def next_interviews(
    study: Study,
    behaviours: Behaviours | None = None,
    *,
    typing: Typing | None = None,
    by_stage: JointDisplay | None = None,
    per: int = 2,
    seed: int = 0,
) -> NextInterviews:
    """Propose customers for the next interviews.

    Parameters
    ----------
    study : Study
    behaviours, typing, by_stage : optional
        Results that are there already; made here where not given.
    per : int
        So many customers for each hole, typical customer, boundary and discord.

    Returns
    -------
    NextInterviews
        First behaviours with fewer than three interviews (their typical customers), then the typical customers of the others,
        then customers between two behaviours, then customers who met trouble on a stage where words and deeds disagree.

    Notes
    -----
    Typical is who has the most probable membership among members whose number of events is next to the median; between two
    behaviours lies who has the smallest margin, among customers with at least the median number of events. Nobody who is
    in the crosswalk is proposed. Where the screener has a column ``recontact``, only who said yes to it.

    Raises
    ------
    StudyError
        When the study has no events.
    """
    if study.events is None:
        raise StudyError(f"{study.path}: has no events, so no customer can be chosen by behaviour.")
    if behaviours is None:
        from journeylab import behaviours as room

        behaviours = room.find(study.journeys(), until=study.outcome, seed=seed)
    typing = typing or type_people(study, behaviours, seed=seed)
    by_stage = by_stage or display(study, "stage")
    free, asked = _free(study, behaviours)
    chosen: dict[str, dict[str, object]] = {}
    for name, line in _candidates(study, behaviours, typing, by_stage, free, per):
        chosen.setdefault(name, line)
    labels = pseudonyms(behaviours.labels.index, prefix="K")
    rows = [
        {"order": place, "customer": labels[name], **line} for place, (name, line) in enumerate(chosen.items(), start=1)
    ]
    return NextInterviews(
        pd.DataFrame(rows, columns=COLUMNS),
        "Customers chosen by behaviour for the next interviews",
        (
            "These customers are chosen to learn from, not to count: they are no sample.",
            "Interviews are still to be asked for; nothing here is a consent.",
        ),
        asked,
        {labels[name]: name for name in chosen},
    )


def _free(study: Study, behaviours: Behaviours) -> tuple[pd.DataFrame, str]:
    """Customers who may be proposed: behaviour, probability, margin, events; and what is known of their consent."""
    posterior = np.sort(behaviours.posterior.to_numpy(float), axis=1)
    frame = pd.DataFrame(
        {
            "behaviour": behaviours.labels,
            "probability": posterior[:, -1],
            "margin": posterior[:, -1] - posterior[:, -2] if posterior.shape[1] > 1 else 1.0,
        }
    )
    assert study.events is not None
    frame["events"] = frame.index.map(study.events["customer_id"].value_counts())
    frame = frame.dropna(subset=["events"]).astype({"events": int})
    if study.crosswalk is not None:
        frame = frame[~frame.index.isin(study.crosswalk["customer_id"])]
        if frame.empty:
            return frame, "Everybody in the log is in the crosswalk already."
    screener = study.screener
    if screener is None or "recontact" not in screener:
        return frame, "The data do not say who may be contacted again: ask for that first."
    willing = set(screener.loc[screener["recontact"].fillna(False).astype(bool), "respondent_id"])
    kept = frame[frame.index.isin(willing)]
    return (
        kept,
        f"Only the {text.count(len(kept))} of {text.count(len(frame))} customers who agreed to be contacted again are considered.",
    )


def _candidates(
    study: Study, behaviours: Behaviours, typing: Typing, by_stage: JointDisplay, free: pd.DataFrame, per: int
) -> Iterator[tuple[str, dict[str, object]]]:
    """Customers and why, the most wanted first."""
    interviews = typing.counts.set_index("behaviour")["interviewed"]
    for name in sorted(interviews.index, key=lambda name: (interviews[name] >= ENOUGH, interviews[name], name)):
        n = int(interviews[name])
        why = "hole" if n == 0 else f"fewer than {ENOUGH} interviews" if n < ENOUGH else "typical"
        for customer, row in _typical(free[free["behaviour"] == name]).head(per).iterrows():
            yield str(customer), _line(why, row)
    if behaviours.k > 1 and len(free):
        between = free[free["events"] >= free["events"].median()].sort_values(["margin", "events"], kind="stable")
        for customer, row in between.head(per).iterrows():
            yield str(customer), _line("between two behaviours", row)
    assert study.events is not None
    for stage in by_stage.table.loc[by_stage.table["fit"] == "discord", "stage"]:
        here = study.events[study.events["stage"] == stage]
        trouble = here[~here["planned"].astype(bool)]
        met = (trouble if len(trouble) else here)["customer_id"].value_counts()
        wanted = free[free.index.isin(met.index)]
        order = wanted.index.map(met).to_numpy()
        for customer, row in wanted.iloc[np.argsort(-order, kind="stable")].head(per).iterrows():
            yield str(customer), _line("discord", row, stage)


def _typical(members: pd.DataFrame) -> pd.DataFrame:
    """Members by how typical they are: of middling length first, then the most probable."""
    away = (members["events"] - members["events"].median()).abs()
    near = away <= 1
    frame = members.assign(far=~near, away=away)
    return frame.sort_values(["far", "probability", "away"], ascending=[True, False, True], kind="stable")


def _line(why: str, row: pd.Series, stage: str = "") -> dict[str, object]:
    return {
        "why": why,
        "stage": stage,
        **{name: row[name] for name in ("behaviour", "probability", "margin", "events")},
    }
