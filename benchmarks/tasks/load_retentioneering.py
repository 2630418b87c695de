"""The work of load_journeylab in retentioneering: an event stream in sessions."""

import sys

from shared import MINUTES, say  # isort: skip  (says before other imports that nothing is to be tracked)

import pandas as pd
from retentioneering import Eventstream

SCHEMA = {"path_cols": ["customer_id"], "event_col": "touchpoint", "timestamp_col": "event_time"}


def load(path: str, split: bool = True) -> Eventstream:
    """The stream of a file, in sessions unless said otherwise."""
    stream = Eventstream(pd.read_parquet(path), dict(SCHEMA))
    return stream.split_sessions(timeout=f"{MINUTES}m") if split else stream


def checks(stream: Eventstream) -> dict[str, int]:
    """Numbers that show equal work; events at equal times may change places, so their order is not compared."""
    frame = stream.df
    return {
        "events": len(frame),
        "customers": int(frame["customer_id"].nunique()),
        "visits": int((frame["session_index"] - 1).sum()),
    }


if __name__ == "__main__":
    say(checks(load(sys.argv[1])))
