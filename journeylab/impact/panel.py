"""Visits as trial starts: what was known before each visit, what was met in it, and what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import StudyError, did_you_mean, listing
from journeylab.impact.amounts import Amounts
from journeylab.impact.controls import control_outcomes
from journeylab.impact.history import Visits, counts_before, from_attributes, from_context, from_events, visits_of
from journeylab.impact.within_visit import Steps
from journeylab.journeys.build import build
from journeylab.journeys.cuts import microseconds
from journeylab.journeys.model import Journeys, keep_events

AFTER = 0.05
"""A touchpoint that so few of its customers met before their first outcome can only follow it."""

MOST_CUSTOMERS = 100_000
"""With more customers a random sample of so many is analysed: intervals are then narrower than any decision needs."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """One row a visit that could start a trial.

    Attributes
    ----------
    customer : ndarray of int64, shape (n,)
        For folds and standard errors.
    history : ndarray of float64, shape (n, p)
        What was known before the visit, standardised; the same for every exposure.
    names : tuple of str
        Of the columns of `history`.
    met : ndarray of bool, shape (n, n_touchpoints)
        Touchpoints met in the visit before any outcome.
    before : ndarray of bool, shape (n, n_touchpoints)
        Touchpoints met in an earlier visit.
    outcome : ndarray of bool or float64, shape (n,)
        The outcome within the window from the start of the visit; or the sum of its values.
    start : ndarray of datetime64[us], shape (n,)
    depth : ndarray of float64, shape (n,)
        Events of the visit before any outcome.
    begins : ndarray of bool, shape (n,)
        Visits that the outcome opens.
    steps : Steps
        What was met in each visit before any outcome, in order.
    touchpoints : tuple of str
    ever, converted : ndarray
        (n_customers, n_touchpoints) bool and (n_customers,) bool: what a dashboard would compare.
    follows : ndarray of bool, shape (n_touchpoints,)
        Touchpoints that (nearly) no customer met before their first outcome.
    only_after : ndarray of float64, shape (n_touchpoints,)
        Of the visits that hold the outcome and the touchpoint, the share that meet it after the outcome only.
    controls : ndarray of float64, shape (n, n_controls)
        Negative controls after the start of the visit: the share of the visits within the window that hold one, or, of a
        control apart from visits, how many more came than usual.
    dropped : dict of str to int
        Visits that cannot start a trial, by reason; with the rows kept they add up to `n_visits`.
    n_visits : int
    n_customers : int
        Before any sampling.
    """

    customer: NDArray[np.int64]
    history: NDArray[np.float64]
    names: tuple[str, ...]
    met: NDArray[np.bool_]
    before: NDArray[np.bool_]
    outcome: NDArray[np.bool_] | NDArray[np.float64]
    start: NDArray[np.datetime64]
    depth: NDArray[np.float64]
    begins: NDArray[np.bool_]
    steps: Steps
    touchpoints: tuple[str, ...]
    ever: NDArray[np.bool_]
    converted: NDArray[np.bool_]
    follows: NDArray[np.bool_]
    only_after: NDArray[np.float64]
    controls: NDArray[np.float64]
    dropped: dict[str, int]
    n_visits: int
    n_customers: int


def trial_panel(
    events: pd.DataFrame,
    customers: pd.DataFrame | None = None,
    *,
    outcome: str,
    window: str,
    gap: str = "30min",
    covariates: list[str] | None = None,
    negative_controls: Sequence[str] = (),
    seed: int = 0,
    amounts: bool = False,
) -> Panel:
    """Turn events into eligible visits with their history, exposures and outcome.

    Parameters
    ----------
    events : DataFrame
        Contract events; visits from session_id where present, else by `gap`.
    customers : DataFrame, optional
        Attributes known before the journey; numbers, categories, and ``entry_time`` as tenure.
    outcome : str
        Touchpoint.
    window : str
        The outcome must follow the start of the visit within it.
    covariates : list of str, optional
        Which attributes of `customers` to use; all where not given.
    negative_controls : sequence of str
        Touchpoints that no exposure can cause; a visit of nothing else is no visit.
    seed : int
        Of the sample of customers.
    amounts : bool
        The outcome is the sum of its events' values; visits after an earlier outcome start trials too.

    Notes
    -----
    Eligible is a visit of a customer without an earlier outcome whose window ends within the data. History counts only
    events of earlier visits. An exposure counts only before the first outcome of its visit, so that it precedes what it is
    held to account for. Of more than 100,000 customers a random sample of so many is taken.

    Raises
    ------
    StudyError
        For an unknown outcome or a window that is not understood.
    """
    span = np.timedelta64(microseconds(window, "window"), "us")
    end = events["event_time"].max()
    n_customers = int(events["customer_id"].nunique())
    events = _sampled(events, n_customers, outcome, seed)
    whole = build(events, gap=gap)
    if outcome not in whole.touchpoints:
        raise StudyError(
            f"outcome '{outcome}' is not a touchpoint of these events; there are {listing(whole.touchpoints)}."
            f"{did_you_mean(outcome, whole.touchpoints)}"
        )
    j = _without_lone_controls(whole, negative_controls)
    visits = visits_of(j)
    first, customer, start = visits.first, visits.customer, visits.start
    target = j.touchpoints.index(outcome)
    owner, size = j.event_journey, len(j.touchpoints)
    hits = np.flatnonzero(j.codes == target)
    earliest = np.full(j.n_journeys, j.n_events, dtype=np.int64)
    np.minimum.at(earliest, owner[hits], hits)
    had = earliest[customer] < first if not amounts else np.zeros(len(first), dtype=bool)
    cut = start + span > np.datetime64(end.tz_convert(None) if end.tz is not None else end)
    eligible = ~had & ~cut
    when = np.full(j.n_journeys, np.datetime64("NaT"), dtype=j.times.dtype)
    reached = earliest < j.n_events
    when[reached] = j.times[earliest[reached]]
    result: NDArray[np.bool_] | NDArray[np.float64] = ~np.isnat(when[customer]) & (when[customer] - start < span)
    ends = when[customer] if not amounts else np.full(len(first), np.datetime64("NaT"), dtype=start.dtype)
    by_visit = np.full(len(first), j.n_events, dtype=np.int64)
    np.minimum.at(by_visit, visits.of_event[hits], hits)
    begins = by_visit < j.n_events
    begins[begins] = j.times[by_visit[begins]] == start[begins]
    counting = np.arange(j.n_events) < (by_visit[visits.of_event] if amounts else earliest[owner])
    met = np.zeros((len(first), size), dtype=bool)
    met[visits.of_event[counting], j.codes[counting]] = True
    counts = counts_before(j.codes, first, j.offsets[:-1][customer], size)
    ever = np.zeros((j.n_journeys, size), dtype=bool)
    ever[owner, j.codes] = True
    blocks = [
        from_events(j, visits, counts, -1 if amounts else target),
        from_context(events, j, visits, "device"),
        from_context(events, j, visits, "channel"),
        from_attributes(customers, j.ids, customer, start, covariates),
    ]
    if amounts:
        spent = Amounts(events, j, outcome)
        blocks.append(spent.history(visits))
        result = spent.between(customer, start, start + span)
    history = np.column_stack([block for block, _ in blocks])[eligible]
    labels = np.array([name for _, names in blocks for name in names], dtype=object)
    some = history if len(history) else np.zeros((1, history.shape[1]))
    spread = some.std(axis=0)
    used = spread > 1e-9
    history = (history[:, used] - some[:, used].mean(axis=0)) / spread[used]
    return Panel(
        customer=customer[eligible],
        history=history,
        names=tuple(labels[used].tolist()),
        met=met[eligible],
        before=counts[eligible] > 0,
        outcome=result[eligible],
        start=start[eligible],
        depth=np.bincount(visits.of_event[counting], minlength=len(first))[eligible].astype(float),
        begins=begins[eligible],
        steps=_steps(j, visits, counting, eligible),
        touchpoints=j.touchpoints,
        ever=ever,
        converted=reached,
        follows=_follows(j, when, ever) if not amounts else np.zeros(size, dtype=bool),
        only_after=_only_after(j, visits, by_visit, met),
        controls=control_outcomes(whole, j, visits, negative_controls, span, ends)[eligible],
        dropped={"after an earlier outcome": int(had.sum()), "window not complete": int((cut & ~had).sum())},
        n_visits=len(first),
        n_customers=n_customers,
    )


def _steps(j: Journeys, visits: Visits, counting: NDArray[np.bool_], eligible: NDArray[np.bool_]) -> Steps:
    """The events of eligible visits before any outcome."""
    events = np.flatnonzero(counting & eligible[visits.of_event])
    of = visits.of_event[events]
    number = np.bincount(of, minlength=len(visits.first))[eligible]
    minutes = (j.times[events] - visits.start[of]) / np.timedelta64(1, "m")
    return Steps(np.concatenate([[0], np.cumsum(number)]), j.codes[events], minutes.astype(np.float32))


def _only_after(j: Journeys, visits: Visits, outcome: NDArray[np.int64], met: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of the visits that hold the outcome and a touchpoint the share that meet it after the outcome only, a touchpoint."""
    late = np.flatnonzero(np.arange(j.n_events) > outcome[visits.of_event])
    after = np.zeros_like(met)
    after[visits.of_event[late], j.codes[late]] = True
    before = met & (outcome < j.n_events)[:, None]
    return np.asarray((after & ~before).sum(axis=0) / np.maximum((after | before).sum(axis=0), 1))


