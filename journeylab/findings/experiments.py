"""Measure a study's randomised tests, for all customers and by what they did before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from journeylab import journeys
from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.findings.model import parameter
from journeylab.study import Study

if TYPE_CHECKING:
    from journeylab.impact import EffectsByGroup, Experiments

PAGE = "08_experiments"


def measure_experiments(
    study: Study,
    *,
    window: str | None = None,
    measure: str | None = None,
    peeking: bool | None = None,
    planned_shares: Mapping[str, Any] | None = None,
    guard_rails: Mapping[str, float] | None = None,
) -> Experiments | None:
    """Measure the randomised tests of a study; None without events, assignments or outcome.

    Parameters
    ----------
    window, measure, peeking, planned_shares, guard_rails : optional
        As of `impact.experiment` (planned_shares is `expected`; a guard rail's margin of 0 is none); what study.toml says for
        notebook 08 where not given.
    """
    from journeylab import impact

    if not study.has("events", "assignments") or study.outcome is None:
        return None

    def chosen(given: Any, name: str, usual: Any) -> Any:
        return parameter(study.config, PAGE, name, usual) if given is None else given

    margins = chosen(guard_rails, "guard_rails", {})
    return impact.experiment(
        study.assignments,
        study.events,
        outcome=study.outcome,
        window=chosen(window, "window", "30d"),
        measure=chosen(measure, "measure", "share"),
        peeking=chosen(peeking, "peeking", False),
        expected=chosen(planned_shares, "planned_shares", {}),
        guard_rails={name: margin or None for name, margin in margins.items()},
        customers=study.customers,
    )


def effects_by(
    study: Study,
    by: str = "",
    *,
    window: str,
    measure: str = "share",
    planned_shares: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> EffectsByGroup | None:
    """Measure the randomised tests by behaviour before the assignment, or by an attribute of customers.

    Parameters
    ----------
    by : str
        A column of `customers`; empty: by behaviour.

    Returns
    -------
    EffectsByGroup or None
        None without events, assignments or outcome.

    Raises
    ------
    StudyError
        When customers have no such attribute.
    """
    from journeylab import impact

    if not study.has("events", "assignments") or study.outcome is None:
        return None
    if by:
        known = [] if study.customers is None else [name for name in study.customers if name != "customer_id"]
        if study.customers is None or by not in known:
            raise StudyError(
                f"by='{by}' is no attribute of customers; there are {listing(known)}.{did_you_mean(by, known)}"
            )
        groups = study.customers[["customer_id", by]].rename(columns={by: "group"}).astype({"group": "str"})
    else:
        groups = behaviours_before(study.assignments, study.events, gap=study.config.study.session_gap, seed=seed)
    return impact.effects_by_group(
        study.assignments,
        study.events,
        groups,
        outcome=study.outcome,
        window=window,
        measure=measure,
        expected=planned_shares,
        grouped_by=by or "behaviour before the assignment",
    )


def behaviours_before(
    assignments: pd.DataFrame, events: pd.DataFrame, *, gap: str = "30min", seed: int = 0
) -> pd.DataFrame:
    """The behaviour of each customer of a test, found in events strictly before the assignment.

    Returns
    -------
    DataFrame
        experiment, customer_id, group: the behaviour's name. Customers without earlier events are not in it; where no behaviours
        can be told apart, all others are ``earlier events``.

    Notes
    -----
    Behaviours of whole journeys would not do: the change may move customers between them.
    """
    from journeylab import behaviours

    parts = []
    for name, assigned in assignments.groupby("experiment", sort=False):
        first = assigned.groupby("customer_id")["assigned_at"].min()
        start = events["customer_id"].map(first)
        earlier = events[events["event_time"] < start]
        if earlier.empty:
            continue
        j = journeys.build(earlier, gap=gap)
        found = behaviours.find(j, seed=seed)
        names = {"B1": "earlier events"} if found.k == 1 else behaviours.portraits(found, j).names
        labels = found.labels.map(names)
        parts.append(pd.DataFrame({"experiment": name, "customer_id": labels.index, "group": labels.to_numpy()}))
    return (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["experiment", "customer_id", "group"])
    )
