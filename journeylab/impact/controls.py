"""What no touchpoint can move: negative controls, and whether they move all the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from journeylab.impact.history import DAY, Visits, first_after
from journeylab.journeys.model import Journeys

ALONE = 0.5
"""A control of which a larger share comes apart from visits is looked for in time, not in visits."""


def control_outcomes(
    whole: Journeys,
    j: Journeys,
    visits: Visits,
    controls: Sequence[str],
    span: np.timedelta64,
    ends: NDArray[np.datetime64],
) -> NDArray[np.float64]:
    """Each negative control after the start of each visit, shape (n_visits, n_controls).

    Parameters
    ----------
    whole : Journeys
        With the visits that hold nothing but controls.
    j : Journeys
        Without them; `visits` are of it.
    span : timedelta64
    ends : ndarray of datetime64, shape (n_visits,)
        When the customer's first outcome comes, NaT where none does: a log may know nothing of customers after it.

    Notes
    -----
    Of a control met in visits, the share of the visits within the window that hold it: whether a touchpoint makes
    customers come back or buy does not change that share, while it would change whether one came at all. Of a control apart
    from visits, how many came until the window or the outcome ended, less as many as usually come in so many days.
    """
    found = np.zeros((len(visits.first), len(controls)))
    for column, name in enumerate(controls):
        if name not in whole.touchpoints:
            continue
        code = whole.touchpoints.index(name)
        inside, everywhere = int((j.codes == code).sum()), int((whole.codes == code).sum())
        if inside > ALONE * everywhere:
            found[:, column] = _share_of_visits(j, visits, code, span)
        else:
            found[:, column] = _beyond_usual(whole, visits, code, span, ends)
    return found


def _share_of_visits(j: Journeys, visits: Visits, code: int, span: np.timedelta64) -> NDArray[np.float64]:
    """Among the customer's visits that start within the window, this one included, the share with the touchpoint."""
    n = len(visits.first)
    holds = np.zeros(n, dtype=bool)
    holds[visits.of_event[j.codes == code]] = True
    running = np.concatenate([[0], np.cumsum(holds)])
    own = np.arange(n)
    last = np.searchsorted(visits.customer, visits.customer, side="right")
    stop = np.maximum(first_after(visits.start, own, last, visits.start + span), own + 1)
    return np.asarray((running[stop] - running[own]) / (stop - own))


def _beyond_usual(
    whole: Journeys, visits: Visits, code: int, span: np.timedelta64, ends: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """How often the touchpoint comes, in a visit or apart, less what is usual in the days that are seen."""
    place = np.flatnonzero(whole.codes == code)
    owner, times = whole.event_journey[place], whole.times[place]
    stop = visits.start + span
    stop = np.where(ends >= visits.start, np.minimum(stop, ends), stop)
    low = np.searchsorted(owner, visits.customer)
    high = np.searchsorted(owner, visits.customer, side="right")
    first = first_after(times, low, high, visits.start)
    count = (first_after(times, first, high, stop) - first).astype(float)
    days = (stop - visits.start) / DAY
    return np.asarray(count - days * (count.sum() / max(float(days.sum()), 1e-9)))
