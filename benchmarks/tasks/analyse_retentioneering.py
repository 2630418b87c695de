"""Transition matrix, step matrix and funnel of a loaded stream; seconds of each, within this process."""

import sys

from shared import LENGTH, STEPS, Part, analyse  # isort: skip  (says before other imports that nothing is to be tracked)

import pandas as pd
from load_retentioneering import load
from retentioneering import Eventstream

ENDS = ["path_start", "path_end"]


def between(table: pd.DataFrame) -> float:
    """The sum of a matrix without its rows and columns for the ends of paths."""
    inside = table.drop(index=ENDS, errors="ignore").drop(columns=ENDS, errors="ignore")
    return float(inside.to_numpy().sum())


def parts(stream: Eventstream) -> dict[str, Part]:
    """The analyses, and how to count them; paths are those of customers."""
    paths = stream.df["customer_id"].nunique()
    return {
        "transitions": (lambda: stream.transition_graph_data(edge_weight="count"), lambda found: int(between(found))),
        "with customers and times": (
            lambda: [stream.transition_graph_data(weight) for weight in ("count", "unique_paths", "time_median")],
            lambda found: int(between(found[1])),
        ),
        "step matrix": (
            lambda: stream.step_matrix_data(max_steps=LENGTH),
            lambda found: round(between(found) * paths),
        ),
        "funnel": (
            lambda: stream.funnel_data(STEPS),
            lambda found: [step["unique_paths"] for step in found["steps"]],
        ),
    }


if __name__ == "__main__":
    analyse(parts(load(sys.argv[1], split=False)), sys.argv[2:])
