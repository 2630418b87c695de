"""When was each customer at risk of the outcome, and what had been met by then? Rows from start to stop for Cox's model."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from journeylab.impact.spells import CONVERTED, NEVER, Spells
from journeylab.journeys.model import Journeys, first_position, meetings
from journeylab.journeys.observation import DAY

RARE = 0.01
"""An earlier touchpoint at fewer of the visits is no part of the history."""


@dataclasses.dataclass(frozen=True)
class Rows:
    """Stretches of customers' ways over which nothing changes.

    Attributes
    ----------
    customer : ndarray of int64, shape (n,)
        Index of the spell.
    start, stop : ndarray of float64, shape (n,)
        At risk after the one and up to the other, in days or visits.
    event : ndarray of bool, shape (n,)
        Whether the row ends with the outcome.
    exposed : ndarray of bool, shape (n, k)
        Which touchpoints have been met.
    given : ndarray of float64, shape (n, m)
        What else is adjusted for.
    """

    customer: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    event: NDArray[np.bool_]
    exposed: NDArray[np.bool_]
    given: NDArray[np.float64]

    @property
    def customers(self) -> NDArray[np.int64]:
        """The customers who have a row."""
        return np.unique(self.customer)

    def sample(self, most: int, seed: int) -> Rows:
        """The rows of as many whole customers, drawn at random, as `most` rows allow."""
        if len(self.customer) <= most:
            return self
        ids, counts = np.unique(self.customer, return_counts=True)
        order = np.random.default_rng(seed).permutation(len(ids))
        kept = np.isin(self.customer, ids[order[np.cumsum(counts[order]) <= most]])
        return Rows(*(getattr(self, field.name)[kept] for field in dataclasses.fields(self)))


def first_met(j: Journeys, spells: Spells, name: str) -> NDArray[np.int64]:
    """Microseconds from the start of each spell to the first meeting with a touchpoint; the largest integer: never."""
    at = first_position(j, name)[spells.journey]
    found = np.full(len(at), NEVER, dtype=np.int64)
    found[at >= 0] = (j.times[at[at >= 0]] - spells.began[at >= 0]).astype("timedelta64[us]").view(np.int64)
    return found


def during_visits(j: Journeys, spells: Spells, outcome: str) -> float:
    """The share of outcomes that come at a visit which had begun before; NaN without outcomes."""
    own = np.full(j.n_journeys, -1)
    own[spells.journey] = np.where(spells.status == CONVERTED, np.arange(len(spells.time)), -1)
    hits = meetings(j, outcome)
    spell = own[j.event_journey[hits]]
    hits, spell = hits[spell >= 0], spell[spell >= 0]
    since = (j.times[hits] - spells.began[spell]).astype("timedelta64[us]").view(np.int64)
    at = hits[since == spells.time[spell]]
    # a way has events before its outcome, so there is one before each
    return float((j.session[at] == j.session[at - 1]).mean()) if len(at) else float("nan")


def exposure_rows(spells: Spells, met: NDArray[np.int64]) -> Rows:
    """Split each spell where exposures first happen, on a clock of days.

    Parameters
    ----------
    spells : Spells
    met : ndarray of int64, shape (n, k)
        Microseconds from the start of the spell to the first exposure.

    Notes
    -----
    An exposure at the very time of the end does not count; one at or before the start counts from the start.
    """
    ends = spells.time[:, None]
    edges = np.sort(np.hstack([np.clip(met, 0, ends), np.zeros_like(ends), ends]), axis=1)
    start, stop = edges[:, :-1], edges[:, 1:]
    kept = stop > start
    customer = np.nonzero(kept)[0]
    start, stop = start[kept], stop[kept]
    return Rows(
        customer,
        start / DAY,
        stop / DAY,
        (stop == spells.time[customer]) & (spells.status[customer] == CONVERTED),
        met[customer] <= start[:, None],
        np.empty((len(customer), 0)),
    )


def visit_rows(j: Journeys, spells: Spells, met: NDArray[np.int64], others: Sequence[str] | None = ()) -> Rows:
    """One row a visit up to the end of each spell, on a clock of visits.

    Parameters
    ----------
    j : Journeys
        By customer.
    spells, met
        As of `exposure_rows`.
    others : sequence of str, optional
        Touchpoints whose earlier meetings belong to the history; None: no history at all.

    Notes
    -----
    A touchpoint first met at a visit before the outcome counts for that visit; at the outcome's own moment it does not.
    History is of earlier visits only: days since the last event, events so far, meetings with `others`; all log(1 + x).
    """
    own = np.full(j.n_journeys, -1)
    own[spells.journey] = np.arange(len(spells.time))
    inside = np.flatnonzero(own[j.event_journey] >= 0)
    owner = own[j.event_journey][inside]
    since = (j.times[inside] - spells.began[owner]).astype("timedelta64[us]").view(np.int64)
    within = (since >= 0) & (since <= spells.time[owner])
    inside, owner, since = inside[within], owner[within], since[within]
    session = j.session[inside]
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (owner[1:] != owner[:-1]) | (session[1:] != session[:-1])
    first = np.flatnonzero(new)
    customer = owner[first]
    begin = np.searchsorted(customer, customer)
    number = np.arange(len(first)) - begin
    final = np.append(customer[1:] != customer[:-1], True)[: len(first)]
    event = final & (spells.status[customer] == CONVERTED)
    last = np.append(first[1:], len(owner))[: len(first)] - 1
    until = np.where(event, spells.time[customer], since[last] + 1)
    given = np.empty((len(first), 0))
    if others is not None:
        away = np.where(number > 0, since[first] - since[np.maximum(first - 1, 0)], 0) / DAY
        columns = [away, first - first[begin]]
        for name in others:
            count = np.append(0, np.cumsum(j.codes[inside] == j.code(name)))[first]
            earlier = count - count[begin]
            if (earlier > 0).mean() >= RARE:
                columns.append(earlier)
        given = np.log1p(np.column_stack(columns))
    return Rows(customer, number.astype(float), number + 1.0, event, met[customer] < until[:, None], given)
