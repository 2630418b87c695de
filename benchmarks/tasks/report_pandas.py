"""Load, visits, transitions and funnel in pandas."""

import sys

import pandas as pd
from load_pandas import load
from shared import STEPS, say


def transitions(frame: pd.DataFrame) -> pd.DataFrame:
    """Steps between touchpoints: how often, and by how many customers."""
    steps = pd.DataFrame({"customer": frame["customer"], "code": frame["code"], "next": frame["code"].shift(-1)})
    inside = steps[frame["customer"] == frame["customer"].shift(-1)]
    return inside.groupby(["code", "next"])["customer"].agg(["size", "nunique"])


def funnel(frame: pd.DataFrame, codes: list[int]) -> list[int]:
    """Customers who meet the steps in order, others between."""
    counts, reached = [], None
    for code in codes:
        hits = frame.loc[frame["code"] == code, ["customer"]].reset_index(names="place")
        if reached is not None:
            hits = hits[hits["place"] > hits["customer"].map(reached)]
        reached = hits.groupby("customer")["place"].min()
        counts.append(len(reached))
    return counts


if __name__ == "__main__":
    frame, _, touchpoints = load(sys.argv[1])
    matrix = transitions(frame)
    reached = funnel(frame, [int(touchpoints.get_loc(step)) for step in STEPS])
    say({"transitions": int(matrix["size"].sum()), "funnel": reached})
