"""The work of load_journeylab in pandas."""

import sys

import pandas as pd
from shared import MINUTES, say


def load(path: str) -> tuple[pd.DataFrame, pd.Index, pd.Index]:
    """Sorted events (customer, event_time, code, visit), customers and touchpoints."""
    frame = pd.read_parquet(path)
    frame["customer"], customers = pd.factorize(frame.pop("customer_id"), sort=True)
    frame["code"], touchpoints = pd.factorize(frame.pop("touchpoint"), sort=True)
    frame = frame.sort_values(["customer", "event_time"], kind="stable", ignore_index=True)
    same = frame["customer"].diff() == 0
    running = ((frame["event_time"].diff() > pd.Timedelta(minutes=MINUTES)) & same).cumsum()
    frame["visit"] = running - running.groupby(frame["customer"]).transform("first")
    return frame, customers, touchpoints


def checks(frame: pd.DataFrame, customers: pd.Index) -> dict[str, int]:
    """Numbers that show equal work."""
    return {
        "events": len(frame),
        "customers": len(customers),
        "visits": int(frame["visit"].sum()),
        "order": int(frame["code"].iloc[::2].sum()),
    }


if __name__ == "__main__":
    frame, customers, _ = load(sys.argv[1])
    say(checks(frame, customers))
