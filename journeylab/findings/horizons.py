"""How long must customers be watched before a run may judge them? As long as nine in ten of those who go on take."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from journeylab import results

LADDER = ("1d", "2d", "3d", "5d", "7d", "10d", "14d", "21d", "30d", "45d", "60d", "90d", "120d", "180d", "365d")
"""What a horizon may be: few values, so that it can be said, and is not one that happens to suit."""

QUICK = 0.9
"""So many of those who go on within the longest time have done so within the horizon."""

ENOUGH = 50
"""From fewer who went on no horizon is taken: the ninth of ten is not known then."""

SET, DATA, WINDOW = "set", "data", "window"
"""Where a horizon comes from: study.toml, the data of this study's first run that had enough, or the window of page 07."""

Key = tuple[str, str]


class Horizon(NamedTuple):
    """The time that each customer gets, and where it comes from (`SET`, `DATA` or `WINDOW`)."""

    within: str
    by: str


def choose_horizon(needed: pd.Series, longest: str) -> Horizon:
    """Take the shortest time of `LADDER` within which nine in ten have gone on.

    Parameters
    ----------
    needed : Series of timedelta
        How long each customer took to go on, from the start; missing where it never happened. Of customers who were seen for
        the whole of `longest` only: of the others the quick alone would be known.
    longest : str
        Who takes longer is not waited for; also the answer where too few went on.

    Examples
    --------
    >>> days = pd.Series(pd.to_timedelta([0.2] * 80 + [2.5] * 15 + [13] * 5, unit="D"))
    >>> choose_horizon(days, "14d"), choose_horizon(days[:20], "14d")
    (Horizon(within='3d', by='data'), Horizon(within='14d', by='window'))
    """
    limit = pd.Timedelta(longest)
    went = needed[needed <= limit]
    if len(went) < ENOUGH:
        return Horizon(longest, WINDOW)
    for step in LADDER:
        span = pd.Timedelta(step)
        if span >= limit:
            break
        if (went <= span).mean() >= QUICK:
            return Horizon(step, DATA)
    return Horizon(longest, DATA)


def last_horizons() -> dict[Key, str]:
    """The horizons that the last good run took from its data, by kind and name of the figure; none outside a run.

    A later run takes them over: with a horizon that moves, what is compared would not be the same twice.
    """
    folder = os.environ.get(results.LAST, "")
    return stored_horizons(Path(folder) / "settled.json") if folder else {}


def stored_horizons(file: Path) -> dict[Key, str]:
    """The horizons taken from data in a run's settled.json; none where it cannot be read or is of an older version."""
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))["table"]
        found = {(str(row["kind"]), str(row["name"])): str(row["within"]) for row in rows if row.get("by") == DATA}
        return {key: within for key, within in found.items() if pd.Timedelta(within) > pd.Timedelta(0)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


class Horizons(NamedTuple):
    """The rule of one run: what study.toml set, else what the last run took, else the data."""

    given: str | None
    longest: str
    before: Mapping[Key, str]

    def of(self, key: Key, needed: pd.Series, own: str | None = None) -> Horizon:
        """The horizon of a figure: its `own`, what the study set, the last run's, or that of the times `needed`."""
        if own or self.given:
            return Horizon(own or self.given or "", SET)
        if key in self.before:
            return Horizon(self.before[key], DATA)
        return choose_horizon(needed, self.longest)
