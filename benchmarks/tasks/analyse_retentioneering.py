"""Transition matrix, step matrix and funnel of a loaded stream; seconds of each, within this process."""

import sys

from load_retentioneering import load  # isort: skip  (says before the import that nothing is to be tracked)

from retentioneering import Eventstream
from shared import LENGTH, STEPS, clock, say

ENDS = ["path_start", "path_end"]


def parts(stream: Eventstream) -> dict:
    """The analyses, to be run; paths are those of customers."""
    return {
        "transitions": lambda: stream.transition_graph_data(edge_weight="count"),
        "step matrix": lambda: stream.step_matrix_data(max_steps=LENGTH),
        "funnel": lambda: stream.funnel_data(STEPS),
    }


def checks(stream: Eventstream, found: dict) -> dict:
    """Numbers that show equal work."""
    inside = found["transitions"].drop(index=ENDS, columns=ENDS, errors="ignore")
    numbers = {"transitions": int(inside.to_numpy().sum())}
    if "step matrix" in found:
        shares = found["step matrix"].drop(index=ENDS, errors="ignore")
        numbers["step matrix"] = round(float(shares.to_numpy().sum()) * stream.df["customer_id"].nunique())
    numbers["funnel"] = [step["unique_paths"] for step in found["funnel"]["steps"]]
    return numbers


if __name__ == "__main__":
    stream = load(sys.argv[1], split=False)
    seconds, found = clock(parts(stream))
    say(checks(stream, found), seconds)
