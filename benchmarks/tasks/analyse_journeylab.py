"""Transitions, step matrix, sub-paths, funnel and variants of loaded journeys; seconds of each, within this process."""

import sys

from load_journeylab import load
from shared import LENGTH, STEPS, Part, analyse

from journeylab import journeys
from journeylab.journeys import Journeys

LONGEST = 3


def parts(j: Journeys) -> dict[str, Part]:
    """The analyses, and how to count them."""
    return {
        "transitions": (lambda: journeys.transition_matrix(j), lambda found: int(found.to_numpy().sum())),
        "with customers and times": (
            lambda: journeys.transitions(j),
            lambda found: int(found.table["customers"].sum()),
        ),
        "step matrix": (
            lambda: journeys.step_matrix(j, LENGTH),
            lambda found: round(float(found.table.to_numpy().sum()) * found.n),
        ),
        "sub-paths": (lambda: journeys.subpaths(j, LONGEST), lambda found: int(found.table["n"].sum())),
        "funnel": (lambda: journeys.funnel(j, STEPS), lambda found: found.table["n"].tolist()),
        "variants": (lambda: journeys.path_table(j), lambda found: len(found.table)),
    }


if __name__ == "__main__":
    analyse(parts(load(sys.argv[1])), sys.argv[2:])
