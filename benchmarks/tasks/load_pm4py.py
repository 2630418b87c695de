"""A log of pm4py; it has no sessions by a gap of time, so there are none here."""

import sys

import pandas as pd
import pm4py
from shared import say


def load(path: str) -> pd.DataFrame:
    """The formatted log of a file, sorted by case and time."""
    return pm4py.format_dataframe(
        pd.read_parquet(path), case_id="customer_id", activity_key="touchpoint", timestamp_key="event_time"
    )


def checks(log: pd.DataFrame) -> dict:
    """Numbers that show equal work."""
    return {"events": len(log), "customers": int(log["case:concept:name"].nunique())}


if __name__ == "__main__":
    say(checks(load(sys.argv[1])))
