"""From when until when was each customer on the way, and how did it end: with the outcome, by lapsing, or with the data?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import StudyError
from journeylab.journeys.build import build
from journeylab.journeys.model import Journeys, first_position, meetings
from journeylab.journeys.observation import Moment, observed

CENSORED, CONVERTED, LAPSED = 0, 1, 2
NEVER = np.iinfo(np.int64).max


@dataclasses.dataclass(frozen=True)
class Spells:
    """One spell a customer, on a clock that starts at 0.

    Attributes
    ----------
    journey : ndarray of int64, shape (n,)
        Index of the customer's journey in the journeys they were made from.
    began : ndarray of datetime64[us], shape (n,)
    time : ndarray of int64, shape (n,)
        Microseconds until it ended.
    status : ndarray of int8, shape (n,)
        0: the data ended, 1: the outcome, 2: lapsed.
    followed : ndarray of int64, shape (n,)
        Microseconds from its begin to the end of the data, however it ended.
    returned : ndarray of bool, shape (n,)
        Came again after lapsing.
    """

    journey: NDArray[np.int64]
    began: NDArray[np.datetime64]
    time: NDArray[np.int64]
    status: NDArray[np.int8]
    followed: NDArray[np.int64]
    returned: NDArray[np.bool_]

    @property
    def staying(self) -> NDArray[np.int64]:
        """Time in which those who lapsed go on as never converting, until the data end: what the shares are tested on."""
        return np.where(self.status == LAPSED, self.followed, self.time)

    def take(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Spells:
        """The spells of a mask or of places, in that order."""
        return Spells(*(getattr(self, field.name)[kept] for field in dataclasses.fields(self)))


def as_journeys(events: pd.DataFrame | Journeys, gap: str = "30min") -> Journeys:
    """Journeys by customer, made of contract events where they are none yet."""
    return events if isinstance(events, Journeys) else build(events, gap=gap)


def span(words: str | None, name: str) -> int:
    """Microseconds of a span of time; never for None.

    Raises
    ------
    StudyError
        When it is none, or not above zero.
    """
    if words is None:
        return NEVER
    try:
        found = pd.Timedelta(words)
    except ValueError:
        found = pd.Timedelta(0)
    if not found > pd.Timedelta(0):
        raise StudyError(f"{name}='{words}' is no span of time, write one such as '60d'.")
    return found.value // 1_000


def outcome_spells(
    events: pd.DataFrame | Journeys,
    outcome: str,
    *,
    start: str | None = None,
    lapse: str | None = "60d",
    gap: str = "30min",
    until_time: Moment | None = None,
) -> tuple[Journeys, Spells, int]:
    """Follow each customer from the first event (or the first meeting with `start`) to the next outcome, or to lapsing.

    Returns
    -------
    j : Journeys
        By customer, up to the end of observation.
    spells : Spells
    at_once : int
        Customers left out: their first event is the outcome, so nothing is seen of the way to it.
    """
    j, end = observed(as_journeys(events, gap), until_time)
    hits = meetings(j, outcome)
    begin = first_position(j, start) if start is not None else np.where(j.lengths > 0, j.offsets[:-1], -1)
    begun = np.flatnonzero(begin >= 0)
    at_once = np.isin(begin[begun], hits) if start is None else np.zeros(len(begun), dtype=bool)
    begun = begun[~at_once]
    goal = np.append(hits, j.n_events)[np.searchsorted(hits, begin[begun], side="right")]
    goal = np.where(goal < j.offsets[1:][begun], goal, -1)
    return j, end_spells(j, begun, begin[begun], goal, end, span(lapse, "lapse")), int(at_once.sum())


def end_spells(
    j: Journeys,
    journey: NDArray[np.int64],
    begin: NDArray[np.int64],
    goal: NDArray[np.int64],
    end: np.datetime64,
    lapse: int,
) -> Spells:
    """Say how each spell ended.

    Parameters
    ----------
    journey, begin, goal : ndarray of int64, shape (n,)
        The journey, and the places in the arrays of events where the spell begins and where its goal is (-1: not reached).
    end : datetime64
        Of the data.
    lapse : int
        Microseconds.

    Notes
    -----
    A customer lapses once nothing has been seen for `lapse`: so long after the last event before the first longer silence.
    At every moment that is known from the past alone. It is final: an outcome after it counts as none, and the return is
    counted.
    """
    times = j.times.view(np.int64)
    last = end.astype("datetime64[us]").view(np.int64)
    following = np.append(times[1:], last)
    following[j.offsets[1:][j.lengths > 0] - 1] = last
    silent = np.flatnonzero((following - times >= lapse) & (times <= last - min(lapse, last)))
    stop = np.where(goal >= 0, goal, j.offsets[1:][journey])
    first = np.append(silent, j.n_events)[np.searchsorted(silent, begin)]
    lapsed = first < stop
    began = times[begin]
    finish = np.full(len(begin), last)
    finish[goal >= 0] = times[goal[goal >= 0]]
    finish[lapsed] = times[first[lapsed]] + lapse
    status = np.where(lapsed, LAPSED, np.where(goal >= 0, CONVERTED, CENSORED)).astype(np.int8)
    returned = np.zeros(len(begin), dtype=bool)
    returned[lapsed] = first[lapsed] + 1 < j.offsets[1:][journey[lapsed]]
    return Spells(journey, j.times[begin], finish - began, status, last - began, returned)


def within_reach(limit: int, followed: NDArray[np.int64]) -> int:
    """A horizon, or the time for which half of the customers are followed where nobody is for so long."""
    return limit if not len(followed) or limit <= followed.max() else int(np.median(followed))
