"""Journeys from an entry on, and within a span of time: what is cut is counted in their report."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import pandas as pd

from journeylab.errors import StudyError
from journeylab.journeys.model import Journeys, account, first_position, keep_events

Span: TypeAlias = "str | datetime.timedelta | np.timedelta64"


def since(j: Journeys, touchpoint: str | Iterable[str], occurrence: int = 1) -> Journeys:
    """Begin each journey at its n-th meeting with a touchpoint (or any of several); journeys without it go.

    Returns
    -------
    Journeys
        Its `report` counts the events cut: ``before_entry`` from journeys that stay, ``without_entry`` with journeys that
        go; and these journeys under ``journeys_dropped``.

    Raises
    ------
    StudyError
        When no event has this touchpoint.

    Notes
    -----
    Comparing journeys from one entry on with all others is comparing customers who came there with those who did not: the
    entry is part of what sets them apart.
    """
    position = first_position(j, touchpoint, occurrence)
    enters = np.repeat(position >= 0, j.lengths)
    kept = enters & (np.arange(j.n_events) >= np.repeat(position, j.lengths))
    lost = {"before_entry": int((enters & ~kept).sum()), "without_entry": int((~enters).sum())}
    return account(j, keep_events(j, kept), lost, without_entry=int((position < 0).sum()))


def within(j: Journeys, window: Span, of: str | Iterable[str] | None = None) -> Journeys:
    """Keep the events of a span of time from the first event of each journey on.

    Parameters
    ----------
    window : str or timedelta
        Such as ``"30d"``; an event exactly at its end is inside.
    of : str or iterable of str, optional
        The span begins with the first meeting with this touchpoint (or any of several), and so does the journey, see
        `since`.

    Returns
    -------
    Journeys
        Its `report` counts the events cut as ``after_window``.

    Raises
    ------
    StudyError
        When `window` is no span of time, or no event has the touchpoint.

    Notes
    -----
    Journeys that began less than the span before the data end were watched for a shorter time than others: leave them out
    where journeys are compared.
    """
    length = np.timedelta64(microseconds(window, "window"), "us")
    if of is not None:
        j = since(j, of)
    kept = np.asarray(j.times - np.repeat(j.first_times, j.lengths) <= length)
    return account(j, keep_events(j, kept, drop_empty=False), {"after_window": int((~kept).sum())})


def microseconds(span: Span, name: str) -> int:
    """Length of a span of time, in whole microseconds.

    Raises
    ------
    StudyError
        When it is none, or not above zero; a number without a unit is none.
    """
    length = 0
    bare = isinstance(span, (int, float)) or (isinstance(span, str) and span.strip().replace(".", "", 1).isdigit())
    if not bare:
        with contextlib.suppress(ValueError, TypeError):
            length = pd.Timedelta(span).value // 1_000
    if not length > 0:
        raise StudyError(f"{name}={span!r} is no span of time, write one such as '30min'.")
    return int(length)