def _sampled(events: pd.DataFrame, n_customers: int, outcome: str, seed: int) -> pd.DataFrame:
    """The events of a random sample of customers, where there are more than are needed."""
    if n_customers <= MOST_CUSTOMERS:
        return events
    codes, ids = pd.factorize(events["customer_id"])
    drawn = np.zeros(len(ids) + 1, dtype=bool)  # the last place is of events without a customer
    drawn[np.random.default_rng(seed).choice(len(ids), MOST_CUSTOMERS, replace=False)] = True
    return events[drawn[codes]]


def _without_lone_controls(j: Journeys, controls: Sequence[str]) -> Journeys:
    """Drop visits that hold negative controls and nothing else, such as a letter read between visits."""
    named = np.isin(j.codes, [code for code, name in enumerate(j.touchpoints) if name in controls])
    if not named.any():
        return j
    visits = visits_of(j)
    real = np.zeros(len(visits.first), dtype=bool)
    real[visits.of_event[~named]] = True
    return keep_events(j, real[visits.of_event], drop_empty=False)


def _follows(j: Journeys, when: NDArray[np.datetime64], ever: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Touchpoints that (nearly) no customer met at a time before the first outcome."""
    owner = j.event_journey
    strictly = np.isnat(when[owner]) | (j.times < when[owner])
    early = np.zeros_like(ever)
    early[owner[strictly], j.codes[strictly]] = True
    return np.asarray(early.sum(axis=0) <= AFTER * ever.sum(axis=0)) & ever.any(axis=0)
