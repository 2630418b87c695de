"""What of a run can fairly be held against a later one: facts about customers that no later data will change."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from journeylab import text
from journeylab.config import Goal
from journeylab.findings.gather import WINDOW
from journeylab.findings.horizons import Horizons, Key
from journeylab.findings.model import parameter
from journeylab.intervals import wilson
from journeylab.journeymap.goals import outcome_times
from journeylab.results import Result
from journeylab.study import Study

COLUMNS = ["kind", "name", "label", "k", "n", "share", "ci_low", "ci_high", "within", "by", "followed", "better"]


@dataclasses.dataclass(frozen=True)
class Settled(Result):
    """Shares of customers who did something in time, of those who were seen for as long.

    Attributes
    ----------
    table : DataFrame
        kind (``KPI``, ``outcome``, ``funnel``), name, label, k, n, share, ci_low, ci_high (Wilson), within, by (where that
        time comes from: ``set``, ``data``, ``window``), followed (customers who were seen for so long, whether or not they
        came to the step), better (``higher``, ``lower``).
    """

    def summary(self) -> str:
        """Say how many facts are settled, and of how many customers."""
        if self.table.empty:
            return "The study has no customers whose journey could be followed for long enough."
        within = text.sentence_list(sorted(set(self.table["within"]), key=pd.Timedelta))
        return f"{len(self.table)} shares of customers, each within {within} of its start, among those who were seen so long."


def settled(study: Study, *, within: str | None = None, before: Mapping[Key, str] | None = None) -> Settled:
    """Count what customers did within a fixed time, so that runs of a growing study can be compared.

    Parameters
    ----------
    within : str, optional
        The time that each customer gets. A goal's own ``within`` goes before it.
    before : mapping, optional
        Of `last_horizons`: the times that the last run took from the data; they stay what they are.

    Notes
    -----
    A customer counts when the data go on for the whole time after the start: then no later data change the fact, and what
    came between two runs is the difference of their counts. The share of everybody so far would rise in each run, because
    those who came last have had the least time. Where no time is set it is the shortest within which nine in ten of those
    who go on within the window of notebook 07 have done so, see `choose_horizon`.
    """
    longest = str(parameter(study.config, "07_touchpoint_impact", "window", WINDOW))
    horizons = Horizons(within, longest, before or {})
    events = study.events
    rows: list[tuple[Any, ...]] = []
    if events is not None and not events.empty:
        clock = _Clock.of(events)
        rows = [*_outcomes(study, clock, horizons), *_steps(events, study.stages, clock, horizons)]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in {"share", "ci_low", "ci_high"}])
    table["share"], table["ci_low"], table["ci_high"] = wilson(table["k"].to_numpy(), table["n"].to_numpy())
    return Settled(
        table[COLUMNS],
        "Shares within a fixed time of the start, with Wilson intervals",
        ("The data are complete up to their last event.", "Customers act independently of each other."),
    )


@dataclasses.dataclass(frozen=True)
class _Clock:
    """When each customer began, and when the data end."""

    start: pd.Series
    end: pd.Timestamp

    @classmethod
    def of(cls, events: pd.DataFrame) -> _Clock:
        return cls(events.groupby("customer_id")["event_time"].min(), events["event_time"].max())

    def seen(self, span: str, start: pd.Series | None = None) -> pd.Series:
        """Whether the data go on for so long after each start."""
        return (self.start if start is None else start) + pd.Timedelta(span) <= self.end


def _outcomes(study: Study, clock: _Clock, horizons: Horizons) -> Iterator[tuple[Any, ...]]:
    """Goals on outcomes, and every outcome of which no goal counts the same."""
    asked = [
        ("KPI", name.replace("_", " "), goal.kpi, goal) for name, goal in study.config.goals.items() if goal.outcome
    ]
    counted = {goal.outcome for *_, goal in asked if goal.among is None and goal.within is None}
    asked += [
        ("outcome", item.name, f"reach the outcome '{item.name}'", Goal(kpi=item.name, target=0.0, outcome=item.name))
        for item in study.config.outcomes
        if item.name not in counted
    ]
    for kind, name, what, goal in asked:
        start, needed = outcome_times(study, goal)
        horizon = horizons.of((kind, name), needed[clock.seen(horizons.longest, start)], goal.within)
        seen = clock.seen(horizon.within, start)
        k = int((needed[seen] <= pd.Timedelta(horizon.within)).sum())
        better = "lower" if goal.lower_is_better else "higher"
        if seen.any():
            yield (kind, name, f"{what}, within {horizon.within}", k, int(seen.sum()), *horizon,
                   int(clock.seen(horizon.within).sum()), better)  # fmt: skip


def _steps(events: pd.DataFrame, stages: list[str], clock: _Clock, horizons: Horizons) -> Iterator[tuple[Any, ...]]:
    """From each stage to the next: of the customers who came at least to it."""
    place = events["stage"].map({stage: number for number, stage in enumerate(stages)})
    here = [number for number, stage in enumerate(stages) if (events["stage"] == stage).any()]
    # How long each customer took to come at least so far.
    needed = {number: _first(events[place >= number], clock) for number in here}
    for one, other in itertools.pairwise(here):
        name = f"{stages[one]} to {stages[other]}"
        horizon = horizons.of(("funnel", name), needed[other][clock.seen(horizons.longest)])
        seen, span = clock.seen(horizon.within), pd.Timedelta(horizon.within)
        n, k = (int((needed[number][seen] <= span).sum()) for number in (one, other))
        label = f"go on from {stages[one]} to {stages[other]}, within {horizon.within}"
        yield "funnel", name, label, k, n, *horizon, int(seen.sum()), "higher"


def _first(events: pd.DataFrame, clock: _Clock) -> pd.Series:
    """The time from each customer's start to the first of these events; missing for who has none."""
    return events.groupby("customer_id")["event_time"].min().reindex(clock.start.index) - clock.start


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
