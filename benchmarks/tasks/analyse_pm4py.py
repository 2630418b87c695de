"""Directly-follows graph, triples and variants of a formatted log; seconds of each, within this process."""

import sys

import pandas as pd
import pm4py
from load_pm4py import load
from pm4py.algo.discovery.dfg.adapters.pandas.freq_triples import get_freq_triples
from shared import clock, say


def parts(log: pd.DataFrame) -> dict:
    """The analyses, to be run."""
    return {
        "transitions": lambda: pm4py.discover_dfg(log)[0],
        "sub-paths": lambda: (pm4py.discover_dfg(log)[0], get_freq_triples(log)),
        "variants": lambda: pm4py.get_variants(log),
    }


def checks(found: dict) -> dict:
    """Numbers that show equal work."""
    return {
        "transitions": sum(found["transitions"].values()),
        "sub-paths": sum(sum(counts.values()) for counts in found["sub-paths"]),
        "variants": len(found["variants"]),
    }


if __name__ == "__main__":
    seconds, found = clock(parts(load(sys.argv[1])))
    say(checks(found), seconds)
