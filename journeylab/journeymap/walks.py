"""Each customer's way through the stages: events of touchpoints that have a stage, one after another."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from journeylab import journeys
from journeylab.journeys import Journeys
from journeylab.study import Study

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Walks:
    """Journeys by customer, with the stage of each event.

    Attributes
    ----------
    whole : Journeys
        Of all events, as on the other pages.
    staged : Journeys
        Without touchpoints that have no stage, and of a touchpoint met several times in a row the first time only.
    stage : ndarray of int64, shape (staged.n_events,)
        The place of the stage of each event among the study's stages.
    stay : ndarray of int64, shape (staged.n_events,)
        Numbers each uninterrupted stay on a stage: a new one begins where the customer or the stage changes.
    """

    whole: Journeys
    staged: Journeys
    stage: Ints
    stay: Ints

    @property
    def customer(self) -> Ints:
        """The customer of each staged event, shape (n_events,)."""
        return self.staged.event_journey

    def here(self, place: int) -> Flags:
        """Whether each customer comes to a stage, shape (n_customers,)."""
        return self._any(self.stage == place)

    def met(self, touchpoint: str) -> Flags:
        """Whether each customer meets a touchpoint, shape (n_customers,)."""
        if touchpoint not in self.staged.touchpoints:
            return np.zeros(self.staged.n_journeys, dtype=bool)
        return self._any(self.staged.codes == self.staged.code(touchpoint))

    def _any(self, events: Flags) -> Flags:
        found = np.zeros(self.staged.n_journeys, dtype=bool)
        found[self.customer[events]] = True
        return found

    def first(self, place: int) -> Ints:
        """Each customer's first event on a stage, -1 where there is none, shape (n_customers,)."""
        found = np.full(self.staged.n_journeys, -1, dtype=np.int64)
        hits = np.flatnonzero(self.stage == place)[::-1]
        found[self.customer[hits]] = hits
        return found

    def goes_on(self, place: int) -> Ints:
        """Each customer's first event of a later stage after the first of this one, -1 where there is none."""
        first, later = self.first(place), np.flatnonzero(self.stage > place)
        found = np.full(self.staged.n_journeys, -1, dtype=np.int64)
        if len(later):
            nth = np.searchsorted(later, first)
            hit = later[np.minimum(nth, len(later) - 1)]
            there = (first >= 0) & (nth < len(later)) & (hit < self.staged.offsets[1:])
            found[there] = hit[there]
        return found

    def returns(self) -> Flags:
        """Whether each event comes back to a touchpoint that was met before in the same stay, shape (n_events,)."""
        size = len(self.staged.touchpoints)
        key = self.stay * size + self.staged.codes
        _, first = np.unique(key, return_index=True)
        again = np.ones(len(key), dtype=bool)
        again[first] = False
        return again


def walk(whole: Journeys, study: Study) -> Walks | None:
    """Follow each customer through the stages of a study; None where no event has a stage."""
    places = {stage: place for place, stage in enumerate(study.stages)}
    stage_of = {name: stage for name, stage in study.stage_of.items() if stage in places}
    names = np.array([places.get(stage_of.get(name, ""), -1) for name in whole.touchpoints], dtype=np.int64)
    if not (names >= 0).any():
        return None
    staged = journeys.collapse_repeats(journeys.keep_events(whole, names[whole.codes] >= 0))
    stage = names[staged.codes]
    begins = np.ones(staged.n_events, dtype=bool)
    owner = staged.event_journey
    begins[1:] = (owner[1:] != owner[:-1]) | (stage[1:] != stage[:-1])
    return Walks(whole, staged, stage, np.cumsum(begins))
