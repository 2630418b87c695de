"""Parquet to journeys: sorted, coded, in visits."""

import sys

from shared import MINUTES, say

from journeylab import journeys
from journeylab.journeys import Journeys


def load(path: str) -> Journeys:
    """Journeys of customers, with visits numbered."""
    return journeys.build(path, gap=f"{MINUTES}min")


def checks(j: Journeys) -> dict[str, int]:
    """Numbers that show equal work."""
    return {
        "events": j.n_events,
        "customers": j.n_customers,
        "visits": int(j.session.sum()),
        "order": int(j.codes[::2].sum()),
    }


if __name__ == "__main__":
    say(checks(load(sys.argv[1])))
