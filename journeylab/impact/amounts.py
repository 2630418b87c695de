"""How much was spent within a window after each visit, and before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journeylab.errors import DataError
from journeylab.impact.history import Columns, Visits, first_after
from journeylab.journeys.model import Journeys


class Amounts:
    """Values of one touchpoint's events by customer and time."""

    def __init__(self, events: pd.DataFrame, j: Journeys, touchpoint: str) -> None:
        if "value" not in events or not (events["value"].notna() & (events["touchpoint"] == touchpoint)).any():
            raise DataError(f"events: no event of '{touchpoint}' has a value; amounts need the column 'value'.")
        part = events.loc[events["touchpoint"] == touchpoint, ["customer_id", "event_time", "value"]].dropna()
        owner = pd.Index(j.ids).get_indexer(part["customer_id"].to_numpy(dtype=object))
        times = part["event_time"].dt.tz_convert(None).to_numpy(dtype="datetime64[us]")
        order = np.lexsort((times, owner))
        order = order[owner[order] >= 0]
        self.owner, self.times = owner[order], times[order]
        self.total = np.concatenate([[0.0], np.cumsum(part["value"].to_numpy(dtype=float)[order])])

    def between(
        self, customer: NDArray[np.int64], start: NDArray[np.datetime64], end: NDArray[np.datetime64]
    ) -> NDArray[np.float64]:
        """The sum of values of each customer from `start` on and before `end`, shape (n,)."""
        low = np.searchsorted(self.owner, customer)
        high = np.searchsorted(self.owner, customer, side="right")
        first = first_after(self.times, low, high, start)
        return np.asarray(self.total[first_after(self.times, first, high, end)] - self.total[first])

    def history(self, visits: Visits) -> tuple[NDArray[np.float64], list[str]]:
        """Amounts before each visit, as covariates."""
        columns: Columns = []
        for days in (7, 28, 84, 3650):
            spent = self.between(visits.customer, visits.start - np.timedelta64(days, "D"), visits.start)
            columns.append(
                (f"spent in {days} days (log)" if days < 3650 else "spent before (log)", np.log1p(np.maximum(spent, 0)))
            )
        return np.column_stack([column for _, column in columns]), [name for name, _ in columns]
