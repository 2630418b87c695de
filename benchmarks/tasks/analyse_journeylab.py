"""Transitions, step matrix, sub-paths, funnel and variants of loaded journeys; seconds of each, within this process."""

import sys

from load_journeylab import load
from shared import LENGTH, STEPS, clock, say

from journeylab import journeys
from journeylab.journeys import Journeys

LONGEST = 3


def parts(j: Journeys) -> dict:
    """The analyses, to be run."""
    return {
        "transitions": lambda: journeys.transitions(j),
        "step matrix": lambda: journeys.step_matrix(j, LENGTH),
        "sub-paths": lambda: journeys.subpaths(j, LONGEST),
        "funnel": lambda: journeys.funnel(j, STEPS),
        "variants": lambda: journeys.path_table(j),
    }


def checks(found: dict) -> dict:
    """Numbers that show equal work."""
    numbers = {}
    if "transitions" in found:
        numbers["transitions"] = int(found["transitions"].table["n"].sum())
    if "step matrix" in found:
        matrix = found["step matrix"]
        numbers["step matrix"] = round(float(matrix.table.to_numpy().sum()) * matrix.n)
    if "sub-paths" in found:
        numbers["sub-paths"] = int(found["sub-paths"].table["n"].sum())
    if "funnel" in found:
        numbers["funnel"] = [int(n) for n in found["funnel"].table["n"]]
    if "variants" in found:
        numbers["variants"] = len(found["variants"].table)
    return numbers


if __name__ == "__main__":
    seconds, found = clock(parts(load(sys.argv[1])))
    say(checks(found), seconds)
