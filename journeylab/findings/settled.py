"""What of a run can fairly be held against a later one: facts about customers that no later data will change."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd

from journeylab import text
from journeylab.findings.gather import WINDOW
from journeylab.findings.model import parameter
from journeylab.intervals import wilson
from journeylab.journeymap.goals import outcome_share
from journeylab.results import Result
from journeylab.study import Study


@dataclasses.dataclass(frozen=True)
class Settled(Result):
    """Shares of customers who did something in time, of those who were seen for as long.

    Attributes
    ----------
    table : DataFrame
        kind (``KPI``, ``funnel``), name, label, k, n, share, ci_low, ci_high (Wilson), within, better (``higher``, ``lower``).
    """

    def summary(self) -> str:
        """Say how many facts are settled, and of how many customers."""
        if self.table.empty:
            return "The study has no customers whose journey could be followed for long enough."
        within = text.sentence_list(sorted(set(self.table["within"])))
        return f"{len(self.table)} shares of customers, each within {within} of its start, among those who were seen so long."


def settled(study: Study, *, within: str | None = None) -> Settled:
    """Count what customers did within a fixed time, so that runs of a growing study can be compared.

    Parameters
    ----------
    within : str, optional
        The time that each customer gets; else the window of notebook 07. A goal's own ``within`` goes before it.

    Notes
    -----
    A customer counts when the data go on for the whole time after the start: then no later data change the fact, and what
    came between two runs is the difference of their counts. The share of everybody so far would rise in each run, because
    those who came last have had the least time.
    """
    span = within or str(parameter(study.config, "07_touchpoint_impact", "window", WINDOW))
    events = study.events
    rows = [] if events is None or events.empty else [*_kpis(study, span), *_steps(events, study.stages, span)]
    table = pd.DataFrame(rows, columns=["kind", "name", "label", "k", "n", "within", "better"])
    table["share"], table["ci_low"], table["ci_high"] = wilson(table["k"].to_numpy(), table["n"].to_numpy())
    return Settled(
        table[["kind", "name", "label", "k", "n", "share", "ci_low", "ci_high", "within", "better"]],
        "Shares within a fixed time of the start, with Wilson intervals",
        ("The data are complete up to their last event.", "Customers act independently of each other."),
    )


def _kpis(study: Study, span: str) -> Iterator[tuple[Any, ...]]:
    """Goals on outcomes."""
    for name, goal in study.config.goals.items():
        if goal.outcome is None:
            continue
        timed = goal if goal.within is not None else goal.model_copy(update={"within": span})
        found = outcome_share(study, timed)
        n = int(found["n"])
        if n:
            better = "lower" if goal.lower_is_better else "higher"
            k = round(float(found["value"]) * n)
            yield "KPI", name.replace("_", " "), f"{goal.kpi}, within {timed.within}", k, n, timed.within, better


def _steps(events: pd.DataFrame, stages: list[str], span: str) -> Iterator[tuple[Any, ...]]:
    """From each stage to the next: of the customers who came at least to it."""
    place = events["stage"].map({stage: number for number, stage in enumerate(stages)})
    start = events.groupby("customer_id")["event_time"].min()
    start = start[start + pd.Timedelta(span) <= events["event_time"].max()]
    begun = events["customer_id"].map(start)
    near = begun.notna() & (events["event_time"] <= begun + pd.Timedelta(span)) & place.notna()
    furthest = place[near].groupby(events.loc[near, "customer_id"]).max()
    reached = [int((furthest >= number).sum()) for number in range(len(stages))]
    here = [number for number, stage in enumerate(stages) if (events["stage"] == stage).any()]
    for one, other in itertools.pairwise(here):
        label = f"go on from {stages[one]} to {stages[other]}, within {span}"
        yield "funnel", f"{stages[one]} to {stages[other]}", label, reached[other], reached[one], span, "higher"


def basis(study: Study) -> dict[str, Any]:
    """The days of a study's data and a mark of each source, by which two runs say what they have in common.

    Returns
    -------
    dict
        ``customers``, ``responses``, ``interviews``: ``mark`` (a hash of the table) and ``days``: how many came into the data
        on each day. No ids.
    """
    found: dict[str, Any] = {}
    if study.events is not None:
        events = study.events[["customer_id", "event_time", "touchpoint"]]
        found["customers"] = _part(events, events.groupby("customer_id")["event_time"].min())
    if study.responses is not None:
        known = ["respondent_id", "response_time", "instrument", "item", "score"]
        found["responses"] = _part(study.responses[known], study.responses["response_time"])
    if study.codings is not None and study.documents is not None:
        documents = study.documents
        person = documents.get("participant_id", documents["document_id"]).fillna(documents["document_id"])
        dated = "collected_at" in documents and documents["collected_at"].notna().all()
        first = documents.groupby(person)["collected_at"].min() if dated else pd.Series("undated", person.unique())
        found["interviews"] = _part(study.codings[["segment_id", "code_id", "coder"]], first)
    return found


def _part(table: pd.DataFrame, when: pd.Series) -> dict[str, Any]:
    """The mark and days of one source."""
    marks = pd.util.hash_pandas_object(table, index=False).sort_values()
    day = when.dropna().dt.strftime("%Y-%m-%d") if pd.api.types.is_datetime64_any_dtype(when) else when
    days = {str(name): int(n) for name, n in day.value_counts().sort_index().items()}
    return {"mark": hashlib.sha256(marks.to_numpy().tobytes()).hexdigest(), "days": days}
